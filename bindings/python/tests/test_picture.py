"""`Picture` as Pillow's users expect it, and how paintings say what they were made of."""

import copy
import io
import pickle
import subprocess

import numpy as np
import pytest
from conftest import built
from PIL import Image

import impasto


def test_pillows_names(landscape, tmp_path, monkeypatch):
    assert landscape.size == (96, 64) == landscape.pil().size
    landscape = impasto.Picture(landscape.numpy())
    landscape.save(tmp_path / "a.png")
    for source in [tmp_path / "a.png", str(tmp_path / "a.png"), (tmp_path / "a.png").open("rb"), io.BytesIO((tmp_path / "a.png").read_bytes())]:
        assert impasto.Picture.open(source) == landscape
    small = landscape.resize((30, 50))
    assert small.size == (30, 50)
    # Close to what Pillow's own Lanczos makes, which works on sRGB values.
    distance = np.abs(small.numpy().astype(int) - np.asarray(landscape.pil().resize((30, 50), Image.LANCZOS)))
    assert distance.mean() < 6
    with pytest.raises(ValueError):
        landscape.resize((0, 5))
    shown = []
    monkeypatch.setattr(Image.Image, "show", lambda image: shown.append(image.size))
    landscape.show()
    assert shown == [(96, 64)]


def test_equal_pictures(landscape):
    same = impasto.Picture(landscape.numpy("float32"))
    assert landscape == same and hash(landscape) == hash(same)
    changed = landscape.numpy("float32")
    changed[5, 5, 1] += 0.001
    assert landscape != impasto.Picture(np.clip(changed, 0, 1))
    opaque = np.dstack([landscape.numpy(), np.full((64, 96), 200, np.uint8)])
    assert landscape != impasto.Picture(opaque) and landscape != "a.png" and landscape != impasto.Picture(landscape.numpy()[::-1])
    assert len({landscape, same, impasto.Picture(opaque)}) == 2


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_copies_and_pickles(landscape, tmp_path, protocol):
    source = io.BytesIO()
    landscape.pil().save(source, "jpeg", icc_profile=b"", dpi=(300, 300), exif=Image.Exif())
    alpha = impasto.Picture(np.dstack([landscape.numpy("uint16"), np.arange(64 * 96, dtype=np.uint16).reshape(64, 96)]))
    for picture in [landscape, alpha, impasto.Picture(source.getvalue()), impasto.stylize(landscape, "starry")]:
        for again in [copy.copy(picture), copy.deepcopy(picture), pickle.loads(pickle.dumps(picture, protocol))]:
            assert again == picture and again.shape == picture.shape
            assert np.asarray(again).dtype == np.asarray(picture).dtype
            # The facts of the file, too.
            assert again.encode("tif") == picture.encode("tif")


@pytest.mark.parametrize(("name", "known"), [("JPEG", "JPEG"), ("jpg", "JPEG"), ("Png", "PNG"), ("WEBP", "WEBP"), ("tiff", "TIFF")])
def test_open_files_and_formats(landscape, tmp_path, name, known):
    file = io.BytesIO()
    landscape.save(file, format=name)
    assert Image.open(file).format == known and file.getvalue() == landscape.encode(name)
    landscape.save(tmp_path / "no_extension", format=name)
    assert (tmp_path / "no_extension").read_bytes() == file.getvalue()
    with (tmp_path / "named.png").open("wb") as file:
        landscape.save(file)
    assert Image.open(tmp_path / "named.png").format == "PNG"
    with pytest.raises(ValueError, match="needs format"):
        landscape.save(io.BytesIO())
    with pytest.raises(TypeError, match="path"):
        landscape.save(5)


def test_notebooks_show_small_files(landscape):
    bundle = landscape.resize((1200, 900))._repr_mimebundle_()
    assert Image.open(io.BytesIO(bundle["image/jpeg"])).size == (1200, 900) and len(bundle["image/jpeg"]) < 200_000
    assert bundle["text/plain"] == "<impasto.Picture 1200×900>"
    assert Image.open(io.BytesIO(landscape.fit(48)._repr_mimebundle_()["image/png"])).size == (48, 32)
    assert Image.open(io.BytesIO(impasto.draw_landscape(2200, 40)._repr_mimebundle_()["image/jpeg"])).size == (2048, 37)
    alpha = np.zeros((100, 100, 4), np.uint8)
    assert Image.open(io.BytesIO(impasto.Picture(alpha)._repr_mimebundle_()["image/png"])).mode == "RGBA"


