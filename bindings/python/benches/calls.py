"""What calling from Python costs: the import, calls against the same calls from Rust in the same run (ratios of least times), memory, and threads.
Times of processors are given, too: on a machine that does other work, they say more than the clock.

    cargo build --release -p impasto-python --example rust_call
    python bindings/python/benches/calls.py target/release/examples/rust_call
"""

import gc
import resource
import subprocess
import sys
import threading
import time

import impasto


def least(work, rounds):
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def imported():
    """Milliseconds of `import impasto` beyond those of the interpreter's start: by the clock, and of processors."""

    def run(code):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    code, nothing = ([min(times) for times in zip(*(run(code) for _ in range(25)))] for code in ("import impasto", "pass"))
    return [1000 * (one - other) for one, other in zip(code, nothing)]


def resident():
    """Megabytes that the process has in memory (Linux)."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    wall, cpu = imported()
    print(f"import: {wall:.1f} ms, {cpu:.1f} ms of processors")
    content, style = impasto.draw_landscape(720, 512).numpy(), impasto.Style.built_in("starry")
    for threads in (1, 2):
        stylizer = impasto.Stylizer(threads=threads)
        rust = python = float("inf")
        for _ in range(8):
            rust = min(rust, float(subprocess.run([program, str(threads), "12"], capture_output=True, check=True).stdout))
            python = min(python, least(lambda: stylizer.stylize(content, style), 12))
        print(f"512×720, {threads} threads: Rust {1000 * rust:.2f} ms, Python {1000 * python:.2f} ms, {100 * (python / rust - 1):+.1f} %")
    # Memory, call after call: arrays, pictures, files' bytes.
    stylizer, data = impasto.Stylizer(threads=1), impasto.draw_landscape(360, 256).encode("jpg")
    small, seen = impasto.Picture(data), []
    for i in range(300):
        stylizer.stylize(small.numpy(), style)
        stylizer.stylize(small, style).numpy("float32")
        stylizer.stylize(data, style)
        if i in (49, 299):
            seen.append(resident())
    print(f"memory after 50 rounds of three calls: {seen[0]:.1f} MB, after 300: {seen[1]:.1f} MB")

    # Many pictures from several Python threads, each of which paints by itself.
    each = 12

    def pictures(threads):
        def paint():
            for _ in range(each):
                stylizer.stylize(content, style)

        running = [threading.Thread(target=paint) for _ in range(threads)]
        start, cpu = time.perf_counter(), time.process_time()
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        wall = time.perf_counter() - start
        # Pictures a second by the clock, processor seconds a picture, and how many processors worked at a time.
        return threads * each / wall, (time.process_time() - cpu) / (threads * each), (time.process_time() - cpu) / wall

    one, two = (max(pictures(n) for _ in range(5)) for n in (1, 2))
    print(f"pictures a second: {one[0]:.1f} from one Python thread, {two[0]:.1f} from two ({two[0] / one[0]:.2f} times)")
    print(f"processor seconds a picture: {one[1]:.3f} and {two[1]:.3f}; processors at work: {one[2]:.2f} and {two[2]:.2f} ({two[2] / one[2]:.2f} times)")


if __name__ == "__main__":
    main()
