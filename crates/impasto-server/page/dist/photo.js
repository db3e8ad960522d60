// The photograph: picked, dropped, pasted, taken, or the one that is always there.
import * as api from "./api.js";
import { byId, changed, say, sayError, state } from "./state.js";
import { show } from "./view.js";
/** What the browser can draw; pictures that it cannot read are painted by the server, without style. */
async function seen(content, photo) {
    if (photo) {
        try {
            return await createImageBitmap(photo);
        }
        catch {
            // TIFF, in most browsers.
        }
    }
    const plain = { styles: [{ id: "starry", weight: 1 }], options: { strength: 0 } };
    return createImageBitmap(await api.preview(content.id, plain, 1024, undefined, new AbortController().signal));
}
async function use(load, photo) {
    try {
        say("Reading the photograph…");
        const content = await load();
        const before = await seen(content, photo);
        state.content = content;
        state.photo = photo;
        show({ before, after: null, size: { width: content.width, height: content.height } });
        say(`${content.name}: ${content.width} × ${content.height} pixels`);
        changed("content");
        changed("painting");
    }
    catch (error) {
        sayError(error);
    }
}
export const open = (file, name) => use(() => api.uploadContent(file, name), file);
export async function demo() {
    const photo = await fetch("/demo.jpg").then(response => response.blob(), () => undefined);
    await use(() => api.about("demo", "demo.jpg"), photo);
}
const picker = byId("photo");
picker.addEventListener("change", () => {
    const file = picker.files?.[0];
    if (file)
        void open(file, file.name);
    picker.value = "";
});
byId("demo").addEventListener("click", () => void demo());
addEventListener("paste", event => {
    const file = [...(event.clipboardData?.files ?? [])].find(file => file.type.startsWith("image/"));
    if (file)
        void open(file, file.name || "pasted.png");
});
const drop = byId("drop");
let inside = 0;
addEventListener("dragenter", () => { drop.hidden = ++inside === 0; });
addEventListener("dragleave", () => { drop.hidden = --inside <= 0; });
addEventListener("dragover", event => event.preventDefault());
addEventListener("drop", event => {
    event.preventDefault();
    inside = 0;
    drop.hidden = true;
    const file = event.dataTransfer?.files[0];
    // On the gallery it is a style, which the gallery takes.
    if (file && !event.target.closest?.("#gallery, label[for=own]"))
        void open(file, file.name);
});
const camera = byId("camera");
const video = byId("video");
function close() {
    for (const track of video.srcObject?.getTracks() ?? [])
        track.stop();
    video.srcObject = null;
    camera.hidden = true;
    byId("webcam").focus();
}
byId("webcam").addEventListener("click", async () => {
    try {
        video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 } } });
        camera.hidden = false;
        await video.play();
        byId("shoot").focus();
    }
    catch {
        say("There is no camera that this page may use.", true);
    }
});
byId("unshoot").addEventListener("click", close);
byId("shoot").addEventListener("click", () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    close();
    canvas.toBlob(blob => { if (blob)
        void open(blob, "camera.jpg"); }, "image/jpeg", 0.95);
});
