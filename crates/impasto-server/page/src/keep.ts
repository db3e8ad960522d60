// The browser's own store: photos, styles, results, settings and the open film survive a reload.

import type { Kept } from "./files.js";
import type { Result } from "./results.js";
import { doc, onCommit, on, type Doc, type Key } from "./state.js";

const NAME = "impasto";
const STORES = ["files", "results", "doc", "film"] as const;
type StoreName = typeof STORES[number];

/** `undefined` where the browser has none, for example in some private windows. */
let database: Promise<IDBDatabase | undefined> | undefined;

function open(): Promise<IDBDatabase | undefined> {
  database ??= new Promise(resolve => {
    try {
      const request = indexedDB.open(NAME, 2);
      request.onupgradeneeded = () => {
        const there = request.result.objectStoreNames;
        for (const store of STORES) if (!there.contains(store)) request.result.createObjectStore(store);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(undefined);
    } catch {
      resolve(undefined);
    }
  });
  return database;
}

/** A change of a store. One that fails, for lack of room for example, keeps nothing: the page goes on without. */
async function change(store: StoreName, work: (store: IDBObjectStore) => void): Promise<void> {
  const opened = await open();
  if (!opened) return;
  await new Promise<void>(resolve => {
    try {
      const transaction = opened.transaction(store, "readwrite");
      transaction.oncomplete = transaction.onerror = transaction.onabort = () => resolve();
      work(transaction.objectStore(store));
    } catch {
      resolve();
    }
  });
}

async function all<T>(store: StoreName): Promise<T[]> {
  const opened = await open();
  if (!opened) return [];
  return new Promise(resolve => {
    const request = opened.transaction(store).objectStore(store).getAll();
    request.onsuccess = () => resolve(request.result as T[]);
    request.onerror = () => resolve([]);
  });
}

export const putFile = (file: Kept): void => { void change("files", store => store.put(file, file.key)); };
export const putResult = (result: Result): void => { void change("results", store => store.put(result, result.key)); };
export const removeResult = (key: string): void => { void change("results", store => store.delete(key)); };

/** How far somebody is with a film. */
export interface FilmState {
  /** Of its moment among the photos; nothing where the browser cannot decode it. */
  key: string | undefined;
  /** In seconds, as the part that is painted. */
  moment: number;
  start: number | undefined;
  end: number | undefined;
  /** The job that paints it, and what it was given. */
  work: { job: string; format: string; look: Doc } | undefined;
}
export interface KeptFilm { file: { blob: Blob; name: string }; state: FilmState }

export const putFilm = (file: KeptFilm["file"]): void => { void change("film", store => store.put(file, "file")); };
export const putFilmState = (state: FilmState): void => { void change("film", store => store.put(state, "state")); };
export const removeFilm = (): void => { void change("film", store => store.clear()); };

/** The film of an earlier visit. */
async function film(): Promise<KeptFilm | undefined> {
  // In the order of their keys.
  const [file, state] = await all<unknown>("film");
  return file && state ? { file, state } as KeptFilm : undefined;
}

export interface Before { files: Kept[]; results: Result[]; doc: Doc | undefined; film: KeptFilm | undefined }

/** What an earlier visit has left. Files that nothing refers to any more go. */
export async function load(): Promise<Before> {
  const [files, results, docs, opened] = await Promise.all([all<Kept>("files"), all<Result>("results"), all<Doc>("doc"), film()]);
  const known = docs[0];
  const used = new Set(known ? [...known.photos, known.photo, ...known.own.map(own => own.key)] : []);
  for (const { key } of files) if (!used.has(key)) void change("files", store => store.delete(key));
  return { files: files.filter(({ key }) => used.has(key)), results, doc: known, film: opened };
}

let timer: ReturnType<typeof setTimeout> | undefined;
let stopped = false;

function later(): void {
  clearTimeout(timer);
  timer = setTimeout(write, 200);
}

function write(): void {
  clearTimeout(timer);
  timer = undefined;
  if (!stopped) void change("doc", store => store.put(doc, "doc"));
}

/** Begins to keep what is changed. */
export function begin(): void {
  stopped = false;
  onCommit(later);
  on(Object.keys(doc) as Key[], later);
  addEventListener("pagehide", () => { if (timer !== undefined) write(); });
}

/** Empties the store. */
export async function forget(): Promise<void> {
  stopped = true;
  clearTimeout(timer);
  timer = undefined;
  await Promise.all(STORES.map(store => change(store, store => store.clear())));
  stopped = false;
}
