// What the page shows, as plain data: it can be undone, kept, and shared.

/** A style and its part. */
export interface Chosen { key: string; weight: number }
/** A style of the user's own. */
export interface Own { key: string; name: string }

export interface Doc {
  /** Name of the model that paints; empty for the server's first. */
  model: string;
  /** Keys of the photos in the tray, and the one that is shown. */
  photos: string[];
  photo: string;
  styles: Chosen[];
  own: Own[];
  favorites: string[];
  /** 0 to 1. */
  strength: number;
  /** Width of strokes, as a power of two. */
  stroke: number;
  colors: string;
  /** 0 to 1. */
  colorStrength: number;
  /** A PNG in base64, white where the painting is; empty for everywhere. */
  mask: string;
  /** Share of the longer side. */
  feather: number;
  /** Longer side of the result; empty for the photo's. */
  size: string;
  /** Of the result; empty for the photo's. */
  format: string;
}

export type Key = keyof Doc;

/** The look that a newcomer sees; the style comes with the gallery. */
export const PLAIN = {
  strength: 1, stroke: 0, colors: "style", colorStrength: 1, mask: "", feather: 0.02, size: "", format: "",
};

export const DEMO = "demo";

export let doc: Doc = { model: "", photos: [DEMO], photo: DEMO, styles: [], own: [], favorites: [], ...PLAIN };

/** What decides the painting's pixels. */
export const PAINTING: Key[] = ["model", "photo", "styles", "strength", "stroke", "colors", "colorStrength", "mask", "feather", "size"];

const listeners: [Key[], () => void][] = [];
const committed: (() => void)[] = [];

/** Calls a listener after any of these have changed. */
export const on = (keys: Key[], listener: () => void): void => { listeners.push([keys, listener]); };

/** Calls a listener after a change that is done: at the end of a slider's way, not along it. */
export const onCommit = (listener: () => void): void => { committed.push(listener); };

const same = (a: unknown, b: unknown): boolean => a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));

/** Changes something; `done` where it is a step that can be undone. */
export function edit(patch: Partial<Doc>, done = true): void {
  const changed = (Object.keys(patch) as Key[]).filter(key => !same(doc[key], patch[key]));
  doc = { ...doc, ...patch };
  for (const [keys, listener] of listeners) if (keys.some(key => changed.includes(key))) listener();
  if (done) for (const listener of committed) listener();
}

export const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

export function say(text: string, wrong = false): void {
  const status = byId("status");
  status.textContent = text;
  status.title = text;
  status.classList.toggle("wrong", wrong);
}

/** Starts a download of a file. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A name without its extension. */
export const stem = (name: string): string => name.replace(/\.[^.]*$/, "") || name;
