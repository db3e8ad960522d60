"""Many pictures on a real Ray cluster: a head without processors, and two machines' worth of workers with one each."""

import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import numpy as np
import pytest
from PIL import Image

import impasto

ray = pytest.importorskip("ray", reason="skipped: ray is not installed")
from ray.cluster_utils import Cluster  # noqa: E402

from impasto.ray import MANIFEST, stylize_dataset  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cluster():
    os.environ["RAY_AUTH_MODE"] = "disabled"
    # All of it is one machine, whose memory Ray would otherwise take a third of.
    memory = {"object_store_memory": 100 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **memory})
    nodes = [cluster.add_node(num_cpus=1, **memory) for _ in range(2)]
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    assert len(nodes) == 2 and ray.cluster_resources()["CPU"] == 2
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "alps").mkdir()
    for i in range(20):
        name = f"{i:02}.jpg" if i % 2 else f"alps/{i:02}.png"
        impasto.draw_landscape(64, 48, i).save(folder / name)
    return folder


def same(painted, expected):
    """Whether two files are of one format and show the same. Workers have no files to name in a record."""
    painted, expected = Image.open(io.BytesIO(painted)), Image.open(io.BytesIO(expected))
    return painted.format == expected.format and (np.asarray(painted) == np.asarray(expected)).all()


def manifest(folder, state):
    entries = [json.loads(line) for line in (folder / MANIFEST).read_text().splitlines()]
    return [entry for entry in entries if entry["state"] == state]


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def test_a_folder(cluster, photographs, tmp_path):
    out = tmp_path / "out"
    summary = stylize_dataset(photographs, "starry", out, strength=0.8)
    assert (summary.painted, summary.skipped, summary.failures) == (20, 0, [])
    assert files(out) == files(photographs)
    style = impasto.Style.built_in("starry")
    for entry in manifest(out, "done"):
        data = (out / entry["output"]).read_bytes()
        assert entry["bytes"] == len(data) and entry["sha256"] == hashlib.sha256(data).hexdigest()
        expected = impasto.stylize(entry["input"], style, 0.8).encode(entry["output"][-3:])
        assert same(data, expected), entry["output"]

    # What is done stays, whatever is done again: one that was damaged, one whose content has changed, one that was lost.
    before = {name: (out / name).stat().st_mtime_ns for name in files(out)}
    content = photographs / "01.jpg"
    kept = content.read_bytes()
    try:
        impasto.draw_landscape(64, 48, 99).save(content, overwrite=True)
        (out / "03.jpg").write_bytes(b"damaged")
        (out / "05.jpg").unlink()
        summary = stylize_dataset(photographs, "starry", out, strength=0.8, resume=True)
    finally:
        content.write_bytes(kept)
    assert (summary.painted, summary.skipped, summary.failures) == (3, 17, [])
    changed = [name for name in files(out) if (out / name).stat().st_mtime_ns != before[name]]
    assert changed == ["01.jpg", "03.jpg", "05.jpg"] and files(out) == files(photographs)
    # Other options, other pictures.
    assert stylize_dataset(photographs, "starry", out, strength=0.7, resume=True).painted == 20


