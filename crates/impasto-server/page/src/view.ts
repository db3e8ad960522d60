// The picture: the painting, and the photo left of the divider, zoomed and moved, with the brush's strokes over it.

import { byId } from "./state.js";

export interface Point { x: number; y: number }
export interface Size { width: number; height: number }

const canvas = byId<HTMLCanvasElement>("view");
const context = canvas.getContext("2d")!;
const divider = byId("divider");

let before: CanvasImageSource | undefined;
let after: CanvasImageSource | undefined;
let overlay: HTMLCanvasElement | undefined;
/** Of the photo, in its own pixels. */
let size: Size = { width: 1, height: 1 };
/** Share of the picture that shows the photo, from the left; the whole of it while the original is held. */
let split = 0;
let original = false;
/** Screen pixels per picture pixel, and where the picture's corner is; `fitted` until somebody zooms. */
let scale = 1;
let corner: Point = { x: 0, y: 0 };
let fitted = true;

/** What pointers do besides moving the picture. */
export interface Brush {
  /** Draws at a point of the picture, 0 to 1; `false` if the picture shall be moved instead. */
  draw(point: Point, begins: boolean): boolean;
  /** The pointer has left. */
  end(): void;
  /** It was the first finger of two: what it drew is taken back. */
  cancel(): void;
}
let brush: Brush = { draw: () => false, end: () => undefined, cancel: () => undefined };
let zoomed: () => void = () => undefined;

export const setBrush = (use: Brush): void => { brush = use; };
/** Calls a listener when the picture is seen at another size. */
export const onZoom = (listener: () => void): void => { zoomed = listener; };

/** Key of the photo that is shown, and who waits for one. */
let photo = "";
let waiting: (() => void)[] = [];

/** Waits until this photo is shown, or another. */
export const whenShown = (key: string): Promise<void> => key === photo ? Promise.resolve() : new Promise(resolve => { waiting.push(resolve); });

/** Shows a photo, which has no painting yet. */
export function showPhoto(key: string, picture: CanvasImageSource, size: Size): void {
  photo = key;
  show({ before: picture, after: null, size });
  for (const resolve of waiting.splice(0)) resolve();
}

/** Shows another moment of the film that the photo is of; the painting of the one before stays until there is a new one. */
export const showMoment = (picture: CanvasImageSource): void => show({ before: picture });

/** Shows a painting. */
export const showPainting = (picture: CanvasImageSource): void => show({ after: picture });

/** Shows the photo alone. */
export const showUnpainted = (): void => show({ after: null });

function show(pictures: { before?: CanvasImageSource; after?: CanvasImageSource | null; size?: Size }): void {
  if (pictures.before) before = pictures.before;
  if (pictures.after !== undefined) after = pictures.after ?? undefined;
  if (pictures.size && (pictures.size.width !== size.width || pictures.size.height !== size.height)) {
    size = pictures.size;
    fitted = true;
  }
  draw();
}

/** A tint over the picture; `undefined` for none. */
export function setOverlay(tint: HTMLCanvasElement | undefined): void {
  overlay = tint;
  draw();
}

export function setSplit(share: number): void {
  split = share;
  draw();
}

export function setOriginal(held: boolean): void {
  original = held;
  draw();
}

/** A horizontal place of the window, as a share of the picture's width. */
export const shareAt = (clientX: number): number => Math.min(Math.max(inPicture(at({ clientX, clientY: 0 })).x, 0), 1);

/** Pixels of the screen that the picture's longer side takes. */
export const shownSide = (): number => Math.round(Math.max(size.width, size.height) * scale);

const ratio = (): number => window.devicePixelRatio || 1;

/** The scale at which all of the picture is seen. */
const whole = (): number => Math.min(canvas.width / size.width, canvas.height / size.height);

function fit(): void {
  scale = whole();
  corner = { x: (canvas.width - size.width * scale) / 2, y: (canvas.height - size.height * scale) / 2 };
}

