"""What impasto raises. Each class is also the exception of Python's that fits."""


class Error(Exception):
    """What impasto raises: one line that says what is wrong with what, and what to do about it where that is known.

    Attributes
    ----------
    kind : str
        What sort of thing went wrong: "io", "malformed", "unsupported", "too-large", "mismatch", "invalid-argument", "already-exists" or
        "cancelled".

    Examples
    --------
    >>> import impasto
    >>> try:
    ...     impasto.stylize("no-such-photo.jpg", "starry")
    ... except FileNotFoundError as e:  # or impasto.Error
    ...     print(e.kind)
    io
    """

    __module__ = "impasto"
    kind = "other"

    def __init_subclass__(cls, of=()):
        """`of`: the (kind, cause) that the class is raised for."""
        for reason in of:
            cls.__module__ = "impasto"
            _CLASSES[reason] = cls


_CLASSES = {("cancelled", ""): Error, ("other", ""): Error}


class FileError(Error, OSError, of=[("io", "")]):
    """A file that cannot be read or written."""


class MissingFileError(FileError, FileNotFoundError, of=[("io", "missing")]):
    """A file that is not there."""


class FileInTheWayError(FileError, FileExistsError, of=[("already-exists", "")]):
    """A file that is there already, and was not to be replaced."""


class ArgumentError(Error, ValueError, of=[(kind, "") for kind in ("invalid-argument", "malformed", "mismatch", "unsupported")]):
    """An argument out of its range, or a picture, a style or a model that cannot be used."""


class ArgumentTypeError(Error, TypeError, of=[("invalid-argument", "type")]):
    """An argument of a type that it cannot have."""


class TooLargeError(Error, MemoryError, of=[("too-large", "")]):
    """A picture that takes more memory than there is, or than is allowed."""


def made(kind, text, cause=""):
    """An exception of this kind. `cause` is "missing" for files that are not there, "type" for arguments of another type."""
    error = (_CLASSES.get((kind, cause)) or _CLASSES[kind, ""])(text)
    error.kind = kind
    return error
