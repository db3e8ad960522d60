"""Makes jpeg-corpus.bin: small JPEG files in many layouts, and the means of 8×8 blocks that libjpeg-turbo decodes from them.

Needs cjpeg, djpeg and jpegtran (Debian: libjpeg-turbo-progs) and Pillow. For each file, the pack holds the length of the name (1 byte), the
name, the length of the file (2 bytes, big-endian), the file, width and height (1 byte each), and the means: rows of blocks, RGB.
"""
import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

sizes = [(37, 29), (33, 17), (16, 16), (50, 9), (9, 40), (64, 32), (1, 1), (31, 33)]
scripts = {
    "one": None,
    "inorder": "0;\n1;\n2;\n",
    "reversed": "2;\n1;\n0;\n",
    "pair": "0;\n1 2;\n",
    "odd-pair": "0 2;\n1;\n",
    "progressive": "default",
    "spectral": "0 1 2: 0-0, 0, 0;\n2: 1-63, 0, 0;\n0: 1-5, 0, 0;\n1: 1-63, 0, 0;\n0: 6-63, 0, 0;\n",
    "approximate": "0 1 2: 0-0, 0, 1;\n0: 1-63, 0, 2;\n1: 1-63, 0, 1;\n2: 1-63, 0, 1;\n0: 1-63, 2, 1;\n0 1 2: 0-0, 1, 0;\n"
    "2: 1-63, 1, 0;\n1: 1-63, 1, 0;\n0: 1-63, 1, 0;\n",
    "one-by-one": "1: 0-0, 0, 0;\n0: 0-0, 0, 1;\n2: 0-0, 0, 0;\n0: 1-9, 0, 0;\n2: 1-63, 0, 0;\n1: 1-63, 0, 0;\n0: 0-0, 1, 0;\n"
    "0: 10-63, 0, 1;\n0: 10-63, 1, 0;\n",
}
samplings = [
    *(f"{h}x{v},1x1,1x1" for h in (1, 2, 3, 4) for v in (1, 2)),
    "2x2,2x1,2x1", "2x2,1x2,1x2", "2x2,2x1,1x2", "2x1,2x1,1x1", "1x2,1x1,1x2", "2x2,2x2,1x1", "2x2,1x1,2x1",
    "1x1,2x1,2x1", "1x1,1x2,1x1", "1x1,2x2,2x2", "2x1,1x2,1x1", "1x2,2x1,1x1", "4x2,1x1,1x1", "4x1,2x1,1x1", "4x1,2x1,2x1", "1x1,4x1,1x1",
    "2x2,2x2,2x2", "2x1,2x1,2x1", "1x2,1x2,1x2", "3x1,3x1,3x1", "3x2,1x2,1x1", "3x1,1x1,3x1", "1x4,1x1,1x1", "2x4,1x1,1x1", "1x3,1x1,1x1",
]
restarts = [[], ["-restart", "1B"], [], ["-restart", "3B"], ["-restart", "1"]]


def run(command, data=None):
    done = subprocess.run(command, input=data, capture_output=True)
    if done.returncode or (done.stderr and command[0] == "djpeg"):
        raise ValueError(done.stderr.decode())
    return done.stdout


