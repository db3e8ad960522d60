"""What calling from Python costs: against the same calls from Rust in the same run, as ratios of least times.

    cargo build --release -p impasto-python --example rust_call
    python bindings/python/benches/calls.py target/release/examples/rust_call
"""

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
    """Milliseconds of `import impasto` beyond those of the interpreter's start."""
    run = lambda code: least(lambda: subprocess.run([sys.executable, "-c", code], check=True), 15)
    return 1000 * (run("import impasto") - run("pass"))


def main():
    program = sys.argv[1]
    print(f"import: {imported():.1f} ms")
    content, style = impasto.draw_landscape(720, 512).numpy(), impasto.Style.built_in("starry")
    for threads in (1, 2):
        stylizer = impasto.Stylizer(threads=threads)
        rust = python = float("inf")
        for _ in range(8):
            rust = min(rust, float(subprocess.run([program, str(threads), "12"], capture_output=True, check=True).stdout))
            python = min(python, least(lambda: stylizer.stylize(content, style), 12))
        print(f"512×720, {threads} threads: Rust {1000 * rust:.2f} ms, Python {1000 * python:.2f} ms, {100 * (python / rust - 1):+.1f} %")
    # Many pictures from several Python threads, each of which paints by itself.
    stylizer, each = impasto.Stylizer(threads=1), 12

    def pictures(threads):
        def paint():
            for _ in range(each):
                stylizer.stylize(content, style)

        running = [threading.Thread(target=paint) for _ in range(threads)]
        start = time.perf_counter()
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return threads * each / (time.perf_counter() - start)

    one, two = (max(pictures(n) for _ in range(5)) for n in (1, 2))
    print(f"pictures a second: {one:.1f} from one Python thread, {two:.1f} from two ({two / one:.2f} times)")


if __name__ == "__main__":
    main()
