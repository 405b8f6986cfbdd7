"""Writes what Pillow and TensorFlow make of the pixels and pictures of the tests, and the pictures.

Needs the packages of requirements.txt. `npm test` reads the files that this program wrote: test/pictures/* and
test/expected/*.json.
"""

import base64
import hashlib
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

test = Path(__file__).parent.parent / "test"
pictures = test / "pictures"
expected = test / "expected"


def write(name, value):
    (expected / name).write_text(json.dumps(value, indent=1) + "\n")


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def encoded(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def noise(width, height, channels):
    """The same pixels as `noise` of test/support.ts."""
    i = np.arange(width * height * channels, dtype=np.uint64)
    words = (i * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)
    return (words >> np.uint64(24)).astype(np.uint8).reshape(height, width, channels)


PILLOW = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "nearest": Image.NEAREST}


def resized(pixels, width, height, method):
    library, name = method.split("-", 1)
    if library == "pillow":
        picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        result = np.asarray(picture.resize((width, height), PILLOW[name]))
        return result.reshape(height, width, pixels.shape[2])
    size = [height, width]
    if library == "tf1":
        return tf.compat.v1.image.resize_bilinear(pixels[None], size)[0].numpy()
    if name == "nearest":
        return tf.image.resize(pixels, size, method="nearest").numpy()
    return tf.image.resize(pixels, size, antialias=name.endswith("antialias")).numpy()


METHODS = ["pillow-bilinear", "pillow-bicubic", "pillow-nearest", "tf-bilinear", "tf-nearest", "tf1-bilinear"]
SIZES = [
    # from, to: smaller, larger, the same, one axis each way, one pixel, prime numbers
    [(37, 23), (16, 16)],
    [(1000, 750), (224, 224)],
    [(640, 427), (299, 299)],
    [(8, 8), (224, 224)],
    [(224, 224), (224, 224)],
    [(500, 20), (64, 96)],
    [(1, 1), (5, 7)],
    [(1, 400), (16, 16)],
    [(101, 103), (97, 89)],
    [(3000, 2), (7, 3)],
]


def write_resizes():
    rows = []
    for (width, height), (to_width, to_height) in SIZES:
        for channels in (3, 1):
            pixels = noise(width, height, channels)
            row = {"from": [width, height], "to": [to_width, to_height], "channels": channels}
            row["sha256"] = {m: digest(resized(pixels, to_width, to_height, m)) for m in METHODS}
            if to_width <= 100 and to_height <= 100:
                row["antialias"] = encoded(resized(pixels, to_width, to_height, "tf-bilinear-antialias"))
            rows.append(row)
    write("resizes.json", rows)


