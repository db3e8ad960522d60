"""The fast method."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

import impasto


def test_one_line(landscape, painting):
    painted = impasto.stylize(landscape, painting)
    assert isinstance(painted, impasto.Picture) and painted.shape == landscape.shape
    assert np.abs(painted.numpy().astype(int) - landscape.numpy()).mean() > 10


def test_threads_do_not_matter(landscape):
    one = impasto.Stylizer(threads=1).stylize(landscape, "starry").numpy("float32")
    assert (impasto.Stylizer(threads=3).stylize(landscape, "starry").numpy("float32") == one).all()


def test_styles_in_every_form(stylizer, landscape, painting, tmp_path):
    painting.save(tmp_path / "painting.png")
    style = stylizer.style(tmp_path / "painting.png")
    style.save(tmp_path / "my.style")
    expected = stylizer.stylize(landscape, style).numpy()
    file = (tmp_path / "painting.png").read_bytes()
    for given in [tmp_path / "painting.png", tmp_path / "my.style", file, impasto.Picture(file).numpy(), [style], [(style, 3)]]:
        assert (stylizer.stylize(landscape, given).numpy() == expected).all()
    assert impasto.Style.open(tmp_path / "my.style") == style
    built_in = impasto.Style.built_in("mosaic")
    assert "mosaic" in impasto.built_in_styles() and built_in.name == "mosaic"
    both = stylizer.stylize(landscape, [(built_in, 3), ("starry", 1)]).numpy()
    blend = impasto.Style.blend([(built_in, 3), (impasto.Style.built_in("starry"), 1)])
    assert (stylizer.stylize(landscape, blend).numpy() == both).all()
    # A picture seen at another size is another style.
    assert stylizer.style(painting, size=64) != stylizer.style(painting)


def test_files_and_folders_called_like_a_style(stylizer, landscape, painting, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = stylizer.stylize(landscape, impasto.Style.built_in("mosaic")).numpy()
    (tmp_path / "mosaic").mkdir()
    assert (stylizer.stylize(landscape, "mosaic").numpy() == expected).all()
    (tmp_path / "mosaic").rmdir()
    painting.save(tmp_path / "painting.png")
    (tmp_path / "painting.png").rename(tmp_path / "mosaic")
    assert (stylizer.stylize(landscape, "mosaic").numpy() == stylizer.stylize(landscape, painting.encode()).numpy()).all()


def test_style_objects(stylizer):
    style = impasto.Style.built_in("mosaic").with_name("tiles")
    assert pickle.loads(pickle.dumps(style)) == style == impasto.Style.from_bytes(bytes(style))
    assert style.name == "tiles" and style.family == stylizer.family and len(style.vector) > 10
    other = impasto.Style.built_in("starry")
    assert style.mix(other, 0).vector == style.vector and style.mix(other, 1).vector == other.vector
    with pytest.raises(impasto.Error):
        style.mix(other, 2)
    with pytest.raises(impasto.Error):
        impasto.Style.from_bytes(b"nothing")
    with pytest.raises(impasto.Error):
        impasto.Style.built_in("no such style")


def test_strength(stylizer, landscape):
    content = landscape.numpy()
    distances = []
    for strength in [0, 0.25, 0.5, 0.75, 1]:
        painted = stylizer.stylize(content, "starry", strength)
        distances.append(np.abs(painted.astype(int) - content).mean())
    assert distances[0] == 0 and distances == sorted(distances)


def test_masks_and_regions(stylizer, landscape):
    content, whole = landscape.numpy(), stylizer.stylize(landscape.numpy(), "starry")
    left = np.zeros((64, 96), np.float32)
    left[:, :48] = 1
    painted = stylizer.stylize(content, "starry", mask=left)
    assert (painted[:, 48:] == content[:, 48:]).all() and (painted[:, :48] == whole[:, :48]).all()
    # The same mask in other forms.
    for mask in [(left * 255).astype(np.uint8), Image.fromarray((left * 255).astype(np.uint8)), left[..., None], np.dstack([left] * 3)]:
        assert (stylizer.stylize(content, "starry", mask=mask) == painted).all()
    soft = stylizer.stylize(content, "starry", mask=left, feather=6)
    assert (soft[:, 48:52] != content[:, 48:52]).any()
    weak = stylizer.stylize(content, "starry", strength_mask=left)
    assert (weak[:, 80:] == content[:, 80:]).all()
    regions = stylizer.stylize(content, regions=[("mosaic", left)])
    assert (regions[:, 48:] == content[:, 48:]).all() and (regions[:, :40] != content[:, :40]).any()
    both = stylizer.stylize(content, "starry", regions=[("mosaic", left)])
    assert (both[:, 60:] != content[:, 60:]).any()
    with pytest.raises(impasto.Error) as raised:
        stylizer.stylize(content, "starry", mask=np.full((96, 64), 255, np.uint8))
    assert raised.value.kind == "mismatch"


def test_the_look(stylizer, landscape):
    content = landscape.numpy()
    plain = stylizer.stylize(content, "starry")
    for options in [{"colors": "luminance"}, {"colors": "content"}, {"stroke": 2}, {"preview_of": (960, 640)}, {"style_size": 128}]:
        style = impasto.draw_style("starry", 128, 128) if "style_size" in options else "starry"
        base = stylizer.stylize(content, style)
        assert (stylizer.stylize(content, style, **options) != base).any(), options
    luminance = stylizer.stylize(content, "starry", colors="luminance", color_strength=0)
    assert np.abs(luminance.astype(int) - plain).max() <= 1
    assert stylizer.stylize(content, "starry", size=48).shape == (32, 48, 3)
    assert stylizer.stylize(content, "starry", max_memory=1 << 20).tolist() == plain.tolist()


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"style": "no such style"}, "io"),
        ({"style": "no-such-file.style"}, "io"),
        ({"style": None}, "invalid-argument"),
        ({"style": []}, "invalid-argument"),
        ({"style": [("starry", -1)]}, None),
        ({"style": [("starry", 0), ("mosaic", 0)]}, "invalid-argument"),
        ({"strength": 2}, "invalid-argument"),
        ({"strength": float("nan")}, "invalid-argument"),
        ({"colors": "bright"}, "invalid-argument"),
        ({"stroke": 100}, "invalid-argument"),
        ({"size": 0}, "invalid-argument"),
        ({"style_size": 0}, "invalid-argument"),
        ({"preview_of": (0, 5)}, "invalid-argument"),
        ({"size": 10**6}, "too-large"),
        ({"size": 10**30}, "invalid-argument"),
        ({"size": -1}, "invalid-argument"),
    ],
)
def test_options_out_of_range(stylizer, landscape, options, kind):
    if kind is None:
        # A single style's weight plays no part.
        assert stylizer.stylize(landscape, **options).shape == landscape.shape
        return
    with pytest.raises(impasto.Error) as raised:
        stylizer.stylize(landscape, **({"style": "starry"} | options))
    assert raised.value.kind == kind, raised.value
    assert "\n" not in str(raised.value)


def test_arguments_of_other_kinds(stylizer, landscape):
    for options in [{"nothing": 1}, {"strength": "much"}, {"style": 5}, {"style": [("starry", "much")]}, {"regions": [1]}, {"progress": 5}]:
        with pytest.raises(TypeError):
            stylizer.stylize(landscape, **({"style": "starry"} | options))
    with pytest.raises(TypeError, match="unexpected keyword argument 'quality'"):
        stylizer.stylize(landscape, "starry", quality=5)


def test_models(landscape, tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    for model in [tmp_path / "broken.safetensors", tmp_path / "absent", [tmp_path]]:
        with pytest.raises(impasto.Error):
            impasto.Stylizer(model)
    with pytest.raises(impasto.Error, match="reflect"):
        impasto.Stylizer(border="none")
    with pytest.raises(TypeError):
        impasto.Stylizer(5)


def test_progress(stylizer, landscape):
    shares = []
    stylizer.stylize(landscape.numpy(), "starry", progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1

    def fails(share):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        stylizer.stylize(landscape, "starry", progress=fails)


def test_a_bar(stylizer, landscape, capfd):
    stylizer.stylize(landscape, "starry", progress=True)
    assert "100%" in capfd.readouterr().err
    stylizer.stylize(landscape, "starry", progress=False)
    assert capfd.readouterr().err == ""


def test_other_threads_run_meanwhile(landscape):
    stylizer, large = impasto.Stylizer(threads=1), impasto.draw_landscape(800, 600)
    counted, done = 0, threading.Event()

    def paint():
        stylizer.stylize(large, "starry")
        done.set()

    threading.Thread(target=paint).start()
    while not done.wait(0.001):
        counted += 1
    # The lock was free: this thread went on.
    assert counted > 5


def test_several_threads_at_a_time(stylizer, landscape):
    expected = {name: stylizer.stylize(landscape, name).numpy() for name in ["starry", "mosaic", "batik"]}
    wrong = []

    def paint(name):
        for _ in range(5):
            if (stylizer.stylize(landscape, name).numpy() != expected[name]).any():
                wrong.append(name)

    threads = [threading.Thread(target=paint, args=(name,)) for name in expected for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_ctrl_c_stops_the_work():
    program = """
