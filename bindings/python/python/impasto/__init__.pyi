from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypedDict, TypeVar, final, overload

from typing_extensions import Self, Unpack

from . import hub as hub
from . import models as models
from . import video as video

__version__: str
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

_Path = str | PathLike[str] | PathLike[bytes]

class _Reader(Protocol):
    def read(self) -> bytes: ...

class _Writer(Protocol):
    def write(self, data: bytes, /) -> object: ...

_File = bytes | bytearray | memoryview | _Reader
# A picture in any form: a path, a file's bytes, a `PIL.Image`, an array, a tensor, a `Picture`.
_Picture = Any
# A picture, a built-in style's name, a `.style` file, a `Style`.
_Style = Any
# Several of them, each with a weight or without.
_Styles = Sequence[_Style | tuple[_Style, float]] | Mapping[_Style, float]
_Progress = Callable[[float], object] | bool | None
_T = TypeVar("_T")

_Size = tuple[int, int] | str
_Stroke = float | str

# From the table of options, by stubs.py.
_Colors = Literal["style", "content", "luminance", "match"]
_Border = Literal["reflect", "zero"]
_Profile = Literal["keep", "srgb"]
_Depth = Literal["auto", "8", "16", 8, 16]
_Subsampling = Literal["444", "422", "420", 444, 422, 420]
_Compression = Literal["fast", "balanced", "high"]

class _Painted(TypedDict, total=False):
    regions: Sequence[tuple[_Style, _Picture]] | None
    strength_mask: _Picture | None
    colors: _Colors
    color_strength: float
    mask: _Picture | None
    invert_mask: bool
    feather: float
    stroke: _Stroke
    grain: float
    dpi: float | None
    style_size: int
    clip: bool

class _Film(_Painted, total=False):
    max_memory: int | None

class _Look(_Painted, total=False):
    salvage: bool
    size: int | None
    exact: _Size | None
    preview_of: _Size | None
    progress: _Progress

class _Stylize(_Look, total=False):
    max_memory: int | None
    channel_axis: int | None

class _Encode(TypedDict, total=False):
    profile: _Profile
    strip: bool
    depth: _Depth
    quality: int
    subsampling: _Subsampling
    compression: _Compression

class _Save(_Encode, total=False):
    format: str | None
    overwrite: bool
# Until here.

class _StylizeFile(_Look, _Save, total=False): ...

class _Start(TypedDict, total=False):
    initial: str | _Picture | None
    size: int | None
    seed: int

class _Run(_Start, total=False):
    progress: _Progress

class _Optimize(TypedDict, total=False):
    content_weight: float | None
    style_weight: float | None
    variation_weight: float | None
    content_layers: Sequence[str] | None
    style_layers: Sequence[str] | None
    content_loss: Literal["normalised", "features"]
    style_loss: Literal["gram", "moments", "wasserstein"]
    method: Literal["adam", "lbfgs"]
    rate: float
    history: int
    steps: int | Sequence[int] | None
    smallest_scale: int | None
    style_scale: float
    keep_colors: Literal["luminance", "match"] | None
    match_histogram: bool
    pooling: Literal["max", "average"]
    max_memory: int | None
    threads: int

class _RunAll(_Run, _Optimize, total=False):
    perceptual: _Path | None

class Error(Exception):
    kind: str
    def __init_subclass__(cls, of: Sequence[tuple[str, str]] = ()) -> None: ...

class FileError(Error, OSError): ...
class MissingFileError(FileError, FileNotFoundError): ...
class FileInTheWayError(FileError, FileExistsError): ...
class ArgumentError(Error, ValueError): ...
class ArgumentTypeError(Error, TypeError): ...
class TooLargeError(Error, MemoryError): ...

@final
class Pixels:
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def __array_interface__(self) -> dict[str, Any]: ...
    def __dlpack__(
        self, *, stream: object = None, max_version: object = None, dl_device: object = None, copy: bool | None = None
    ) -> object: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...

@final
class Picture:
    def __new__(cls, source: _Picture, *, clip: bool = False, channel_axis: int | None = None) -> Self: ...
    @staticmethod
    def open(source: _Path | _File) -> Picture: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def has_alpha(self) -> bool: ...
    def fit(self, long_side: int) -> Picture: ...
    def resize(self, size: tuple[int, int]) -> Picture: ...
    def show(self) -> None: ...
    def numpy(self, dtype: Any = "uint8") -> Any: ...
    def pixels(self, dtype: Any = "uint8") -> Pixels: ...
    def pil(self) -> Any: ...
    def save(self, path: _Path | _Writer, **options: Unpack[_Save]) -> None: ...
    def encode(self, format: str = "png", **options: Unpack[_Encode]) -> bytes: ...
    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str | bytes]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Picture: ...
    def __deepcopy__(self, memo: object = None) -> Picture: ...
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any: ...
    def __dlpack__(
        self, *, stream: object = None, max_version: object = None, dl_device: object = None, copy: bool | None = None
    ) -> object: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...

@final
class Style:
    @staticmethod
    def built_in(name: str) -> Style: ...
    @staticmethod
    def open(path: _Path) -> Style: ...
    @staticmethod
    def from_bytes(data: bytes) -> Style: ...
    @staticmethod
    def blend(styles: Sequence[tuple[Style, float]]) -> Style: ...
    def mix(self, other: Style, share: float) -> Style: ...
    def with_name(self, name: str) -> Style: ...
    @property
    def name(self) -> str | None: ...
    @property
    def family(self) -> str: ...
    @property
    def vector(self) -> list[float]: ...
    def save(self, path: _Path, *, overwrite: bool = False) -> None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __bytes__(self) -> bytes: ...

