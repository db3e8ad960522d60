// The picture: photograph and painting side by side, zoomed and moved, with the mask over it.

import { byId } from "./state.js";

export interface Point { x: number; y: number }

const canvas = byId<HTMLCanvasElement>("view");
const context = canvas.getContext("2d")!;
const compare = byId<HTMLInputElement>("compare");

let before: CanvasImageSource | undefined;
let after: CanvasImageSource | undefined;
let overlay: HTMLCanvasElement | undefined;
/** Of the photograph, in its own pixels. */
let size = { width: 1, height: 1 };
/** Screen pixels per picture pixel, and where the picture's corner is; `fit` until somebody zooms. */
let scale = 1;
let corner: Point = { x: 0, y: 0 };
let fitted = true;

/** What a pointer does: moves the picture if this gives false. */
let brush: (point: Point, begins: boolean) => boolean = () => false;

export const setBrush = (use: typeof brush): void => { brush = use; };
export const dimensions = (): { width: number; height: number } => size;

export function show(pictures: { before?: CanvasImageSource; after?: CanvasImageSource | null; size?: typeof size; overlay?: HTMLCanvasElement }): void {
  if (pictures.before) before = pictures.before;
  if (pictures.after !== undefined) after = pictures.after ?? undefined;
  if (pictures.overlay) overlay = pictures.overlay;
  if (pictures.size) {
    size = pictures.size;
    fitted = true;
  }
  draw();
}

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
  const [x, y, w, h] = [corner.x, corner.y, size.width * scale, size.height * scale];
  const border = x + w * Number(compare.value) / 100;
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
  if (before && after && Number(compare.value) > 0 && Number(compare.value) < 100) {
    context.fillStyle = "#fff";
    context.fillRect(border - ratio(), y, 2 * ratio(), h);
  }
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
}

function move(x: number, y: number): void {
  corner = { x: corner.x + x, y: corner.y + y };
  fitted = false;
  draw();
}

function refit(): void {
  fitted = true;
  draw();
}

/** One pixel of the picture to one of the screen. */
const oneToOne = (): void => zoom(1 / scale);

const pointers = new Map<number, Point>();

canvas.addEventListener("pointerdown", event => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, at(event));
  if (pointers.size === 1) brush(inPicture(at(event)), true);
});

canvas.addEventListener("pointermove", event => {
  const last = pointers.get(event.pointerId);
  if (!last) return;
  const now = at(event);
  pointers.set(event.pointerId, now);
  if (pointers.size === 1) {
    if (!brush(inPicture(now), false)) move(now.x - last.x, now.y - last.y);
    return;
  }
  // Two fingers: their distance zooms, their middle moves.
  const other = [...pointers].find(([id]) => id !== event.pointerId)![1];
  const distance = (a: Point) => Math.hypot(a.x - other.x, a.y - other.y);
  zoom(distance(now) / Math.max(distance(last), 1), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  move((now.x - last.x) / 2, (now.y - last.y) / 2);
});

for (const end of ["pointerup", "pointercancel"] as const) {
  canvas.addEventListener(end, event => { pointers.delete(event.pointerId); });
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
    c: () => {
      compare.value = Number(compare.value) > 50 ? "0" : "100";
      draw();
    },
  };
  const key = keys[event.key];
  if (key && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    key();
  }
});

compare.addEventListener("input", draw);
byId("zoom-in").addEventListener("click", () => zoom(1.25));
byId("zoom-out").addEventListener("click", () => zoom(0.8));
byId("zoom-fit").addEventListener("click", refit);
byId("zoom-one").addEventListener("click", oneToOne);
new ResizeObserver(draw).observe(canvas);