def test_a_worker_that_is_killed(cluster, tmp_path):
    contents, out = tmp_path / "contents", tmp_path / "out"
    contents.mkdir()
    for i in range(96):
        impasto.draw_landscape(200, 150, i).save(contents / f"{i:02}.jpg")
    killed = []

    def kill():
        while not killed:
            with contextlib.suppress(OSError, ValueError, IndexError):
                killed.append(int(manifest(out, "done")[0]["worker"].split(":")[1]))
            time.sleep(0.01)
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    summary = stylize_dataset(contents, "mosaic", out)
    killer.join()
    assert summary.failures == [] and summary.painted == 96
    entries = manifest(out, "done")
    # Nothing is lost, and nothing is there twice.
    assert Counter(entry["output"] for entry in entries) == Counter(path.name for path in contents.iterdir())
    assert files(out) == files(contents)
    style = impasto.Style.built_in("mosaic")
    for entry in entries:
        data = (out / entry["output"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    for entry in entries[::12]:
        assert same((out / entry["output"]).read_bytes(), impasto.stylize(entry["input"], style).encode("jpg"))
    # It was half-way, and another took its place.
    workers = [int(entry["worker"].split(":")[1]) for entry in entries]
    assert 0 < workers.count(killed[0]) < 90 and len(set(workers)) >= 2


def test_a_dataset(cluster, photographs, tmp_path):
    dataset = ray.data.read_images(str(photographs), include_paths=True)
    summary = stylize_dataset(dataset, ["starry", ("mosaic", 2)], tmp_path / "out", format="webp", size=40)
    assert summary.painted == 20 and len(files(tmp_path / "out")) == 20
    entry = manifest(tmp_path / "out", "done")[0]
    painted = np.asarray(Image.open(tmp_path / "out" / entry["output"]))
    content = np.asarray(Image.open(entry["input"]))
    assert (painted == impasto.stylize(content, ["starry", ("mosaic", 2)], size=40)).all()
    assert stylize_dataset(dataset, ["starry", ("mosaic", 2)], tmp_path / "out", format="webp", size=40, resume=True).skipped == 20
    with pytest.raises(impasto.Error, match="include_paths"):
        stylize_dataset(ray.data.read_images(str(photographs)), "starry", tmp_path / "other")
    with pytest.raises(impasto.Error, match="image"):
        stylize_dataset(ray.data.from_items([{"path": "x"}]), "starry", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_pictures_that_fail(cluster, photographs, tmp_path):
    contents = tmp_path / "contents"
    contents.mkdir()
    (contents / "good.jpg").write_bytes((photographs / "01.jpg").read_bytes())
    (contents / "cut.jpg").write_bytes((photographs / "01.jpg").read_bytes()[:300])
    (contents / "text.png").write_text("no picture")
    summary = stylize_dataset(contents, "starry", tmp_path / "out")
    assert summary.painted == 1 and sorted(os.path.basename(path) for path, _ in summary.failures) == ["cut.jpg", "text.png"]
    assert files(tmp_path / "out") == ["good.jpg"] and len(manifest(tmp_path / "out", "failed")) == 2
    # They are tried again.
    (contents / "cut.jpg").write_bytes((photographs / "03.jpg").read_bytes())
    summary = stylize_dataset(contents, "starry", tmp_path / "out", resume=True)
    assert (summary.painted, summary.skipped, len(summary.failures)) == (1, 1, 1)


def test_what_is_wrong_from_the_start(cluster, photographs, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    out = tmp_path / "out"
    for source, options, kind in [
        (photographs, {"output_path": full}, "already-exists"),
        (photographs, {"output_path": full / "mine.txt"}, "io"),
        (photographs, {"style": "no such style"}, "io"),
        (photographs, {"strength": 3}, "invalid-argument"),
        (photographs, {"colors": "bright"}, "invalid-argument"),
        (photographs, {"format": "gif"}, "invalid-argument"),
        (tmp_path / "absent", {}, "io"),
        (str(tmp_path / "*.nothing"), {}, "io"),
        ([], {}, "invalid-argument"),
    ]:
        with pytest.raises(impasto.Error) as raised:
            stylize_dataset(source, **({"style": "starry", "output_path": out} | options))
        assert raised.value.kind == kind, raised.value
        assert "\n" not in str(raised.value)
    with pytest.raises(TypeError):
        stylize_dataset(photographs, "starry", out, nothing=1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "01.jpg").write_bytes((photographs / "03.jpg").read_bytes())
    with pytest.raises(impasto.Error, match="both become"):
        stylize_dataset([photographs, tmp_path / "other"], "starry", out)
    assert not out.exists() and files(full) == ["mine.txt"]
    # A file that is named twice is one picture.
    assert stylize_dataset([photographs / "01.jpg", photographs / "alps" / ".." / "01.jpg"], "starry", out).painted == 1
    with pytest.raises(impasto.Error, match="earlier run"):
        stylize_dataset(photographs / "01.jpg", "starry", out)
    assert stylize_dataset(photographs / "01.jpg", "starry", out, overwrite=True).painted == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-s", "no-such-style"], "no-such-style: there is neither"),
        (["-s", "starry", "--strength", "3"], "strength: must be"),
        (["-s", "starry", "--grain", "99"], "grain: must be"),
        (["-s", "starry", "--quality", "0"], "quality: must be"),
        (["-s", "starry", "--model", "no-such-model"], "no-such-model"),
        (["-s", "starry", "--workers", "0"], "workers: must be 1 or more"),
        (["-s", "starry", "--threads", "0"], "threads: must be 1 or more"),
        (["nothing-here.jpg", "-s", "starry"], "nothing-here.jpg: there is no such file"),
        (["nosuch://bucket/photos", "-s", "starry"], ""),
    ],
)
def test_mistakes_are_found_before_the_cluster_starts(photographs, tmp_path, monkeypatch, capsys, arguments, words):
    from impasto.ray import main

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", lambda **options: pytest.fail("the cluster was started"))
    assert main([str(photographs), *arguments, "-o", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and told[0].startswith("impasto: ") and words in told[0], told
    assert not (tmp_path / "out").exists()


def test_a_cluster_that_is_not_there(photographs, tmp_path, monkeypatch, capsys):
    from impasto.ray import main

    def init(**options):
        assert options["address"] == "auto"
        raise ConnectionError("Could not find any running Ray instance.\nAnd more of that.")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    assert main([str(photographs), "-s", "starry", "-o", str(tmp_path / "out"), "--address", "auto"]) == 1
    assert capsys.readouterr().err == "impasto: Could not find any running Ray instance.\n"
    assert not (tmp_path / "out").exists()


def test_two_runs_do_not_paint_into_one_folder(cluster, photographs, tmp_path):
    fcntl = pytest.importorskip("fcntl", reason="skipped: this system has no flock")
    out = tmp_path / "out"
    stylize_dataset(photographs / "01.jpg", "starry", out)
    before = (out / MANIFEST).read_bytes()
    folder = os.open(out, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(FileExistsError, match="another run"):
        stylize_dataset(photographs, "starry", out, resume=True)
    assert (out / MANIFEST).read_bytes() == before and files(out) == ["01.jpg"]
    os.close(folder)
    assert stylize_dataset(photographs, "starry", out, resume=True).skipped == 1


def test_the_options_are_those_of_the_table(cluster, photographs, tmp_path):
    from impasto.ray import _OPTIONS

    own = {"strength", "format", "quality"}
    of_one_picture = {"mask", "invert_mask", "strength_mask", "salvage"}
    names = {row["name"] for row in impasto.options() if row["part"] != "model"}
    assert _OPTIONS.keys() == names - own - of_one_picture
    options = {"exact": (40, 30), "stroke": "native", "subsampling": "420", "strip": True}
    stylize_dataset(photographs / "01.jpg", "starry", tmp_path / "a", **options)
    painted = impasto.stylize(photographs / "01.jpg", "starry", exact=(40, 30), stroke="native")
    assert (tmp_path / "a/01.jpg").read_bytes() == painted.encode("jpg", subsampling="420", strip=True)
    for wrong, words in [({"colors": "match"}, "match"), ({"subsampling": "1"}, "^subsampling: "), ({"grain": 99}, "^grain: ")]:
        with pytest.raises(impasto.Error, match=words):
            stylize_dataset(photographs / "01.jpg", "starry", tmp_path / "b", **wrong)


def test_the_program(cluster, photographs, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "impasto.ray", str(photographs), "-s", "starry=2", "-s", "mosaic", "-o", str(out), "--address", cluster.address]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0 and "20 pictures painted" in run.stderr, run.stderr
    painted = impasto.stylize(photographs / "01.jpg", [("starry", 2), ("mosaic", 1)])
    assert same((out / "01.jpg").read_bytes(), painted.encode("jpg"))
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 1 and "earlier run" in again.stderr
    run = subprocess.run([*command, "--resume"], capture_output=True, text=True)
    assert run.returncode == 0 and "20 were done already" in run.stderr, run.stderr
