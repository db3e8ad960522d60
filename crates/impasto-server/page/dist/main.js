// The page's beginning: what an earlier visit left, what the address asks for, and the first picture.
import * as address from "./address.js";
import * as api from "./api.js";
import "./camera.js";
import "./command.js";
import "./compare.js";
import * as files from "./files.js";
import * as film from "./film.js";
import * as gallery from "./gallery.js";
import * as history from "./history.js";
import * as keep from "./keep.js";
import "./look.js";
import * as mix from "./mix.js";
import * as models from "./models.js";
import { showChosen } from "./photos.js";
import "./render.js";
import * as results from "./results.js";
import { byId, DEMO, doc, edit, PLAIN, say } from "./state.js";
import "./tray.js";
import { sayError, setLargest } from "./words.js";
/** The state of a newcomer. */
let beginning = doc;
/** What an earlier visit left, as far as it can still be shown. */
function remembered(before, most) {
    if (!before.doc)
        return {};
    for (const file of before.files)
        files.restore(file);
    const there = (key) => key === DEMO || files.get(key) !== undefined;
    const photos = before.doc.photos.filter(there);
    const own = before.doc.own.filter(({ key }) => there(key));
    // The server may have been started with other models since.
    const model = models.exists(before.doc.model) ? before.doc.model : "";
    const styles = models.fitting(model, before.doc.styles, own).slice(0, most);
    const photo = photos.includes(before.doc.photo) ? before.doc.photo : photos[0] ?? DEMO;
    return {
        ...before.doc, model, own, photo,
        photos: photos.length > 0 ? photos : [DEMO],
        styles,
        mask: photo === before.doc.photo ? before.doc.mask : "",
    };
}
byId("forget").addEventListener("click", async () => {
    film.forget();
    edit(beginning, false);
    history.begin();
    results.restore([]);
    api.forgetToken();
    await Promise.all([keep.forget(), files.forget(), showChosen()]);
    say("Everything is forgotten: photos, styles, results and settings, here and on the server.");
});
try {
    const before = await keep.load();
    const [info, list] = await Promise.all([api.info(), api.models()]);
    models.begin(list, await Promise.all(list.map(({ name }) => api.styles(name))));
    const most = info.limits.max_styles;
    setLargest(info.limits.max_body_bytes);
    film.begin(info);
    beginning = { ...doc, ...PLAIN, styles: models.fitting("", [], []) };
    gallery.begin();
    mix.begin(most, gallery.all);
    results.restore(before.results);
    await film.restore(before.film, before.doc?.photos ?? []);
    const asked = address.isGiven() ? address.read(location.hash, gallery.isKnown, most) : {};
    edit({ ...beginning, ...remembered(before, most), ...asked }, false);
    history.begin();
    keep.begin();
    address.begin(gallery.isKnown, most);
    // Another photo is shown because it has changed.
    if (doc.photo === DEMO)
        await showChosen();
    film.resume();
}
catch (error) {
    sayError(error);
}
