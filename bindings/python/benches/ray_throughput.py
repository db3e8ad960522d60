"""Pictures a second on a Ray cluster of this machine, against one process that paints the same files one after the other.

    python bindings/python/benches/ray_throughput.py [PICTURES] [WIDTHxHEIGHT]
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import ray

import impasto
from impasto.ray import stylize_dataset


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    width, height = map(int, (sys.argv[2] if len(sys.argv) > 2 else "720x480").split("x"))
    folder = Path(tempfile.mkdtemp())
    contents = folder / "contents"
    contents.mkdir()
    for i in range(8):
        impasto.draw_landscape(width, height, i).save(contents / f"{i}.jpg")
    for i in range(8, count):
        shutil.copy(contents / f"{i % 8}.jpg", contents / f"{i}.jpg")
    files = sorted(contents.iterdir())
    style = impasto.Style.built_in("starry")

    stylizer = impasto.Stylizer(threads=1)
    start = time.perf_counter()
    for i, file in enumerate(files):
        stylizer.stylize(file, style).save(folder / f"{i}.jpg")
    alone = count / (time.perf_counter() - start)
    print(f"one process, one thread: {alone:.2f} pictures of {width}×{height} a second")

    os.environ["RAY_AUTH_MODE"] = "disabled"
    ray.init(log_to_driver=False, logging_level="warning")
    ray.data.DataContext.get_current().enable_progress_bars = False
    workers = int(ray.cluster_resources()["CPU"])
    for attempt in range(2):
        out = folder / f"ray{attempt}"
        start = time.perf_counter()
        summary = stylize_dataset(contents, style, out)
        seconds = time.perf_counter() - start
        assert summary.painted == count, summary
        rate = count / seconds
        print(f"Ray, {workers} workers: {rate:.2f} a second, {rate / alone / workers:.2f} of one process per worker, start of the workers included")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
