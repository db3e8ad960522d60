// What is chosen, and who wants to know when that changes.
export const state = {
    content: undefined,
    /** The photograph's own file, where it is known: what "before" shows. */
    photo: undefined,
    chosen: [],
    /** Most styles of one painting: the server's limit. */
    most: 1,
    strength: 1,
    /** Power of two. */
    stroke: 0,
    colors: "style",
    /** As a data URL's base64, where some of the photograph is kept. */
    mask: undefined,
    /** Share of the longer side. */
    feather: 0.02,
    size: "",
    format: "",
};
const listeners = [];
export const on = (topic, listener) => { listeners.push([topic, listener]); };
export const changed = (topic) => { for (const [wanted, listener] of listeners)
    if (wanted === topic)
        listener(); };
export const byId = (id) => document.getElementById(id);
export function say(text, wrong = false) {
    const status = byId("status");
    status.textContent = text;
    status.classList.toggle("wrong", wrong);
}
/** Says what has failed. */
export function sayError(error) {
    say(error instanceof Error ? error.message : String(error), true);
}
/** The painting that is wanted, for a picture with this longer side. */
export function painting(longSide) {
    const options = { strength: state.strength, colors: state.colors, stroke: 2 ** state.stroke };
    if (state.mask)
        options.feather = state.feather * longSide;
    return {
        styles: state.chosen.map(({ style, weight }) => ({ id: style.id, weight })),
        ...(state.mask ? { mask: state.mask } : {}),
        options,
    };
}