import impasto, numpy as np
picture = np.zeros((6000, 8000, 3), np.uint8)
print("begun", flush=True)
try:
    impasto.stylize(picture, "starry", threads=1)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert run.stdout.readline() == "begun\n"
    time.sleep(1)
    start = time.monotonic()
    run.send_signal(signal.SIGINT)
    assert run.stdout.readline() == "stopped\n"
    run.wait(60)
    # The whole picture would take many times as long; how long is the machine's business.
    print(f"stopped after {time.monotonic() - start:.2f} s")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="skipped: this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_ever(landscape):
    stylizer = impasto.Stylizer(threads=2)
    expected = impasto.stylize(landscape, "starry").numpy()
    child = os.fork()
    if child == 0:
        code = 3
        try:
            stylizer.stylize(landscape, "starry")
        except impasto.Error as e:
            # The function makes its own.
            same = (impasto.stylize(landscape, "starry").numpy() == expected).all()
            code = 0 if e.kind == "unsupported" and same else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_files_in_bounded_memory(stylizer, landscape, tmp_path):
    content, output = tmp_path / "content.png", tmp_path / "out.png"
    landscape.save(content)
    stylizer.stylize_file(content, output, "starry")
    assert (np.asarray(Image.open(output)) == stylizer.stylize(landscape.numpy(), "starry")).all()
    with pytest.raises(impasto.Error) as raised:
        stylizer.stylize_file(content, output, "starry")
    assert raised.value.kind == "already-exists"
    before = output.read_bytes()
    content.write_bytes(content.read_bytes()[:-200])
    with pytest.raises(impasto.Error, match="content.png"):
        stylizer.stylize_file(content, output, "starry", overwrite=True)
    assert output.read_bytes() == before and sorted(os.listdir(tmp_path)) == ["content.png", "out.png"]


