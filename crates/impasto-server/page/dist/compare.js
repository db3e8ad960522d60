// Photo and painting compared: a divider that is dragged in the picture, and the original while a button or key is held.
import { byId } from "./state.js";
import { setOriginal, setSplit, shareAt } from "./view.js";
const divider = byId("divider");
const button = byId("compare");
const hold = byId("hold");
const view = byId("view");
let split = 0;
function put(share) {
    split = Math.min(Math.max(share, 0), 1);
    divider.setAttribute("aria-valuenow", String(Math.round(split * 100)));
    divider.setAttribute("aria-valuetext", `${Math.round(split * 100)} % photo`);
    button.setAttribute("aria-pressed", String(split > 0));
    setSplit(split);
}
const toggle = () => put(split > 0 ? 0 : 0.5);
button.addEventListener("click", toggle);
divider.addEventListener("pointerdown", event => {
    divider.setPointerCapture(event.pointerId);
    event.preventDefault();
    divider.focus();
});
divider.addEventListener("pointermove", event => {
    // At 0 it would be gone under the hand that drags it.
    if (divider.hasPointerCapture(event.pointerId))
        put(Math.max(shareAt(event.clientX), 0.001));
});
divider.addEventListener("keydown", event => {
    const steps = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };
    const step = steps[event.key];
    if (step === undefined)
        return;
    event.preventDefault();
    put(Math.max(split + step, 0.001));
});
hold.addEventListener("pointerdown", () => setOriginal(true));
for (const end of ["pointerup", "pointercancel", "pointerleave", "blur"])
    hold.addEventListener(end, () => setOriginal(false));
hold.addEventListener("contextmenu", event => event.preventDefault());
for (const [element, keys] of [[hold, [" ", "Enter"]], [view, ["o"]]]) {
    element.addEventListener("keydown", event => {
        if (keys.includes(event.key) && !event.ctrlKey && !event.metaKey) {
            event.preventDefault();
            setOriginal(true);
        }
    });
    element.addEventListener("keyup", event => { if (keys.includes(event.key))
        setOriginal(false); });
}
view.addEventListener("blur", () => setOriginal(false));
view.addEventListener("keydown", event => {
    if (event.key === "c" && !event.ctrlKey && !event.metaKey)
        toggle();
});
