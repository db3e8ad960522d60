"""Models by name: which there are, and how they get onto this machine.

>>> import impasto
>>> impasto.models.pull("magenta")  # doctest: +SKIP
>>> impasto.Stylizer("magenta").stylize("photo.jpg", "painting.jpg")  # doctest: +SKIP

Names are those of the registry (`list()`), web addresses of such models, such as
https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2, or web addresses of files with weights. The environment variables
IMPASTO_HOME, XDG_CACHE_HOME and IMPASTO_REGISTRY work as for the program.
"""

from . import _impasto

__all__ = ["list", "path", "pull"]


def pull(name, *, offline=False, accept_non_commercial=False, progress=None):
    """Downloads a model into the cache, unless it is there, and returns the list of paths that it is opened from.

    Parameters
    ----------
    name : str
        A name of the registry, or a web address.
    offline : bool
        With True nothing is downloaded, and a model that is not in the cache is an error.
    accept_non_commercial : bool
        Models whose terms forbid commercial use are only downloaded with True.
    progress : function or bool, optional
        Called with the share of each file that has arrived, or True for a bar (where `tqdm` is installed).

    Raises `Error`; `KeyboardInterrupt` stops it, and the next call continues. Other Python threads run meanwhile.
    """
    return _impasto.model_pull(name, offline=offline, accept_non_commercial=accept_non_commercial, progress=progress)


def path(name):
    """Returns the list of paths of a model on this machine, by its name or web address. Raises `Error` if it is not on this machine."""
    return _impasto.model_path(name)


def list():
    """Returns published and downloaded models, each as a dictionary.

    Examples
    --------
    >>> import impasto
    >>> sorted(impasto.models.list()[0])
    ['bytes', 'downloaded', 'known', 'licence', 'name', 'non_commercial', 'role', 'title']

    The keys are name, title, role ("model": it paints, for `Stylizer`; "perceptual": losses look through it, for `Optimizer`), licence, non_commercial, bytes (None if not known), known (what is known of the files, in words), and downloaded.
    """
    return _impasto.model_list()