export function draw(): void {
  const width = Math.round(canvas.clientWidth * ratio()), height = Math.round(canvas.clientHeight * ratio());
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  if (fitted) fit();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.imageSmoothingEnabled = scale < 4;
  context.imageSmoothingQuality = "high";
  // Whole pixels: a preview that is as large as it is shown is then drawn pixel by pixel, not between them.
  const [x, y] = [Math.round(corner.x), Math.round(corner.y)];
  const [w, h] = [Math.round(size.width * scale), Math.round(size.height * scale)];
  const border = x + w * (original || !after ? 1 : split);
  if (before) context.drawImage(before, x, y, w, h);
  if (after) {
    context.save();
    context.beginPath();
    context.rect(border, y, x + w - border, h);
    context.clip();
    context.drawImage(after, x, y, w, h);
    context.restore();
  }
  if (overlay) {
    context.globalAlpha = 0.45;
    context.drawImage(overlay, x, y, w, h);
    context.globalAlpha = 1;
  }
  divider.hidden = !after || original || split === 0;
  // Where it can be reached, wherever the picture is.
  const left = Math.min(Math.max(border / ratio(), 0), canvas.clientWidth);
  divider.style.left = `${left}px`;
}

/** Where a pointer is, in canvas pixels. */
function at(event: { clientX: number; clientY: number }): Point {
  const box = canvas.getBoundingClientRect();
  return { x: (event.clientX - box.left) * ratio(), y: (event.clientY - box.top) * ratio() };
}

/** The same in the picture, 0 to 1. */
const inPicture = (point: Point): Point => ({
  x: (point.x - corner.x) / (size.width * scale), y: (point.y - corner.y) / (size.height * scale),
});

function zoom(factor: number, around?: Point): void {
  const middle = around ?? { x: canvas.width / 2, y: canvas.height / 2 };
  const next = Math.min(Math.max(scale * factor, whole() / 4), 16 * ratio());
  corner = { x: middle.x - (middle.x - corner.x) * next / scale, y: middle.y - (middle.y - corner.y) * next / scale };
  scale = next;
  fitted = false;
  draw();
  zoomed();
}

function move(x: number, y: number): void {
  corner = { x: corner.x + x, y: corner.y + y };
  fitted = false;
  draw();
}

function refit(): void {
  fitted = true;
  draw();
  zoomed();
}

/** One pixel of the picture to one of the screen. */
const oneToOne = (): void => zoom(1 / scale);

const pointers = new Map<number, Point>();
/** Whether there were two fingers: what is left of them neither draws nor moves. */
let pinched = false;

canvas.addEventListener("pointerdown", event => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, at(event));
  if (pointers.size === 1) {
    pinched = false;
    brush.draw(inPicture(at(event)), true);
  } else {
    if (!pinched) brush.cancel();
    pinched = true;
  }
});

canvas.addEventListener("pointermove", event => {
  const last = pointers.get(event.pointerId);
  if (!last) return;
  const now = at(event);
  pointers.set(event.pointerId, now);
  if (pointers.size === 1) {
    if (!pinched && !brush.draw(inPicture(now), false)) move(now.x - last.x, now.y - last.y);
    return;
  }
  // Two fingers: their distance zooms, their middle moves.
  const other = [...pointers].find(([id]) => id !== event.pointerId)![1];
  const distance = (a: Point) => Math.hypot(a.x - other.x, a.y - other.y);
  zoom(distance(now) / Math.max(distance(last), 1), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  move((now.x - last.x) / 2, (now.y - last.y) / 2);
});

for (const end of ["pointerup", "pointercancel"] as const) {
  canvas.addEventListener(end, event => {
    pointers.delete(event.pointerId);
    if (pointers.size === 0 && !pinched) brush.end();
  });
}

canvas.addEventListener("wheel", event => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), at(event));
}, { passive: false });

canvas.addEventListener("dblclick", event => {
  if (fitted) zoom(1 / scale, at(event));
  else refit();
});

canvas.addEventListener("keydown", event => {
  const step = 40 * ratio();
  const keys: Record<string, () => void> = {
    ArrowLeft: () => move(step, 0), ArrowRight: () => move(-step, 0), ArrowUp: () => move(0, step), ArrowDown: () => move(0, -step),
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": refit, "1": oneToOne,
  };
  const key = keys[event.key];
  if (key && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    key();
  }
});

byId("zoom-in").addEventListener("click", () => zoom(1.25));
byId("zoom-out").addEventListener("click", () => zoom(0.8));
byId("zoom-fit").addEventListener("click", refit);
byId("zoom-one").addEventListener("click", oneToOne);
new ResizeObserver(() => {
  draw();
  zoomed();
}).observe(canvas);
