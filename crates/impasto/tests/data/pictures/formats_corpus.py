"""Writes formats-corpus.bin: small files of the formats beyond JPEG, PNG and plain TIFF, each with what another program reads from it.

Needs Pillow, NumPy, tifffile, imagecodecs and OpenEXR. After decompression, each entry is: the lengths of name and file, width, height, and the
greatest difference allowed in the mean over the picture and at any sample, in 65535ths (six little-endian 32-bit numbers); name; file; RGBA in
16 bits. Colours that nobody sees count as black.
"""

import io
import os
import struct
import tempfile
import zlib

import imagecodecs
import numpy as np
import OpenEXR
import tifffile
from PIL import Image, ImageCms

random = np.random.default_rng(2)
out = []


def rgba16(values):
    """8 or 16-bit grey, grey with alpha, RGB or RGBA, as RGBA of 16 bits."""
    values = np.asarray(values)
    if values.ndim == 2:
        values = values[..., None]
    deep = values.astype(np.int64) * (257 if values.dtype == np.uint8 else 1)
    if deep.shape[2] < 3:
        deep = np.concatenate([np.repeat(deep[..., :1], 3, 2), deep[..., 1:]], 2)
    if deep.shape[2] == 3:
        deep = np.concatenate([deep, np.full_like(deep[..., :1], 65535)], 2)
    return deep


def entry(name, data, rgba, mean=0, most=0):
    rgba = np.where(rgba[..., 3:] == 0, 0, rgba)
    height, width = rgba.shape[:2]
    out.append(struct.pack("<6I", len(name), len(data), width, height, mean, most) + name.encode() + data + rgba.astype("<u2").tobytes())


