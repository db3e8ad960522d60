// The page's beginning: what the controls mean, and the first picture.
import "./brush.js";
import "./command.js";
import "./full.js";
import * as gallery from "./gallery.js";
import * as photo from "./photo.js";
import "./preview.js";
import { byId, changed, sayError, state } from "./state.js";
function range(id, set, text) {
    const input = byId(id);
    input.addEventListener("input", () => {
        set(Number(input.value));
        byId(`${id}-value`).textContent = text(Number(input.value));
        changed("painting");
    });
}
function choice(id, topic) {
    const select = byId(id);
    select.addEventListener("change", () => {
        state[id] = select.value;
        changed(topic);
    });
}
range("strength", value => { state.strength = value / 100; }, value => `${value} %`);
range("stroke", value => { state.stroke = value; }, value => `${+(2 ** value).toFixed(2)}×`);
choice("colors", "painting");
choice("size", "result");
choice("format", "result");
document.querySelector("form.panel").addEventListener("submit", event => event.preventDefault());
try {
    await gallery.load();
    await photo.demo();
}
catch (error) {
    sayError(error);
}
