// The mask: where the painting is. White where it is, black where the photograph stays.
import { byId, changed, on, state } from "./state.js";
import { draw, setBrush, show } from "./view.js";
/** Longer side of the mask: it is soft anyway. */
const SIDE = 512;
const mask = document.createElement("canvas");
/** What is shown of it: a tint where the photograph stays. */
const tint = document.createElement("canvas");
const brush = byId("brush");
const feather = byId("feather");
const view = byId("view");
let last;
const mode = () => document.querySelector("input[name=brush]:checked").value;
const context = () => mask.getContext("2d", { willReadFrequently: true });
function fill(colour) {
    context().fillStyle = colour;
    context().fillRect(0, 0, mask.width, mask.height);
}
/** Shows it; says whether the painting is everywhere. */
function look() {
    const pixels = context().getImageData(0, 0, mask.width, mask.height).data;
    let whole = true;
    const seen = tint.getContext("2d");
    const image = seen.createImageData(tint.width, tint.height);
    for (let i = 0; i < pixels.length; i += 4) {
        const kept = 255 - pixels[i];
        whole &&= kept === 0;
        image.data.set([30, 120, 200, mode() === "off" ? 0 : kept], i);
    }
    seen.putImageData(image, 0, 0);
    draw();
    return whole;
}
/** Shows it, and paints with it. */
function apply() {
    state.mask = look() ? undefined : mask.toDataURL("image/png").split(",")[1];
    changed("painting");
}
function dab(point, begins) {
    if (mode() === "off")
        return false;
    const paint = context();
    const colour = mode() === "hide" ? "#000" : "#fff";
    const width = Number(brush.value) / 100 * Math.max(mask.width, mask.height);
    const from = begins || !last ? point : last;
    paint.strokeStyle = colour;
    paint.lineCap = "round";
    paint.lineWidth = width;
    paint.beginPath();
    paint.moveTo(from.x * mask.width, from.y * mask.height);
    paint.lineTo(point.x * mask.width + 0.01, point.y * mask.height);
    paint.stroke();
    last = point;
    look();
    return true;
}
for (const end of ["pointerup", "pointercancel"])
    view.addEventListener(end, () => {
        if (last)
            apply();
        last = undefined;
    });
for (const input of document.querySelectorAll("input[name=brush]")) {
    input.addEventListener("change", () => {
        view.classList.toggle("painting", mode() !== "off");
        look();
    });
}
brush.addEventListener("input", () => { byId("brush-value").textContent = `${brush.value} %`; });
feather.addEventListener("input", () => {
    state.feather = Number(feather.value) / 100;
    byId("feather-value").textContent = `${feather.value} %`;
    if (state.mask)
        changed("painting");
});
byId("mask-clear").addEventListener("click", () => {
    fill("#fff");
    apply();
});
byId("mask-invert").addEventListener("click", () => {
    const pixels = context().getImageData(0, 0, mask.width, mask.height);
    for (let i = 0; i < pixels.data.length; i += 4)
        for (let c = 0; c < 3; c++)
            pixels.data[i + c] = 255 - pixels.data[i + c];
    context().putImageData(pixels, 0, 0);
    apply();
});
on("content", () => {
    const { width, height } = state.content;
    const scale = SIDE / Math.max(width, height);
    for (const canvas of [mask, tint]) {
        canvas.width = Math.max(1, Math.round(width * scale));
        canvas.height = Math.max(1, Math.round(height * scale));
    }
    fill("#fff");
    show({ overlay: tint });
    state.mask = undefined;
    look();
});
setBrush(dab);
