"""Neural style transfer: paints one picture in the style of another, offline, at any size.

>>> import impasto
>>> painted = impasto.stylize("photo.jpg", "painting.jpg")  # doctest: +SKIP
>>> painted.save("painted.png")  # doctest: +SKIP

Pictures are given as paths, as files' bytes, as `PIL.Image`, as arrays of height × width × 3 or 4 (uint8, uint16, or floats of 0 to 1; NumPy's, or anything
with `__array_interface__` or DLPack in the machine's memory), or as `impasto.Picture`; the result comes back as the same kind. Whatever goes wrong
with pictures, models or options is an `impasto.Error`; things that cannot be pictures are a `TypeError`, as everywhere.
"""

import inspect
import os
import threading

from . import hub, models
from ._impasto import (
    Error,
    Losses,
    Optimization,
    Optimizer,
    Picture,
    Pixels,
    Step,
    Style,
    Stylizer,
    __version__,
    built_in_styles,
    draw_landscape,
    draw_style,
    options,
)

__all__ = [
    "Error",
    "Losses",
    "Optimization",
    "Optimizer",
    "Picture",
    "Pixels",
    "Step",
    "Style",
    "Stylizer",
    "__version__",
    "built_in_styles",
    "draw_landscape",
    "draw_style",
    "hub",
    "models",
    "optimize",
    "options",
    "stylize",
]


_lock = threading.Lock()
# The last model that `stylize` has used, and what it was asked for: most programs use one.
_last = (None, None)


def _stylizer(model, threads, **options):
    global _last
    paths = (model,) if model is None or isinstance(model, (str, os.PathLike)) else tuple(model)
    # Threads do not outlive a fork.
    key = (os.getpid(), paths, threads, *options.values())
    with _lock:
        if _last[0] != key:
            _last = (key, Stylizer(model, threads=threads, **options))
        return _last[1]


def stylize(content, style=None, strength=1.0, *, model=None, threads=0, border=None, thumbnail=None, **options):
    """Paints a picture in a style with the fast method, in a fraction of a second.

    content: the picture, in any form. The result has the same form and size.
    style: a picture in any form, the name of a built-in style (`built_in_styles()`), a `.style` file or a `Style`; or a list of them, each alone or as
        (style, weight), to be blended. It may be left out where there are `regions`.
    strength: from 0, the content as it is, to 1, all of the style.
    model: a file or folder of another model, or a list of them; it stays loaded for the next call. `Stylizer` keeps several.
    border, thumbnail: those of `Stylizer`.
    options: those of `Stylizer.stylize`:
        size: resizes the content to this longer side first; exact: (width, height) for content and styles, as `tf.image.resize` makes them.
        regions: a list of (style, mask): styles that have parts of the picture for themselves.
        strength_mask, mask: pictures or arrays of height × width; where the strength is less, and where the painting is (white; black with
            invert_mask).
        feather: pixels by which all masks are made soft.
        colors: whose colours the painting has: "style", "content" (its palette), "luminance" (the content's own at each pixel) or "match" (the style
            picture is given the content's palette first).
        color_strength: how far the colours go there, 0 to 1.
        stroke: width of the strokes, 0.25 to 8 times the usual share of the picture; "native" or "native:2": as the network draws them, in pixels; or
            on paper, "3mm", with dpi.
        grain: faint noise that gives smooth areas strokes, in steps of 8 bits: 0 for none, to 8.
        preview_of: (width, height) of the picture that this is to be a preview of.
        style_size: pixels of the style's shorter side as the predictor sees it.
        salvage: reads damaged JPEG files as far as possible.
        clip: floats out of 0 to 1 are refused; with True they are clipped.
        max_memory: bytes that painting may take besides the pictures.
        progress: a function that is called with the share of the work that is done (0 to 1), or True for a bar (where `tqdm` is installed).

    Raises `Error`; `KeyboardInterrupt` stops it at once. Other Python threads run meanwhile.
    """
    return _stylizer(model, threads, border=border, thumbnail=thumbnail).stylize(content, style, strength, **options)


def _signature():
    """That of `stylize` with all options by their names, for `help` and editors."""
    own = inspect.signature(stylize).parameters.values()
    method = inspect.signature(Stylizer.stylize).parameters
    named = [one for one in own if one.kind is not inspect.Parameter.VAR_KEYWORD]
    known = {one.name for one in named}
    return inspect.Signature([*named, *(one for name, one in method.items() if name != "self" and name not in known)])


stylize.__signature__ = _signature()


def optimize(content, style, *, initial=None, size=None, seed=0, progress=None, **options):
    """Paints a picture by optimisation (Gatys et al. 2015), in a minute or two for 512 pixels.

    The arguments are those of `Optimizer.optimize`; `options` are those of `Optimizer` itself: `steps`, `style_weight`, `content_weight`, `perceptual` and so on.
    """
    return Optimizer(**options).optimize(content, style, initial=initial, size=size, seed=seed, progress=progress)
