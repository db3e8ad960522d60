"""Pictures in every form that they may have, and paintings as the same."""

import io
import pathlib
import warnings

import numpy as np
import pytest
from PIL import Image

import impasto


def test_arrays_come_back_as_they_went(stylizer, landscape):
    eight = stylizer.stylize(landscape.numpy(), "starry")
    assert (eight.dtype, eight.shape) == (np.uint8, (64, 96, 3))
    assert eight.flags.writeable and eight.flags.c_contiguous
    # The same picture in other numbers: paintings differ by rounding of the content and of the result only.
    content = landscape.numpy().astype(np.float64) / 255
    for dtype, one, rounding in [("uint16", 65535, 1e-5), ("float16", 1, 5e-4), ("float32", 1, 0), ("float64", 1, 0)]:
        given = np.round(content * one) if dtype == "uint16" else content
        painted = stylizer.stylize(given.astype(dtype), "starry")
        assert (painted.dtype, painted.shape) == (np.dtype(dtype), (64, 96, 3))
        distance = np.abs(painted.astype(np.float64) / one - eight / 255)
        assert distance.mean() < 0.5 / 255 + 20 * rounding, dtype
        assert 0 <= painted.min() and painted.max() <= one


def test_batches_of_one(stylizer, landscape):
    # As TensorFlow's tutorial has them.
    content = landscape.numpy("float32")[None]
    painted = stylizer.stylize(content, "starry")
    assert painted.shape == (1, 64, 96, 3) and (painted[0] == stylizer.stylize(content[0], "starry")).all()


def test_what_numpy_can_read(stylizer, landscape):
    class Tensor:
        """As TensorFlow's."""

        def __array__(self, dtype=None, copy=None):
            return landscape.numpy()

    painted = stylizer.stylize(Tensor(), "starry")
    assert isinstance(painted, np.ndarray) and (painted == stylizer.stylize(landscape.numpy(), "starry")).all()


def test_the_content_is_left_alone(stylizer, landscape):
    content = landscape.numpy("float32")
    before = content.copy()
    stylizer.stylize(content, "starry", 0.5)
    assert (content == before).all()


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[::-1],
        lambda a: a[:, ::2],
        lambda a: a[..., ::-1],
        lambda a: np.asfortranarray(a),
        lambda a: a.transpose(1, 0, 2),
        lambda a: np.broadcast_to(a[:1], a.shape),
        lambda a: np.dstack([a, a])[..., 1:4],
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_strides(landscape, view, dtype):
    array = view(landscape.numpy(dtype))
    # The other way in: a copy without strides.
    assert (impasto.Picture(array).numpy(dtype) == impasto.Picture(np.ascontiguousarray(array)).numpy(dtype)).all()
    assert (impasto.Picture(array).numpy(dtype) == array).all()


def test_memory_that_is_not_aligned(landscape):
    flat = np.zeros(96 * 64 * 3 * 4 + 1, np.uint8)
    array = flat[1:].view(np.float32).reshape(64, 96, 3)
    array[:] = landscape.numpy("float32")
    assert (impasto.Picture(array).numpy("float32") == array).all()


def test_alpha_is_kept(stylizer, landscape):
    alpha = np.linspace(0, 255, 96 * 64).reshape(64, 96).astype(np.uint8)
    content = np.dstack([landscape.numpy(), alpha])
    painted = stylizer.stylize(content, "starry")
    assert painted.shape == (64, 96, 4) and (painted[..., 3] == alpha).all()
    image = stylizer.stylize(Image.fromarray(content), "starry")
    assert image.mode == "RGBA" and (np.asarray(image) == painted).all()
    assert impasto.Picture(content).shape == (64, 96, 4)
    sixteen = stylizer.stylize((content.astype(np.uint16) * 257), "starry")
    assert (sixteen[..., 3] == alpha.astype(np.uint16) * 257).all()


