// The styles, each painted on the photo: found by name, marked as favorites; and those of the user's own.

import * as api from "./api.js";
import * as files from "./files.js";
import * as mix from "./mix.js";
import * as models from "./models.js";
import { onStyles } from "./photos.js";
import { isBusy, onIdle } from "./preview.js";
import { byId, doc, edit, on, say, stem } from "./state.js";
import { sayError } from "./words.js";

/** Pixels of a thumbnail's longer side. */
const SIDE = 160;
/** Thumbnails that are painted at a time. */
const AT_ONCE = 2;
/** Photos whose thumbnails are kept. */
const KEPT = 4;

interface Item { key: string; name: string; button: HTMLButtonElement; image: HTMLImageElement; star: HTMLElement }

const gallery = byId("gallery");
const search = byId<HTMLInputElement>("search");
let items: Item[] = [];
let filter = "all";
/** The style that Tab stops at. */
let stop = "";

/** Whether a model can paint in a style. */
export const isKnown = (model: string, key: string): boolean => models.knows(model, key) || doc.own.some(own => own.key === key);

function item(key: string, name: string): Item {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset["style"] = key;
  const image = document.createElement("img");
  image.alt = "";
  const label = document.createElement("span");
  label.textContent = name;
  const star = document.createElement("span");
  star.className = "star";
  star.setAttribute("aria-hidden", "true");
  star.textContent = "★";
  button.append(image, label, star);
  button.addEventListener("click", event => {
    stop = key;
    mix.toggle(key, event.shiftKey || event.ctrlKey || event.metaKey);
  });
  button.addEventListener("focus", () => setStop(key));
  visible.observe(button);
  return { key, name, button, image, star };
}

/** Makes the items anew: own styles first. */
function build(): void {
  const own = models.seesPictures() ? doc.own : [];
  const wanted = [...own, ...models.stylesOf(doc.model).map(name => ({ key: name, name }))];
  items = wanted.map(({ key, name }) => {
    const there = items.find(item => item.key === key);
    if (!there) return item(key, name);
    there.name = name;
    there.button.querySelector("span")!.textContent = name;
    return there;
  });
  gallery.replaceChildren(...items.map(item => item.button));
  show();
}

const shown = (): Item[] => items.filter(item => !item.button.hidden);

function show(): void {
  const query = search.value.trim().toLowerCase();
  for (const { key, name, button, star } of items) {
    const favorite = doc.favorites.includes(key);
    const fits = filter === "all" || (filter === "own" ? files.isOwn(key) : favorite);
    button.hidden = !fits || !name.toLowerCase().replaceAll("-", " ").includes(query.replaceAll("-", " "));
    button.setAttribute("aria-pressed", String(doc.styles.some(chosen => chosen.key === key)));
    star.hidden = !favorite;
    if (favorite) button.setAttribute("aria-label", `${name}, favorite`);
    else button.removeAttribute("aria-label");
  }
  const found = shown();
  byId("count").textContent = found.length === items.length ? `${items.length} styles` : `${found.length} of ${items.length} styles`;
  const none = byId("none-found");
  none.hidden = found.length > 0 || (items.length === 0 && filter === "all");
  none.textContent = query ? `No style is called “${search.value.trim()}”.` : filter === "own"
    ? "You have no styles of your own yet. Use a picture as one." : "Choose a style, then mark it as a favorite.";
  // Tab stops at the chosen style, unless somebody is at another.
  const chosen = found.find(item => doc.styles.some(({ key }) => key === item.key)) ?? found[0];
  const stays = gallery.contains(document.activeElement) && found.some(item => item.key === stop);
  setStop(stays ? stop : chosen?.key ?? "");
  const only = doc.styles.length === 1 ? doc.styles[0]!.key : undefined;
  const favorite = byId<HTMLButtonElement>("favorite");
  const marked = only !== undefined && doc.favorites.includes(only);
  favorite.disabled = only === undefined;
  favorite.setAttribute("aria-pressed", String(marked));
  favorite.textContent = marked ? "★ Favorite" : "☆ Favorite";
  byId("rename").hidden = byId("remove").hidden = only === undefined || !files.isOwn(only);
}

function setStop(key: string): void {
  stop = key;
  for (const item of items) item.button.tabIndex = item.key === key ? 0 : -1;
}

