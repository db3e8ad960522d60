// The settings in the address: a link paints the same look. Photos and styles of one's own stay with their user.
import { isOwn } from "./files.js";
import { exists, fitting } from "./models.js";
import { doc, edit, on, PLAIN } from "./state.js";
const COLORS = ["style", "content", "luminance", "match"];
const FORMATS = ["jpeg", "png", "webp", "tiff"];
const SIZES = ["1024", "2048", "4096"];
const percent = (share) => String(Math.round(share * 100));
/** The settings that are not the default, as they stand behind the #. */
export function written(doc) {
    const words = [];
    if (doc.model)
        words.push(`model=${encodeURIComponent(doc.model)}`);
    const styles = doc.styles.filter(style => !isOwn(style.key));
    if (styles.length > 0) {
        const one = styles.length === 1;
        words.push(`styles=${styles.map(({ key, weight }) => one ? key : `${key}:${+weight.toFixed(2)}`).join(",")}`);
    }
    if (doc.strength !== PLAIN.strength)
        words.push(`strength=${percent(doc.strength)}`);
    if (doc.stroke !== PLAIN.stroke)
        words.push(`stroke=${doc.stroke}`);
    if (doc.colors !== PLAIN.colors)
        words.push(`colors=${doc.colors}`);
    if (doc.colorStrength !== PLAIN.colorStrength)
        words.push(`color-strength=${percent(doc.colorStrength)}`);
    if (doc.size)
        words.push(`size=${doc.size}`);
    if (doc.format)
        words.push(`format=${doc.format}`);
    return words.join("&");
}
/** What an address asks for; what it says wrongly is left out. */
export function read(hash, known, most) {
    const words = new URLSearchParams(hash.replace(/^#/, ""));
    const patch = {};
    const number = (name, least, most) => {
        const text = words.get(name);
        const value = text === null || text === "" ? NaN : Number(text);
        return value >= least && value <= most ? value : undefined;
    };
    const asked = words.get("model") ?? "";
    const model = exists(asked) ? asked : "";
    if (model)
        patch.model = model;
    const styles = (words.get("styles") ?? "").split(",").map(text => text.split(":"))
        .map(([key, weight]) => ({ key: key, weight: Math.min(Math.max(Number(weight ?? 1) || 1, 0.02), 2) }))
        .filter(({ key }) => known(model, key)).slice(0, most);
    if (styles.length > 0)
        patch.styles = styles;
    else if (model)
        patch.styles = fitting(model, [], doc.own);
    const strength = number("strength", 0, 100);
    if (strength !== undefined)
        patch.strength = strength / 100;
    const stroke = number("stroke", -2, 3);
    if (stroke !== undefined)
        patch.stroke = stroke;
    const colorStrength = number("color-strength", 0, 100);
    if (colorStrength !== undefined)
        patch.colorStrength = colorStrength / 100;
    const oneOf = (name, values) => values.find(value => value === words.get(name));
    const [colors, size, format] = [oneOf("colors", COLORS), oneOf("size", SIZES), oneOf("format", FORMATS)];
    if (colors)
        patch.colors = colors;
    if (size)
        patch.size = size;
    if (format)
        patch.format = format;
    // A link is a whole look: what it does not name is the default.
    return Object.keys(patch).length > 0 ? { ...PLAIN, model, mask: doc.mask, feather: doc.feather, ...patch } : {};
}
/** What this page has written into the address. */
const OWN = "address";
/** Whether the address is a link that somebody has followed, and not what this page has written before it was loaded again. */
export const isGiven = () => location.hash !== "" && location.hash !== sessionStorage.getItem(OWN);
/** Keeps the address up to date, and follows it. */
export function begin(known, most) {
    let timer;
    const write = () => {
        const hash = written(doc);
        history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
        sessionStorage.setItem(OWN, location.hash);
    };
    on(["model", "styles", "strength", "stroke", "colors", "colorStrength", "size", "format"], () => {
        clearTimeout(timer);
        // Browsers refuse more than a few a second.
        timer = setTimeout(write, 300);
    });
    addEventListener("hashchange", () => edit(read(location.hash, known, most)));
    write();
}
