// The server's API, as far as the page uses it.

export interface StyleRef { id: string; name: string; kind: "built-in" | "uploaded" }
export interface Info { limits: { max_styles: number } }
export interface ContentRef { id: string; width: number; height: number; format: string; name: string }
export interface Options {
  strength?: number; colors?: string; stroke?: number; feather?: number; size?: number; format?: string;
}
export interface Painting {
  styles: { id: string; weight: number }[];
  mask?: string;
  options: Options;
}
export interface JobView { id: string; status: string; progress: number; error?: { detail: string }; result?: string }

/** An answer that is a problem: its one line is fit to be shown. */
export class Problem extends Error {
  constructor(readonly status: number, detail: string) { super(detail); }
}

let token = sessionStorage.getItem("token") ?? "";
let asking: Promise<void> | undefined;

/** Asks for the token, once at a time. */
function ask(): Promise<void> {
  asking ??= new Promise(resolve => {
    const dialog = document.querySelector<HTMLDialogElement>("#token-dialog")!;
    dialog.addEventListener("close", () => {
      token = dialog.querySelector<HTMLInputElement>("#token")!.value.trim();
      sessionStorage.setItem("token", token);
      asking = undefined;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const headers = new Headers(init.headers);
    if (token) headers.set("Authorization", `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(path, { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new Problem(0, "The server does not answer. Is it still running?");
    }
    if (response.ok) return response;
    if (response.status === 401) {
      await ask();
      continue;
    }
    const detail = await response.json().then(problem => String(problem.detail), () => response.statusText);
    throw new Problem(response.status, detail);
  }
}

const json = (body: unknown, signal?: AbortSignal): RequestInit => ({
  method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, ...(signal ? { signal } : {}),
});

export const info = async (): Promise<Info> => (await send("/v1/info")).json();
export const styles = async (): Promise<StyleRef[]> => (await (await send("/v1/styles")).json()).styles;

export async function uploadStyle(file: File): Promise<StyleRef> {
  const made = await (await send("/v1/styles", { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } })).json();
  return { id: made.id, name: file.name, kind: "uploaded" };
}

export async function uploadContent(file: Blob, name: string): Promise<ContentRef> {
  const made = await (await send("/v1/contents", { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } })).json();
  return { ...made, name };
}

export async function about(id: string, name: string): Promise<ContentRef> {
  return { ...(await (await send(`/v1/contents/${id}`)).json()), name };
}

export async function preview(content: string, painting: Painting, size: number, session: string | undefined, signal: AbortSignal): Promise<Blob> {
  const body = { content, size, styles: painting.styles, mask: painting.mask, options: painting.options, session };
  return (await send("/v1/previews", json(body, signal))).blob();
}

export async function begin(content: string, painting: Painting): Promise<JobView> {
  const request = json({ content: { id: content }, styles: painting.styles, mask: painting.mask, options: painting.options });
  (request.headers as Record<string, string>)["Prefer"] = "respond-async";
  return (await send("/v1/stylize", request)).json();
}

/** A job's states until it ends. (EventSource cannot send a token.) */
export async function* follow(id: string): AsyncGenerator<JobView> {
  const response = await send(`/v1/jobs/${id}/events`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
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
}

export const result = async (path: string): Promise<Blob> => (await send(path)).blob();
export const cancel = async (id: string): Promise<void> => { await send(`/v1/jobs/${id}`, { method: "DELETE" }); };