def test_without_numpy_and_pillow(tmp_path):
    program = """
import sys
sys.modules["numpy"] = sys.modules["PIL"] = sys.modules["tqdm"] = None
import impasto
picture = impasto.draw_landscape(40, 30)
painted = impasto.stylize(picture.encode("png"), "starry", progress=True)
assert painted.startswith(b"\\x89PNG")
pixels = impasto.stylize(picture.pixels("uint8"), "starry")
assert isinstance(pixels, impasto.Pixels) and pixels.shape == (30, 40, 3)
for method in (picture.numpy, picture.pil):
    try:
        method()
    except ImportError as e:
        assert "pip install" in str(e)
    else:
        raise AssertionError
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_drawing_can_be_interrupted():
    code = "import impasto; print('drawing', flush=True); impasto.draw_still_life(8000, 8000)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "drawing\n"
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        start = time.monotonic()
        _, told = running.communicate(timeout=120)
    # All of it takes a minute, even on a fast machine.
    assert "KeyboardInterrupt" in told and time.monotonic() - start < 20
    assert impasto.draw_still_life(40, 30).size == (40, 30) and impasto.draw_still_life(40, 30) != impasto.draw_still_life(40, 30, seed=1)
    with pytest.raises(impasto.Error, match="1 to 8192"):
        impasto.draw_still_life(0, 30)


@pytest.mark.parametrize("options", [{}, {"style_size": 128}, {"exact": (48, 40)}])
def test_pickled_styles_know_what_they_are_of(stylizer, landscape, painting, tmp_path, options):
    landscape.save(tmp_path / "a.png")
    painting.save(tmp_path / "style.png")
    style = pickle.loads(pickle.dumps(stylizer._style(tmp_path / "style.png", **options)))
    size = stylizer.stylize_file(tmp_path / "a.png", tmp_path / "seen.png", style, **options)
    assert size == options.get("exact", (96, 64))
    stylizer.stylize_file(tmp_path / "a.png", tmp_path / "path.png", tmp_path / "style.png", **options)
    # With the same record.
    assert (tmp_path / "seen.png").read_bytes() == (tmp_path / "path.png").read_bytes()
    # Seen otherwise, it is another style, and no record says how to paint it again.
    stylizer.stylize_file(tmp_path / "a.png", tmp_path / "other.png", style, **options | {"style_size": 64, "exact": None})
    assert b"style.png" in (tmp_path / "seen.png").read_bytes()
    assert b"style.png" not in (tmp_path / "other.png").read_bytes()
