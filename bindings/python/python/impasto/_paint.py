"""The functions of `impasto`."""

import os
import threading

from ._impasto import Optimizer, Stylizer

_lock = threading.Lock()
# The last model that `stylize` has used, and what it was asked for: most programs use one.
_last = (None, None)


def _stylizer(model, threads, border, thumbnail):
    global _last
    paths = (model,) if model is None or isinstance(model, (str, bytes, os.PathLike)) else tuple(model)
    # Threads do not outlive a fork.
    key = (os.getpid(), paths, threads, border, thumbnail)
    with _lock:
        if _last[0] != key:
            _last = (key, Stylizer(model, threads=threads, border=border, thumbnail=thumbnail))
        return _last[1]


def stylize(
    content,
    style=None,
    strength=1.0,
    *,
    model=None,
    threads=0,
    border=None,
    thumbnail=None,
    regions=None,
    salvage=False,
    size=None,
    exact=None,
    preview_of=None,
    strength_mask=None,
    colors="style",
    color_strength=1.0,
    mask=None,
    invert_mask=False,
    feather=0.0,
    stroke=1.0,
    grain=1.5,
    dpi=None,
    style_size=256,
    clip=False,
    channel_axis=None,
    max_memory=None,
    progress=None,
):
    """Paints a picture in a style with the fast method, in a fraction of a second.

    Parameters
    ----------
    content : picture, or a list of pictures
        A path, a file's bytes, an open file, a `PIL.Image`, an array or a tensor (height × width × 3 or 4, or height × width for gray; a batch has one
        axis more), or an `impasto.Picture`. A list gives a list, a batch a batch.
    style : style, or several
        A picture in any form, the name of a built-in style (`built_in_styles()`), a `.style` file or a `Style`. Several are blended: a list of them, each
        alone or as (style, weight), a tuple, or a dictionary of weights. It may be left out where there are `regions`.
    strength : float
        From 0, the content as it is, to 1, all of the style.
    model : path or str, or a list of them, optional
        A file or folder of another model, or its name. It stays loaded for the next call; `Stylizer` keeps several.
    threads, border, thumbnail
        Those of `Stylizer`.
    regions : list of (style, mask), optional
        Styles that have parts of the picture for themselves.
    salvage : bool
        Reads damaged JPEG files as far as possible.
    size : int, optional
        Resizes the content to this longer side first.
    exact : (int, int), optional
        (width, height) for content and styles, as `tf.image.resize` makes them.
    preview_of : (int, int), optional
        (width, height) of the picture that this is to be a preview of.
    strength_mask, mask : picture or array of height × width, optional
        Where the strength is less, and where the painting is: white.
    invert_mask : bool
        The painting is where `mask` is black.
    colors : {"style", "content", "luminance", "match"}
        Whose colors the painting has: the style's, the content's palette, the content's own at each pixel; or the style picture is given the content's
        palette first.
    color_strength : float
        How far the colors go there, 0 to 1.
    feather : float
        Pixels by which all masks are softened.
    stroke : float or str
        Width of the strokes, 0.25 to 8 times the usual share of the picture; "native" or "native:2": as the network draws them, in pixels; or on paper,
        "3mm", with `dpi`.
    grain : float
        Faint noise that gives smooth areas strokes, in steps of 8 bits: 0 for none, to 8.
    dpi : float, optional
        Pixels per inch of the print, for strokes in millimeters.
    style_size : int
        Pixels of the style's shorter side as the predictor sees it.
    clip : bool
        Floats outside 0 to 1 are refused; with True they are clipped.
    channel_axis : int, optional
        The axis of arrays that has the channels; the last one if not given. Results have it, too.
    max_memory : int, optional
        Bytes that painting may take besides the pictures.
    progress : function or bool, optional
        Called with the share of the work that is done, 0 to 1; or True for a bar (where `tqdm` is installed).

    Returns
    -------
    The painting, as the kind that the content came as: an array for an array, of the same dtype; bytes for bytes, in the same format; a `Picture` for a
    path. It has the content's size unless another one is asked for, and three channels, or four with alpha.

    Raises
    ------
    Error
        See its subclasses. `KeyboardInterrupt` stops the work at once. Other Python threads run meanwhile.

    Examples
    --------
    >>> import impasto
    >>> photo = impasto.draw_landscape(96, 64)
    >>> impasto.stylize(photo, "starry", 0.6)
    <impasto.Picture 96×64>
    >>> impasto.stylize(photo.numpy(), {"starry": 2, "mosaic": 1}, colors="luminance").shape
    (64, 96, 3)
    >>> [painted.size for painted in impasto.stylize([photo, photo], "mosaic", size=48)]
    [(48, 32), (48, 32)]
    """
    return _stylizer(model, threads, border, thumbnail).stylize(
        content,
        style,
        strength,
        regions=regions,
        salvage=salvage,
        size=size,
        exact=exact,
        preview_of=preview_of,
        strength_mask=strength_mask,
        colors=colors,
        color_strength=color_strength,
        mask=mask,
        invert_mask=invert_mask,
        feather=feather,
        stroke=stroke,
        grain=grain,
        dpi=dpi,
        style_size=style_size,
        clip=clip,
        channel_axis=channel_axis,
        max_memory=max_memory,
        progress=progress,
    )


def optimize(
    content,
    style,
    *,
    perceptual=None,
    content_weight=None,
    style_weight=None,
    variation_weight=None,
    content_layers=None,
    style_layers=None,
    content_loss="normalised",
    style_loss="gram",
    method="adam",
    rate=0.02,
    history=10,
    steps=None,
    smallest_scale=None,
    style_scale=1.0,
    keep_colors=None,
    match_histogram=False,
    pooling="max",
    max_memory=None,
    threads=0,
    initial=None,
    size=None,
    seed=0,
    progress=None,
):
    """Paints a picture by optimization (Gatys et al. 2015), in a minute or two for 512 pixels.

    Parameters
    ----------
    content, style, initial, size, seed, progress
        Those of `Optimizer.optimize`.
    perceptual, content_weight, style_weight, variation_weight, content_layers, style_layers, content_loss, style_loss, method, rate, history, steps, \
smallest_scale, style_scale, keep_colors, match_histogram, pooling, max_memory, threads
        Those of `Optimizer`.

    Returns
    -------
    The painting, as the kind that the content came as.

    Examples
    --------
    >>> import impasto
    >>> impasto.optimize(impasto.draw_landscape(40, 32), "starry", steps=2, initial="content")
    <impasto.Picture 40×32>
    """
    optimizer = Optimizer(
        perceptual,
        content_weight=content_weight,
        style_weight=style_weight,
        variation_weight=variation_weight,
        content_layers=content_layers,
        style_layers=style_layers,
        content_loss=content_loss,
        style_loss=style_loss,
        method=method,
        rate=rate,
        history=history,
        steps=steps,
        smallest_scale=smallest_scale,
        style_scale=style_scale,
        keep_colors=keep_colors,
        match_histogram=match_histogram,
        pooling=pooling,
        max_memory=max_memory,
        threads=threads,
    )
    return optimizer.optimize(content, style, initial=initial, size=size, seed=seed, progress=progress)


stylize.__module__ = optimize.__module__ = "impasto"
