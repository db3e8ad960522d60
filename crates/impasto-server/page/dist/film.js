// The film view: a moment of a film is painted like a photo; then the whole film is painted, watched and downloaded.
import * as api from "./api.js";
import * as files from "./files.js";
import * as gallery from "./gallery.js";
import * as keep from "./keep.js";
import { isFilm, jpeg, Movie } from "./movie.js";
import { painting } from "./painting.js";
import { onFilm } from "./photos.js";
import { refresh } from "./preview.js";
import { label } from "./render.js";
import * as results from "./results.js";
import { byId, DEMO, doc, edit, on, PAINTING, save, say, stem } from "./state.js";
import { showMoment, whenShown } from "./view.js";
import { checkSize, filmWords, words } from "./words.js";
let film;
let server;
/** Whether a film is sent or painted. */
let busy = false;
/** What the server has taken. */
let begun;
let sending;
/** The page is being left: the server goes on, and the next visit follows it. */
let leaving = false;
addEventListener("pagehide", () => { leaving = true; });
addEventListener("pageshow", () => { leaving = false; });
const part = byId("film-part");
const moment = byId("moment");
const paint = byId("film-paint");
const format = byId("film-format");
const player = byId("player");
const painted = byId("painted");
/** What the server can do. */
export function begin(info) {
    server = info;
    format.replaceChildren(...info.films.formats.map(name => new Option(name === "webm" ? "WebM" : name.toUpperCase(), name)));
    // What this browser plays, too.
    format.value = document.createElement("video").canPlayType('video/mp4; codecs="avc1.640028"') ? "mp4" : "webm";
}
/** Minutes and seconds, to a tenth. */
function clock(seconds) {
    const tenths = Math.round(seconds * 10);
    const rest = tenths % 600;
    return `${Math.floor(tenths / 600)}:${rest < 100 ? "0" : ""}${(rest / 10).toFixed(1)}`;
}
/** Keeps how far one is, for another visit. */
function remember() {
    if (film)
        keep.putFilmState({ key: film.seen?.key, moment: moment.valueAsNumber, start: film.start, end: film.end, work: begun });
}
/** A film as the browser decodes it, at a moment, and that as a picture; nothing if it is not wanted any more. */
async function decoded(blob, at) {
    const movie = await Movie.open(blob).catch(() => undefined);
    const seconds = movie && at(movie);
    if (!movie || seconds === undefined) {
        movie?.close();
        return undefined;
    }
    try {
        moment.max = String(movie.duration);
        moment.value = String(seconds);
        await movie.seek(moment.valueAsNumber);
        return { movie, frame: await jpeg(movie.frame(), 0.95) };
    }
    catch (error) {
        movie.close();
        throw error;
    }
}
/** Opens the film of an earlier visit again. `photos` are those of that visit. */
export async function restore(kept, photos) {
    if (!kept || !server?.films.available)
        return;
    const { file: { blob, name }, state: { key, moment: at, start, end, work } } = kept;
    // A moment that was removed there cannot be brought back by undo any more.
    if (!work && key !== undefined && !photos.includes(key))
        return keep.removeFilm();
    const opened = film = { blob, name, seen: undefined, start, end };
    try {
        const found = key === undefined ? undefined : await decoded(blob, () => film === opened ? at : undefined);
        if (film !== opened) {
            found?.movie.close();
            return;
        }
        if (found && key !== undefined) {
            files.restore({ key, kind: "photo", name, blob: found.frame });
            opened.seen = { movie: found.movie, key };
            document.body.dataset["moment"] = moment.value;
        }
    }
    catch {
        // It can still be painted.
    }
    begun = work;
    show();
}
/** Follows what was painted of it. */
export function resume() {
    const [opened, work] = [film, begun];
    if (!opened || !work || busy)
        return;
    void during(opened.name, async () => {
        try {
            await followed(opened.name, work);
        }
        finally {
            // What is shown first says so first.
            await whenShown(doc.photo);
        }
    });
}
/** Opens a film in place of the one before. */
async function open({ blob, name }) {
    if (!server?.films.available) {
        say("This server cannot paint films: it has no ffmpeg. Install ffmpeg on it (apt install ffmpeg) and start it again.", true);
        return;
    }
    if (busy) {
        say("A film is being painted. Wait for it, or cancel it first.", true);
        return;
    }
    try {
        checkSize(blob, name, server.limits.max_film_bytes);
    }
    catch (error) {
        say(words(error, name), true);
        return;
    }
    say(`Opening ${name}…`);
    close();
    const opened = film = { blob, name, seen: undefined, start: undefined, end: undefined };
    try {
        const found = await decoded(blob, movie => film === opened ? Math.min(2, movie.duration / 10) : undefined);
        if (film !== opened) {
            found?.movie.close();
            return;
        }
        keep.putFilm({ blob, name });
        if (!found) {
            remember();
            show();
            // What is shown in the place of the film before says so first.
            await whenShown(doc.photo);
            if (film === opened)
                say(`This browser cannot show “${name}”. It can still be painted; the look is shown on the photo.`);
            return;
        }
        const key = files.add("photo", name, found.frame);
        opened.seen = { movie: found.movie, key };
        remember();
        show();
        edit({ photos: [...doc.photos.filter(key => key !== DEMO), key], photo: key, mask: "" });
    }
    catch (error) {
        say(filmWords(error, name), true);
    }
}
let travelling = false;
/** Shows the newest moment that is asked for: one that is on its way is finished, then the newest is taken. */
async function travel() {
    const at = film?.seen;
    if (travelling || !at)
        return;
    travelling = true;
    try {
        for (let shown = -1; film?.seen === at && shown !== moment.valueAsNumber;) {
            shown = moment.valueAsNumber;
            await at.movie.seek(shown);
            const frame = at.movie.frame();
            const blob = await jpeg(frame, 0.95);
            if (film?.seen !== at)
                break;
            files.replace(at.key, blob);
            if (doc.photo === at.key) {
                showMoment(frame);
                refresh();
            }
            else {
                edit({ photo: at.key, mask: "" });
            }
            document.body.dataset["moment"] = String(shown);
        }
    }
    catch (error) {
        if (film?.seen === at)
            say(filmWords(error, film.name), true);
    }
    finally {
        travelling = false;
    }
}
/** The line that says what is painted of the film. */
function show() {
    const { seen, start, end, name } = film ?? {};
    // A moment that is not among the photos any more has been removed there; undo brings it back.
    part.hidden = film === undefined || (!busy && seen !== undefined && !doc.photos.includes(seen.key));
    byId("film-name").textContent = name ?? "";
    byId("film-name").title = name ?? "";
    byId("scrubber").hidden = byId("film-cut").hidden = seen === undefined;
    const now = clock(moment.valueAsNumber);
    byId("moment-value").textContent = now;
    moment.setAttribute("aria-valuetext", `${now} of ${clock(Number(moment.max))}`);
    const whole = start === undefined && end === undefined;
    byId("film-whole").hidden = whole;
    byId("film-range").textContent = whole ? "" : `${clock(start ?? 0)} to ${clock(end ?? Number(moment.max))}`;
    paint.textContent = whole ? "Paint the film" : "Paint this part";
    paint.disabled = busy || doc.styles.length === 0;
    byId("filming").hidden = !busy;
    byId("render").textContent = seen?.key === doc.photo ? "Paint this moment" : "Paint and download";
}
/** Sets the beginning or the end of the part that is painted. */
function cut(edge) {
    if (!film)
        return;
    const other = edge === "start" ? film.end : film.start;
    film[edge] = moment.valueAsNumber;
    // The other edge goes where it would be on the wrong side.
    if (other !== undefined && (film.end ?? Infinity) <= (film.start ?? 0))
        film[edge === "start" ? "end" : "start"] = undefined;
    remember();
    show();
}
class Canceled extends Error {
}
/** What is left to do, in words. */
function left(seconds) {
    if (seconds < 90)
        return `${Math.max(1, Math.round(seconds))} s left`;
    return seconds < 5400 ? `${Math.round(seconds / 60)} min left` : `${(seconds / 3600).toFixed(1)} h left`;
}
/** Waits for the end of a job. Gives where its result is, and what users should know of it. */
async function ended(id) {
    const [progress, news] = [byId("film-progress"), byId("film-news")];
    let first;
    for await (const view of api.follow(id, () => !sending?.signal.aborted)) {
        if (view.status === "cancelled")
            throw new Canceled();
        if (view.error)
            throw new api.Problem(view.error.status, view.error.detail);
        if (view.result)
            return { result: view.result, notes: view.notes ?? [] };
        const { painted = 0, total } = view.frames ?? {};
        if (total)
            progress.value = painted / total;
        else
            progress.removeAttribute("value");
        const time = performance.now() / 1000;
        if (painted > 0)
            first ??= { frames: painted, time };
        const rate = first && time > first.time ? (painted - first.frames) / (time - first.time) : 0;
        const rest = total && rate > 0 ? `, ${left((total - painted) / rate)}` : "";
        news.textContent = view.status === "queued" ? "Waiting for other films…" : `${painted}${total ? ` of ${total}` : ""} frames${rest}`;
    }
    throw new Canceled();
}
/** Has the film painted in the look that is shown. */
async function sent({ blob, seen, start, end }, abort) {
    const look = doc;
    const longSide = seen?.movie.longSide ?? 1280;
    const query = new URLSearchParams({ format: format.value });
    if (look.size)
        query.set("size", look.size);
    if (start !== undefined)
        query.set("start", start.toFixed(3));
    if (end !== undefined)
        query.set("end", end.toFixed(3));
    const { id } = await files.withFiles(async () => {
        const wanted = await painting(look, look.size ? Number(look.size) : longSide);
        // A mask is drawn on the photo that is shown.
        if (look.photo !== seen?.key)
            delete wanted.mask;
        return api.beginFilm(blob, wanted, query, abort.signal);
    });
    return { job: id, format: format.value, look };
}
/** Follows the painting of a film to its end, and shows what has come of it. */
async function followed(name, work) {
    const { look } = begun = work;
    remember();
    if (sending?.signal.aborted)
        throw new Canceled();
    const { result, notes } = await ended(work.job);
    const film = await api.result(result);
    const styles = look.styles.map(({ key }) => stem(gallery.nameOf(key))).join("+");
    const made = { name: `${stem(name)}-${styles}.${work.format}`.replaceAll(/[/\\]/g, "-"), label: label(look), blob: film, look };
    await results.add(made);
    play(made);
    say([`Painted: ${made.name}, ${(film.size / 1e6).toFixed(1)} MB.`, ...notes.map(note => `Note: ${note}.`)].join(" "));
}
/** Shows that a film is painted, as long as that takes, and says what has come between. */
async function during(name, work) {
    const abort = sending = new AbortController();
    busy = true;
    byId("film-progress").removeAttribute("value");
    byId("film-news").textContent = "";
    show();
    let lost = false;
    try {
        await work(abort);
    }
    catch (error) {
        const canceled = error instanceof Canceled || abort.signal.aborted;
        const status = error instanceof api.Problem && begun ? error.status : undefined;
        lost = status === 0 && !canceled;
        if (lost)
            say(`The server does not answer. Reload this page when it does, to see what has become of “${name}”.`, true);
        else if (status === 404)
            say(`The server has forgotten “${name}”, which was being painted. Paint it again.`, true);
        else
            say(canceled ? "Canceled." : filmWords(error, name), !canceled);
    }
    finally {
        // A server that is out of reach may go on painting.
        if (!leaving && !lost) {
            // The page keeps the result.
            if (begun)
                void api.forget(`/v1/jobs/${begun.job}`);
            begun = undefined;
            remember();
        }
        busy = false;
        sending = undefined;
        show();
        if (player.hidden)
            paint.focus();
    }
}
paint.addEventListener("click", () => {
    const opened = film;
    if (!opened || busy)
        return;
    void during(opened.name, async (abort) => {
        byId("film-news").textContent = "Sending the film…";
        byId("film-cancel").focus();
        await followed(opened.name, await sent(opened, abort));
    });
});
function cancel() {
    sending?.abort();
    if (begun)
        void api.forget(`/v1/jobs/${begun.job}`);
}
byId("film-cancel").addEventListener("click", cancel);
let playing;
/** Plays a painted film in the picture's place. */
function play(made) {
    stop();
    playing = made;
    painted.src = URL.createObjectURL(made.blob);
    painted.setAttribute("aria-label", made.name);
    player.hidden = false;
    // Unless somebody is at work elsewhere.
    if ([null, document.body, byId("film-cancel")].includes(document.activeElement))
        byId("film-save").focus();
    // Browsers may wait for a click; the controls are there.
    painted.play().catch(() => undefined);
}
function stop() {
    if (painted.src)
        URL.revokeObjectURL(painted.src);
    painted.removeAttribute("src");
    painted.load();
    playing = undefined;
    player.hidden = true;
}
results.onPlay(play);
painted.addEventListener("error", () => {
    if (playing)
        say(`This browser cannot play ${playing.name}. Download it, and open it with another program.`, true);
});
byId("film-save").addEventListener("click", () => { if (playing)
    save(playing.blob, playing.name); });
