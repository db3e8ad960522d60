import builtins
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Literal, TypedDict

__all__ = ["list", "path", "pull"]

class _Model(TypedDict):
    name: str
    title: str
    role: Literal["model", "perceptual"]
    licence: str
    non_commercial: bool
    bytes: int | None
    known: str
    downloaded: bool

def pull(
    name: str,
    *,
    offline: bool = False,
    accept_non_commercial: bool = False,
    progress: Callable[[float], object] | bool | None = None,
) -> builtins.list[Path]: ...
def path(name: str | PathLike[str]) -> builtins.list[Path]: ...
def list() -> builtins.list[_Model]: ...
