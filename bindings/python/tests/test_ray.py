"""Many pictures on a real Ray cluster: a head without processors, and two machines' worth of workers with one each."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import numpy as np
import pytest
from conftest import built
from PIL import Image

import impasto

ray = pytest.importorskip("ray", reason="skipped: ray is not installed")
from ray.cluster_utils import Cluster  # noqa: E402

from impasto.ray import MANIFEST, stylize_dataset  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cluster():
    os.environ["RAY_AUTH_MODE"] = "disabled"
    # Otherwise workers wait for whatever else the machine does.
    os.environ["RAY_worker_niceness"] = "0"
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


def manifest(folder, state):
    entries = []
    for line in (folder / MANIFEST).read_text().splitlines():
        with contextlib.suppress(ValueError):  # A line that a crash has torn.
            entries.append(json.loads(line))
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
        # To the byte, record and all.
        assert data == expected, entry["output"]

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
    drawn = [impasto.draw_landscape(200, 150, i) for i in range(8)]
    for i in range(96):
        drawn[i % 8].save(contents / f"{i:02}.jpg")
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
        assert (out / entry["output"]).read_bytes() == impasto.stylize(entry["input"], style).encode("jpg")
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
        (["-s", "no-such-style"], "no-such-style: no file or built-in style"),
        (["-s", "starry", "--strength", "3"], "strength: must be"),
        (["-s", "starry", "--grain", "99"], "grain: must be"),
        (["-s", "starry", "--quality", "0"], "quality: must be"),
        (["-s", "starry", "--model", "no-such-model"], "no-such-model"),
        (["-s", "starry", "--workers", "0"], "workers: must be 1 or more"),
        (["-s", "starry", "--threads", "0"], "threads: must be 1 or more"),
        (["nothing-here.jpg", "-s", "starry"], "nothing-here.jpg: no such file"),
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
    other = os.open(out / MANIFEST, os.O_RDONLY)
    # As `impasto stylize` without --resume holds it.
    fcntl.flock(other, fcntl.LOCK_SH)
    with pytest.raises(FileExistsError, match="another run"):
        stylize_dataset(photographs, "starry", out, resume=True)
    assert (out / MANIFEST).read_bytes() == before and files(out) == ["01.jpg"]
    os.close(other)
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
    assert (out / "01.jpg").read_bytes() == painted.encode("jpg")
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 1 and "earlier run" in again.stderr
    run = subprocess.run([*command, "--resume"], capture_output=True, text=True)
    assert run.returncode == 0 and "20 were done already" in run.stderr, run.stderr


@pytest.fixture
def program():
    """`impasto stylize` of a folder and all below it, with the arguments; and, if it may only paint so many, that many."""
    path = built("impasto")

    def run(contents, out, *arguments, some=None):
        command = [path, "stylize", contents, "-r", "-o", f"{out}/", *arguments]
        if some is None:
            return subprocess.run(command, capture_output=True, text=True)
        running = subprocess.Popen([*command, "--jobs", "1"], stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and running.poll() is None:
            if (out / MANIFEST).exists() and len(manifest(out, "done")) >= some:
                running.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        running.communicate()
        assert running.returncode == -signal.SIGKILL
        return running

    return run


def torn(folder):
    """Cuts the manifest within its last line, as a crash does."""
    data = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_bytes(data[:-20])


WAYS = [
    (["-s", "starry"], "starry", {}),
    (["-s", "STYLE", "-s", "mosaic=0.5", "--strength", "0.7", "--style-size", "128"], [("STYLE", 1), ("mosaic", 0.5)], {"strength": 0.7, "style_size": 128}),
    (["-s", "STYLE", "--exact", "40x30", "--quality", "80", "--colors", "luminance"], "STYLE", {"exact": (40, 30), "quality": 80, "colors": "luminance"}),
    (["-s", "SAVED", "--format", "png", "--size", "50", "--strip"], "SAVED", {"format": "png", "size": 50, "strip": True}),
]


@pytest.mark.parametrize("way", range(len(WAYS)))
def test_the_program_and_ray_continue_each_others_work(cluster, photographs, tmp_path, program, painting, way):
    painting.save(tmp_path / "style.png")
    impasto.Stylizer().style(painting).save(tmp_path / "saved.style")
    names = {"STYLE": str(tmp_path / "style.png"), "SAVED": str(tmp_path / "saved.style")}
    arguments, style, options = WAYS[way]
    arguments = [names.get(word, word) for word in arguments]
    if isinstance(style, list):
        style = [(names.get(one, one), weight) for one, weight in style]
    else:
        style = names.get(style, style)

    # All of it by each: the same names, bytes and keys.
    a, b = tmp_path / "a", tmp_path / "b"
    run = program(photographs, a, *arguments)
    assert run.returncode == 0, run.stderr
    assert stylize_dataset(photographs, style, b, **options).painted == 20
    assert files(a) == files(b) and len(files(a)) == 20
    assert all((a / name).read_bytes() == (b / name).read_bytes() for name in files(a))
    facts = ("output", "key", "bytes", "sha256", "width", "height", "style")
    lines = [sorted([line[fact] for fact in facts] for line in manifest(out, "done")) for out in (a, b)]
    assert lines[0] == lines[1]
    # Neither has anything to do for the other, nor takes results for contents.
    run = program(photographs, b, *arguments, "--resume")
    assert run.returncode == 0 and "20 were done before" in run.stderr, run.stderr
    assert stylize_dataset(photographs, style, a, resume=True, **options).skipped == 20


def test_ray_finishes_what_the_program_began(cluster, photographs, tmp_path, program):
    out = tmp_path / "out"
    program(photographs, out, "-s", "starry", "--strength", "0.8", some=5)
    torn(out)
    done = {line["output"]: (out / line["output"]).stat().st_mtime_ns for line in manifest(out, "done")}
    assert 4 <= len(done) < 20
    # A file of somebody else's, where a result would go.
    absent = next(name for name in files(photographs) if name not in {line["output"] for line in manifest(out, "begun")})
    (out / absent).parent.mkdir(exist_ok=True)
    (out / absent).write_bytes(b"precious")
    summary = stylize_dataset(photographs, "starry", out, strength=0.8, resume=True)
    assert summary.skipped == len(done) and summary.painted == 19 - len(done)
    assert len(summary.failures) == 1 and "exists already" in summary.failures[0][1]
    assert (out / absent).read_bytes() == b"precious" and files(out) == files(photographs)
    assert all((out / name).stat().st_mtime_ns == at for name, at in done.items())
    (out / absent).unlink()
    run = program(photographs, out, "-s", "starry", "--strength", "0.8", "--resume")
    assert run.returncode == 0 and "19 were done before" in run.stderr, run.stderr


def test_the_program_finishes_what_ray_began(cluster, photographs, tmp_path, program):
    some, out = tmp_path / "some", tmp_path / "out"
    shutil.copytree(photographs / "alps", some / "alps")
    assert stylize_dataset(some, "starry", out).painted == 10
    # As if it had been killed: one was painted and not written down, one is torn.
    lines = (out / MANIFEST).read_text().splitlines(keepends=True)
    lost = json.loads(lines.pop())["output"]
    (out / MANIFEST).write_text("".join(lines))
    torn(out)
    (out / lost).write_bytes(b"anything")
    run = program(photographs, out, "-s", "starry", "--resume")
    assert run.returncode == 0 and "8 were done before" in run.stderr and "12 of" in run.stderr, run.stderr
    assert files(out) == files(photographs)
    assert stylize_dataset(photographs, "starry", out, resume=True).skipped == 20


def test_the_program_waits_for_ray(photographs, tmp_path, program):
    from impasto._impasto import Hold

    out = tmp_path / "out"
    hold = Hold(out / MANIFEST)
    run = program(photographs, out, "-s", "starry")
    assert run.returncode == 1 and "another run is painting" in run.stderr, run.stderr
    hold.release()
    assert not out.exists(), "nothing was painted"
    assert program(photographs, out, "-s", "starry").returncode == 0


def test_another_file_is_no_manifest(cluster, photographs, tmp_path):
    (tmp_path / MANIFEST).write_text('{"name": "mine"}\n')
    with pytest.raises(impasto.Error, match="not a manifest"):
        stylize_dataset(photographs, "starry", tmp_path, resume=True)
    assert (tmp_path / MANIFEST).read_text() == '{"name": "mine"}\n'
