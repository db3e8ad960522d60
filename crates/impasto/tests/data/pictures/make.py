"""Makes the files of this folder; see README.md. Needs Pillow 11 or later with LittleCMS, libtiff and libwebp.

    python make.py

`NAME.png` beside `NAME` is what Pillow (and, where there is a colour profile, LittleCMS) reads from it, as 8-bit RGB(A).
"""

import io
import struct

import numpy as np
from PIL import Image, ImageCms

W, H = 33, 21


def scene():
    """A smooth picture with two hard edges: RGB, uint8."""
    y, x = np.mgrid[0:H, 0:W].astype(np.float64)
    r = 127 + 120 * np.sin(x / 6.0)
    g = 127 + 120 * np.cos((x + y) / 9.0)
    b = 255 * y / (H - 1)
    rgb = np.stack([r, g, b], axis=-1)
    rgb[4:9, 20:28] = [230, 30, 40]
    rgb[12:18, 5:14] = [20, 60, 200]
    return Image.fromarray(np.clip(np.rint(rgb), 0, 255).astype(np.uint8), "RGB")


def cmyk_scene():
    rgb = np.asarray(scene()).astype(np.float64) / 255
    k = 0.5 * (1 - rgb.max(axis=-1, keepdims=True))
    cmy = (1 - rgb - k) / (1 - k)
    return Image.fromarray(np.rint(np.concatenate([cmy, k], axis=-1) * 255).astype(np.uint8), "CMYK")


def cmyk_profile():
    """A small ICC v2 output profile: a 5x5x5x5 table from CMYK to Lab (lut8Type), of no real press."""
    grid = 5
    table = bytearray()
    for c in range(grid):
        for m in range(grid):
            for y in range(grid):
                for k in range(grid):
                    ink = np.array([c, m, y]) / (grid - 1)
                    black = k / (grid - 1)
                    # Impure inks: each takes a little of the other colours too.
                    share = np.array([[0.9, 0.25, 0.1], [0.2, 0.85, 0.3], [0.05, 0.1, 0.9]])
                    light = np.prod(1 - share * ink[:, None], axis=0) * (1 - 0.92 * black)
                    lin = np.clip(light, 0, 1) ** 2.0
                    xyz = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]]) @ lin
                    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz / [0.9642, 1.0, 0.8249]]
                    lab = [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]
                    table += bytes([
                        int(np.clip(round(lab[0] * 255 / 100), 0, 255)),
                        int(np.clip(round(lab[1] + 128), 0, 255)),
                        int(np.clip(round(lab[2] + 128), 0, 255)),
                    ])
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = bytes(range(256))
    a2b = b"mft1" + bytes(4) + bytes([4, 3, grid, 0]) + matrix + ramp * 4 + bytes(table) + ramp * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    name = b"Made up inks\0"
    desc = b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67)
    text = b"text" + bytes(4) + b"No copyright\0"
    tags, body = [], b""
    start = 128 + 4 + 12 * 4
    for sig, data in [(b"desc", desc), (b"cprt", text), (b"wtpt", white), (b"A2B0", a2b)]:
        data += bytes(-len(data) % 4)
        tags.append(sig + struct.pack(">2I", start + len(body), len(data)))
        body += data
    head = struct.pack(">I4sI4s4s4s12s4s4sI4s4sQI3i", start + len(body), b"none", 0x02400000, b"prtr", b"CMYK", b"Lab ",
                       struct.pack(">6H", 2025, 1, 1, 0, 0, 0), b"acsp", b"none", 0, b"none", b"none", 0, 0, 63190, 65536, 54061)
    head += bytes(128 - len(head))
    return head + struct.pack(">I", 4) + b"".join(tags) + body


def save(name, picture, **options):
    picture.save(name, **options)
    read = Image.open(name)
    read.seek(0)
    icc = read.info.get("icc_profile")
    if icc:
        read.load()
        srgb = ImageCms.createProfile("sRGB")
        read = ImageCms.profileToProfile(read, ImageCms.ImageCmsProfile(io.BytesIO(icc)), srgb, outputMode="RGB")
    elif read.mode not in ("RGB", "RGBA"):
        read = read.convert("RGBA" if "transparency" in read.info else "RGB")
    read.info.clear()
    read.save(name + ".png")


def main():
    rgb, cmyk = scene(), cmyk_scene()
    save("444.jpg", rgb, quality=95, subsampling=0)
    save("420.jpg", rgb, quality=95, subsampling=2)
    save("progressive.jpg", rgb, quality=95, subsampling=0, progressive=True)
    save("grey.jpg", rgb.convert("L"), quality=95)
    save("cmyk.jpg", cmyk, quality=98)
    save("cmyk_icc.jpg", cmyk, quality=98, icc_profile=cmyk_profile())
    save("cmyk_icc.tif", cmyk, compression="tiff_lzw", icc_profile=cmyk_profile())
    save("lossy.webp", rgb, quality=90)
    alpha = np.asarray(rgb.convert("L"))
    rgba = Image.fromarray(np.dstack([np.asarray(rgb), np.maximum(alpha, 1)]), "RGBA")
    save("lossy_alpha.webp", rgba, quality=90, alpha_quality=100)
    save("lossless.webp", rgb, lossless=True)
    second = rgb.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    save("animated.webp", rgb, save_all=True, append_images=[second], duration=100, lossless=True)
    colours = rgb.quantize(32)
    save("animated.gif", colours, save_all=True, append_images=[second.quantize(32)], duration=100)
    save("palette.bmp", colours)
    save("plain.bmp", rgb)
    save("lzw.tif", rgb, compression="tiff_lzw")
    save("jpeg.tif", rgb, compression="jpeg", quality=95)
    save("bits.tif", rgb.convert("1"))
    save("palette.png", colours)


main()
