"""Arrays as they come: channels anywhere, gray, batches, lists, short floats, tensors; and styles in every form."""

import os
import pathlib

import numpy as np
import pytest

import impasto


class Tensor:
    """What PyTorch's tensors do, without PyTorch."""

    def __init__(self, array, requires_grad=False, device=(1, 0)):
        self.array, self.requires_grad, self.where = array, requires_grad, device

    device = "cuda:0"

    def detach(self):
        return Tensor(self.array, device=self.where)

    def __dlpack__(self, **options):
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.where


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_channels_where_they_are(stylizer, landscape, dtype, axis):
    content = landscape.numpy(dtype)
    expected = stylizer.stylize(content, "starry")
    painted = stylizer.stylize(np.moveaxis(content, -1, axis), "starry", channel_axis=axis)
    assert painted.flags.c_contiguous and (np.moveaxis(painted, axis, -1) == expected).all()
    assert impasto.Picture(np.moveaxis(content, -1, axis), channel_axis=axis) == impasto.Picture(content)
    style = stylizer.style(np.moveaxis(content, -1, axis), channel_axis=axis)
    assert style == stylizer.style(content)
    alpha = np.dstack([content, content[..., :1]])
    painted = stylizer.stylize(np.moveaxis(alpha, -1, axis), "starry", channel_axis=axis)
    assert (np.moveaxis(painted, axis, -1) == stylizer.stylize(alpha, "starry")).all()


def test_gray(stylizer, landscape):
    gray = landscape.numpy()[..., 0]
    expected = stylizer.stylize(np.dstack([gray] * 3), "starry")
    for given in [gray, gray[..., None]]:
        painted = stylizer.stylize(given, "starry")
        assert painted.shape == (64, 96, 3) and (painted == expected).all()
    assert (stylizer.stylize(gray[None], "starry", channel_axis=0) == np.moveaxis(expected, -1, 0)).all()
    assert (stylizer.stylize(landscape.numpy(), gray) == stylizer.stylize(landscape.numpy(), np.dstack([gray] * 3))).all()


def test_batches(stylizer, landscape):
    one = landscape.numpy("float32")
    batch = np.stack([one, one[::-1], one[:, ::-1]])
    painted = stylizer.stylize(batch, "starry", 0.7)
    assert painted.shape == batch.shape and painted.dtype == batch.dtype
    for result, content in zip(painted, batch, strict=True):
        assert (result == stylizer.stylize(content, "starry", 0.7)).all()
    first = stylizer.stylize(np.moveaxis(batch, -1, 1), "starry", 0.7, channel_axis=1)
    assert (np.moveaxis(first, 1, -1) == painted).all()
    assert (stylizer.stylize(np.moveaxis(batch[:1], -1, 1), "starry", 0.7, channel_axis=-3) == first[:1]).all()
    # Each has its own colors.
    style = impasto.draw_style("mosaic", 64, 64)
    matched = stylizer.stylize(batch, style, colors="match")
    for result, content in zip(matched, batch, strict=True):
        assert (result == stylizer.stylize(content, style, colors="match")).all()
    with pytest.raises(ValueError, match="^channel_axis: must be 1 to 3"):
        stylizer.stylize(batch, "starry", channel_axis=0)
    shares = []
    stylizer.stylize(batch, "starry", progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) >= 3


def test_lists_of_pictures(stylizer, landscape, tmp_path):
    path, landscape = tmp_path / "a.png", impasto.Picture(landscape.numpy())
    landscape.save(path)
    kinds = [landscape.numpy(), path, path.read_bytes(), landscape, landscape.pil()]
    painted = stylizer.stylize(kinds, "starry")
    assert [type(one) for one in painted] == [np.ndarray, impasto.Picture, bytes, impasto.Picture, type(kinds[-1])]
    assert all((np.asarray(impasto.Picture(one)) == painted[0]).all() for one in painted)
    assert stylizer.stylize(tuple(kinds[:1]), "starry")[0].shape == (64, 96, 3)
    assert impasto.stylize([], "starry") == []


def test_short_floats(stylizer, landscape):
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="skipped: ml_dtypes is not installed")
    content = landscape.numpy("float32").astype(ml_dtypes.bfloat16)
    painted = stylizer.stylize(content, "starry")
    assert painted.dtype == ml_dtypes.bfloat16 and painted.shape == (64, 96, 3)
    expected = stylizer.stylize(content.astype(np.float32), "starry").astype(ml_dtypes.bfloat16)
    assert (painted == expected).all()
    assert (landscape.numpy("bfloat16") == landscape.numpy("float32").astype(ml_dtypes.bfloat16)).all()
    with pytest.raises(ValueError, match="V2"):
        impasto.Picture(np.zeros((4, 4, 3), "V2"))


def test_tensors_that_keep_gradients(stylizer, landscape):
    array = landscape.numpy("float32")
    painted = stylizer.stylize(Tensor(array, requires_grad=True), "starry")
    assert (np.from_dlpack(painted) == stylizer.stylize(array, "starry")).all()


