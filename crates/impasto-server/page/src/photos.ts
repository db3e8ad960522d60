// The photo: picked, dropped, pasted, taken, or the one that is always there.

import * as api from "./api.js";
import { setSize } from "./brush.js";
import * as files from "./files.js";
import * as models from "./models.js";
import { byId, DEMO, doc, edit, on, say, stem } from "./state.js";
import { showPhoto } from "./view.js";
import { sayError } from "./words.js";

/** Counts what was opened: the newest is shown, however long an older one takes. */
let newest = 0;

/** What the browser can draw; files that it cannot read are painted by the server, without style. */
async function drawn(key: string): Promise<ImageBitmap> {
  const blob = await files.blobOf(key);
  if (blob) {
    try {
      return await createImageBitmap(blob);
    } catch {
      // TIFF, in most browsers.
    }
  }
  const any = models.anyStyle();
  return files.withFiles(async () => {
    const { id } = await files.content(key);
    if (!any) throw new api.Problem(415, "there is no style to show it with");
    const plain = { model: any.model, styles: [{ id: any.style, weight: 1 }], options: { strength: 0 } };
    return createImageBitmap(await api.preview(id, plain, { size: 2560 }, new AbortController().signal));
  });
}

/** Types that the server reads. What else the browser can draw (AVIF, in some HEIC) is sent as a JPEG. */
const READ = /^(|image\/(jpeg|png|webp|gif|bmp|x-ms-bmp|tiff))$/;

async function readable(blob: Blob, name: string): Promise<{ blob: Blob; name: string }> {
  const image = READ.test(blob.type) ? undefined : await createImageBitmap(blob).catch(() => undefined);
  if (!image) return { blob, name };
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d")!.drawImage(image, 0, 0);
  image.close();
  const made = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, "image/jpeg", 0.95));
  return made ? { blob: made, name: `${stem(name)}.jpg` } : { blob, name };
}

interface Given { blob: Blob; name: string }

/** Takes films among the files. */
let films: { is: (file: { type: string; name: string }) => boolean; take: (film: Given) => void } = { is: () => false, take: () => undefined };
export const onFilm = (use: typeof films): void => { films = use; };

/** Opens files: a film, and photos. */
async function openAny(list: Given[]): Promise<void> {
  const isFilm = ({ blob, name }: Given): boolean => films.is({ type: blob.type, name });
  const photos = list.filter(file => !isFilm(file));
  if (photos.length > 0) await open(photos);
  const film = list.find(isFilm);
  if (film) films.take(film);
}

/** Opens photos: those that can be read go into the tray, and the first of them is shown. */
export async function open(given: Given[]): Promise<void> {
  const turn = ++newest;
  say(given.length > 1 ? `Opening ${given.length} photos…` : `Opening ${given[0]?.name ?? "the photo"}…`);
  const wrong: [unknown, string][] = [];
  const opened = await Promise.all(given.map(async file => {
    const { blob, name } = await readable(file.blob, file.name);
    try {
      const key = files.add("photo", name, blob);
      // Either the browser can read it, or the server must.
      await createImageBitmap(blob, { resizeWidth: 16, resizeHeight: 16 }).then(small => small.close(), () => files.content(key));
      files.keepFor(key);
      return key;
    } catch (error) {
      wrong.push([error, name]);
      return undefined;
    }
  }));
  const keys = opened.filter(key => key !== undefined);
  const first = keys[0];
  if (first) {
    const photos = [...doc.photos.filter(key => key !== DEMO), ...keys];
    edit(turn === newest ? { photos, photo: first, mask: "" } : { photos });
  }
  for (const [error, name] of wrong) sayError(error, name);
}

/** Shows another photo of the tray. A mask belongs to its photo. */
export function choose(key: string): void {
  newest++;
  if (key !== doc.photo) edit({ photo: key, mask: "" });
}

export function demo(): void {
  newest++;
  edit({ photos: doc.photos.includes(DEMO) ? doc.photos : [DEMO, ...doc.photos], photo: DEMO, mask: doc.photo === DEMO ? doc.mask : "" });
}

/** Counts what is shown: an older turn is silent, even when it ends after a newer one of the same photo. */
let showing = 0;

/** Shows the photo that is chosen. */
export async function showChosen(): Promise<void> {
  const key = doc.photo;
  const turn = ++showing;
  const late = (): boolean => turn !== showing || key !== doc.photo;
  try {
    const before = await drawn(key);
    if (late()) return;
    // Its own size; the server tells that of files that the browser cannot read.
    let size = { width: before.width, height: before.height };
    if (Math.max(size.width, size.height) >= 2560) size = await files.withFiles(() => files.content(key));
    if (late()) return;
    setSize(size);
    showPhoto(key, before, size);
    document.body.dataset["photo"] = files.nameOf(key);
    say(`${files.nameOf(key)}: ${size.width} × ${size.height} pixels`);
  } catch (error) {
    if (!late()) sayError(error, files.nameOf(key));
  }
}
on(["photo"], () => void showChosen());

const picker = byId<HTMLInputElement>("photo");
const given = (list: Iterable<File>): Given[] => [...list].map(file => ({ blob: file, name: file.name || "pasted.png" }));
picker.addEventListener("change", () => {
  const list = given(picker.files ?? []);
  picker.value = "";
  if (list.length > 0) void openAny(list);
});
byId("demo").addEventListener("click", demo);

addEventListener("paste", event => {
  const list = given(event.clipboardData?.files ?? []).filter(({ blob }) => /^(image|video)\//.test(blob.type));
  if (list.length > 0) void openAny(list);
});

/** Takes pictures that are dropped on the styles. */
let takeStyles: (files: File[]) => void = () => undefined;
export const onStyles = (take: typeof takeStyles): void => { takeStyles = take; };

const [dropPhoto, dropStyle, stylesPart] = [byId("drop"), byId("drop-style"), byId("styles-part")];
const overStyles = (event: DragEvent): boolean => event.target instanceof Node && stylesPart.contains(event.target);

function targets(shown: boolean, styles = false): void {
  dropPhoto.hidden = dropStyle.hidden = !shown;
  dropPhoto.classList.toggle("over", shown && !styles);
  dropStyle.classList.toggle("over", shown && styles);
}
addEventListener("dragover", event => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  targets(true, overStyles(event));
});
addEventListener("dragleave", event => { if (!event.relatedTarget) targets(false); });
addEventListener("drop", event => {
  targets(false);
  if (!event.dataTransfer || event.dataTransfer.files.length === 0) return;
  event.preventDefault();
  if (overStyles(event)) takeStyles([...event.dataTransfer.files]);
  else void openAny(given(event.dataTransfer.files));
});
