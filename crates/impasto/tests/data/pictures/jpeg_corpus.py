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

# Ratios of sampling that are not whole numbers. libjpeg neither writes nor reads them, so this writes blocks of one value each. The means come
# from the definition: samples lie at the centres of their areas and are interpolated. Whole ratios above 2 are repeated.
def fractional(factors, width, height):
    largest = [max(f[axis] for f in factors) for axis in (0, 1)]
    mcus = [-(-size // (8 * most)) for size, most in zip((width, height), largest)]
    planes = []
    for number, (h, v) in enumerate(factors):
        planes.append([[80 + (x * 37 + y * 23 + number * 50) % 90 for x in range(mcus[0] * h)] for y in range(mcus[1] * v)])
    lengths = [2, 3, 3, 3, 3, 3, 4, 5, 6, 7, 8, 9]
    codes, code = [], 0
    for size, length in enumerate(lengths):
        code <<= length - (lengths[size - 1] if size else length)
        codes.append(f"{code:0{length}b}")
        code += 1
    bits, before = "", [0, 0, 0]
    for my in range(mcus[1]):
        for mx in range(mcus[0]):
            for number, (h, v) in enumerate(factors):
                for y in range(v):
                    for x in range(h):
                        value = planes[number][my * v + y][mx * h + x] - 128
                        step, before[number] = value - before[number], value
                        size = abs(step).bit_length()
                        bits += codes[size] + (f"{step if step > 0 else step + (1 << size) - 1:0{size}b}" if size else "") + "0"
    bits += "1" * (-len(bits) % 8)
    coded = b"".join(bytes([b]) + (b"\0" if b == 255 else b"") for b in int(bits, 2).to_bytes(len(bits) // 8, "big"))
    segment = lambda kind, body: bytes([255, kind]) + (len(body) + 2).to_bytes(2, "big") + body
    frame = bytes([8]) + height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes([3])
    frame += b"".join(bytes([i + 1, h << 4 | v, 0]) for i, (h, v) in enumerate(factors))
    counts = bytes(lengths.count(n) for n in range(1, 17))
    data = b"\xff\xd8" + segment(0xDB, b"\0" + b"\x08" * 64) + segment(0xC0, frame)
    data += segment(0xC4, b"\0" + counts + bytes(range(12))) + segment(0xC4, b"\x10\1" + bytes(15) + b"\0")
    data += segment(0xDA, b"\3\1\0\2\0\3\0\0\x3f\0") + coded + b"\xff\xd9"

    def sample(number, x, y):
        sides = [-(-size * factors[number][axis] // largest[axis]) for axis, size in enumerate((width, height))]
        at = [min(max((place + 0.5) * factors[number][axis] / largest[axis] - 0.5, 0), sides[axis] - 1) for axis, place in enumerate((x, y))]
        ratios = [largest[axis] / factors[number][axis] for axis in (0, 1)]
        if all(ratio % 1 == 0 for ratio in ratios) and max(ratios) > 2:
            # As libjpeg does.
            at = [int(place / ratio) for place, ratio in zip((x, y), ratios)]
        (x0, y0), (x1, y1) = map(int, at), (min(int(a) + 1, side - 1) for a, side in zip(at, sides))
        fx, fy = at[0] % 1, at[1] % 1
        value = lambda x, y: planes[number][y // 8][x // 8]
        return (value(x0, y0) * (1 - fx) + value(x1, y0) * fx) * (1 - fy) + (value(x0, y1) * (1 - fx) + value(x1, y1) * fx) * fy

    means = bytearray()
    for top in range(0, height, 8):
        for left in range(0, width, 8):
            sums, count = [0, 0, 0], 0
            for y in range(top, min(top + 8, height)):
                for x in range(left, min(left + 8, width)):
                    luma, cb, cr = (sample(number, x, y) for number in range(3))
                    rgb = luma + 1.402 * (cr - 128), luma - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), luma + 1.772 * (cb - 128)
                    sums = [a + min(max(b, 0), 255) for a, b in zip(sums, rgb)]
                    count += 1
            means += bytes(round(total / count) for total in sums)
    return data, (width, height, bytes(means))


for number, factors in enumerate([
    [(3, 1), (2, 1), (1, 1)], [(3, 1), (2, 1), (2, 1)], [(3, 2), (2, 1), (2, 2)], [(2, 1), (3, 1), (1, 1)], [(1, 3), (1, 2), (1, 2)], [(4, 1), (3, 1), (1, 1)],
    [(3, 2), (2, 2), (1, 1)], [(2, 3), (1, 2), (1, 1)], [(4, 1), (3, 1), (3, 1)],
]):
    for width, height in ((97, 53), (40, 33), sizes[number % len(sizes)]):
        files[f"fractional {factors} {width}x{height}"] = fractional(factors, width, height)

pack = bytearray()
for name, (data, (width, height, means)) in files.items():
    name = name.strip().encode()
    pack += bytes([len(name)]) + name + len(data).to_bytes(2, "big") + data + bytes([width, height]) + means
out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "jpeg-corpus.bin")
out.write_bytes(pack)
print(len(files), "files,", len(pack), "bytes")
