from os import PathLike

from . import Stylizer, _Progress

__all__ = ["load"]

def load(
    handle: str | PathLike[str] | None = None,
    *,
    threads: int = 0,
    accept_non_commercial: bool = False,
    progress: _Progress = None,
) -> Stylizer: ...
