// What the server is asked to paint.

import type { Options, Painting } from "./api.js";
import { styleId } from "./files.js";
import { wanted } from "./models.js";
import type { Doc } from "./state.js";

/** The painting that a look means, for a picture with this longer side. */
export async function painting(look: Doc, longSide: number): Promise<Painting> {
  const options: Options = { strength: look.strength, colors: look.colors, stroke: 2 ** look.stroke };
  if (look.colors !== "style" && look.colorStrength < 1) options.color_strength = look.colorStrength;
  if (look.mask) options.feather = look.feather * longSide;
  if (look.size) options.size = Number(look.size);
  const ids = await Promise.all(look.styles.map(style => styleId(style.key)));
  const model = wanted(look);
  return {
    ...(model !== undefined ? { model } : {}),
    styles: look.styles.map(({ weight }, i) => ({ id: ids[i]!, weight })),
    ...(look.mask ? { mask: look.mask } : {}),
    options,
  };
}
