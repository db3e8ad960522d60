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


class FileError(Error, OSError):
    """A file that cannot be read or written."""

    __module__ = "impasto"


class MissingFileError(FileError, FileNotFoundError):
    """A file that is not there."""

    __module__ = "impasto"


class FileInTheWayError(FileError, FileExistsError):
    """A file that is there already, and was not to be replaced."""

    __module__ = "impasto"


class ArgumentError(Error, ValueError):
    """An argument out of its range, or a picture, a style or a model that cannot be used."""

    __module__ = "impasto"


class ArgumentTypeError(Error, TypeError):
    """An argument of a type that it cannot have."""

    __module__ = "impasto"


class TooLargeError(Error, MemoryError):
    """A picture that takes more memory than there is, or than is allowed."""

    __module__ = "impasto"


_CLASSES = {
    ("io", ""): FileError,
    ("io", "missing"): MissingFileError,
    ("already-exists", ""): FileInTheWayError,
    ("too-large", ""): TooLargeError,
    ("invalid-argument", "type"): ArgumentTypeError,
}

def made(kind, text, cause=""):
    """An exception of this kind. `cause` is "missing" for files that are not there, "type" for arguments of another type."""
    default = Error if kind in ("cancelled", "other") else ArgumentError
    error = _CLASSES.get((kind, cause)) or _CLASSES.get((kind, ""), default)
    error = error(text)
    error.kind = kind
    return error
