// What was painted at full size: it stays until it is removed, with what made it.

import * as files from "./files.js";
import * as keep from "./keep.js";
import { Movie } from "./movie.js";
import { byId, DEMO, edit, save, say, type Doc } from "./state.js";

export interface Result {
  key: string;
  /** Of its file. */
  name: string;
  /** What made it, in words. */
  label: string;
  blob: Blob;
  /** A small one as a JPEG, where the browser can draw it. */
  thumbnail: Blob | undefined;
  made: number;
  look: Doc;
}

/** Results that are kept, and bytes of them all. */
const MOST = 50;
const MOST_BYTES = 500e6;

const list = byId("results");
let results: Result[] = [];

const isFilm = (blob: Blob): boolean => blob.type.startsWith("video/");

/** A frame of a film, or the picture. */
async function seen(blob: Blob): Promise<ImageBitmap> {
  if (!isFilm(blob)) return createImageBitmap(blob);
  const movie = await Movie.open(blob);
  try {
    return await createImageBitmap(movie.frame(320));
  } finally {
    movie.close();
  }
}

async function small(blob: Blob): Promise<Blob | undefined> {
  try {
    const image = await seen(blob);
    const scale = 160 / Math.max(image.width, image.height);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height].map(side => Math.max(1, Math.round(side * scale))) as [number, number];
    const context = canvas.getContext("2d")!;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    return await new Promise(resolve => canvas.toBlob(made => resolve(made ?? undefined), "image/jpeg", 0.85));
  } catch {
    return undefined;
  }
}

function card(result: Result): HTMLElement {
  const entry = document.createElement("li");
  entry.dataset["result"] = result.key;
  const image = document.createElement("img");
  image.alt = "";
  if (result.thumbnail) {
    image.src = URL.createObjectURL(result.thumbnail);
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  }
  const text = document.createElement("div");
  const [name, label] = [document.createElement("strong"), document.createElement("span")];
  name.textContent = nameOf(result.look.photo, result.name);
  label.textContent = result.label;
  text.className = "made";
  text.title = `${result.name}: ${result.label}`;
  text.append(name, label);
  const button = (words: string, name: string, work: () => void): HTMLButtonElement => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    made.setAttribute("aria-label", name);
    made.title = name;
    made.addEventListener("click", work);
    return made;
  };
  const row = document.createElement("div");
  row.className = "row";
  row.append(
    ...(isFilm(result.blob) ? [button("▶", `Play ${result.name}: ${result.label}`, () => play(result))] : []),
    button("Download", `Download ${result.name}: ${result.label}`, () => save(result.blob, result.name)),
    button("↺", `Use these settings again: ${result.label}`, () => again(result)),
    button("×", `Remove ${result.name}: ${result.label}`, () => remove(result)),
  );
  entry.append(image, text, row);
  return entry;
}

/** Plays a film. */
let play: (result: { name: string; blob: Blob }) => void = () => undefined;
export const onPlay = (use: typeof play): void => { play = use; };

/** The photo's name, while it is known; else the file's. */
const nameOf = (photo: string, file: string): string => photo === DEMO || files.get(photo) ? files.nameOf(photo) : file;

function again({ look, label }: Result): void {
  const { model, styles, strength, stroke, colors, colorStrength, feather, size, format } = look;
  edit({ model: model ?? "", styles, strength, stroke, colors, colorStrength, feather, size, format });
  say(`The settings of “${label}” are back.`);
}

function remove(result: Result): void {
  results = results.filter(other => other !== result);
  keep.removeResult(result.key);
  show();
  say(`${result.name} is removed.`);
}

function show(): void {
  byId("results-part").hidden = results.length === 0;
  const there = new Map([...list.children].map(child => [(child as HTMLElement).dataset["result"]!, child]));
  list.replaceChildren(...results.map(result => there.get(result.key) ?? card(result)));
}

/** Keeps a result, before the others; the oldest go where there are too many. */
export async function add(given: Omit<Result, "key" | "thumbnail" | "made">): Promise<Result> {
  const result = { ...given, key: `result-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`, made: Date.now(), thumbnail: await small(given.blob) };
  results = [result, ...results];
  let bytes = 0;
  const gone = results.filter((other, i) => (bytes += other.blob.size) > MOST_BYTES && i > 0 || i >= MOST);
  results = results.filter(other => !gone.includes(other));
  for (const { key } of gone) keep.removeResult(key);
  keep.putResult(result);
  show();
  list.scrollLeft = 0;
  return result;
}

export function restore(before: Result[]): void {
  results = [...before].sort((a, b) => b.made - a.made);
  show();
}
