// The painting as it would be, small, whenever something changes.
import * as api from "./api.js";
import { on, painting, say, sayError, state } from "./state.js";
import { show } from "./view.js";
const SIDE = 512;
const session = crypto.randomUUID?.() ?? String(Math.random());
let current;
let drawn = 0;
async function update() {
    current?.abort();
    if (!state.content || state.chosen.length === 0)
        return;
    const own = current = new AbortController();
    try {
        const blob = await api.preview(state.content.id, painting(SIDE), SIDE, session, own.signal);
        const after = await createImageBitmap(blob);
        if (own.signal.aborted)
            return;
        show({ after });
        say(`${state.chosen.map(({ style }) => style.name).join(" + ")}: preview`);
        document.body.dataset["previews"] = String(++drawn);
    }
    catch (error) {
        // One that was overtaken is no news.
        if (own.signal.aborted || (error instanceof api.Problem && error.status === 409))
            return;
        sayError(error);
    }
}
let scheduled = false;
on("painting", () => {
    if (scheduled)
        return;
    scheduled = true;
    // Several changes at a time are one.
    requestAnimationFrame(() => {
        scheduled = false;
        void update();
    });
});
