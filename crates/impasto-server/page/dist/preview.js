// The painting as it will be: a draft while something changes, and as sharp as the screen when nothing does.
import * as api from "./api.js";
import { content, withFiles } from "./files.js";
import { painting } from "./painting.js";
import { doc, on, PAINTING, say } from "./state.js";
import { onZoom, showPainting, shownSide, showUnpainted, whenShown } from "./view.js";
import { sayError } from "./words.js";
/** Longer sides of drafts: the first is as large as the canvas of the built-in model, so its strokes are the true ones. */
const DRAFTS = [576, 448, 320];
/** Milliseconds that a draft may take; a smaller one is used where they take longer. */
const DRAFT_TIME = 150;
/** Longest side of a preview. */
const MOST = 2560;
const session = Array.from(crypto.getRandomValues(new Uint32Array(2)), n => n.toString(36)).join("");
let wanted = 0;
let running = false;
let sharpening;
let draftSize = 0;
/** Milliseconds of the last drafts of this size. */
let times = [];
/** What is shown: which change, and how large; a draft counts as nothing. */
let shown = { change: -1, side: 0 };
let count = 0;
const shownListeners = [];
const idleListeners = [];
/** Calls a listener when a preview is shown. */
export const onShown = (listener) => { shownListeners.push(listener); };
/** Calls a listener when there is time for other work. */
export const onIdle = (listener) => { idleListeners.push(listener); };
export const isBusy = () => running;
/** Shows a painting that has come from elsewhere, at full size, unless something has changed. */
export function showFull(bitmap, of) {
    if (!PAINTING.every(key => JSON.stringify(of[key]) === JSON.stringify(doc[key])))
        return;
    shown = { change: wanted, side: Infinity };
    put(bitmap);
}
/** Whether the last attempt failed, and the page says so. */
let failed = false;
function put(bitmap) {
    if (failed)
        say("");
    failed = false;
    showPainting(bitmap);
    document.body.dataset["previews"] = String(++count);
    for (const listener of shownListeners)
        listener();
}
async function fetched(look, side, draft, signal) {
    const blob = await withFiles(async () => {
        const { id, width, height } = await content(look.photo);
        const settings = { size: side, draft, session };
        return api.preview(id, await painting(look, Math.min(side, Math.max(width, height))), settings, signal);
    });
    return createImageBitmap(blob);
}
/** Shows a draft of the newest look. */
async function draft() {
    const [change, look] = [wanted, doc];
    const begun = performance.now();
    const side = Math.min(DRAFTS[draftSize], Math.max(shownSide(), 64));
    const bitmap = await fetched(look, side, true, new AbortController().signal);
    times = [...times, performance.now() - begun].slice(-5);
    // Adapts to the machine; the first of a photo takes longer than those that follow.
    const median = [...times].sort((a, b) => a - b)[times.length >> 1];
    if (times.length >= 3 && median > DRAFT_TIME && draftSize < DRAFTS.length - 1)
        [draftSize, times] = [draftSize + 1, []];
    else if (times.length >= 5 && median < DRAFT_TIME / 3 && draftSize > 0)
        [draftSize, times] = [draftSize - 1, []];
    await whenShown(look.photo);
    if (look.photo !== doc.photo)
        return;
    shown = { change, side: 0 };
    put(bitmap);
}
/** How large a preview the screen can show. */
const sharpSide = (width, height) => Math.max(32, Math.min(MOST, shownSide(), Math.max(width, height)));
/** Shows the painting as sharply as the screen can. */
async function sharpen() {
    const [change, look] = [wanted, doc];
    const { width, height } = await withFiles(() => content(look.photo));
    const side = sharpSide(width, height);
    if (shown.change === change && shown.side >= side)
        return;
    const own = sharpening = new AbortController();
    try {
        const bitmap = await fetched(look, side, false, own.signal);
        if (own.signal.aborted || change !== wanted)
            return;
        shown = { change, side };
        put(bitmap);
        document.body.dataset["sharp"] = String(side);
    }
    finally {
        if (sharpening === own)
            sharpening = undefined;
    }
}
/** Paints until what is shown is the newest: finishes one draft, then takes what is newest then. */
async function run() {
    if (running)
        return;
    running = true;
    document.body.dataset["busy"] = "true";
    try {
        for (;;) {
            const change = wanted;
            if (doc.styles.length === 0 || !doc.photo) {
                // What is there was painted in styles that are not chosen any more.
                showUnpainted();
                shown = { change: -1, side: 0 };
                break;
            }
            try {
                if (shown.change !== change)
                    await draft();
                if (change === wanted)
                    await sharpen();
            }
            catch (error) {
                if (change === wanted && !(error instanceof api.Problem && error.status === 409)) {
                    failed = true;
                    sayError(error);
                    break;
                }
            }
            if (change === wanted)
                break;
        }
    }
    finally {
        running = false;
        delete document.body.dataset["busy"];
        for (const listener of idleListeners)
            listener();
    }
}
/** Paints again: something has changed. */
export function refresh() {
    wanted++;
    delete document.body.dataset["sharp"];
    // A draft is finished; a sharp one is not waited for.
    sharpening?.abort();
    // Several changes at a time are one.
    requestAnimationFrame(() => void run());
}
on(PAINTING, refresh);
let zooming;
onZoom(() => {
    clearTimeout(zooming);
    zooming = setTimeout(() => { if (shown.change === wanted && shown.side < Math.min(shownSide(), MOST))
        void run(); }, 150);
});
