"""Style transfer models as callables, as TensorFlow Hub gives them: code that uses them needs two other lines.

>>> import numpy as np
>>> import impasto.hub as hub  # instead of tensorflow_hub
>>> hub_module = hub.load("https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2")  # doctest: +SKIP
>>> content, style = np.zeros((1, 48, 64, 3), np.float32), np.ones((1, 32, 32, 3), np.float32)
>>> stylized = hub.load()(content, style)[0]
>>> stylized.shape
(1, 48, 64, 3)

A call takes batches of pictures, pictures × height × width × 3, of floats from 0 to 1: arrays of NumPy, PyTorch, TensorFlow or JAX, or anything that
NumPy reads. It computes what the network does: the style is seen at its own size, strokes are as wide as the network draws them, and there is no grain.
`Stylizer.stylize` has the rest: strength, colors, masks, sizes.
"""

import os

from . import models
from ._errors import made
from ._impasto import Stylizer

__all__ = ["load"]

# Pixels of a style's shorter side that a network can see.
_SIDES = (16, 4096)


def load(handle=None, *, threads=0, accept_non_commercial=False, progress=None):
    """Loads a model: a `Stylizer`, which is called with content and style.

    Parameters
    ----------
    handle : str or path, optional
        A name or web address of a model (`impasto.models`), which is downloaded unless it is on this machine, or a file or folder. Impasto's own
        (`built-in`) if it is not given.
    threads : int
        Threads that paint, 0 for one per core.
    accept_non_commercial, progress
        As for `impasto.models.pull`.

    Returns
    -------
    Stylizer

    Examples
    --------
    >>> import numpy as np, impasto.hub as hub
    >>> content, style = np.zeros((2, 48, 64, 3), np.float32), np.ones((1, 32, 32, 3), np.float32)
    >>> hub.load()(content, style)[0].shape
    (2, 48, 64, 3)
    """
    if handle == "built-in" and not os.path.exists(handle):
        handle = None
    if handle is not None and not os.path.exists(handle):
        handle = models.pull(os.fspath(handle), accept_non_commercial=accept_non_commercial, progress=progress)
    return Stylizer(handle, threads=threads)


def _paint(stylizer, content, style):
    """What `Stylizer.__call__` does."""
    try:
        import numpy as np
    except ImportError as e:
        raise ImportError("calling a model needs NumPy: pip install numpy") from e
    contents, styles = (_batch(np, what, given) for what, given in [("content", content), ("style", style)])
    if len(styles) not in (1, len(contents)):
        raise _invalid(f"style has {len(styles)} pictures; give one for all, or one for each of the {len(contents)} contents", "mismatch")
    seen = []
    for picture in styles:
        side = min(picture.shape[:2])
        if not _SIDES[0] <= side <= _SIDES[1]:
            raise _invalid(f"style has a shorter side of {side} pixels; give {_SIDES[0]} to {_SIDES[1]}")
        seen.append(stylizer.style(picture, size=side))
    painted = [stylizer.stylize(one, seen[i % len(seen)], stroke="native", grain=0) for i, one in enumerate(contents)]
    return (_like(np.stack(painted), content),)


def _batch(np, what, given):
    module = type(given).__module__.partition(".")[0]
    if module == "torch":
        # Tensors that need gradients are read without: nothing is trained here.
        given = given.detach()
        if given.device.type != "cpu":
            raise _invalid(f"{what} is on the device {given.device}; give {what}.cpu()")
        given = given.numpy()
    array = np.asarray(given)
    if array.ndim != 4 or array.shape[-1] != 3 or 0 in array.shape:
        cure = f"; give {what}[None], a batch of one" if array.ndim == 3 else ""
        raise _invalid(f"{what} has the shape {array.shape}, not pictures × height × width × 3{cure}")
    if array.dtype.kind != "f":
        raise _invalid(f"{what} is {array.dtype}, not floats of 0 to 1; divide by {np.iinfo(array.dtype).max if array.dtype.kind in 'ui' else 'white'}")
    return array


def _like(array, given):
    """An array as the kind that was given."""
    module = type(given).__module__.partition(".")[0]
    if module == "torch":
        import torch

        return torch.from_numpy(array)
    if module == "tensorflow":
        import tensorflow as tf

        return tf.constant(array)
    if module in ("jax", "jaxlib"):
        import jax.numpy as jnp

        return jnp.asarray(array)
    return array


def _invalid(text, kind="invalid-argument"):
    return made(kind, text)
