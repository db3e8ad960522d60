// The sliders and lists, which show the document and change it.

import { byId, doc, edit, on, type Doc, type Key } from "./state.js";

type Numbers = { [K in Key]: Doc[K] extends number ? K : never }[Key];
type Texts = "colors" | "size" | "format";

/** A slider: a step that can be undone ends where it is let go. */
function range(id: string, key: Numbers, factor: number, text: (value: number) => string): void {
  const input = byId<HTMLInputElement>(id);
  const output = byId(`${id}-value`);
  const show = (): void => {
    input.value = String(doc[key] * factor);
    output.textContent = text(Number(input.value));
    input.setAttribute("aria-valuetext", text(Number(input.value)));
  };
  input.addEventListener("input", () => edit({ [key]: Number(input.value) / factor }, false));
  input.addEventListener("change", () => edit({ [key]: Number(input.value) / factor }));
  on([key], show);
  show();
}

function choice(key: Texts): void {
  const select = byId<HTMLSelectElement>(key);
  const show = (): void => { select.value = doc[key]; };
  select.addEventListener("change", () => edit({ [key]: select.value }));
  on([key], show);
  show();
}

const percent = (value: number): string => `${value} %`;
range("strength", "strength", 100, percent);
range("stroke", "stroke", 1, value => `${+(2 ** value).toFixed(2)}×`);
range("color-strength", "colorStrength", 100, percent);
range("feather", "feather", 100, percent);
choice("colors");
choice("size");
choice("format");

const amount = (): void => { byId("color-strength-part").hidden = doc.colors === "style"; };
on(["colors"], amount);
amount();

byId("panel").addEventListener("submit", event => event.preventDefault());
