"""Writes corpus.bin: small PNG and TIFF files of every kind, each with a hash of what it shows.

PNG files are put together here, TIFF files by tifffile (with imagecodecs). The expected values are those that were encoded.
"""

import io
import struct
import zlib

import numpy as np
import tifffile

random = np.random.default_rng(1)
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def entry(out, data, rgba):
    """rgba: 16 bits. Colours that nobody sees count as black."""
    rgba = np.where(rgba[..., 3:] == 0, 0, rgba)
    height, width = rgba.shape[:2]
    out.append(struct.pack("<IIIQ", len(data), width, height, fnv(rgba.astype("<u2").tobytes())) + data)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(samples, colour, depth, interlaced, chunks=b""):
    raw = b""
    for x, y, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        part = samples[y::dy, x::dx]
        for row in part if part.size else []:
            values = row.reshape(-1)
            bits = "".join(format(v, f"0{depth}b") for v in values.tolist())
            bits += "0" * (-len(bits) % 8)
            raw += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    height, width = samples.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunks + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def deep(values, depth):
    return values.astype(np.int64) * 65535 // ((1 << depth) - 1)


def pngs(out):
    kinds = [(0, d) for d in (1, 2, 4, 8, 16)] + [(2, 8), (2, 16)] + [(3, d) for d in (1, 2, 4, 8)]
    kinds += [(4, 8), (4, 16), (6, 8), (6, 16)]
    for i in range(200):
        colour, depth = kinds[i % len(kinds)]
        interlaced = i // len(kinds) % 2 == 1
        trns = i // len(kinds) // 2 % 2 == 1
        width, height = random.integers(1, 41, 2)
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        samples = random.integers(0, min(1 << depth, 9), (height, width, channels)) * max(1, (1 << depth) // 9)
        chunks = b""
        alpha = np.full((height, width, 1), 65535)
        if colour == 3:
            palette = random.integers(0, 256, (1 << depth, 3), dtype=np.uint8)
            chunks = chunk(b"PLTE", palette.tobytes())
            rgb = deep(palette[samples[..., 0]], 8)
            if trns:
                alphas = np.full(1 << depth, 255)
                few = random.integers(1, (1 << depth) + 1)
                alphas[:few] = random.integers(0, 256, few)
                chunks += chunk(b"tRNS", bytes(alphas[:few].tolist()))
                alpha = deep(alphas[samples], 8)
        else:
            rgb = deep(samples[..., : 3 if channels > 2 else 1], depth)
            if channels in (2, 4):
                alpha = deep(samples[..., -1:], depth)
            elif trns:
                key = samples[height // 2, width // 2]
                chunks = chunk(b"tRNS", b"".join(struct.pack(">H", v) for v in key.tolist()))
                alpha = np.where((samples == key).all(-1, keepdims=True), 0, 65535)
        rgba = np.concatenate([np.broadcast_to(rgb, (height, width, 3)), alpha], -1)
        entry(out, png(samples, colour, depth, interlaced, chunks), rgba)


def tiffs(out):
    for i in range(200):
        depth = (8, 16)[i % 2]
        compression = (None, "lzw", "zlib", "packbits")[i // 2 % 4]
        order = "<>"[i // 8 % 2]
        planar = i // 16 % 2 == 1
        tiled = i // 32 % 2 == 1
        colours = int(random.choice([1, 3]))
        extra = [[], ["unassalpha"], ["unspecified"], ["unspecified", "unassalpha"]][int(random.integers(4))]
        if colours == 1 and not extra:
            planar = False
        width, height = random.integers(1, 41, 2)
        samples = random.integers(1, 9, (height, width, colours + len(extra))) * ((1 << depth) // 9)
        stored = np.moveaxis(samples, -1, 0) if planar else samples
        if samples.shape[-1] == 1:
            stored = samples[..., 0]
        stored = stored.astype(f"{order}u{depth // 8}")
        options = {"tile": (16, 32)} if tiled else {"rowsperstrip": int(random.integers(1, height + 1))}
        if compression in ("lzw", "zlib"):
            options["predictor"] = bool(random.integers(2))
        file = io.BytesIO()
        tifffile.imwrite(
            file,
            stored,
            byteorder=order,
            bigtiff=i % 5 == 0,
            photometric="rgb" if colours == 3 else ("minisblack", "miniswhite")[i % 3 == 0],
            planarconfig=("separate" if planar else "contig") if samples.shape[-1] > 1 else None,
            extrasamples=extra or None,
            compression=compression,
            metadata=None,
            software=False,
            **options,
        )
        rgb = deep(samples[..., :colours], depth)
        if colours == 1 and i % 3 == 0:
            rgb = 65535 - rgb
        alpha = np.full((height, width, 1), 65535)
        if "unassalpha" in extra:
            alpha = deep(samples[..., -1:], depth)
        rgba = np.concatenate([np.broadcast_to(rgb, (height, width, 3)), alpha], -1)
        entry(out, file.getvalue(), rgba)


out = []
pngs(out)
tiffs(out)
with open("corpus.bin", "wb") as file:
    file.write(zlib.compress(b"".join(out), 9))
