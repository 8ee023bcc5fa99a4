"""Writes tests/reference/images/: small images of every kind, what Pillow sees in them (images.json), and arrays of NumPy.

Run with Python, Pillow and NumPy: python tests/reference/images.py
"""

import io
import json
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FOLDER = Path(__file__).parent / "images"
HEIGHT, WIDTH = 12, 16


def ramp():
    """Smooth in each channel, so that lossy formats keep it nearly; red falls down, green to the right, blue is both."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    red, green = 20 + 200 * y // HEIGHT, 30 + 190 * x // WIDTH
    return np.stack([red, green, (red + green) // 2], -1).astype(np.uint8)


def write_png16(path, pixels):
    """Pillow writes no 16-bit colour."""
    height, width, channels = pixels.shape
    kind = {1: 0, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def seen(image):
    """As [channels][height][width] over white, turned upright."""
    image = ImageOps.exif_transpose(image)
    if image.mode in ("P", "PA", "LA", "RGBA") and (image.mode != "P" or "transparency" in image.info):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def write_arrays():
    """Arrays whose numbers count up, as NumPy writes them."""
    def count(*shape, dtype=np.uint8):
        return np.arange(np.prod(shape)).reshape(shape).astype(dtype)

    labels = np.array([[2], [0], [1]])
    apart = {"x_train": count(3, 2, 3, 3), "y_train": labels, "x_test": count(2, 2, 3, 3) + 100, "y_test": labels[:2]}
    np.savez_compressed(FOLDER / "apart.npz", **apart)
    np.savez(FOLDER / "together.npz", images=count(14, 3, 2, 2, dtype=np.float32) / 255, labels=np.arange(14, dtype=np.int32) % 2)
    np.savez(FOLDER / "unnamed.npz", count(14, 2, 2, dtype=np.int64), np.arange(14, dtype=np.uint8) % 3)
    np.savez(FOLDER / "fortran.npz", images=np.asfortranarray(count(3, 2, 2)), labels=np.arange(3))
    np.savez(FOLDER / "big-endian.npz", images=count(3, 2, 2, dtype=">i4"), labels=np.arange(3))
    np.savez(FOLDER / "large.npz", images=count(3, 2, 2, dtype=np.float64), labels=np.arange(3))
    np.savez(FOLDER / "strangers.npz", a=np.arange(3), b=np.arange(3))
    with zipfile.ZipFile(FOLDER / "version-2.npz", "w") as archive:
        for name, array in [("x", count(7, 1, 2)), ("y", np.zeros(7, np.int16))]:
            data = io.BytesIO()
            np.lib.format.write_array(data, array, version=(2, 0))
            archive.writestr(f"{name}.npy", data.getvalue())


def write_archive():
    """Two pictures of two classes as tar writes them today (PAX), with a name that needs more than a header."""
    with tarfile.open(FOLDER / "pets.tar.xz", "w:xz", format=tarfile.PAX_FORMAT) as archive:
        for name, picture in [("katze-\u00e4/" + 120 * "m" + ".png", "rgb.png"), ("dog/1.jpg", "rgb.jpg")]:
            info = tarfile.TarInfo("pets/train/" + name)
            info.size = (FOLDER / picture).stat().st_size
            archive.addfile(info, (FOLDER / picture).open("rb"))


def main():
    FOLDER.mkdir(exist_ok=True)
    colours = Image.fromarray(ramp())
    grey = colours.convert("L")
    alpha = Image.fromarray(np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1)))
    transparent = colours.copy()
    transparent.putalpha(alpha)
    palette = colours.quantize(16)
    colours.save(FOLDER / "rgb.png")
    grey.save(FOLDER / "grey.png")
    transparent.save(FOLDER / "rgba.png")
    grey.copy().convert("LA").save(FOLDER / "grey-alpha.png")
    palette.save(FOLDER / "palette.png")
    palette.save(FOLDER / "palette-transparent.png", transparency=3)
    grey.point(lambda value: value > 120 and 255, mode="1").save(FOLDER / "bits.png")
    write_png16(FOLDER / "rgb-16.png", ramp().astype(np.uint16) * 257)
    write_png16(FOLDER / "grey-16.png", np.asarray(grey).astype(np.uint16)[..., None] * 257)
    colours.save(FOLDER / "rgb.jpg", quality=95, subsampling=0)
    colours.save(FOLDER / "progressive.jpg", quality=95, subsampling=0, progressive=True)
    colours.save(FOLDER / "halved-colours.jpg", quality=95, subsampling=2)
    grey.save(FOLDER / "grey.jpg", quality=95)
    cmyk = np.asarray(colours.convert("CMYK")).copy()
    cmyk[..., 3] = 60
    Image.fromarray(cmyk, "CMYK").save(FOLDER / "cmyk.jpg", quality=95)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        colours.save(FOLDER / f"orientation-{orientation}.jpg", quality=95, subsampling=0, exif=exif)
    colours.save(FOLDER / "rgb.gif")
    palette.save(FOLDER / "animated.gif", save_all=True, append_images=[palette.transpose(Image.Transpose.ROTATE_180)])
    colours.save(FOLDER / "rgb.bmp")
    colours.save(FOLDER / "lossless.webp", lossless=True)
    transparent.save(FOLDER / "alpha.webp", lossless=True, exact=True)
    colours.save(FOLDER / "lossy.webp", quality=95)
    colours.save(FOLDER / "rgb.tif")
    colours.save(FOLDER / "lzw.tiff", compression="tiff_lzw")
    transparent.save(FOLDER / "rgba-deflate.tiff", compression="tiff_adobe_deflate")
    grey.save(FOLDER / "grey-packbits.tiff", compression="packbits")
    colours.save(FOLDER / "turned.tiff", tiffinfo={0x0112: 6})
    write_arrays()
    write_archive()
    reference = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in (".json", ".npz", ".xz"):
            continue
        pixels = seen(Image.open(path))
        if path.stem in ("grey-16", "rgb-16"):
            pixels = seen(grey if path.stem == "grey-16" else colours)
        reference[path.name] = {"shape": pixels.shape, "pixels": pixels.flatten().tolist()}
    middle = colours.crop((2, 0, 14, 12))
    half = Image.new("RGB", (8, 8))
    half.paste(colours.resize((8, 6), Image.Resampling.BILINEAR), (0, 1))
    fits = {"stretch": colours.resize((8, 8), Image.Resampling.BILINEAR), "pad": half}
    fits["crop"] = middle.resize((8, 8), Image.Resampling.BILINEAR)
    for fit, image in fits.items():
        reference[fit] = {"shape": [3, 8, 8], "pixels": seen(image).flatten().tolist()}
    (FOLDER / "images.json").write_text(json.dumps(reference, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
