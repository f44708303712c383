"""Opening picture files: every check that comes before and while decoding, in one place.

PNG, JPEG, WebP and TIFF are read; of files with several pictures (animations, pages) the first. GIF is not
read: it has no use for photographs, and a label map in it may have been reduced to other colours than it
was painted with. The size is taken from the header and checked before anything is decoded, so a small file
that unpacks to gigabytes costs nothing.
"""

import os
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, UnidentifiedImageError

from analogon.errors import InputError

Array = npt.NDArray[Any]
Source = str | os.PathLike[str] | Image.Image | Array
"""A path, a Pillow image or an array."""
ImageSource = Source
"""What pictures are read from; which arrays, is said at `images.read_image`."""
LabelSource = Source
"""What label maps are read from; which arrays, is said at `labels.read_labels`."""

MIN_SIDE = 16
MAX_PIXELS = 40_000_000
READABLE = ("PNG", "JPEG", "WEBP", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")

# What Pillow's decoders raise on damaged data; there is no common base.
_DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError,
    ZeroDivisionError, AttributeError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip

_MAGIC = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"8BPS", "a Photoshop file"),
    (b"%PDF", "a PDF"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"v/1\x01", "an OpenEXR file"),
    (b"gimp xcf", "a GIMP file"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000"),
    (b"PK\x03\x04", "a zip archive"),
)


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded file: the Pillow image, and where Pillow reduces 16 bits per channel to 8, all of them.

    `deep` is uint16 (h, w, 3 or 4) or None. `lossy` tells that the file format changes colours. The EXIF
    orientation is not applied yet: see `upright`.
    """

    name: str
    image: Image.Image
    deep: npt.NDArray[np.uint16] | None
    lossy: bool


def name_of(source: Source) -> str:
    """How messages call a source: its path in quotes, or what it is."""
    if isinstance(source, Image.Image):
        filename = getattr(source, "filename", "")
        return f"'{filename}'" if filename else "The given picture"
    return "The given array" if isinstance(source, np.ndarray) else f"'{os.fspath(source)}'"


def open_picture(source: str | os.PathLike[str] | Image.Image) -> Picture:
    """Decode the first picture of a file, or finish decoding a Pillow image.

    InputError says what is wrong.
    """
    name = name_of(source)
    if isinstance(source, Image.Image):
        check_size(name, *source.size)
        with _damage_as_error(name):
            source.load()
        return Picture(name, source, None, source.format in ("JPEG", "MPO"))
    path = Path(source)
    _check_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, about sizes that are checked here and about odd metadata
            image = Image.open(path, formats=READABLE)
    except UnidentifiedImageError:
        raise InputError(f"{name} {_what_instead(path)}: save it as PNG, JPEG, WebP or TIFF.") from None
    except Image.DecompressionBombError:
        raise InputError(f"{name} has more than {MAX_PIXELS // 10**6} megapixels: make it smaller.") from None
    except _DAMAGE as error:
        raise InputError(f"{name} is damaged or cut short: get a complete copy of it.") from error
    with image:
        check_size(name, *image.size)
        with _damage_as_error(name):
            tiles = list(image.tile)
            image.load()
            deep = _all_bits(path, image, tiles)
        return Picture(name, image, deep, image.format in ("JPEG", "MPO"))


@contextmanager
def _damage_as_error(name: str) -> Iterator[None]:
    """Turn what a decoder raises into one sentence, and keep its warnings to ourselves."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except _DAMAGE as error:
        raise InputError(f"{name} is damaged or cut short: get a complete copy of it.") from error


def _check_file(path: Path) -> None:
    """Refuse what is no file with something in it."""
    try:
        if path.is_dir():
            raise InputError(f"'{path}' is a folder: name a picture file in it.")
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"'{path}' is empty: get a complete copy of it.")
    except FileNotFoundError:
        raise InputError(f"There is no file '{path}': check the path.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"'{path}' cannot be read ({reason}): check the path and its permissions.") from error


def _what_instead(path: Path) -> str:
    """What a file is that is none of the formats read."""
    with path.open("rb") as file:
        start = file.read(512)
    for magic, what in _MAGIC:
        if start.startswith(magic):
            return f"is {what}"
    if start[4:8] == b"ftyp":
        return "is a HEIC, AVIF or video file"
    if b"\0" not in start and sum(byte < 9 or 13 < byte < 32 for byte in start) == 0:
        return "is a text file, not a picture"
    return "is no picture, or damaged at its start"


def check_size(name: str, width: int, height: int) -> None:
    """InputError where a side is shorter than 16 pixels or the picture has more than 40 megapixels."""
    if min(width, height) < MIN_SIDE:
        raise InputError(f"{name} is {width}x{height} pixels: use one of at least {MIN_SIDE}x{MIN_SIDE}.")
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{name} is {width}x{height} pixels, more than {MAX_PIXELS // 10**6} megapixels: make it smaller."
        )


def _all_bits(path: Path, image: Image.Image, tiles: list[Any]) -> npt.NDArray[np.uint16] | None:
    """All 16 bits per channel of an RGB or RGBA file, uint16 (h, w, 3 or 4), where Pillow gives the upper 8.

    Pillow unpacks such data by taking every second byte, the upper one. Told that the bytes come in the
    other order, it takes the lower one; the file is decoded a second time for it.
    """
    modes = {_raw_mode(tile) for tile in tiles}
    raw = modes.pop() if len(modes) == 1 else ""
    if image.mode not in ("RGB", "RGBA") or not raw.startswith(f"{image.mode};16"):
        return None
    order = raw[-1] if raw[-1] in "BL" else ("L" if sys.byteorder == "little" else "B")
    lower = f"{image.mode};16{'L' if order == 'B' else 'B'}"
    with Image.open(path, formats=READABLE) as second:
        if isinstance(second, ImageFile.ImageFile):
            second.tile = [_with_raw_mode(tile, lower) for tile in second.tile]
        low = np.asarray(second)
    deep: npt.NDArray[np.uint16] = np.asarray(image).astype(np.uint16) << 8 | low
    return deep


def _raw_mode(tile: Any) -> str:
    """The layout of the bytes that a tile of Pillow names for its decoder."""
    arguments = tile.args
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _with_raw_mode(tile: Any, raw: str) -> Any:
    arguments = tile.args
    return tile._replace(args=(raw, *arguments[1:]) if isinstance(arguments, tuple) else raw)


def upright(picture: Picture, array: Array) -> Array:
    """`array` (h, w, ...) of the picture's pixels, turned and flipped as the EXIF orientation says."""
    try:
        orientation = picture.image.getexif().get(0x0112, 1)
    except _DAMAGE:  # EXIF data are often malformed; the picture is not worse for it
        orientation = 1
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array
