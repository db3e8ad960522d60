// The styles, each painted on the photograph; and the mixture of those that are chosen.

import * as api from "./api.js";
import { byId, changed, on, say, sayError, state } from "./state.js";

/** Pixels of a thumbnail's longer side. */
const SIDE = 112;
/** Thumbnails that are painted at a time. */
const AT_ONCE = 2;

const gallery = byId("gallery");
const mix = byId("mix");
const buttons = new Map<string, { style: api.StyleRef; button: HTMLButtonElement; image: HTMLImageElement; done: boolean }>();
let round = new AbortController();
let waiting: string[] = [];
let busy = 0;

function add(style: api.StyleRef): void {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  button.dataset["style"] = style.id;
  const image = document.createElement("img");
  image.alt = "";
  const name = document.createElement("span");
  name.textContent = style.name;
  button.append(image, name);
  button.addEventListener("click", event => toggle(style, event.shiftKey || event.ctrlKey || event.metaKey));
  buttons.set(style.id, { style, button, image, done: false });
  if (style.kind === "uploaded") gallery.prepend(button);
  else gallery.append(button);
  visible.observe(button);
}

/** Chooses a style alone; or, once more or with a key held, besides the others. */
function toggle(style: api.StyleRef, more: boolean): void {
  const there = state.chosen.some(chosen => chosen.style.id === style.id);
  if (there && state.chosen.length > 1) state.chosen = state.chosen.filter(chosen => chosen.style.id !== style.id);
  else if (!there && more) state.chosen = [...state.chosen, { style, weight: 1 }].slice(-state.most);
  else if (!there) state.chosen = [{ style, weight: 1 }];
  show();
  changed("painting");
}

function show(): void {
  for (const [id, { button }] of buttons) button.setAttribute("aria-pressed", String(state.chosen.some(chosen => chosen.style.id === id)));
  // Only a style's picture can be given the photograph's palette: built-in styles have none.
  const colors = byId<HTMLSelectElement>("colors");
  const bare = state.chosen.some(({ style }) => style.kind === "built-in");
  colors.querySelector<HTMLOptionElement>("[value=match]")!.disabled = bare;
  if (bare && state.colors === "match") colors.value = state.colors = "content";
  mix.replaceChildren(...(state.chosen.length > 1 ? state.chosen.map(part) : []));
  if (state.chosen.length > 0 && state.chosen.length < state.most) mix.append(another());
}

/** A style's slider in the mixture. */
function part(chosen: (typeof state.chosen)[number]): HTMLElement {
  const row = document.createElement("label");
  row.className = "field";
  const name = document.createElement("span");
  name.textContent = chosen.style.name;
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: "1", max: "100", value: String(chosen.weight * 50) });
  slider.setAttribute("aria-label", `Part of ${chosen.style.name}`);
  slider.addEventListener("input", () => {
    chosen.weight = Number(slider.value) / 50;
    changed("painting");
  });
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Leave ${chosen.style.name} out`);
  remove.addEventListener("click", () => toggle(chosen.style, true));
  row.append(name, slider, remove);
  return row;
}

/** A way to mix that needs no key held. */
function another(): HTMLElement {
  const select = document.createElement("select");
  select.setAttribute("aria-label", "Mix with another style");
  select.append(new Option("Mix with…", ""));
  for (const { style } of buttons.values()) {
    if (!state.chosen.some(chosen => chosen.style.id === style.id)) select.append(new Option(style.name, style.id));
  }
  select.addEventListener("change", () => {
    const found = buttons.get(select.value);
    if (found) toggle(found.style, true);
  });
  return select;
}

/** Paints thumbnails of what is in sight. */
const visible = new IntersectionObserver(entries => {
  for (const entry of entries) {
    const id = (entry.target as HTMLElement).dataset["style"]!;
    if (entry.isIntersecting && !buttons.get(id)!.done && !waiting.includes(id)) waiting.push(id);
    if (!entry.isIntersecting) waiting = waiting.filter(other => other !== id);
  }
  next();
}, { rootMargin: "100px" });

function next(): void {
  while (busy < AT_ONCE && waiting.length > 0 && state.content) {
    const item = buttons.get(waiting.shift()!)!;
    busy++;
    item.done = true;
    const { signal } = round;
    api.preview(state.content.id, { styles: [{ id: item.style.id, weight: 1 }], options: {} }, SIDE, undefined, signal).then(
      blob => {
        if (signal.aborted) return;
        URL.revokeObjectURL(item.image.src);
        item.image.src = URL.createObjectURL(blob);
      },
      // It is tried again with the next photograph.
      () => undefined,
    ).finally(() => {
      busy--;
      next();
    });
  }
}

on("content", () => {
  round.abort();
  round = new AbortController();
  waiting = [];
  for (const item of buttons.values()) {
    item.done = false;
    // Asks anew which are in sight.
    visible.unobserve(item.button);
    visible.observe(item.button);
  }
});

async function own(files: Iterable<File>): Promise<void> {
  for (const file of files) {
    try {
      say(`Looking at ${file.name}…`);
      const style = await api.uploadStyle(file);
      add(style);
      toggle(style, false);
    } catch (error) {
      sayError(error);
    }
  }
}

const picker = byId<HTMLInputElement>("own");
picker.addEventListener("change", () => {
  void own([...(picker.files ?? [])]);
  picker.value = "";
});
for (const place of [gallery, document.querySelector<HTMLElement>("label[for=own]")!]) {
  place.addEventListener("drop", event => void own([...(event.dataTransfer?.files ?? [])]));
}

export async function load(): Promise<void> {
  const [info, styles] = await Promise.all([api.info(), api.styles()]);
  state.most = info.limits.max_styles;
  byId("no-styles").hidden = styles.length > 0;
  styles.forEach(add);
  const first = styles.find(style => style.id === "starry") ?? styles[0];
  if (first) state.chosen = [{ style: first, weight: 1 }];
  show();
}
