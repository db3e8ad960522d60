// Undo and redo, of everything that is chosen or drawn; and the way back to the beginning.

import { byId, doc, edit, onCommit, PLAIN, say, type Doc } from "./state.js";

/** States that are kept: masks are some ten kilobytes each. */
const MOST = 100;

let past: Doc[] = [];
let now: Doc = doc;
let future: Doc[] = [];
let travelling = false;

const undo = byId<HTMLButtonElement>("undo");
const redo = byId<HTMLButtonElement>("redo");

function show(): void {
  undo.disabled = past.length === 0;
  redo.disabled = future.length === 0;
}

onCommit(() => {
  if (travelling || JSON.stringify(now) === JSON.stringify(doc)) return;
  past = [...past, now].slice(-MOST);
  now = doc;
  future = [];
  show();
});

function travel(from: Doc[], to: Doc[]): void {
  const target = from.pop();
  if (!target) return;
  to.push(now);
  now = target;
  travelling = true;
  edit(target);
  travelling = false;
  show();
}

undo.addEventListener("click", () => travel(past, future));
redo.addEventListener("click", () => travel(future, past));

/** Begins here: there is nothing to undo. */
export function begin(): void {
  past = [];
  future = [];
  now = doc;
  show();
}

addEventListener("keydown", event => {
  const typing = event.target instanceof HTMLInputElement && ["text", "search", "password"].includes(event.target.type);
  if (!(event.ctrlKey || event.metaKey) || event.altKey || typing || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) travel(past, future);
  else if (key === "y" || key === "z") travel(future, past);
  else return;
  event.preventDefault();
});

byId("reset").addEventListener("click", () => {
  edit({ ...PLAIN, styles: doc.styles.slice(0, 1).map(style => ({ ...style, weight: 1 })) });
  say("The look is the default again. Undo brings yours back.");
});