def scene(width=24, height=16):
    """A small picture with edges, ramps and an upright: its left upper corner is red."""
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * ((x < width // 3) & (y < height // 3))
    green = 255 * x // max(1, width - 1)
    blue = 128 + 100 * np.sin(y / 3.0)
    return np.stack([np.maximum(red, green // 2), green, blue], axis=2).astype(np.uint8)


def png_of_16_bits(pixels):
    """Pillow cannot write RGB of 16 bits."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def file_of(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def rotated(orientation):
    """The scene stored so that EXIF's orientation turns it upright."""
    undo = {1: [], 2: [0], 3: [1, 0], 4: [1], 5: [2], 6: [4], 7: [3], 8: [5]}
    steps = {0: Image.FLIP_LEFT_RIGHT, 1: Image.FLIP_TOP_BOTTOM, 2: Image.TRANSPOSE, 3: Image.TRANSVERSE}
    steps |= {4: Image.ROTATE_90, 5: Image.ROTATE_270}
    picture = Image.fromarray(scene())
    for step in undo[orientation]:
        picture = picture.transpose(steps[step])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return file_of(picture, "JPEG", quality=95, subsampling=0, exif=exif)


def write_pictures():
    rgb = Image.fromarray(scene())
    grey = rgb.convert("L")
    alpha = rgb.copy()
    alpha.putalpha(Image.fromarray((np.arange(24 * 16).reshape(16, 24) % 256).astype(np.uint8)))
    other = Image.fromarray(255 - scene())
    jpeg = file_of(rgb, "JPEG", quality=90)
    files = {f"orientation-{i}.jpg": rotated(i) for i in range(1, 9)}
    files |= {
        "subsampled.jpg": jpeg,
        "progressive.jpg": file_of(rgb, "JPEG", quality=90, progressive=True),
        "grey.jpg": file_of(grey, "JPEG", quality=90),
        "cmyk.jpg": file_of(rgb.convert("CMYK"), "JPEG", quality=95),
        "alpha.png": file_of(alpha, "PNG"),
        "palette.png": file_of(rgb.quantize(16), "PNG"),
        "grey.png": file_of(grey, "PNG"),
        "grey-16-bit.png": file_of(Image.fromarray(np.asarray(grey).astype(np.uint16) * 257), "PNG"),
        "rgb-16-bit.png": png_of_16_bits(scene().astype(np.uint16) * 257),
        "palette.gif": file_of(rgb.quantize(16), "GIF"),
        "animated.gif": file_of(rgb.quantize(16), "GIF", save_all=True, append_images=[other.quantize(16)]),
        "lossless.webp": file_of(rgb, "WEBP", lossless=True),
        "animated.webp": file_of(rgb, "WEBP", lossless=True, save_all=True, append_images=[other]),
        "picture.tiff": file_of(rgb, "TIFF"),
        "picture.avif": file_of(rgb, "AVIF", quality=100, subsampling="4:4:4"),
        "one-pixel.png": file_of(Image.fromarray(np.full((1, 1, 3), [10, 20, 30], np.uint8)), "PNG"),
        "large.png": file_of(Image.new("1", (10_000, 10_000)), "PNG", optimize=True),
        "narrow.png": file_of(Image.new("1", (1, 1_000_000)), "PNG", optimize=True),
        "truncated.jpg": jpeg[: len(jpeg) // 2],
        "not-a-picture.txt": b"just words",
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as into:
        into.writestr(zipfile.ZipInfo("a.txt", (2026, 1, 1, 0, 0, 0)), "a text")
    files["zip.jpg"] = archive.getvalue()
    refused = {"large.png", "narrow.png", "truncated.jpg", "not-a-picture.txt", "zip.jpg"}
    rows = {}
    for name, content in files.items():
        (pictures / name).write_bytes(content)
        if name in refused:
            continue
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
        if picture.mode.startswith("I;16"):
            picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        pixels = np.asarray(picture.convert("RGB"))
        rows[name] = {"size": [picture.width, picture.height], "rgb": encoded(pixels)}
    write("pictures.json", rows)


def as_float(pixels):
    return pixels.astype(np.float32)


def torchvision(picture, size, shorter, method, mean, std):
    """Resize, CenterCrop, ToTensor and Normalize of torchvision, in float32."""
    width, height = picture.size
    if width <= height:
        picture = picture.resize((shorter, int(shorter * height / width)), method)
    else:
        picture = picture.resize((int(shorter * width / height), shorter), method)
    width, height = picture.size
    top, left = int(round((height - size) / 2.0)), int(round((width - size) / 2.0))
    picture = picture.crop((left, top, left + size, top + size))
    scaled = as_float(np.asarray(picture)).transpose(2, 0, 1) / np.float32(255)
    one = np.asarray(mean, np.float32)[:, None, None], np.asarray(std, np.float32)[:, None, None]
    return (scaled - one[0]) / one[1]


def keras(picture, module, method=Image.NEAREST):
    pixels = as_float(np.asarray(picture.resize((224, 224), method)))
    return module.preprocess_input(pixels[None])[0].astype(np.float32)


CLIP = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def write_tensors():
    apps = tf.keras.applications
    rows = []
    for width, height in [(300, 260), (260, 301), (640, 427)]:
        pixels = noise(width, height, 3)
        picture = Image.fromarray(pixels)
        with_pad = tf.image.resize_with_pad(pixels, 64, 96).numpy()
        central = tf.image.resize(tf.image.central_crop(pixels, 0.875), [64, 64]).numpy()
        luma = np.asarray(picture.convert("L").resize((28, 28), Image.BILINEAR))[:, :, None]
        tensors = {
            "mobilenet": keras(picture, apps.mobilenet),
            "resnet": keras(picture, apps.resnet),
            "torchvision": torchvision(picture, 224, 256, Image.BILINEAR, *IMAGENET),
            "clip": torchvision(picture, 224, 224, Image.BICUBIC, *CLIP),
            "pad": as_float(with_pad),
            "fraction": as_float(central),
            "grey": as_float(luma) / np.float32(255),
            "uint8": np.asarray(picture.resize((32, 32), Image.BILINEAR)),
        }
        rows.append({"size": [width, height], "sha256": {name: digest(t) for name, t in tensors.items()}})
    write("tensors.json", rows)


if __name__ == "__main__":
    pictures.mkdir(exist_ok=True)
    expected.mkdir(exist_ok=True)
    write_resizes()
    write_pictures()
    write_tensors()
