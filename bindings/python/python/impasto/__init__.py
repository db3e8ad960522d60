"""Neural style transfer: paints one picture in the style of another, offline, at any size.

>>> import impasto
>>> painted = impasto.stylize("photo.jpg", "painting.jpg")  # doctest: +SKIP
>>> painted.save("painted.png")  # doctest: +SKIP

Pictures are given as paths, as files' bytes, as `PIL.Image`, as arrays or tensors of height × width × 3 or 4 (uint8, uint16, or floats from 0 to 1), or
as `impasto.Picture`. The result comes back as the same kind. Whatever goes wrong with pictures, models or options is an `impasto.Error`, which is
also the exception of Python's that fits: `FileNotFoundError`, `ValueError`, `TypeError` or `MemoryError`, for example.
"""

from . import hub, models, video
from ._errors import ArgumentError, ArgumentTypeError, Error, FileError, FileInTheWayError, MissingFileError, TooLargeError
from ._impasto import (
    Frames,
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
    draw_still_life,
    draw_style,
    options,
)
from ._paint import optimize, stylize

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "Error",
    "FileError",
    "FileInTheWayError",
    "Frames",
    "Losses",
    "MissingFileError",
    "Optimization",
    "Optimizer",
    "Picture",
    "Pixels",
    "Step",
    "Style",
    "Stylizer",
    "TooLargeError",
    "__version__",
    "built_in_styles",
    "draw_landscape",
    "draw_still_life",
    "draw_style",
    "hub",
    "models",
    "optimize",
    "options",
    "stylize",
    "video",
]


def __dir__():
    return __all__