/** Brings the chosen style into view, within the gallery: the page itself stays where it is. */
function reveal(): void {
  const button = items.find(item => item.key === doc.styles[0]?.key)?.button;
  if (!button || button.hidden) return;
  const [outer, inner] = [gallery.getBoundingClientRect(), button.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) gallery.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
  if (inner.left < outer.left || inner.right > outer.right) gallery.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

gallery.addEventListener("keydown", event => {
  const list = shown();
  const now = list.findIndex(item => item.button === document.activeElement);
  if (now < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  // The same column, of the rows as they are on the screen.
  const left = (item: Item): number => item.button.offsetLeft;
  const row = (from: number, step: 1 | -1): number => {
    let i = from + step;
    while (list[i] && left(list[i]!) !== left(list[from]!)) i += step;
    return list[i] ? i : from;
  };
  const next: Record<string, () => number> = {
    ArrowLeft: () => now - 1, ArrowRight: () => now + 1, ArrowUp: () => row(now, -1), ArrowDown: () => row(now, 1),
    Home: () => 0, End: () => list.length - 1,
  };
  const to = next[event.key]?.();
  if (to === undefined) return;
  event.preventDefault();
  list[Math.min(Math.max(to, 0), list.length - 1)]!.button.focus();
});

search.addEventListener("input", show);
search.addEventListener("keydown", event => {
  const first = shown()[0];
  if (event.key === "Enter" && first && search.value.trim()) mix.choose([{ key: first.key, weight: 1 }]);
});
for (const chip of document.querySelectorAll<HTMLElement>("[data-filter]")) {
  chip.addEventListener("click", () => {
    filter = chip.dataset["filter"]!;
    for (const other of document.querySelectorAll("[data-filter]")) other.setAttribute("aria-pressed", String(other === chip));
    show();
  });
}

byId("favorite").addEventListener("click", () => {
  const key = doc.styles[0]?.key;
  if (key) edit({ favorites: doc.favorites.includes(key) ? doc.favorites.filter(other => other !== key) : [...doc.favorites, key] });
});

const dialog = byId<HTMLDialogElement>("name-dialog");
const input = byId<HTMLInputElement>("name");
byId("rename").addEventListener("click", () => {
  const own = doc.own.find(({ key }) => key === doc.styles[0]?.key);
  if (!own) return;
  input.value = own.name;
  dialog.returnValue = "";
  dialog.onclose = () => {
    const name = input.value.trim();
    if (dialog.returnValue === "ok" && name) edit({ own: doc.own.map(other => other.key === own.key ? { ...other, name } : other) });
  };
  dialog.showModal();
  input.select();
});
byId("remove").addEventListener("click", () => {
  const own = doc.own.find(({ key }) => key === doc.styles[0]?.key);
  if (!own) return;
  const next = models.stylesOf(doc.model)[0] ?? doc.own.find(({ key }) => key !== own.key)?.key;
  edit({
    own: doc.own.filter(({ key }) => key !== own.key),
    favorites: doc.favorites.filter(key => key !== own.key),
    styles: next ? [{ key: next, weight: 1 }] : [],
  });
  say(`“${own.name}” is removed. Undo brings it back.`);
});

// Thumbnails of what is in sight, while nothing else is painted.
const painted = new Map<string, Map<string, string>>();
let seen = new Set<string>();
let busy = 0;

const visible = new IntersectionObserver(entries => {
  for (const entry of entries) {
    const key = (entry.target as HTMLElement).dataset["style"]!;
    if (entry.isIntersecting) seen.add(key);
    else seen.delete(key);
  }
  next();
}, { rootMargin: "100px" });

/** The thumbnails of a photo by a model; those of the photos before are kept for a while. */
function ofPhoto(): Map<string, string> {
  const now = `${doc.photo} ${doc.model}`;
  let known = painted.get(now);
  if (!known) painted.set(now, known = new Map());
  for (const photo of [...painted.keys()].slice(0, -KEPT)) if (photo !== now) {
    for (const url of painted.get(photo)!.values()) URL.revokeObjectURL(url);
    painted.delete(photo);
  }
  return known;
}

function next(): void {
  const { photo } = doc;
  const model = models.wanted(doc);
  const known = ofPhoto();
  for (const { key, image } of items) {
    if (!seen.has(key) || known.get(key) === "") continue;
    const url = known.get(key);
    if (url) {
      if (image.getAttribute("src") !== url) image.src = url;
      continue;
    }
    if (busy >= AT_ONCE || isBusy()) continue;
    busy++;
    // It is being painted.
    known.set(key, "");
    files.withFiles(async () => {
      const { id } = await files.content(photo);
      const plain = { ...(model !== undefined ? { model } : {}), styles: [{ id: await files.styleId(key), weight: 1 }], options: {} };
      return api.preview(id, plain, { size: SIDE, draft: true }, new AbortController().signal);
    }).then(
      blob => {
        known.set(key, URL.createObjectURL(blob));
        // A pause for previews before the next.
        busy--;
        next();
      },
      () => {
        // It is tried again when something else has been painted.
        known.delete(key);
        busy--;
      },
    );
  }
}
onIdle(next);
on(["photo", "model"], () => {
  for (const { key, image } of items) {
    // Not that of another photo or model.
    const url = ofPhoto().get(key);
    if (url) image.src = url;
    else image.removeAttribute("src");
  }
});

/** Makes styles of pictures. */
export async function own(list: File[]): Promise<void> {
  if (!models.seesPictures()) {
    say("This model has only the styles that come with it. Choose another model to use a picture as a style.", true);
    return;
  }
  for (const file of list) {
    try {
      say(`Looking at ${file.name}…`);
      const key = files.add("style", file.name, file);
      await files.styleId(key);
      files.keepFor(key);
      edit({ own: [{ key, name: stem(file.name) }, ...doc.own] }, false);
      mix.choose([{ key, weight: 1 }]);
      say(`“${stem(file.name)}” is one of your styles now.`);
    } catch (error) {
      sayError(error, file.name);
    }
  }
}
const picker = byId<HTMLInputElement>("own");
picker.addEventListener("change", () => {
  const list = [...(picker.files ?? [])];
  picker.value = "";
  void own(list);
});
onStyles(list => void own(list));

export function begin(): void {
  on(["own", "model"], build);
  on(["styles", "favorites"], () => {
    show();
    reveal();
  });
  build();
  // Also after a phone has been turned.
  new ResizeObserver(reveal).observe(gallery);
}
export const all = (): { key: string; name: string }[] => items.map(({ key, name }) => ({ key, name }));
/** A style's name, as its user calls it. */
export const nameOf = (key: string): string => doc.own.find(own => own.key === key)?.name ?? key;