byId("film-back").addEventListener("click", () => { stop(); paint.focus(); });
player.addEventListener("keydown", event => { if (event.key === "Escape") {
    stop();
    paint.focus();
} });
/** Closes the film. */
function close() {
    stop();
    film?.seen?.movie.close();
    const key = film?.seen?.key;
    film = undefined;
    if (!busy)
        begun = undefined;
    keep.removeFilm();
    show();
    if (key && doc.photos.includes(key)) {
        const photos = doc.photos.filter(other => other !== key);
        const left = photos.length > 0 ? photos : [DEMO];
        edit({ photos: left, ...(doc.photo === key ? { photo: left[0], mask: "" } : {}) });
    }
}
byId("film-close").addEventListener("click", () => { cancel(); close(); byId("photo").focus(); });
/** Forgets the film, and what is painted of it. */
export function forget() {
    cancel();
    close();
}
moment.addEventListener("input", () => { show(); void travel(); });
moment.addEventListener("change", remember);
byId("film-start").addEventListener("click", () => cut("start"));
byId("film-end").addEventListener("click", () => cut("end"));
byId("film-whole").addEventListener("click", () => {
    if (film)
        film.start = film.end = undefined;
    remember();
    show();
});
on(["photos", "photo", "styles"], show);
// Who changes the look wants to see it.
on(PAINTING, () => { if (!player.hidden)
    stop(); });
onFilm({ is: isFilm, take: given => void open(given) });
/** The film that the photo with this key is a moment of. */
export const filmOf = (key) => film?.seen?.key === key ? film.name : undefined;
