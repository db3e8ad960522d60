// The same painting on the command line: a command that works as it stands, in the folder of the photo.

import { saveMask } from "./brush.js";
import * as files from "./files.js";
import { filmOf } from "./film.js";
import * as models from "./models.js";
import { byId, DEMO, doc, on, PAINTING, save, say, stem } from "./state.js";

const quoted = (text: string): string => /^[\w./+=:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
/** A file's name, which is no flag and no built-in style. */
const file = (name: string): string => name.startsWith("-") ? `./${name}` : name;

const WRITABLE = ["jpg", "jpeg", "png", "webp", "tif", "tiff"];

/** Width and height of the photo, once they are known. */
let long = 0;

/** Name of a style on the command line: its file, where it has one. */
function styleName(key: string): string {
  if (!files.isOwn(key)) return key;
  const name = files.nameOf(key);
  // In a folder's name, "=" and "@" mean nothing.
  return /[=@]/.test(name) || !/\.[^.]+$/.test(name) ? `./${name}` : file(name);
}

export function command(): string {
  const name = files.nameOf(doc.photo);
  const film = filmOf(doc.photo);
  const words = ["impasto", film === undefined ? "stylize" : "video", quoted(file(name))];
  const several = doc.styles.length > 1;
  for (const { key, weight } of doc.styles) words.push("-s", quoted(several ? `${styleName(key)}=${+weight.toFixed(2)}` : styleName(key)));
  const own = name.split(".").pop()!.toLowerCase();
  const extension = film !== undefined ? "mp4" : doc.format ? (doc.format === "jpeg" ? "jpg" : doc.format) : WRITABLE.includes(own) ? own : "png";
  words.push("-o", quoted(file(`${stem(name)}-painted.${extension}`)));
  const model = models.flag(doc);
  if (model !== undefined) words.push("--model", quoted(model));
  if (doc.strength !== 1) words.push("--strength", String(+doc.strength.toFixed(2)));
  if (doc.stroke !== 0) words.push("--stroke", String(+(2 ** doc.stroke).toFixed(3)));
  if (doc.colors !== "style") {
    words.push("--colors", doc.colors);
    if (doc.colorStrength < 1) words.push("--color-strength", String(+doc.colorStrength.toFixed(2)));
  }
  if (doc.size) words.push("--size", doc.size);
  if (doc.mask) words.push("--mask", "mask.png", "--feather", (doc.feather * (Number(doc.size) || long)).toFixed(1));
  const text = words.join(" ");
  // The demo photo comes from here.
  return doc.photo === DEMO ? `curl -sO ${location.origin}/demo.jpg && ${text}` : text;
}

/** Files that the command needs, and that may be nowhere but on this page. */
function needed(): HTMLElement[] {
  const button = (name: string, work: () => void): HTMLElement => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = `Save ${name}`;
    made.addEventListener("click", work);
    return made;
  };
  const saved = (key: string): HTMLElement => button(files.nameOf(key), () => {
    const kept = files.get(key);
    if (kept) save(kept.blob, kept.name);
  });
  return [
    ...(doc.photo !== DEMO && /^(camera|pasted)/.test(files.nameOf(doc.photo)) ? [saved(doc.photo)] : []),
    ...doc.styles.filter(({ key }) => files.isOwn(key)).map(({ key }) => saved(key)),
    ...(doc.mask ? [button("mask.png", saveMask)] : []),
  ];
}

async function update(): Promise<void> {
  const { photo } = doc;
  byId("command").textContent = command();
  byId("command-files").replaceChildren(...needed());
  const content = await files.content(photo).catch(() => undefined);
  if (!content || photo !== doc.photo) return;
  long = Math.max(content.width, content.height);
  byId("command").textContent = command();
}
on([...PAINTING, "format", "own"], () => void update());

byId("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(command());
    say("Copied.");
  } catch {
    getSelection()?.selectAllChildren(byId("command"));
    say("Press Ctrl+C to copy.");
  }
});