@final
class Stylizer:
    def __new__(
        cls,
        model: _Path | Sequence[_Path] | None = None,
        *,
        threads: int = 0,
        border: _Border | None = None,
        thumbnail: int | None = None,
    ) -> Self: ...
    @property
    def threads(self) -> int: ...
    @property
    def family(self) -> str: ...
    def style(
        self, picture: _Style, size: int = 256, *, clip: bool = False, channel_axis: int | None = None
    ) -> Style: ...
    @overload
    def stylize(
        self, content: _Path | Picture, style: _Style | _Styles = None, strength: float = 1.0, **options: Unpack[_Stylize]
    ) -> Picture: ...
    @overload
    def stylize(
        self,
        content: list[Any] | tuple[Any, ...],
        style: _Style | _Styles = None,
        strength: float = 1.0,
        **options: Unpack[_Stylize],
    ) -> list[Any]: ...
    @overload
    def stylize(
        self, content: _File, style: _Style | _Styles = None, strength: float = 1.0, **options: Unpack[_Stylize]
    ) -> bytes: ...
    @overload
    def stylize(self, content: _T, style: _Style | _Styles = None, strength: float = 1.0, **options: Unpack[_Stylize]) -> _T: ...
    def stylize_file(
        self,
        content: _Path,
        output: _Path,
        style: _Style | _Styles = None,
        strength: float = 1.0,
        **options: Unpack[_StylizeFile],
    ) -> tuple[int, int]: ...
    def __call__(self, content: _T, style: Any) -> tuple[_T]: ...
    def _style(self, picture: _Style, **options: Unpack[_Look]) -> Style: ...
    def _key(
        self, sha256: str, format: str, style: _Style | _Styles, strength: float | None = None, **options: Any
    ) -> str: ...

@final
class Frames(Iterator[Any]):
    def __new__(
        cls,
        stylizer: Stylizer,
        frames: Any,
        style: _Style | _Styles,
        strength: float = 1.0,
        **options: Any,
    ) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...

@final
class Losses:
    @property
    def total(self) -> float: ...
    @property
    def content(self) -> float: ...
    @property
    def style(self) -> float: ...
    @property
    def variation(self) -> float: ...

@final
class Step:
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def scale(self) -> int: ...
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def losses(self) -> Losses: ...
    @property
    def share(self) -> float: ...

@final
class Optimization(Iterator[Step]):
    def step(self) -> Step | None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Step: ...
    def picture(self) -> Any: ...
    def checkpoint(self) -> bytes: ...

@final
class Optimizer:
    def __new__(cls, perceptual: _Path | None = None, **options: Unpack[_Optimize]) -> Self: ...
    @overload
    def optimize(self, content: _Path | Picture, style: _Style, **options: Unpack[_Run]) -> Picture: ...
    @overload
    def optimize(self, content: _File, style: _Style, **options: Unpack[_Run]) -> bytes: ...
    @overload
    def optimize(self, content: _T, style: _Style, **options: Unpack[_Run]) -> _T: ...
    def start(self, content: _Picture, style: _Style, **options: Unpack[_Start]) -> Optimization: ...
    def resume(
        self, checkpoint: bytes, content: _Picture, style: _Style, **options: Unpack[_Start]
    ) -> Optimization: ...
    @property
    def content_layers(self) -> list[str]: ...
    @property
    def style_layers(self) -> list[str]: ...
    def peak_memory(self, width: int, height: int) -> int: ...

def built_in_styles() -> list[str]: ...
def options() -> list[dict[str, Any]]: ...
def draw_landscape(width: int = 720, height: int = 512, seed: int = 0) -> Picture: ...
def draw_still_life(width: int = 720, height: int = 512, seed: int = 0) -> Picture: ...
def draw_style(name: str, width: int = 512, height: int = 512, seed: int = 0) -> Picture: ...
@overload
def stylize(
    content: _Path | Picture,
    style: _Style | _Styles = None,
    strength: float = 1.0,
    *,
    model: _Path | Sequence[_Path] | None = None,
    threads: int = 0,
    border: _Border | None = None,
    thumbnail: int | None = None,
    **options: Unpack[_Stylize],
) -> Picture: ...
@overload
def stylize(
    content: list[Any] | tuple[Any, ...],
    style: _Style | _Styles = None,
    strength: float = 1.0,
    *,
    model: _Path | Sequence[_Path] | None = None,
    threads: int = 0,
    border: _Border | None = None,
    thumbnail: int | None = None,
    **options: Unpack[_Stylize],
) -> list[Any]: ...
@overload
def stylize(
    content: _File,
    style: _Style | _Styles = None,
    strength: float = 1.0,
    *,
    model: _Path | Sequence[_Path] | None = None,
    threads: int = 0,
    border: _Border | None = None,
    thumbnail: int | None = None,
    **options: Unpack[_Stylize],
) -> bytes: ...
@overload
def stylize(
    content: _T,
    style: _Style | _Styles = None,
    strength: float = 1.0,
    *,
    model: _Path | Sequence[_Path] | None = None,
    threads: int = 0,
    border: _Border | None = None,
    thumbnail: int | None = None,
    **options: Unpack[_Stylize],
) -> _T: ...
@overload
def optimize(content: _Path | Picture, style: _Style, **options: Unpack[_RunAll]) -> Picture: ...
@overload
def optimize(content: _File, style: _Style, **options: Unpack[_RunAll]) -> bytes: ...
@overload
def optimize(content: _T, style: _Style, **options: Unpack[_RunAll]) -> _T: ...
