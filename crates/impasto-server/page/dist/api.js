// The server's API, as far as the page uses it.
/** An answer that is a problem: its one line is fit to be shown. */
export class Problem extends Error {
    status;
    constructor(status, detail) {
        super(detail);
        this.status = status;
    }
}
let token = sessionStorage.getItem("token") ?? "";
let asking;
/** Asks for the token, once at a time. */
function ask() {
    asking ??= new Promise(resolve => {
        const dialog = document.querySelector("#token-dialog");
        dialog.addEventListener("close", () => {
            token = dialog.querySelector("#token").value.trim();
            sessionStorage.setItem("token", token);
            asking = undefined;
            resolve();
        }, { once: true });
        dialog.showModal();
    });
    return asking;
}
async function send(path, init = {}) {
    for (;;) {
        const headers = new Headers(init.headers);
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
        if (response.status === 401) {
            await ask();
            continue;
        }
        const detail = await response.json().then(problem => String(problem.detail), () => response.statusText);
        throw new Problem(response.status, detail);
    }
}
const json = (body, signal) => ({
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, ...(signal ? { signal } : {}),
});
export const info = async () => (await send("/v1/info")).json();
export const styles = async () => (await (await send("/v1/styles")).json()).styles;
export async function uploadStyle(file) {
    const made = await (await send("/v1/styles", { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } })).json();
    return { id: made.id, name: file.name, kind: "uploaded" };
}
export async function uploadContent(file, name) {
    const made = await (await send("/v1/contents", { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } })).json();
    return { ...made, name };
}
export async function about(id, name) {
    return { ...(await (await send(`/v1/contents/${id}`)).json()), name };
}
export async function preview(content, painting, size, session, signal) {
    const body = { content, size, styles: painting.styles, mask: painting.mask, options: painting.options, session };
    return (await send("/v1/previews", json(body, signal))).blob();
}
export async function begin(content, painting) {
    const request = json({ content: { id: content }, styles: painting.styles, mask: painting.mask, options: painting.options });
    request.headers["Prefer"] = "respond-async";
    return (await send("/v1/stylize", request)).json();
}
/** A job's states until it ends. (EventSource cannot send a token.) */
export async function* follow(id) {
    const response = await send(`/v1/jobs/${id}/events`);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
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
export const result = async (path) => (await send(path)).blob();
export const cancel = async (id) => { await send(`/v1/jobs/${id}`, { method: "DELETE" }); };
