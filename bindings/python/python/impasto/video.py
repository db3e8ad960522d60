"""Films: frames in, painted frames out.

Painted one by one, the frames of a film flicker. Here, each shot is prepared once, and a frame can keep part of the last painting where both show the
same. Frames are pictures in any form, from any iterator. To paint video files, use the program (`impasto video`), or a library that reads them:

>>> import imageio.v3 as iio  # doctest: +SKIP
>>> frames = iio.imiter("film.mp4")  # doctest: +SKIP
>>> iio.imwrite("painted.mp4", list(impasto.video.stylize(frames, "starry", steady=0.5)), fps=25)  # doctest: +SKIP
"""

from ._impasto import Frames, Stylizer

__all__ = ["stylize"]


def stylize(frames, style, strength=1.0, *, steady=0.0, total=None, model=None, threads=0, progress=None, **look):
    """Paints the frames of a film, as they are asked for.

    Parameters
    ----------
    frames : iterable of pictures
        All of one size, in any form. Up to eight are read ahead.
    style, strength
        As for `impasto.stylize`.
    steady : float
        How much of the last painting is kept where a frame shows the same as the one before, 0 to 1.
    total : int, optional
        How many frames there are, for `progress`; `len(frames)` if it has a length.
    model : path, str or Stylizer, optional
        As for `impasto.stylize`, or a model that is loaded.
    threads : int
        0 for one per core.
    progress : function or bool, optional
        As for `impasto.stylize`; needs `total`.
    **look
        Other options of `impasto.stylize`: `colors`, `stroke`, `mask`, for example. `size` and `exact` are not for films.

    Returns
    -------
    Frames
        An iterator of the painted frames, each of the kind that its frame came as.

    Examples
    --------
    >>> import impasto
    >>> frames = [impasto.draw_landscape(64, 48, seed=1).numpy()] * 3
    >>> [painted.shape for painted in impasto.video.stylize(frames, "starry", steady=0.5)]
    [(48, 64, 3), (48, 64, 3), (48, 64, 3)]
    """
    stylizer = model if isinstance(model, Stylizer) else Stylizer(model, threads=threads)
    return Frames(stylizer, frames, style, strength, steady=steady, total=total, progress=progress, **look)