def test_stylizers_pickle_by_name(landscape, tmp_path):
    stylizer = impasto.Stylizer(threads=1, border="reflect", thumbnail=256)
    again = pickle.loads(pickle.dumps(stylizer))
    assert (again.threads, again.family) == (1, stylizer.family)
    assert again.stylize(landscape, "starry") == stylizer.stylize(landscape, "starry")
    assert len(pickle.dumps(stylizer)) < 1000


def replay(picture, *folders):
    """What the program paints from a file's record."""
    again = picture.with_stem("again")
    command = [built("impasto"), "replay", str(picture), "-o", str(again)]
    for folder in folders:
        command += ["--in", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return again


@pytest.mark.parametrize(
    ("style", "options"),
    [
        ("starry", {}),
        ({"starry": 2, "wave.png": 1}, {"size": 48, "colors": "content"}),
        ("wave.png", {"colors": "match", "style_size": 128, "stroke": 2}),
        ("wave.png", {"mask": "mask.png", "feather": 3, "invert_mask": True, "strength_mask": "mask.png"}),
        (None, {"regions": [("mosaic", "mask.png"), ("wave.png", "other.png")]}),
    ],
)
def test_files_say_how_they_were_made(stylizer, landscape, tmp_path, style, options):
    built("impasto")
    landscape.save(tmp_path / "photo.png")
    impasto.draw_style("impasto", 90, 70).save(tmp_path / "wave.png")
    left = np.zeros((64, 96), np.uint8)
    left[:, :50] = 255
    Image.fromarray(left).save(tmp_path / "mask.png")
    Image.fromarray(255 - left).save(tmp_path / "other.png")

    def here(given):
        if isinstance(given, str) and given.endswith(".png"):
            return tmp_path / given
        if isinstance(given, dict):
            return {here(name): value for name, value in given.items()}
        if isinstance(given, (list, tuple)):
            return type(given)(map(here, given))
        return given

    options = {name: here(value) for name, value in options.items()}
    painted = stylizer.stylize(tmp_path / "photo.png", here(style), 0.8, **options)
    painted.save(tmp_path / "painted.png", depth=16)
    assert replay(tmp_path / "painted.png").read_bytes() == (tmp_path / "painted.png").read_bytes()
    (tmp_path / "again.png").unlink()
    stylizer.stylize_file(tmp_path / "photo.png", tmp_path / "file.jpg", here(style), 0.8, quality=80, **options)
    assert replay(tmp_path / "file.jpg").read_bytes() == (tmp_path / "file.jpg").read_bytes()


def test_records_are_true_or_absent(stylizer, landscape, tmp_path):
    path = tmp_path / "photo.png"
    landscape.save(path)

    def recorded(picture, **options):
        return b'"version"' in picture.encode("png", **options) or b"&quot;version&quot;" in picture.encode("png", **options)

    painted = stylizer.stylize(path, "starry")
    assert recorded(painted) and recorded(copy.copy(painted)) and recorded(pickle.loads(pickle.dumps(painted)))
    assert recorded(stylizer.stylize(impasto.Picture(path), impasto.Style.built_in("starry")))
    assert not recorded(painted, strip=True)
    # Other pixels than the record would give.
    assert not recorded(painted.fit(40)) and not recorded(painted.resize((40, 40)))
    # Nobody could find these again.
    style = stylizer.style(landscape)
    for content, look in [(landscape, "starry"), (path, landscape), (path, style), (path, stylizer.style(path, size=64))]:
        assert not recorded(stylizer.stylize(content, look))
    assert not recorded(stylizer.stylize(path, "starry", mask=np.full((64, 96), 255, np.uint8)))
    # The program would match the picture's colors, and not this vector's.
    assert not recorded(stylizer.stylize(path, stylizer.style(path), colors="match"))
    assert not recorded(landscape)
