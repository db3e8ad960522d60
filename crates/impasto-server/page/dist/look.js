// The sliders and lists, which show the document and change it.
import { byId, doc, edit, on } from "./state.js";
/** A slider: a step that can be undone ends where it is let go. */
function range(id, key, factor, text) {
    const input = byId(id);
    const output = byId(`${id}-value`);
    const show = () => {
        input.value = String(doc[key] * factor);
        output.textContent = text(Number(input.value));
        input.setAttribute("aria-valuetext", text(Number(input.value)));
    };
    input.addEventListener("input", () => edit({ [key]: Number(input.value) / factor }, false));
    input.addEventListener("change", () => edit({ [key]: Number(input.value) / factor }));
    on([key], show);
    show();
}
function choice(key) {
    const select = byId(key);
    const show = () => { select.value = doc[key]; };
    select.addEventListener("change", () => edit({ [key]: select.value }));
    on([key], show);
    show();
}
const percent = (value) => `${value} %`;
range("strength", "strength", 100, percent);
range("stroke", "stroke", 1, value => `${+(2 ** value).toFixed(2)}×`);
range("color-strength", "colorStrength", 100, percent);
range("feather", "feather", 100, percent);
choice("colors");
choice("size");
choice("format");
const amount = () => { byId("color-strength-part").hidden = doc.colors === "style"; };
on(["colors"], amount);
amount();
byId("panel").addEventListener("submit", event => event.preventDefault());
