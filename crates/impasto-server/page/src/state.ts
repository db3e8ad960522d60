// What is chosen, and who wants to know when that changes.

import type { ContentRef, Options, Painting, StyleRef } from "./api.js";

export interface Chosen { style: StyleRef; weight: number }

export const state = {
  content: undefined as ContentRef | undefined,
  /** The photograph's own file, where it is known: what "before" shows. */
  photo: undefined as Blob | undefined,
  chosen: [] as Chosen[],
  /** Most styles of one painting: the server's limit. */
  most: 1,
  strength: 1,
  /** Power of two. */
  stroke: 0,
  colors: "style",
  /** As a data URL's base64, where some of the photograph is kept. */
  mask: undefined as string | undefined,
  /** Share of the longer side. */
  feather: 0.02,
  size: "",
  format: "",
};

type Topic = "content" | "painting" | "result";
const listeners: [Topic, () => void][] = [];

export const on = (topic: Topic, listener: () => void): void => { listeners.push([topic, listener]); };
export const changed = (topic: Topic): void => { for (const [wanted, listener] of listeners) if (wanted === topic) listener(); };

export const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

export function say(text: string, wrong = false): void {
  const status = byId("status");
  status.textContent = text;
  status.classList.toggle("wrong", wrong);
}

/** Says what has failed. */
export function sayError(error: unknown): void {
  say(error instanceof Error ? error.message : String(error), true);
}

/** The painting that is wanted, for a picture with this longer side. */
export function painting(longSide: number): Painting {
  const options: Options = { strength: state.strength, colors: state.colors, stroke: 2 ** state.stroke };
  if (state.mask) options.feather = state.feather * longSide;
  return {
    styles: state.chosen.map(({ style, weight }) => ({ id: style.id, weight })),
    ...(state.mask ? { mask: state.mask } : {}),
    options,
  };
}
