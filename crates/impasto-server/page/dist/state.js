// What the page shows, as plain data: it can be undone, kept, and shared.
/** The look that a newcomer sees; the style comes with the gallery. */
export const PLAIN = {
    strength: 1, stroke: 0, colors: "style", colorStrength: 1, mask: "", feather: 0.02, size: "", format: "",
};
export const DEMO = "demo";
export let doc = { model: "", photos: [DEMO], photo: DEMO, styles: [], own: [], favorites: [], ...PLAIN };
/** What decides the painting's pixels. */
export const PAINTING = ["model", "photo", "styles", "strength", "stroke", "colors", "colorStrength", "mask", "feather", "size"];
const listeners = [];
const committed = [];
/** Calls a listener after any of these have changed. */
export const on = (keys, listener) => { listeners.push([keys, listener]); };
/** Calls a listener after a change that is done: at the end of a slider's way, not along it. */
export const onCommit = (listener) => { committed.push(listener); };
const same = (a, b) => a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));
/** Changes something; `done` where it is a step that can be undone. */
export function edit(patch, done = true) {
    const changed = Object.keys(patch).filter(key => !same(doc[key], patch[key]));
    doc = { ...doc, ...patch };
    for (const [keys, listener] of listeners)
        if (keys.some(key => changed.includes(key)))
            listener();
    if (done)
        for (const listener of committed)
            listener();
}
export const byId = (id) => document.getElementById(id);
export function say(text, wrong = false) {
    const status = byId("status");
    status.textContent = text;
    status.title = text;
    status.classList.toggle("wrong", wrong);
}
/** Starts a download of a file. */
export function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
/** A name without its extension. */
export const stem = (name) => name.replace(/\.[^.]*$/, "") || name;
