// Measures how soon the page shows what is asked for, in Chromium without a window:
//     impasto serve --port 8300 &
//     npm ci && node latency.mjs http://127.0.0.1:8300/ [PHOTO] [CHROMIUM]
// It prints milliseconds from a slider's event to new pixels (a draft, and as sharp as the screen), and pictures a second while a slider is dragged.

import { chromium } from "playwright-core";

const [, , address = "http://127.0.0.1:8300/", photo, executablePath = "/usr/bin/chromium"] = process.argv;
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

const browser = await chromium.launch({ executablePath, args: flags });
const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
const settled = () => page.waitForFunction(() => !document.body.dataset.busy && document.body.dataset.sharp !== undefined, null, { timeout: 60000 });

/** Changes a slider, and gives the times until the first picture and until the sharp one. */
const change = (id, value) => page.evaluate(([id, value]) => new Promise(resolve => {
  const slider = document.getElementById(id);
  const before = document.body.dataset.previews;
  const start = performance.now();
  let draft;
  const look = () => {
    const now = performance.now() - start;
    if (draft === undefined && document.body.dataset.previews !== before) draft = now;
    if (draft !== undefined && document.body.dataset.sharp !== undefined) return resolve([draft, now]);
    setTimeout(look, 2);
  };
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  slider.dispatchEvent(new Event("change", { bubbles: true }));
  look();
}), [id, String(value)]);

/** Drags a slider for three seconds with thirty events a second; gives pictures a second. */
const drag = id => page.evaluate(id => new Promise(resolve => {
  const slider = document.getElementById(id);
  const [first, start] = [Number(document.body.dataset.previews), performance.now()];
  let i = 0;
  const timer = setInterval(() => {
    slider.value = String(95 - i++ % 60);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    if (i < 90) return;
    clearInterval(timer);
    resolve((Number(document.body.dataset.previews) - first) / (performance.now() - start) * 1000);
  }, 33);
}), id);

const middle = values => [...values].sort((a, b) => a - b)[values.length >> 1];
async function measure(name, id, values) {
  const times = [];
  for (const value of values) {
    times.push(await change(id, value));
    await settled();
  }
  const [drafts, sharp] = [times.map(pair => pair[0]), times.map(pair => pair[1])];
  console.log(`${name}: draft ${middle(drafts).toFixed(0)} ms, sharp ${middle(sharp).toFixed(0)} ms (medians of ${values.length})`);
}

try {
  await page.goto(address);
  await settled();
  if (photo) {
    await page.setInputFiles("#photo", photo);
    await page.waitForFunction(name => document.body.dataset.photo === name, photo.split("/").pop(), { timeout: 60000 });
    await settled();
  }
  // The gallery's thumbnails are painted in pauses: they come first.
  await page.waitForTimeout(3000);
  await measure("strokes, strength 100 %", "stroke", [0.25, 0, 0.25, 0, 0.5, 0, 0.25, 0, 0.25]);
  await measure("strength below 100 %", "strength", [90, 80, 70, 60, 50, 40, 30, 55, 65]);
  console.log(`dragging strength: ${(await drag("strength")).toFixed(1)} pictures a second`);
  await settled();
} finally {
  await browser.close();
}