def test_no_memory_is_shared_by_accident(stylizer, landscape):
    first = stylizer.stylize(landscape.numpy(), "starry")
    kept = first.copy()
    second = stylizer.stylize(landscape.numpy(), "mosaic")
    second[:] = 0
    assert (first == kept).all()
    # Memory lives as long as the array over it.
    view = np.asarray(impasto.draw_landscape(40, 30).pixels("float32"))
    assert view.dtype == np.float32
    assert (view == impasto.draw_landscape(40, 30).numpy("float32")).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_pictures_array_is_what_its_source_was(stylizer, landscape, dtype, tmp_path):
    source = landscape.numpy(dtype)
    picture = impasto.Picture(source)
    pictures = [picture, impasto.Picture(picture), picture.fit(96)]
    if dtype != "float32":
        picture.save(tmp_path / "a.png")
        pictures += [impasto.Picture(tmp_path / "a.png"), impasto.Picture((tmp_path / "a.png").read_bytes())]
    for one in pictures:
        assert np.asarray(one).dtype == dtype and (np.asarray(one) == source).all()
        # Converted, not cut, whatever the source was.
        eight = np.array(one, dtype="uint8")
        assert (eight == landscape.numpy()).all() and (one.numpy(np.uint8) == eight).all() and (one.numpy(np.dtype("u1")) == eight).all()
        assert (np.asarray(one, np.float32) == one.numpy("float32")).all()
        assert np.asarray(one, np.int64).tolist() == source.astype(np.int64).tolist()
    assert np.asarray(stylizer.stylize(picture, "starry")).dtype == dtype
    if dtype == "uint8":
        assert (np.asarray(Image.fromarray(np.asarray(picture))) == source).all()
    with pytest.raises(TypeError):
        picture.numpy(5)
    with pytest.raises(impasto.Error, match="complex64"):
        picture.numpy(np.complex64)
    with pytest.raises(ValueError):
        np.array(picture, copy=False)


def test_a_pictures_array_has_its_alpha(landscape):
    rgba = np.dstack([landscape.numpy(), np.full((64, 96), 128, np.uint8)])
    assert np.asarray(impasto.Picture(rgba)).shape == impasto.Picture(rgba).shape == (64, 96, 4)


def test_pil(stylizer, landscape):
    expected = stylizer.stylize(landscape.numpy(), "starry")
    image = Image.fromarray(landscape.numpy())
    image.info["icc_profile"] = b"a profile"
    painted = stylizer.stylize(image, "starry")
    assert isinstance(painted, Image.Image) and painted.mode == "RGB" and (np.asarray(painted) == expected).all()
    assert painted.info["icc_profile"] == b"a profile"
    for mode in ["L", "1", "P", "CMYK", "YCbCr", "LA", "PA"]:
        assert stylizer.stylize(image.convert(mode), "starry").mode == ("RGBA" if mode in ("LA", "PA") else "RGB")
    with pytest.raises(impasto.Error, match="mode I;16") as raised:
        stylizer.stylize(Image.new("I;16", (9, 9)), "starry")
    assert raised.value.kind == "invalid-argument"


def test_files(stylizer, landscape, tmp_path):
    path = tmp_path / "content.png"
    landscape.save(path)
    expected = stylizer.stylize(landscape.numpy(), "starry")
    for given in [path, str(path), impasto.Picture(path)]:
        painted = stylizer.stylize(given, "starry")
        assert isinstance(painted, impasto.Picture) and (painted.numpy() == expected).all()
    data = path.read_bytes()
    for given in [data, bytearray(data), memoryview(data), io.BytesIO(data)]:
        painted = stylizer.stylize(given, "starry")
        assert isinstance(painted, bytes) and painted.startswith(b"\x89PNG")
        assert (np.asarray(Image.open(io.BytesIO(painted))) == expected).all()
    assert stylizer.stylize(landscape.encode("jpg"), "starry").startswith(b"\xff\xd8")
    gif = io.BytesIO()
    landscape.pil().save(gif, "gif")
    assert stylizer.stylize(gif.getvalue(), "starry").startswith(b"\x89PNG")


