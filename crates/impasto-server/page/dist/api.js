// The server's API, as far as the page uses it.
/** An answer that is a problem. */
export class Problem extends Error {
    status;
    detail;
    constructor(status, detail) {
        super(detail);
        this.status = status;
        this.detail = detail;
    }
}
let token = sessionStorage.getItem("token") ?? "";
let asking;
/** Asks for the token, once at a time, and says why; whether there is one. */
function ask() {
    asking ??= new Promise(resolve => {
        const dialog = document.querySelector("#token-dialog");
        const input = dialog.querySelector("#token");
        dialog.querySelector("#token-reason").textContent = token
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
export function forgetToken() {
    token = "";
    sessionStorage.removeItem("token");
}
const pause = (milliseconds) => new Promise(resolve => setTimeout(resolve, milliseconds));
async function send(path, init = {}) {
    for (let tries = 0;; tries++) {
        const headers = new Headers(init.headers);
        const used = token;
        if (token)
            headers.set("Authorization", `Bearer ${token}`);
        let response;
        try {
            response = await fetch(path, { ...init, headers });
        }
        catch (error) {
            if (init.signal?.aborted)
                throw error;
            throw new Problem(0, "The server does not answer. Is it still running?");
        }
        if (response.ok)
            return response;
        // Another request may have asked meanwhile.
        if (response.status === 401 && (token !== used || await ask()))
            continue;
        if (response.status === 401)
            throw new Problem(401, "This server needs an access token. Reload the page to enter it.");
        if (response.status === 429 && tries < 5) {
            await pause(1000 * Number(response.headers.get("Retry-After") ?? 1));
            if (!init.signal?.aborted)
                continue;
        }
        const detail = await response.json().then(problem => String(problem.detail), () => response.statusText);
        throw new Problem(response.status, detail);
    }
}
const json = (body, signal) => ({
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, ...(signal ? { signal } : {}),
});
const bytes = (body) => ({ method: "POST", body, headers: { "Content-Type": "application/octet-stream" } });
export const info = async () => (await send("/v1/info")).json();
export const models = async () => (await (await send("/v1/models")).json()).models;
export const styles = async (model) => (await (await send(`/v1/styles?model=${encodeURIComponent(model)}`)).json()).styles;
export const uploadStyle = async (file) => (await (await send("/v1/styles", bytes(file))).json()).id;
export const uploadContent = async (file) => (await send("/v1/contents", bytes(file))).json();
export const about = async (id) => (await send(`/v1/contents/${id}`)).json();
export async function preview(content, painting, settings, signal) {
    return (await send("/v1/previews", json({ content, ...painting, ...settings }, signal))).blob();
}
export async function begin(content, painting) {
    const request = json({ content: { id: content }, ...painting });
    request.headers["Prefer"] = "respond-async";
    return (await send("/v1/stylize", request)).json();
}
/** Begins to paint a film. The query says which part of it, and in which format. */
export async function beginFilm(film, painting, query, signal) {
    const form = new FormData();
    if (painting.model !== undefined)
        form.append("model", painting.model);
    for (const { id } of painting.styles)
        form.append("style_id", id);
    if (painting.mask)
        form.append("mask", new Blob([Uint8Array.from(atob(painting.mask), char => char.charCodeAt(0))]));
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
async function* states(id) {
    const response = await send(`/v1/jobs/${id}/events`);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    try {
        let text = "";
        for (;;) {
            const { value, done } = await reader.read();
            if (done)
                return;
            text += value;
            const events = text.split("\n\n");
            text = events.pop();
            for (const event of events) {
                const data = event.split("\n").find(line => line.startsWith("data: "));
                if (data)
                    yield JSON.parse(data.slice(6));
            }
        }
    }
    finally {
        reader.cancel().catch(() => undefined);
    }
}
/** A job's states until it ends. A lost connection is made again, unless the job is not `wanted` any more. */
export async function* follow(id, wanted) {
    for (let tries = 0; wanted(); tries++) {
        if (tries > TRIES)
            throw new Problem(0, "The server does not answer. Is it still running?");
        if (tries > 0)
            await pause(1000);
        try {
            for await (const view of states(id)) {
                tries = 0;
                yield view;
                if (FINAL.includes(view.status))
                    return;
            }
        }
        catch (error) {
            if (error instanceof Problem && !LOST.includes(error.status))
                throw error;
        }
    }
}
export async function result(path) {
    const response = await send(path);
    return response.blob().catch(() => { throw new Problem(0, "The connection was lost before the result had arrived. Try again."); });
}
/** Lets the server forget something; it may have done so already. */
export async function forget(path) {
    await send(path, { method: "DELETE" }).catch(() => undefined);
}