def noise(width, height, channels, depth=8):
    """Runs, steps and noise, so that every way of packing is used."""
    kind = np.uint8 if depth == 8 else np.uint16
    top = (1 << depth) - 1
    values = random.integers(0, top + 1, (height, width, channels))
    values[: height // 3] = values[0, 0]
    values[height // 3 : height // 2] = (values[0, 0] + np.arange(width)[None, :, None]) & top
    if channels in (2, 4):
        values[..., -1] = np.where(random.random((height, width)) < 0.7, top, values[..., -1])
    return values.astype(kind)


def smooth(width, height, channels):
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (4 + i)) * np.cos(y / (6 - i)) * 90 + 128 + 20 * i for i in range(channels)]
    return np.stack(waves, -1).clip(0, 255).astype(np.uint8)


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def srgb(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def unit(values):
    return (np.clip(values, 0, 1) * 65535 + 0.5).astype(np.int64)


# QOI
for channels in (3, 4):
    for width, height in [(1, 1), (7, 3), (16, 16), (40, 25), (100, 2)]:
        values = noise(width, height, channels)
        entry(f"{channels} channels {width}x{height}.qoi", imagecodecs.qoi_encode(values), rgba16(values))
entry("all alike.qoi", imagecodecs.qoi_encode(np.full((20, 20, 3), 9, np.uint8)), rgba16(np.full((20, 20, 3), 9, np.uint8)))

# PNM and PAM
for greatest in (1, 3, 7, 100, 255, 256, 1000, 65535):
    full = 255 if greatest < 256 else 65535
    for kind, channels in [(2, 1), (3, 3), (5, 1), (6, 3)]:
        values = random.integers(0, greatest + 1, (5, 9, channels))
        head = f"P{kind}\n# a comment\n9 5\n{greatest}\n".encode()
        if kind < 4:
            data = head + b"\n".join(b" ".join(b"%d" % v for v in row.reshape(-1)) for row in values) + b"\n"
        else:
            data = head + values.astype(">u1" if greatest < 256 else ">u2").tobytes()
        scaled = (values * full + greatest // 2) // greatest
        entry(f"P{kind} up to {greatest}.ppm", data, rgba16(scaled.astype(np.uint8 if full == 255 else np.uint16)))
    for name, channels in [("GRAYSCALE", 1), ("GRAYSCALE_ALPHA", 2), ("RGB", 3), ("RGB_ALPHA", 4), ("", 4)]:
        values = random.integers(0, greatest + 1, (4, 6, channels))
        kind = f"TUPLTYPE {name}\n" if name else ""
        head = f"P7\n# a comment\nHEIGHT 4\nWIDTH 6\nMAXVAL {greatest}\nDEPTH {channels}\n{kind}ENDHDR\n".encode()
        scaled = (values * full + greatest // 2) // greatest
        data = head + values.astype(">u1" if greatest < 256 else ">u2").tobytes()
        entry(f"{name or 'unnamed'} up to {greatest}.pam", data, rgba16(scaled.astype(np.uint8 if full == 255 else np.uint16)))
for width in (1, 7, 8, 9, 17):
    bits = random.integers(0, 2, (6, width))
    grey = ((1 - bits) * 255).astype(np.uint8)
    entry(f"P1 {width}.pbm", f"P1 {width} 6\n".encode() + b"\n".join(b"".join(b"%d" % v for v in row) for row in bits), rgba16(grey))
    entry(f"P4 {width}.pbm", saved(Image.fromarray(grey).convert("1"), "PPM"), rgba16(grey))

# TGA
for mode, channels in [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4), ("P", 3)]:
    for compression in (None, "tga_rle"):
        for upward in (1, -1):
            values = noise(21, 13, channels)
            image = Image.fromarray(values[..., 0] if channels == 1 else values, None)
            if mode == "P":
                image = Image.fromarray(values).quantize(16)
            data = saved(image, "TGA", compression=compression, orientation=upward)
            shown = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA" if mode in ("LA", "RGBA") else "RGB"))
            entry(f"{mode} {compression} {upward}.tga", data, rgba16(shown))

# ICO
for kind in ("bmp", "png"):
    for mode in ("RGBA", "RGB"):
        values = noise(48, 48, len(mode))
        data = saved(Image.fromarray(values), "ICO", sizes=[(16, 16), (48, 48), (32, 32)], bitmap_format=kind)
        # Masks of bitmaps without alpha, all opaque here, are written and read without filling their rows up.
        entry(f"{mode} {kind}.ico", data, rgba16(values))

# Radiance HDR, with nothing above white
for width, height in [(1, 1), (7, 5), (40, 12)]:
    light = random.random((height, width, 3)).astype(np.float32)
    light[: height // 2] = light[0, 0]
    data = imagecodecs.rgbe_encode(light, header=True)
    shown = imagecodecs.rgbe_decode(data)
    if shown.max() <= 1:
        entry(f"{width}x{height}.hdr", bytes(data), rgba16(unit(srgb(shown)).astype(np.uint16)), 2, 8)

# OpenEXR
kinds = ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24"]
for kind in kinds:
    for dtype in (np.float16, np.float32):
        for channels in (1, 3, 4):
            light = random.random((19, 23, channels)).astype(dtype)
            light[3:9] = light[0, 0]
            if channels == 4:
                light[..., :3] *= light[..., 3:]
            named = {"Y": light[..., 0].copy()} if channels == 1 else {"RGBA"[:channels]: light}
            header = {"compression": getattr(OpenEXR, f"{kind}_COMPRESSION"), "type": OpenEXR.scanlineimage}
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "a.exr")
                OpenEXR.File(header, named).write(path)
                data = open(path, "rb").read()
                stored = OpenEXR.File(path).channels()
            read = next(iter(stored.values())).pixels.astype(np.float64)
            read = read[..., None] if read.ndim == 2 else read
            colours = read[..., :3] / read[..., 3:] if channels == 4 else read
            shown = unit(srgb(np.clip(colours, 0, None)))
            alpha = unit(read[..., 3:]) if channels == 4 else np.full_like(shown[..., :1], 65535)
            shown = np.concatenate([np.broadcast_to(shown, shown.shape[:2] + (3,)), alpha], -1)
            if colours.max() <= 1:
                entry(f"{kind} {np.dtype(dtype).name} {channels}.exr", data, shown, 2, 40)

# JPEG XL
for channels in (1, 2, 3, 4):
    for depth in (8, 16):
        values = noise(33, 21, channels, depth)
        values = values[..., 0] if channels == 1 else values
        shown = rgba16(values)
        if depth == 16:
            # The encoder takes 16 bits as linear light.
            shown[..., :3] = unit(srgb(shown[..., :3] / 65535))
        data = imagecodecs.jpegxl_encode(values, lossless=True)
        entry(f"lossless {channels} {depth}.jxl", data, shown, depth - 8, 50 * (depth - 8))
for channels in (1, 3):
    values = smooth(70, 50, channels)
    values = values[..., 0] if channels == 1 else values
    for distance in (0.5, 1.0, 3.0):
        data = imagecodecs.jpegxl_encode(values, distance=distance)
        entry(f"lossy {channels} {distance}.jxl", data, rgba16(imagecodecs.jpegxl_decode(data)), 100, 1100)
jpeg = saved(Image.fromarray(smooth(48, 40, 3)), "JPEG", quality=90, subsampling=0)
data = imagecodecs.jpegxl_encode_jpeg(jpeg)
entry("of a JPEG.jxl", data, rgba16(imagecodecs.jpegxl_decode(data)), 150, 1300)

# AVIF
for subsampling in ("4:4:4", "4:2:2", "4:2:0", "4:0:0"):
    for channels in (3, 4):
        values = smooth(48, 36, channels)
        for width, height in [(48, 36), (47, 35)]:
            part = Image.fromarray(np.ascontiguousarray(values[:height, :width]))
            data = saved(part, "AVIF", quality=80, subsampling=subsampling, speed=8)
            shown = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
            entry(f"{subsampling} {channels} {width}x{height}.avif", data, rgba16(shown), 300, 2600)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(smooth(40, 24, 3)), "AVIF", quality=90, subsampling="4:4:4", exif=exif, speed=8)
    turned = Image.open(io.BytesIO(data))
    from PIL import ImageOps

    entry(f"orientation {orientation}.avif", data, rgba16(np.asarray(ImageOps.exif_transpose(turned).convert("RGB"))), 200, 1600)
for bits in (10, 12):
    values = (smooth(40, 24, 3).astype(np.uint16) << (bits - 8)) | 1
    data = imagecodecs.avif_encode(values, level=90, bitspersample=bits, pixelformat="444", speed=8)
    shown = imagecodecs.avif_decode(data).astype(np.int64) * 65535 // ((1 << bits) - 1)
    entry(f"{bits} bits.avif", data, rgba16(shown.astype(np.uint16)), 150, 1300)


# TIFF: the compressions and colours that corpus.py lacks
def tiff(values, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, values, metadata=None, software=False, **options)
    return file.getvalue()


for depth in (8, 16):
    for predictor in (False, True):
        for tile in (None, (16, 16)):
            values = noise(37, 29, 3, depth)
            data = tiff(values, photometric="rgb", compression="zstd", predictor=predictor, tile=tile)
            entry(f"zstd {depth} {predictor} {tile}.tif", data, rgba16(values))
for channels in (3, 4):
    values = noise(32, 32, channels)
    # An encoder may change colours that nobody sees.
    values[..., 3:] = np.maximum(values[..., 3:], 1)
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    data = tiff(values, photometric="rgb", compression="webp", compressionargs={"level": -1, "lossless": True}, **extra)
    if tifffile.imread(io.BytesIO(data)).tolist() == values.tolist():
        entry(f"webp {channels}.tif", data, rgba16(values))
page = Image.new("L", (117, 40), 255)
page.paste(0, (10, 5, 60, 20))
page.paste(0, (61, 6, 64, 39))
page.paste(255, (20, 8, 35, 12))
page = page.convert("1")
rough = Image.fromarray((random.integers(0, 2, (30, 61)) * 255).astype(np.uint8)).convert("1")
for name, image in [("page", page), ("rough", rough)]:
    for compression, options in [("tiff_ccitt", {}), ("group3", {}), ("group3", {292: 1}), ("group3", {292: 5}), ("group4", {})]:
        data = saved(image, "TIFF", compression=compression, tiffinfo=options)
        written = tifffile.TiffFile(io.BytesIO(data)).pages[0].tags
        asked = written.get(292).value if written.get(292) else 0
        assert asked == options.get(292, 0), (compression, options, asked)
        shown = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
        entry(f"{name} {compression} {asked}.tif", data, rgba16(shown))
lab = np.stack([random.integers(80, 200, (9, 11)), random.integers(-12, 13, (9, 11)), random.integers(-12, 13, (9, 11))], -1)
data = tiff(lab.astype(np.int8).view(np.uint8), photometric="cielab")
icc = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
shown = np.asarray(ImageCms.applyTransform(Image.fromarray((lab.astype(np.int8).view(np.uint8)), "LAB"), icc))
entry("cielab.tif", data, rgba16(shown), 400, 1200)

with open("formats-corpus.bin", "wb") as file:
    file.write(zlib.compress(b"".join(out), 9))
print(len(out), "files")
