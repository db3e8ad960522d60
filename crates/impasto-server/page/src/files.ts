// The user's files: photos and pictures of styles. They are kept here, and sent to the server again whenever it has forgotten them.

import * as api from "./api.js";
import * as keep from "./keep.js";
import { DEMO } from "./state.js";
import { checkSize } from "./words.js";

export interface Kept { key: string; kind: "photo" | "style"; name: string; blob: Blob }

const all = new Map<string, Kept>();
/** What the server calls them. */
const contents = new Map<string, Promise<api.ContentRef>>();
const styles = new Map<string, Promise<string>>();

export const isOwn = (key: string): boolean => key.startsWith("style-");
export const get = (key: string): Kept | undefined => all.get(key);
export const nameOf = (key: string): string => key === DEMO ? "demo.jpg" : all.get(key)?.name ?? "photo.jpg";

export function add(kind: Kept["kind"], name: string, blob: Blob): string {
  checkSize(blob, name);
  const key = `${kind}-${Array.from(crypto.getRandomValues(new Uint32Array(2)), n => n.toString(36)).join("")}`;
  restore({ key, kind, name, blob });
  return key;
}

/** Keeps a file beyond this visit: one that has turned out to be a picture. */
export function keepFor(key: string): void {
  const kept = all.get(key);
  if (kept) keep.putFile(kept);
}

/** Milliseconds that a replaced picture is still there for who asks for it. */
const LINGER = 10_000;

/** Puts another picture in the place of one: another moment of a film. */
export function replace(key: string, blob: Blob): void {
  const kept = all.get(key);
  if (!kept) return;
  all.set(key, { ...kept, blob });
  const before = contents.get(key);
  contents.delete(key);
  if (before) setTimeout(() => void before.then(({ id }) => api.forget(`/v1/contents/${id}`), () => undefined), LINGER);
}

export const restore = (kept: Kept): void => { all.set(kept.key, kept); };

/** A photo's file. */
export async function blobOf(key: string): Promise<Blob | undefined> {
  if (key !== DEMO) return all.get(key)?.blob;
  return fetch("/demo.jpg").then(response => response.blob(), () => undefined);
}

function remembered<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = map.get(key);
  if (known) return known;
  const made = make();
  map.set(key, made);
  // What failed is tried again the next time.
  made.catch(() => map.delete(key));
  return made;
}

const missing = (): never => { throw new api.Problem(404, "the file is gone"); };

/** The photo on the server. */
export const content = (key: string): Promise<api.ContentRef> => remembered(contents, key, () =>
  key === DEMO ? api.about(DEMO) : api.uploadContent(all.get(key)?.blob ?? missing()));

/** A style's id on the server. Built-in ones have their names. */
export const styleId = (key: string): Promise<string> => !isOwn(key) ? Promise.resolve(key) : remembered(styles, key, () =>
  api.uploadStyle(all.get(key)?.blob ?? missing()));

/** Does something with files on the server; once more if it has forgotten one. */
export async function withFiles<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof api.Problem) || error.status !== 404) throw error;
    contents.clear();
    styles.clear();
    return work();
  }
}

/** Forgets all of it, here and there. */
export async function forget(): Promise<void> {
  const there = [
    ...[...contents].filter(([key]) => key !== DEMO).map(([, content]) => content.then(({ id }) => `/v1/contents/${id}`)),
    ...[...styles.values()].map(style => style.then(id => `/v1/styles/${id}`)),
  ];
  all.clear();
  contents.clear();
  styles.clear();
  await Promise.all(there.map(path => path.then(api.forget, () => undefined)));
}
