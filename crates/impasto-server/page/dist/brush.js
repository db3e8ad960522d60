// The mask: where the painting is. White where it is, black where the photo stays.
import { byId, doc, edit, on, save, say } from "./state.js";
import { onShown } from "./preview.js";
import { setBrush, setOverlay } from "./view.js";
/** Longer side of the mask: it is soft anyway. */
const SIDE = 512;
const mask = document.createElement("canvas");
/** What is shown of it while somebody draws: a tint where the photo stays. */
const tint = document.createElement("canvas");
const width = byId("brush");
const view = byId("view");
let last;
/** What of the mask the document has: what is drawn since is not yet in it. */
let known = "";
const mode = () => document.querySelector("input[name=brush]:checked").value;
const context = () => mask.getContext("2d", { willReadFrequently: true });
function fill(color) {
    context().fillStyle = color;
    context().fillRect(0, 0, mask.width, mask.height);
}
/** Changes the mask's grey values; says whether the painting is everywhere. */
function values(change) {
    const image = context().getImageData(0, 0, mask.width, mask.height);
    let whole = true;
    for (let i = 0; i < image.data.length; i += 4) {
        const value = change(image.data[i]);
        whole &&= value === 255;
        image.data.fill(value, i, i + 3);
    }
    context().putImageData(image, 0, 0);
    return whole;
}
function showTint() {
    const pixels = context().getImageData(0, 0, mask.width, mask.height).data;
    const seen = tint.getContext("2d");
    const image = seen.createImageData(tint.width, tint.height);
    for (let i = 0; i < pixels.length; i += 4)
        image.data.set([30, 120, 200, 255 - pixels[i]], i);
    seen.putImageData(image, 0, 0);
    setOverlay(tint);
}
/** Paints with the mask as it is now. */
function apply() {
    known = values(value => value) ? "" : mask.toDataURL("image/png").split(",")[1];
    edit({ mask: known });
}
/** Makes it the document's again: after undo, another photo, or a stroke that is taken back. */
async function follow() {
    const wanted = doc.mask;
    known = wanted;
    if (!wanted) {
        fill("#fff");
        return;
    }
    const bytes = Uint8Array.from(atob(wanted), letter => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" })).catch(() => undefined);
    if (image && known === wanted)
        context().drawImage(image, 0, 0, mask.width, mask.height);
}
/** The mask for a photo of this size, in its proportions. */
export function setSize({ width, height }) {
    const scale = SIDE / Math.max(width, height);
    for (const canvas of [mask, tint]) {
        canvas.width = Math.max(1, Math.round(width * scale));
        canvas.height = Math.max(1, Math.round(height * scale));
    }
    void follow();
}
setBrush({
    draw(point, begins) {
        if (mode() === "off")
            return false;
        const paint = context();
        const from = begins || !last ? point : last;
        paint.strokeStyle = mode() === "hide" ? "#000" : "#fff";
        paint.lineCap = "round";
        paint.lineWidth = Number(width.value) / 100 * Math.max(mask.width, mask.height);
        paint.beginPath();
        paint.moveTo(from.x * mask.width, from.y * mask.height);
        paint.lineTo(point.x * mask.width + 0.01, point.y * mask.height);
        paint.stroke();
        last = point;
        showTint();
        return true;
    },
    end() {
        if (last)
            apply();
        last = undefined;
    },
    cancel() {
        last = undefined;
        setOverlay(undefined);
        void follow();
    },
});
// The tint is for drawing: it goes when the painting shows what was drawn.
onShown(() => { if (!last)
    setOverlay(undefined); });
for (const input of document.querySelectorAll("input[name=brush]")) {
    input.addEventListener("change", () => view.classList.toggle("painting", mode() !== "off"));
}
on(["mask"], () => {
    if (doc.mask !== known)
        void follow();
});
width.addEventListener("input", () => { byId("brush-value").textContent = `${width.value} %`; });
byId("mask-clear").addEventListener("click", () => {
    fill("#fff");
    apply();
});
byId("mask-invert").addEventListener("click", () => {
    values(value => 255 - value);
    apply();
});
export function saveMask() {
    mask.toBlob(blob => { if (blob)
        save(blob, "mask.png"); }, "image/png");
}
byId("mask-save").addEventListener("click", saveMask);
const picker = byId("mask-load");
picker.addEventListener("change", async () => {
    const file = picker.files?.[0];
    picker.value = "";
    if (!file)
        return;
    try {
        const image = await createImageBitmap(file);
        const [own, given] = [mask.width / mask.height, image.width / image.height];
        if (Math.abs(own / given - 1) > 0.05) {
            say(`“${file.name}” has other proportions than the photo. Use a mask of the same shape.`, true);
            return;
        }
        // What is transparent is black, as everywhere in Impasto.
        fill("#000");
        context().drawImage(image, 0, 0, mask.width, mask.height);
        const grey = context().getImageData(0, 0, mask.width, mask.height);
        for (let i = 0; i < grey.data.length; i += 4) {
            const [r, g, b] = grey.data.subarray(i, i + 3);
            grey.data.fill(0.299 * r + 0.587 * g + 0.114 * b, i, i + 3);
        }
        context().putImageData(grey, 0, 0);
        apply();
        say(`“${file.name}” is the mask.`);
    }
    catch {
        say(`“${file.name}” is not a picture that this browser can read. Use PNG or JPEG.`, true);
    }
});
