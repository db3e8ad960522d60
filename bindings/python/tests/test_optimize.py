"""The optimise method."""

import threading

import numpy as np
import pytest
from test_picture import replay

import impasto


@pytest.fixture(scope="module")
def content():
    return impasto.draw_landscape(72, 48).numpy()


@pytest.fixture(scope="module")
def optimizer():
    return impasto.Optimizer(steps=[4, 3], smallest_scale=48, threads=1)


def test_step_by_step(optimizer, content):
    whole = optimizer.optimize(content, "mosaic")
    assert whole.dtype == np.uint8 and whole.shape == content.shape
    optimization = optimizer.start(content, "mosaic")
    steps = list(optimization)
    assert [step.done for step in steps] == list(range(1, steps[-1].total + 1)) and steps[-1].share == 1
    assert 48 <= steps[0].size[0] < 72 and steps[-1].size == (72, 48) and steps[-1].scale > 0
    assert all(np.isfinite([s.losses.total, s.losses.content, s.losses.style, s.losses.variation]).all() for s in steps)
    assert optimization.step() is None
    assert (optimization.picture() == whole).all()


def test_losses_fall(content):
    optimizer = impasto.Optimizer(steps=25, smallest_scale=72, threads=1)
    losses = [step.losses.total for step in optimizer.start(content, "mosaic", initial="content")]
    assert losses[-1] < 0.7 * losses[0]


def test_checkpoints(optimizer, content):
    whole = optimizer.optimize(content, "mosaic")
    first = optimizer.start(content, "mosaic")
    for _ in range(5):
        first.step()
    second = optimizer.resume(first.checkpoint(), content, "mosaic")
    list(second)
    assert (second.picture() == whole).all()
    with pytest.raises(impasto.Error) as raised:
        optimizer.resume(first.checkpoint(), content, "starry")
    assert raised.value.kind == "mismatch"
    with pytest.raises(impasto.Error):
        optimizer.resume(b"nothing", content, "mosaic")


def test_forms_and_beginnings(optimizer, content, painting):
    picture = impasto.Picture(content)
    assert isinstance(optimizer.optimize(picture, painting), impasto.Picture)
    assert optimizer.optimize(picture.encode("jpg"), painting).startswith(b"\xff\xd8")
    results = [optimizer.optimize(content, painting, initial=initial) for initial in ["fast", "content", "noise", content[::-1]]]
    assert len({result.tobytes() for result in results}) == 4
    assert (optimizer.optimize(content, painting) == results[0]).all()
    noise = [optimizer.optimize(content, painting, initial="noise", seed=seed) for seed in (0, 1)]
    assert (noise[0] == results[2]).all() and (noise[1] != noise[0]).any()
    assert optimizer.optimize(content, painting, size=60).shape == (40, 60, 3)
    left = np.zeros((48, 72), np.uint8)
    left[:, :36] = 255
    both = optimizer.optimize(content, [(painting, 2), ("starry", 1, left)])
    assert both.shape == content.shape


def test_progress_and_stopping(optimizer, content):
    shares = []
    optimizer.optimize(content, "mosaic", progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1

    def fails(share):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        optimizer.optimize(content, "mosaic", progress=fails)


def test_from_another_thread(optimizer, content):
    optimization, painted = optimizer.start(content, "mosaic"), []

    def work():
        list(optimization)
        painted.append(optimization.picture())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert (painted[0] == optimizer.optimize(content, "mosaic")).all()


def test_the_function(content):
    painted = impasto.optimize(content, "mosaic", steps=2, smallest_scale=72, threads=1, style_weight=5.0, keep_colors="luminance")
    assert painted.shape == content.shape


@pytest.mark.parametrize(
    "options",
    [
        {"steps": []},
        {"style_weight": -1.0},
        {"content_weight": float("nan")},
        {"rate": 0.0},
        {"method": "newton"},
        {"style_loss": "taste"},
        {"keep_colors": "yes"},
        {"pooling": "min"},
        {"style_layers": ["relu9_9"]},
        {"perceptual": "no-such-file"},
    ],
)
def test_options_out_of_range(options):
    with pytest.raises(impasto.Error) as raised:
        impasto.Optimizer(**options)
    assert "\n" not in str(raised.value)


def test_pictures_that_cannot_be(optimizer, content):
    for given, style in [(content[:2], "mosaic"), (content, "no-such-style"), (content, []), (content, [("mosaic", 0)])]:
        with pytest.raises(impasto.Error):
            optimizer.optimize(given, style)
    with pytest.raises(TypeError):
        optimizer.optimize(content, [("mosaic", 1, None, 2)])
    assert optimizer.content_layers and optimizer.style_layers
    assert optimizer.peak_memory(512, 512) > optimizer.peak_memory(64, 64) > 0


@pytest.mark.parametrize(
    ("style", "options"),
    [
        ("mosaic", {}),
        ("wave.png", {"initial": "noise", "seed": 3, "size": 40}),
        ([("wave.png", 2), ("mosaic", 1, "mask.png")], {"initial": "wave.png"}),
    ],
)
def test_files_say_how_they_were_made(optimizer, tmp_path, style, options):
    impasto.draw_landscape(72, 48).save(tmp_path / "photo.png")
    impasto.draw_style("impasto", 72, 48).save(tmp_path / "wave.png")
    left = np.zeros((48, 72, 3), np.uint8)
    left[:, :40] = 255
    impasto.Picture(left).save(tmp_path / "mask.png")

    def here(given):
        if isinstance(given, str) and given.endswith(".png"):
            return tmp_path / given
        return type(given)(map(here, given)) if isinstance(given, (list, tuple)) else given

    photo = impasto.Picture.open(tmp_path / "photo.png")
    options = {name: here(value) for name, value in options.items()}
    optimizer.optimize(photo, here(style), **options).save(tmp_path / "painted.png", depth=16)
    assert replay(tmp_path / "painted.png").read_bytes() == (tmp_path / "painted.png").read_bytes()


def test_records_are_true_or_absent(optimizer, content, tmp_path):
    impasto.Picture(content).save(tmp_path / "photo.png")
    photo = impasto.Picture.open(tmp_path / "photo.png")

    def recorded(picture, **options):
        return b"version&quot;" in picture.encode("png", **options) or b'"version"' in picture.encode("png", **options)

    optimization = optimizer.start(photo, "mosaic", initial="content")
    optimization.step()
    assert not recorded(optimization.picture()), "a picture on its way is another one"
    list(optimization)
    assert recorded(optimization.picture()) and not recorded(optimization.picture(), strip=True)
    # Nobody could find these again.
    assert not recorded(optimizer.optimize(impasto.Picture(content), "mosaic", initial="content"))
    assert not recorded(optimizer.optimize(photo, content, initial="content"))
    assert not recorded(optimizer.optimize(photo, "mosaic", initial=content))
