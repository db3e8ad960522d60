// The painting at full size: a job that can be watched and cancelled, and its file.
import * as api from "./api.js";
import { byId, on, painting, say, sayError, state } from "./state.js";
import { show } from "./view.js";
const render = byId("render");
const rendering = byId("rendering");
const progress = byId("progress");
const download = byId("download");
let job;
const extensions = { jpeg: "jpg", png: "png", webp: "webp", tiff: "tif" };
/** What was painted is what is asked for no more. */
function outdated() {
    download.hidden = true;
    URL.revokeObjectURL(download.href);
    download.removeAttribute("href");
}
render.addEventListener("click", async () => {
    const content = state.content;
    if (!content || state.chosen.length === 0)
        return;
    outdated();
    const side = state.size ? Number(state.size) : Math.max(content.width, content.height);
    const wanted = painting(side);
    if (state.size)
        wanted.options.size = side;
    if (state.format)
        wanted.options.format = state.format;
    render.disabled = true;
    rendering.hidden = false;
    progress.value = 0;
    say("Painting at full size…");
    try {
        const begun = await api.begin(content.id, wanted);
        job = begun.id;
        for await (const view of api.follow(begun.id)) {
            progress.value = view.progress;
            if (view.status === "failed")
                throw new Error(view.error?.detail ?? "The painting failed.");
            if (view.status === "cancelled") {
                say("Cancelled.");
                return;
            }
            if (view.result)
                await finish(content, view.result);
        }
    }
    catch (error) {
        sayError(error);
    }
    finally {
        job = undefined;
        render.disabled = false;
        rendering.hidden = true;
    }
});
async function finish(content, path) {
    const blob = await api.result(path);
    const format = state.format || blob.type.replace("image/", "");
    const stem = content.name.replace(/\.[^.]*$/, "");
    const styles = state.chosen.map(({ style }) => style.name.replace(/\.[^.]*$/, "")).join("+");
    download.href = URL.createObjectURL(blob);
    download.download = `${stem}-${styles}.${extensions[format] ?? format}`;
    download.textContent = `Download ${download.download}`;
    download.hidden = false;
    try {
        show({ after: await createImageBitmap(blob) });
    }
    catch {
        // TIFF: the preview stays.
    }
    say(`Painted: ${(blob.size / 1e6).toFixed(1)} MB`);
    download.focus();
}
byId("cancel").addEventListener("click", () => { if (job)
    void api.cancel(job).catch(() => undefined); });
on("painting", outdated);
on("result", outdated);