def photo(width, height, channels=3):
    pixels = [
        (int(128 + 100 * ((x * 3 + y) % 97 - 48) / 48), (y * 5 + x * x // 30) % 256, 220 - (x * y) // 9 % 200, (x * 2 + y) % 120)
        for y in range(height) for x in range(width)
    ]
    image = Image.new("RGB" if channels == 3 else "CMYK", (width, height))
    image.putdata([p[:channels] for p in pixels])
    return image


def pixels(image):
    data, count = image.tobytes(), len(image.getbands())
    return [data[i:i + count] for i in range(0, len(data), count)]


def ppm(image):
    out = io.BytesIO()
    image.save(out, "ppm")
    return out.getvalue()


def script_of(name, components):
    text = scripts[name]
    if components == 3:
        return text
    if name == "one" or name == "progressive":
        return text
    if components == 1:
        return {"spectral": "0: 0-0, 0, 0;\n0: 1-5, 0, 0;\n0: 6-63, 0, 0;\n",
                "approximate": "0: 0-0, 0, 1;\n0: 1-63, 0, 2;\n0: 0-0, 1, 0;\n0: 1-63, 2, 1;\n0: 1-63, 1, 0;\n"}.get(name)
    return {
        "inorder": "0;\n1;\n2;\n3;\n", "reversed": "3;\n2;\n1;\n0;\n", "pair": "0 3;\n1 2;\n",
        "spectral": "0 1 2 3: 0-0, 0, 0;\n" + "".join(f"{c}: {r}, 0, 0;\n" for r in ("1-5", "6-63") for c in (3, 0, 2, 1)),
        "approximate": "0 1 2 3: 0-0, 0, 1;\n" + "".join(f"{c}: 1-63, {b};\n" for b in ("0, 2", "2, 1") for c in range(4))
        + "0 1 2 3: 0-0, 1, 0;\n" + "".join(f"{c}: 1-63, 1, 0;\n" for c in range(4)),
    }.get(name)


def options(name, components):
    text = script_of(name, components)
    if name == "progressive":
        return ["-progressive"]
    if text is None:
        return []
    Path("/tmp/corpus.scans").write_text(text)
    return ["-scans", "/tmp/corpus.scans"]


def marker(data, kind):
    at = 2
    while data[at + 1] != kind:
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return at


files = {}
count = 0


def add(name, make):
    global count
    count += 1
    try:
        data = make()
        files[name] = (data, decoded(data))
    except ValueError as error:
        print(name, str(error).strip(), file=sys.stderr)


def decoded(data):
    image = Image.open(io.BytesIO(data))
    if image.mode == "CMYK":
        inks = pixels(image)
        colours = [tuple((255 - v) * (255 - k) / 255 for v in (c, m, y)) for c, m, y, k in inks]
    else:
        ppm_file = Image.open(io.BytesIO(run(["djpeg", "-pnm"], data))).convert("RGB")
        colours = pixels(ppm_file)
    width, height = image.size
    means = bytearray()
    for top in range(0, height, 8):
        for left in range(0, width, 8):
            block = [colours[y * width + x] for y in range(top, min(top + 8, height)) for x in range(left, min(left + 8, width))]
            means += bytes(round(sum(p[channel] for p in block) / len(block)) for channel in range(3))
    return width, height, bytes(means)


for sampling in samplings:
    for script in scripts:
        size = sizes[count % len(sizes)]
        restart = restarts[count % len(restarts)]
        name = f"{sampling} {script} {' '.join(restart)} {size[0]}x{size[1]}"
        add(name, lambda: run(["cjpeg", "-quality", "80", "-optimize", "-sample", sampling, *restart, *options(script, 3)], ppm(photo(*size))))
for sampling in ("1x1,1x1,1x1", "2x2,1x1,1x1", "1x1,2x1,1x1"):
    for script in scripts:
        size = sizes[count % len(sizes)]
        restart = restarts[count % len(restarts)]
        add(f"rgb {sampling} {script} {' '.join(restart)}",
            lambda: run(["cjpeg", "-rgb", "-quality", "80", "-optimize", "-sample", sampling, *restart, *options(script, 3)], ppm(photo(*size))))
for sampling in ("1x1", "2x2", "2x1", "4x2"):
    for script in ("one", "progressive", "spectral", "approximate"):
        size = sizes[count % len(sizes)]
        restart = restarts[count % len(restarts)]
        add(f"grey {sampling} {script} {' '.join(restart)}",
            lambda: run(["cjpeg", "-grayscale", "-quality", "80", "-optimize", "-sample", sampling, *restart, *options(script, 1)],
                        ppm(photo(*size))))
for transform in (0, 2):
    for subsampling in (0, 1, 2):
        for script in ("one", "inorder", "reversed", "pair", "progressive", "spectral", "approximate"):
            size = sizes[count % len(sizes)]
            restart = restarts[count % len(restarts)]

            def ink():
                out = io.BytesIO()
                photo(*size, 4).save(out, "jpeg", quality=85, subsampling=subsampling)
                data = bytearray(run(["jpegtran", "-optimize", *restart, *options(script, 4)], out.getvalue()))
                # The numbers stay: as YCCK they are other colours.
                data[marker(data, 0xEE) + 15] = transform
                return bytes(data)

            add(f"{'ycck' if transform else 'cmyk'} {subsampling} {script} {' '.join(restart)}", ink)
# Extended sequential frames: by name, and because quantization steps need 16 bits.
for sampling in ("1x1,1x1,1x1", "2x2,1x1,1x1", "2x1,1x1,1x1"):
    for script in ("one", "inorder"):
        def extended():
            data = bytearray(run(["cjpeg", "-quality", "80", "-sample", sampling, *options(script, 3)], ppm(photo(37, 29))))
            data[marker(data, 0xC0) + 1] = 0xC1
            return bytes(data)

        add(f"extended {sampling} {script}", extended)
        add(f"coarse {sampling} {script}", lambda: run(["cjpeg", "-quality", "4", "-sample", sampling, *options(script, 3)], ppm(photo(64, 32))))

pack = bytearray()
for name, (data, (width, height, means)) in files.items():
    name = name.strip().encode()
    pack += bytes([len(name)]) + name + len(data).to_bytes(2, "big") + data + bytes([width, height]) + means
out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "jpeg-corpus.bin")
out.write_bytes(pack)
print(len(files), "files,", len(pack), "bytes")
