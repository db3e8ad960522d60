// The browser's own store: photos, styles, results, settings and the open film survive a reload.
import { doc, onCommit, on } from "./state.js";
const NAME = "impasto";
const STORES = ["files", "results", "doc", "film"];
/** `undefined` where the browser has none, for example in some private windows. */
let database;
function open() {
    database ??= new Promise(resolve => {
        try {
            const request = indexedDB.open(NAME, 2);
            request.onupgradeneeded = () => {
                const there = request.result.objectStoreNames;
                for (const store of STORES)
                    if (!there.contains(store))
                        request.result.createObjectStore(store);
            };
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => resolve(undefined);
        }
        catch {
            resolve(undefined);
        }
    });
    return database;
}
/** A change of a store. One that fails, for lack of room for example, keeps nothing: the page goes on without. */
async function change(store, work) {
    const opened = await open();
    if (!opened)
        return;
    await new Promise(resolve => {
        try {
            const transaction = opened.transaction(store, "readwrite");
            transaction.oncomplete = transaction.onerror = transaction.onabort = () => resolve();
            work(transaction.objectStore(store));
        }
        catch {
            resolve();
        }
    });
}
async function all(store) {
    const opened = await open();
    if (!opened)
        return [];
    return new Promise(resolve => {
        const request = opened.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => resolve([]);
    });
}
export const putFile = (file) => { void change("files", store => store.put(file, file.key)); };
export const putResult = (result) => { void change("results", store => store.put(result, result.key)); };
export const removeResult = (key) => { void change("results", store => store.delete(key)); };
export const putFilm = (file) => { void change("film", store => store.put(file, "file")); };
export const putFilmState = (state) => { void change("film", store => store.put(state, "state")); };
export const removeFilm = () => { void change("film", store => store.clear()); };
/** The film of an earlier visit. */
async function film() {
    // In the order of their keys.
    const [file, state] = await all("film");
    return file && state ? { file, state } : undefined;
}
/** What an earlier visit has left. Files that nothing refers to any more go. */
export async function load() {
    const [files, results, docs, opened] = await Promise.all([all("files"), all("results"), all("doc"), film()]);
    const known = docs[0];
    const used = new Set(known ? [...known.photos, known.photo, ...known.own.map(own => own.key)] : []);
    for (const { key } of files)
        if (!used.has(key))
            void change("files", store => store.delete(key));
    return { files: files.filter(({ key }) => used.has(key)), results, doc: known, film: opened };
}
let timer;
let stopped = false;
function later() {
    clearTimeout(timer);
    timer = setTimeout(write, 200);
}
function write() {
    clearTimeout(timer);
    timer = undefined;
    if (!stopped)
        void change("doc", store => store.put(doc, "doc"));
}
/** Begins to keep what is changed. */
export function begin() {
    stopped = false;
    onCommit(later);
    on(Object.keys(doc), later);
    addEventListener("pagehide", () => { if (timer !== undefined)
        write(); });
}
/** Empties the store. */
export async function forget() {
    stopped = true;
    clearTimeout(timer);
    timer = undefined;
    await Promise.all(STORES.map(store => change(store, store => store.clear())));
    stopped = false;
}
