// The models that the server has: what each can, the styles that come with it, and which of them paints.
import { isOwn } from "./files.js";
import { byId, doc, edit, on, say } from "./state.js";
let models = [];
/** The model of a look; "" stands for the server's first. */
const of = (name) => models.find(model => model.name === name) ?? models[0];
/** What the server is asked for; nothing where it has no choice. */
export const wanted = (look) => models.length > 1 ? of(look.model)?.name : undefined;
export const exists = (name) => models.some(model => model.name === name);
/** Names of the styles that come with a model. */
export const stylesOf = (name) => of(name)?.names ?? [];
/** Whether pictures can be styles of the model that paints. */
export const seesPictures = () => of(doc.model)?.sees_pictures ?? true;
/** Whether a model knows a style that is nobody's own. */
export const knows = (name, style) => stylesOf(name).includes(style);
/** What `--model` takes on the command line; nothing for the built-in model. */
export const flag = (look) => {
    const model = of(look.model);
    return model && !model.built_in ? model.name : undefined;
};
/** A model's name where there are several. */
export const label = (look) => models.length > 1 ? of(look.model)?.name : undefined;
/** A style that any model can paint without a picture, to show a photo that the browser cannot read. */
export function anyStyle() {
    const model = models.find(model => model.names.length > 0);
    return model && { model: model.name, style: model.names[0] };
}
/** The style that a model begins with. */
export const firstStyle = (name) => {
    const names = stylesOf(name);
    return names.includes("starry") ? "starry" : names[0];
};
/** Of these styles those that a model has; else the one that it begins with. */
export function fitting(name, styles, own) {
    const sees = of(name)?.sees_pictures ?? true;
    const fits = styles.filter(({ key }) => isOwn(key) ? sees && own.some(style => style.key === key) : knows(name, key));
    const first = firstStyle(name) ?? (sees ? own[0]?.key : undefined);
    return fits.length > 0 ? fits : first !== undefined ? [{ key: first, weight: 1 }] : [];
}
const select = byId("model");
/** What a model can, in a person's words. */
function about({ names, sees_pictures, licence }) {
    const own = `${names.length} ${names.length === 1 ? "style" : "styles"}`;
    const can = names.length === 0 ? "Paints in the style of your pictures" : sees_pictures ? `${own}, and those of your pictures` : `${own} of its own`;
    return `${can}. License: ${licence}.`;
}
function show() {
    const model = of(doc.model);
    if (!model)
        return;
    select.value = model.name;
    byId("model-about").textContent = about(model);
    select.title = model.description;
    byId("own-part").hidden = !model.sees_pictures;
    byId("no-styles").hidden = model.names.length > 0;
}
on(["model"], show);
select.addEventListener("change", () => {
    const model = select.value === models[0]?.name ? "" : select.value;
    const styles = fitting(model, doc.styles, doc.own);
    const bare = styles.some(({ key }) => !isOwn(key));
    edit({ model, styles, colors: bare && doc.colors === "match" ? "content" : doc.colors });
    if (styles.length === 0)
        say("This model has no styles of its own. Use a picture as a style.");
});
export function begin(list, styles) {
    models = list.map((model, i) => ({ ...model, names: (styles[i] ?? []).map(style => style.name) }));
    select.replaceChildren(...models.map(({ name }) => new Option(name, name)));
    byId("model-part").hidden = byId("model-about").hidden = models.length < 2;
    show();
}
