from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

from typing_extensions import Unpack

from . import Picture, Stylizer, _Film, _Path, _Progress, _Style, _Styles

__all__ = ["stylize"]

_T = TypeVar("_T")

@overload
def stylize(
    frames: Iterable[_Path | Picture],
    style: _Style | _Styles,
    strength: float = 1.0,
    *,
    steady: float = 0.0,
    total: int | None = None,
    model: _Path | Sequence[_Path] | Stylizer | None = None,
    threads: int = 0,
    progress: _Progress = None,
    **look: Unpack[_Film],
) -> Iterator[Picture]: ...
@overload
def stylize(
    frames: Iterable[_T],
    style: _Style | _Styles,
    strength: float = 1.0,
    *,
    steady: float = 0.0,
    total: int | None = None,
    model: _Path | Sequence[_Path] | Stylizer | None = None,
    threads: int = 0,
    progress: _Progress = None,
    **look: Unpack[_Film],
) -> Iterator[_T]: ...