def test_other_devices_are_refused(stylizer, landscape):
    elsewhere = Tensor(landscape.numpy("float32"), device=(2, 0))
    for what, call in [("the content", lambda: stylizer.stylize(elsewhere, "starry")), ("the style", lambda: stylizer.stylize(landscape, elsewhere))]:
        with pytest.raises(ValueError, match=what + r" is on another device \(cuda:0\).*\.cpu\(\)"):
            call()


@pytest.mark.parametrize("library", ["torch", "tensorflow", "jax"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "uint8"])
def test_tensors_of_libraries(stylizer, landscape, library, dtype):
    module = pytest.importorskip(library, reason=f"skipped: {library} is not installed")
    namespace = module.numpy if library == "jax" else module
    array = landscape.numpy("uint8" if dtype == "uint8" else "float32")
    make = {"torch": lambda x: module.from_numpy(x), "tensorflow": lambda x: module.constant(x), "jax": lambda x: namespace.asarray(x)}[library]
    content = make(array)
    if dtype == "bfloat16":
        content = {
            "torch": lambda: content.to(module.bfloat16),
            "tensorflow": lambda: module.cast(content, module.bfloat16),
            "jax": lambda: content.astype(namespace.bfloat16),
        }[library]()
    painted = stylizer.stylize(content, "starry")
    assert type(painted) is type(content) and painted.dtype == content.dtype and tuple(painted.shape) == (64, 96, 3)
    batch = namespace.stack([content, content])
    both = stylizer.stylize(batch, "starry")
    assert type(both) is type(content) and tuple(both.shape) == (2, 64, 96, 3)
    if dtype == "uint8":
        assert (np.asarray(painted) == stylizer.stylize(array, "starry")).all()
    if library == "torch" and dtype == "float32":
        keeps = content.clone().requires_grad_()
        assert (np.asarray(stylizer.stylize(keeps, "starry")) == np.asarray(painted)).all()


def test_styles_in_every_form(stylizer, landscape, tmp_path):
    content = landscape.numpy()
    starry, mosaic = impasto.Style.built_in("starry"), impasto.Style.built_in("mosaic")
    expected = stylizer.stylize(content, [("starry", 2), ("mosaic", 1)])
    for given in [{"starry": 2, "mosaic": 1}, (("starry", 2), "mosaic"), {starry: 2, mosaic: 1}, [(starry, 2), mosaic]]:
        assert (stylizer.stylize(content, given) == expected).all()
    even = stylizer.stylize(content, ["starry", "mosaic"])
    assert (stylizer.stylize(content, ("starry", "mosaic")) == even).all()
    saved = tmp_path / "m.style"
    mosaic.save(saved)
    assert (stylizer.stylize(content, {"starry": 1, saved: 1}) == even).all()
    for given, words in [(("starry", 2), r"\[\(style, weight\)"), ({"starry": "much"}, "starry is not a number")]:
        with pytest.raises(TypeError, match=words):
            stylizer.stylize(content, given)
    with pytest.raises(FileNotFoundError, match="did you mean 'starry'|did you mean \"starry\""):
        stylizer.stylize(content, "stary")


class Named:
    """A path whose name is bytes."""

    def __init__(self, path):
        self.path = os.fsencode(path)

    def __fspath__(self):
        return self.path


def test_paths_in_every_form(stylizer, landscape, tmp_path):
    content, style = tmp_path / "a.png", tmp_path / "m.style"
    landscape = impasto.Picture(landscape.numpy())
    landscape.save(Named(content))
    impasto.Style.built_in("mosaic").save(os.fsencode(style))
    expected = stylizer.stylize(landscape, "mosaic").numpy()
    for form in [str, pathlib.Path, os.fsencode, Named]:
        painted = stylizer.stylize(form(content), "mosaic")
        assert isinstance(painted, impasto.Picture) and (painted.numpy() == expected).all()
        stylizer.stylize_file(form(content), form(tmp_path / "out.png"), impasto.Style.open(form(style)), overwrite=True)
        assert (impasto.Picture(tmp_path / "out.png").numpy() == expected).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((9, 9, 3), np.int64), r'the content is an array of int64; .*astype\("uint8"\)'),
        (np.zeros((9, 9, 3), np.int8), "the content is an array of int8"),
        (np.zeros((9, 9, 3), complex), "the content is an array of complex128"),
        (np.zeros((9, 9, 3), ">u2"), r"the content is an array of >u2; .*newbyteorder"),
        (np.zeros((3, 9, 9), np.uint8), "the content is an array of 3 × 9 × 9.*channel_axis=0"),
        (np.zeros((2, 3, 9, 9), np.uint8), "channel_axis=0, or 1 for a batch"),
        (np.zeros((9, 9, 5), np.uint8), "the content is an array of 9 × 9 × 5"),
        (np.zeros((2, 2, 9, 9, 3), np.uint8), "the content is an array of 2 × 2 × 9 × 9 × 3"),
    ],
)
def test_errors_name_the_argument_and_the_cure(stylizer, given, words):
    with pytest.raises(ValueError, match=words) as told:
        stylizer.stylize(given, "starry")
    assert isinstance(told.value, impasto.Error) and "\n" not in str(told.value)
