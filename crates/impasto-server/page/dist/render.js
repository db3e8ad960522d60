// Paintings at full size: jobs that can be watched and canceled, and their files.
import * as api from "./api.js";
import { content, nameOf, withFiles } from "./files.js";
import * as gallery from "./gallery.js";
import { label as modelOf } from "./models.js";
import { painting } from "./painting.js";
import { showFull } from "./preview.js";
import * as results from "./results.js";
import { byId, doc, on, save, say, stem } from "./state.js";
import { words } from "./words.js";
import { zip } from "./zip.js";
const render = byId("render");
const all = byId("paint-all");
const rendering = byId("rendering");
const progress = byId("progress");
const EXTENSIONS = { jpeg: "jpg", png: "png", webp: "webp", tiff: "tif" };
/** What made a painting, in words. */
export function label(look) {
    const percent = (share) => `${Math.round(share * 100)} %`;
    const total = look.styles.reduce((sum, { weight }) => sum + weight, 0);
    const several = look.styles.length > 1;
    const parts = [look.styles.map(({ key, weight }) => gallery.nameOf(key) + (several ? ` ${percent(weight / total)}` : "")).join(" + ")];
    const model = modelOf(look);
    if (model !== undefined)
        parts.push(model);
    if (look.strength < 1)
        parts.push(`strength ${percent(look.strength)}`);
    if (look.stroke !== 0)
        parts.push(`strokes ${+(2 ** look.stroke).toFixed(2)}×`);
    const colors = { content: "photo's palette", luminance: "original colors", match: "style in the photo's palette" };
    if (colors[look.colors])
        parts.push(colors[look.colors] + (look.colorStrength < 1 ? ` ${percent(look.colorStrength)}` : ""));
    if (look.mask)
        parts.push("masked");
    if (look.size)
        parts.push(`${look.size} pixels`);
    return parts.join(", ");
}
class Canceled extends Error {
}
/** The jobs that are running, and whether they shall go on. */
const jobs = new Set();
let canceled = false;
let busy = false;
/** Paints a photo in a look at full size. */
async function paint(look, told) {
    const blob = await withFiles(async () => {
        const { id, width, height } = await content(look.photo);
        const wanted = await painting(look, look.size ? Number(look.size) : Math.max(width, height));
        if (look.format)
            wanted.options.format = look.format;
        if (canceled)
            throw new Canceled();
        const begun = await api.begin(id, wanted);
        jobs.add(begun.id);
        try {
            for await (const view of api.follow(begun.id, () => !canceled)) {
                told(view.progress);
                if (canceled || view.status === "cancelled")
                    throw new Canceled();
                if (view.error)
                    throw new api.Problem(view.error.status, view.error.detail);
                if (view.result)
                    return await api.result(view.result);
            }
            throw new Canceled();
        }
        finally {
            jobs.delete(begun.id);
            // The page keeps the result.
            void api.forget(`/v1/jobs/${begun.id}`);
        }
    });
    const format = blob.type.replace("image/", "");
    const styles = look.styles.map(({ key }) => stem(gallery.nameOf(key))).join("+");
    const name = `${stem(nameOf(look.photo))}-${styles}.${EXTENSIONS[format] ?? format}`.replaceAll(/[/\\]/g, "-");
    return results.add({ name, label: label(look), blob, look });
}
async function working(work) {
    if (busy)
        return;
    busy = true;
    canceled = false;
    render.disabled = all.disabled = true;
    rendering.hidden = false;
    progress.value = 0;
    try {
        await work();
    }
    catch (error) {
        say(error instanceof Canceled ? "Canceled." : words(error), !(error instanceof Canceled));
    }
    finally {
        busy = false;
        render.disabled = all.disabled = false;
        rendering.hidden = true;
    }
}
render.addEventListener("click", () => void working(async () => {
    if (!doc.photo || doc.styles.length === 0)
        return;
    const look = doc;
    say("Painting at full size…");
    const result = await paint(look, share => { progress.value = share; });
    try {
        showFull(await createImageBitmap(result.blob), look);
    }
    catch {
        // TIFF: the preview stays.
    }
    save(result.blob, result.name);
    say(`Painted and downloaded: ${result.name}, ${(result.blob.size / 1e6).toFixed(1)} MB`);
}));
all.addEventListener("click", () => void working(async () => {
    // A mask belongs to its photo.
    const looks = doc.photos.map(photo => photo === doc.photo ? doc : { ...doc, photo, mask: "" });
    const shares = looks.map(() => 0);
    const painted = [];
    const failures = [];
    const waiting = [...looks.entries()];
    say(`Painting ${looks.length} photos…`);
    const worker = async () => {
        for (let one = waiting.shift(); one && !canceled; one = waiting.shift()) {
            const [i, look] = one;
            try {
                painted[i] = await paint(look, share => {
                    shares[i] = share;
                    progress.value = shares.reduce((sum, share) => sum + share, 0) / looks.length;
                });
            }
            catch (error) {
                if (error instanceof Canceled)
                    throw error;
                failures.push(words(error, nameOf(look.photo)));
            }
        }
    };
    await Promise.all([worker(), worker()]);
    if (canceled)
        throw new Canceled();
    const done = painted.filter(result => result !== undefined);
    if (done.length > 0)
        save(await zip(done), `impasto-${looks[0].styles.map(({ key }) => gallery.nameOf(key)).join("+")}.zip`);
    const text = `${done.length} of ${looks.length} photos painted and downloaded.`;
    say([text, ...failures].join(" "), failures.length > 0);
}));
byId("cancel").addEventListener("click", () => {
    canceled = true;
    for (const job of jobs)
        void api.forget(`/v1/jobs/${job}`);
});
const count = () => {
    byId("paint-all").textContent = `Paint all ${doc.photos.length} (zip)`;
};
on(["photos"], count);