def test_dlpack(landscape):
    class Tensor:
        """What has nothing but DLPack, as PyTorch's tensors."""

        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **options):
            return self.array.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    for dtype in ["uint8", "float32", "float64"]:
        array = np.asfortranarray(landscape.numpy(dtype))
        assert (impasto.Picture(Tensor(array)).numpy(dtype) == array).all()
    # Where nothing says how to make another one.
    painted = impasto.stylize(Tensor(landscape.numpy()), "starry", threads=1)
    assert painted.shape == (64, 96, 3)
    lent = np.from_dlpack(painted)
    del painted
    assert (lent == impasto.stylize(landscape.numpy(), "starry", threads=1)).all()
    # A capsule that nobody takes gives its memory back.
    for _ in range(200):
        landscape.pixels("float32").__dlpack__()

    class Elsewhere(Tensor):
        def __dlpack_device__(self):
            return (2, 0)

    with pytest.raises(impasto.Error, match="another device"):
        impasto.Picture(Elsewhere(landscape.numpy()))


def test_torch(landscape):
    torch = pytest.importorskip("torch", reason="skipped: torch is not installed")
    tensor = torch.from_numpy(landscape.numpy("float32")).permute(1, 0, 2)
    painted = impasto.stylize(tensor, "starry", threads=1)
    assert isinstance(painted, torch.Tensor) and painted.dtype == torch.float32 and painted.shape == (96, 64, 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((9, 9, 5), np.uint8), "not height"),
        (np.zeros((9, 9, 3), bool), "bool"),
        (np.zeros((0, 9, 3), np.uint8), "no pixels"),
        (np.full((9, 9, 3), np.nan, np.float32), "not finite"),
        (np.full((9, 9, 3), np.inf), "not finite"),
        (b"", "empty"),
        (b"no picture at all", "text"),
        ("no-such-file.jpg", "no-such-file.jpg"),
        (pathlib.Path("/"), "/"),
    ],
)
def test_what_is_no_picture(stylizer, given, message):
    with pytest.raises(impasto.Error, match=message.replace("|", r"\|")) as raised:
        stylizer.stylize(given, "starry")
    assert raised.value.kind in ("invalid-argument", "malformed", "io", "unsupported")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("given", [None, 5, object(), [[1, 2, 3]], [None], {"a": 1}])
def test_what_can_be_no_picture(stylizer, given):
    with pytest.raises(TypeError, match="give a path"):
        stylizer.stylize(given, "starry")


def test_interfaces_that_lie():
    class Odd:
        def __init__(self, **interface):
            self.__array_interface__ = {"version": 3, "typestr": "|u1", "shape": (4, 4, 3), "data": (0, False)} | interface

    for interface in [
        {},
        {"shape": (2**40, 2**40, 3)},
        {"shape": (-1, 4, 3)},
        {"strides": (1,)},
        {"typestr": "nonsense"},
        {"data": None},
        {"data": 5},
        {"shape": None},
    ]:
        with pytest.raises((impasto.Error, TypeError, ValueError, OverflowError)):
            impasto.Picture(Odd(**interface))


def test_warnings_of_files(landscape, tmp_path):
    alpha = impasto.Picture(np.dstack([landscape.numpy(), np.full((64, 96), 9, np.uint8)]))
    with pytest.warns(UserWarning, match="transparen"):
        alpha.save(tmp_path / "flat.jpg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        landscape.save(tmp_path / "plain.jpg")


def test_saving(landscape, tmp_path):
    path = tmp_path / "out.png"
    landscape.save(path)
    with pytest.raises(impasto.Error) as raised:
        landscape.save(path)
    assert raised.value.kind == "already-exists"
    landscape.fit(48).save(path, overwrite=True)
    assert Image.open(path).size == (48, 32)
    with pytest.raises(impasto.Error, match="gif"):
        landscape.save(tmp_path / "out.gif")
    with pytest.raises(impasto.Error, match="png"):
        landscape.encode("nonsense")
    # More than 8 bits stay.
    impasto.Picture(landscape.numpy("uint16")).save(tmp_path / "deep.png")
    assert (impasto.Picture(tmp_path / "deep.png").numpy("uint16") == landscape.numpy("uint16")).all()
