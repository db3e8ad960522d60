// Several styles in one painting, and how much there is of each.

import { isOwn } from "./files.js";
import { byId, doc, edit, on, type Chosen } from "./state.js";

const mix = byId("mix");
let most = 1;
let names: () => { key: string; name: string }[] = () => [];

const nameOf = (key: string): string => names().find(style => style.key === key)?.name ?? key;

/** Chooses a style alone; or, with `more`, besides the others. Chosen among several, it is left out. */
export function toggle(key: string, more: boolean): void {
  const there = doc.styles.some(chosen => chosen.key === key);
  let styles = doc.styles;
  if (there && styles.length > 1) styles = styles.filter(chosen => chosen.key !== key);
  else if (!there && more) styles = [...styles, { key, weight: 1 }].slice(-most);
  else if (!there) styles = [{ key, weight: 1 }];
  choose(styles);
}

/** Only a style's picture can be given the photo's palette: built-in styles have none. */
export function choose(styles: Chosen[]): void {
  const bare = styles.some(({ key }) => !isOwn(key));
  edit({ styles, colors: bare && doc.colors === "match" ? "content" : doc.colors });
}

function show(): void {
  const bare = doc.styles.some(({ key }) => !isOwn(key));
  byId("colors").querySelector<HTMLOptionElement>("[value=match]")!.disabled = bare;
  // A slider that is being dragged stays.
  const rows = [...mix.querySelectorAll<HTMLElement>("[data-part]")];
  if (rows.length > 0 && rows.length === doc.styles.length && rows.every((row, i) => row.dataset["part"] === doc.styles[i]!.key)) {
    rows.forEach((row, i) => { row.querySelector<HTMLInputElement>("input")!.value = String(doc.styles[i]!.weight * 50); });
    return;
  }
  mix.replaceChildren(...(doc.styles.length > 1 ? doc.styles.map(part) : []));
  if (doc.styles.length > 0 && doc.styles.length < most) mix.append(another());
}

/** A style's slider in the mixture. */
function part({ key, weight }: Chosen): HTMLElement {
  const row = document.createElement("div");
  row.className = "field";
  row.dataset["part"] = key;
  const name = document.createElement("span");
  name.textContent = nameOf(key);
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: "1", max: "100", value: String(weight * 50) });
  slider.setAttribute("aria-label", `Part of ${nameOf(key)}`);
  const change = (done: boolean): void => {
    edit({ styles: doc.styles.map(style => style.key === key ? { key, weight: Number(slider.value) / 50 } : style) }, done);
  };
  slider.addEventListener("input", () => change(false));
  slider.addEventListener("change", () => change(true));
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Leave ${nameOf(key)} out`);
  remove.addEventListener("click", () => toggle(key, true));
  row.append(name, slider, remove);
  return row;
}

/** A way to mix that needs no key held. */
function another(): HTMLElement {
  const select = document.createElement("select");
  select.setAttribute("aria-label", "Mix with another style");
  select.append(new Option("Mix with…", ""));
  for (const { key, name } of names()) if (!doc.styles.some(chosen => chosen.key === key)) select.append(new Option(name, key));
  select.addEventListener("change", () => { if (select.value) toggle(select.value, true); });
  return select;
}

export function begin(limit: number, all: typeof names): void {
  most = limit;
  names = all;
  on(["styles", "own"], show);
  show();
}
