// The server's API, as far as the page uses it.

export interface StyleRef { id: string; name: string }
export interface ModelRef { name: string; built_in: boolean; sees_pictures: boolean; licence: string; description: string }
export interface Info {
  films: { available: boolean; formats: string[] };
  limits: { max_styles: number; max_body_bytes: number; max_film_bytes: number };
}
export interface ContentRef { id: string; width: number; height: number; format: string }
export interface Options {
  strength?: number; colors?: string; color_strength?: number; stroke?: number; feather?: number; size?: number; format?: string;
}
export interface Painting {
  /** The server's first if not given. */
  model?: string;
  styles: { id: string; weight: number }[];
  mask?: string;
  options: Options;
}
export interface JobView {
  id: string; status: string; progress: number; error?: { status: number; detail: string }; result?: string;
  /** Of a film. */
  frames?: { painted: number; total: number | null };
  /** What is done otherwise than one may expect. */
  notes?: string[];
}

/** An answer that is a problem. */
export class Problem extends Error {
  constructor(readonly status: number, readonly detail: string) { super(detail); }
}

let token = sessionStorage.getItem("token") ?? "";
let asking: Promise<boolean> | undefined;

/** Asks for the token, once at a time, and says why; whether there is one. */
function ask(): Promise<boolean> {
  asking ??= new Promise(resolve => {
    const dialog = document.querySelector<HTMLDialogElement>("#token-dialog")!;
    const input = dialog.querySelector<HTMLInputElement>("#token")!;
    dialog.querySelector("#token-reason")!.textContent = token
      ? "The server does not accept this token. Check it, and try again."
      : "This server is protected. Whoever runs it has the token.";
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      token = input.value.trim();
      sessionStorage.setItem("token", token);
      asking = undefined;
      resolve(dialog.returnValue === "ok" && token !== "");
    }, { once: true });
    dialog.showModal();
    input.select();
  });
  return asking;
}

/** Forgets the token. */
export function forgetToken(): void {
  token = "";
  sessionStorage.removeItem("token");
}

const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  for (let tries = 0; ; tries++) {
    const headers = new Headers(init.headers);
    const used = token;
    if (token) headers.set("Authorization", `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(path, { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new Problem(0, "The server does not answer. Is it still running?");
    }
    if (response.ok) return response;
    // Another request may have asked meanwhile.
    if (response.status === 401 && (token !== used || await ask())) continue;
    if (response.status === 401) throw new Problem(401, "This server needs an access token. Reload the page to enter it.");
    if (response.status === 429 && tries < 5) {
      await pause(1000 * Number(response.headers.get("Retry-After") ?? 1));
      if (!init.signal?.aborted) continue;
    }
    const detail = await response.json().then(problem => String(problem.detail), () => response.statusText);
    throw new Problem(response.status, detail);
  }
}

const json = (body: unknown, signal?: AbortSignal): RequestInit => ({
  method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, ...(signal ? { signal } : {}),
});
const bytes = (body: Blob): RequestInit => ({ method: "POST", body, headers: { "Content-Type": "application/octet-stream" } });

export const info = async (): Promise<Info> => (await send("/v1/info")).json();
export const models = async (): Promise<ModelRef[]> => (await (await send("/v1/models")).json()).models;
export const styles = async (model: string): Promise<StyleRef[]> =>
  (await (await send(`/v1/styles?model=${encodeURIComponent(model)}`)).json()).styles;
export const uploadStyle = async (file: Blob): Promise<string> => (await (await send("/v1/styles", bytes(file))).json()).id;
export const uploadContent = async (file: Blob): Promise<ContentRef> => (await send("/v1/contents", bytes(file))).json();
export const about = async (id: string): Promise<ContentRef> => (await send(`/v1/contents/${id}`)).json();

export interface PreviewSettings { size: number; draft?: boolean; session?: string }

export async function preview(content: string, painting: Painting, settings: PreviewSettings, signal: AbortSignal): Promise<Blob> {
  return (await send("/v1/previews", json({ content, ...painting, ...settings }, signal))).blob();
}

export async function begin(content: string, painting: Painting): Promise<JobView> {
  const request = json({ content: { id: content }, ...painting });
  (request.headers as Record<string, string>)["Prefer"] = "respond-async";
  return (await send("/v1/stylize", request)).json();
}

/** Begins to paint a film. The query says which part of it, and in which format. */
export async function beginFilm(film: Blob, painting: Painting, query: URLSearchParams, signal: AbortSignal): Promise<JobView> {
  const form = new FormData();
  if (painting.model !== undefined) form.append("model", painting.model);
  for (const { id } of painting.styles) form.append("style_id", id);
  if (painting.mask) form.append("mask", new Blob([Uint8Array.from(atob(painting.mask), char => char.charCodeAt(0))]));
  const { size: _, ...options } = painting.options;
  form.append("options", JSON.stringify({ ...options, weights: painting.styles.map(({ weight }) => weight) }));
  form.append("film", film);
  return (await send(`/v1/films?${query}`, { method: "POST", body: form, signal })).json();
}

const FINAL = ["done", "failed", "cancelled"];
/** No answer (0), or that of a proxy or of a crowded server: the job itself may go on. */
const LOST = [0, 502, 503, 504];
/** How many times in a row, a second apart, a lost connection is made again. */
const TRIES = 60;

/** A job's states until the connection ends. (EventSource cannot send a token.) */
async function* states(id: string): AsyncGenerator<JobView> {
  const response = await send(`/v1/jobs/${id}/events`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const events = text.split("\n\n");
      text = events.pop()!;
      for (const event of events) {
        const data = event.split("\n").find(line => line.startsWith("data: "));
        if (data) yield JSON.parse(data.slice(6));
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** A job's states until it ends. A lost connection is made again, unless the job is not `wanted` any more. */
export async function* follow(id: string, wanted: () => boolean): AsyncGenerator<JobView> {
  for (let tries = 0; wanted(); tries++) {
    if (tries > TRIES) throw new Problem(0, "The server does not answer. Is it still running?");
    if (tries > 0) await pause(1000);
    try {
      for await (const view of states(id)) {
        tries = 0;
        yield view;
        if (FINAL.includes(view.status)) return;
      }
    } catch (error) {
      if (error instanceof Problem && !LOST.includes(error.status)) throw error;
    }
  }
}

export async function result(path: string): Promise<Blob> {
  const response = await send(path);
  return response.blob().catch(() => { throw new Problem(0, "The connection was lost before the result had arrived. Try again."); });
}

/** Lets the server forget something; it may have done so already. */
export async function forget(path: string): Promise<void> {
  await send(path, { method: "DELETE" }).catch(() => undefined);
}
