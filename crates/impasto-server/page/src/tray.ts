// The photos that are open.

import * as files from "./files.js";
import { choose } from "./photos.js";
import { byId, DEMO, doc, edit, on } from "./state.js";

const list = byId("tray");

async function draw(image: HTMLImageElement, key: string): Promise<void> {
  const blob = await files.blobOf(key);
  if (!blob) return;
  try {
    const bitmap = await createImageBitmap(blob, { resizeHeight: 96, resizeQuality: "medium" });
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    image.src = canvas.toDataURL("image/jpeg", 0.8);
  } catch {
    // TIFF, in most browsers: its name must do.
  }
}

function entry(key: string): HTMLElement {
  const item = document.createElement("li");
  item.dataset["photo"] = key;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "thumb";
  const image = document.createElement("img");
  image.alt = "";
  const name = document.createElement("span");
  name.textContent = files.nameOf(key);
  button.append(image, name);
  button.addEventListener("click", () => choose(key));
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "remove";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Remove ${files.nameOf(key)}`);
  remove.addEventListener("click", () => {
    const left = doc.photos.filter(other => other !== key);
    const photos = left.length > 0 ? left : [DEMO];
    edit(key === doc.photo ? { photos, photo: photos[0]!, mask: "" } : { photos });
  });
  item.append(button, remove);
  void draw(image, key);
  return item;
}

function show(): void {
  byId("tray-part").hidden = doc.photos.length < 2;
  const there = new Map([...list.children].map(child => [(child as HTMLElement).dataset["photo"]!, child]));
  list.replaceChildren(...doc.photos.map(key => there.get(key) ?? entry(key)));
  for (const item of list.children) {
    item.querySelector("button")!.setAttribute("aria-pressed", String((item as HTMLElement).dataset["photo"] === doc.photo));
  }
}
on(["photos", "photo"], show);
