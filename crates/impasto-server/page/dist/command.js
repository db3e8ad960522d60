// The same painting on the command line.
import { byId, on, say, state } from "./state.js";
const quoted = (text) => /^[\w./+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
export function command() {
    const name = state.content?.name ?? "photo.jpg";
    const words = ["impasto", "stylize", quoted(name)];
    const several = state.chosen.length > 1;
    for (const { style, weight } of state.chosen)
        words.push("-s", quoted(several ? `${style.name}=${weight.toFixed(2)}` : style.name));
    const extension = state.format ? (state.format === "jpeg" ? "jpg" : state.format) : name.split(".").pop() ?? "png";
    words.push("-o", quoted(`${name.replace(/\.[^.]*$/, "")}-painted.${extension}`));
    if (state.strength !== 1)
        words.push("--strength", String(state.strength));
    if (state.stroke !== 0)
        words.push("--stroke", (2 ** state.stroke).toFixed(2));
    if (state.colors !== "style")
        words.push("--colors", state.colors);
    if (state.size)
        words.push("--size", state.size);
    if (state.mask && state.content) {
        const side = state.size ? Number(state.size) : Math.max(state.content.width, state.content.height);
        words.push("--mask", "mask.png", "--feather", (state.feather * side).toFixed(0));
    }
    return words.join(" ");
}
const update = () => { byId("command").textContent = command(); };
on("content", update);
on("painting", update);
on("result", update);
byId("copy").addEventListener("click", async () => {
    try {
        await navigator.clipboard.writeText(command());
        say("Copied.");
    }
    catch {
        getSelection()?.selectAllChildren(byId("command"));
        say("Press Ctrl+C to copy.");
    }
});
