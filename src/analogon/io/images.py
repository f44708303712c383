"""Pictures: files to arrays and back.

One rule for every kind of picture:

* The result is sRGB, float32 (h, w, 3) in [0, 1]: 8-bit values over 255, 16-bit values over 65535.
* Greyscale, 1-bit and palette pictures become RGB; CMYK is converted by (1 - C)(1 - K) and so on (the
  inverted CMYK
  of Adobe's JPEGs is recognised). Embedded colour profiles are not applied.
* Alpha, of whatever kind (a channel, a transparent palette entry or colour), is composited over white.
* 16 bits per channel are kept for greyscale, RGB and RGBA; greyscale with alpha is reduced to its upper 8
  bits.
* The EXIF orientation is applied. Of an animation or several pages the first is read.
* 16x16 pixels to 40 megapixels.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from analogon.errors import InputError
from analogon.io.atomic import Writer, replacing
from analogon.io.opening import ImageSource, Picture, check_size, open_picture, upright

Pixels = npt.NDArray[np.float32]

BAND = 32
"""Rows that are converted together."""

# JPEG at a quality and with full colour resolution that leave no visible trace; the others without loss.
# Photographs hardly shrink beyond PNG's second level, and take three times as long at the usual sixth.
_WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {"compress_level": 2}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True}),
    ".tif": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ".tiff": ("TIFF", {"compression": "tiff_adobe_deflate"}),
}


def read_image(source: ImageSource) -> Pixels:
    """The picture as float32 (h, w, 3) in [0, 1] by the rule of this module.

    `source` is a path, a Pillow image, or an array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4): uint8, uint16
    or float in [0, 1]. InputError says in one sentence what cannot be read and why.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    picture = open_picture(source)
    if picture.deep is not None:
        return _flatten(upright(picture, picture.deep), 65535)
    pixels, top = _pixels(picture)
    return _flatten(upright(picture, pixels), top)


def _from_array(array: npt.NDArray[Any]) -> Pixels:
    """The same for an array."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise InputError(f"An image array is (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), not {array.shape}.")
    check_size("The given array", array.shape[1], array.shape[0])
    pixels = array[..., None] if array.ndim == 2 else array
    if array.dtype in (np.uint8, np.uint16):
        return _flatten(pixels, int(np.iinfo(array.dtype).max))
    if array.dtype.kind != "f":
        raise InputError(f"An image array is uint8, uint16 or float in [0, 1], not {array.dtype}: convert it.")
    if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise InputError("A float image array has values in [0, 1] only: divide it by its largest possible value.")
    return _flatten(pixels, 1)


def _pixels(picture: Picture) -> tuple[npt.NDArray[Any], int]:
    """The pixels, (h, w, 1, 3 or 4), and the value that stands for full brightness."""
    image = picture.image
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise InputError(f"{picture.name} has 32 bits per pixel: save it with 8 or 16.")
        return values[..., None], 65535
    if image.mode == "F":
        values = np.asarray(image)
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise InputError(f"{picture.name} has floating-point values outside 0 to 1: save it with 8 or 16 bits.")
        return values[..., None], 1
    if image.mode == "P" and image.palette is None:  # indices into colours that the file has not
        raise InputError(f"{picture.name} is damaged or cut short: get a complete copy of it.")
    return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB")), 255


def _flatten(pixels: npt.NDArray[Any], top: int) -> Pixels:
    """Pixels (h, w, 1, 3 or 4) of values 0 to `top` to RGB in [0, 1], alpha over white."""
    scaled: Pixels = pixels.astype(np.float32)
    if top != 1:
        scaled /= np.float32(top)
    if scaled.shape[2] == 1:
        return np.repeat(scaled, 3, axis=2)
    if scaled.shape[2] == 3:
        return np.ascontiguousarray(scaled)
    alpha = scaled[..., 3:]
    flat: Pixels = np.clip(scaled[..., :3] * alpha + (1 - alpha), 0, 1)
    return flat


def write_image(path: str | os.PathLike[str], image: npt.NDArray[Any]) -> None:
    """Write a picture in the format of the path's suffix.

    `image` is float (h, w, 3) in [0, 1], rounded to 8 bits, or uint8 (h, w, 3).
    PNG, WebP and TIFF without loss, JPEG at quality 95. The file appears complete or not at all. InputError
    for another suffix, array or an unwritable place.
    """
    write = image_writer(path, image)
    with replacing(path) as file:
        write(file)


def image_writer(
    path: str | os.PathLike[str], image: npt.NDArray[Any], covered: npt.NDArray[np.bool_] | None = None
) -> Writer:
    """What writes a picture into an open file; `write_image` says how, and what is an InputError.

    What is not `covered`, bool (h, w), is transparent where the format can be, which JPEG cannot.
    """
    form, options = _writer(Path(path))
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or (array.dtype != np.uint8 and array.dtype.kind != "f"):
        raise InputError(
            f"'{path}' is not written: an image is float or uint8 (h, w, 3), not {array.dtype} {array.shape}."
        )
    if array.dtype != np.uint8:
        if not np.isfinite(array).all():
            raise InputError(f"'{path}' is not written: the image holds values that are no numbers (NaN or infinite).")
        array = to_bytes(array)
    picture = Image.fromarray(np.ascontiguousarray(array))
    if covered is not None and form != "JPEG":
        picture.putalpha(Image.fromarray(covered.astype(np.uint8) * np.uint8(255)))
    return lambda file: picture.save(file, format=form, **options)


def to_bytes(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """A float image in [0, 1], clipped to that range and rounded to 8 bits."""
    levels = np.empty(image.shape, np.uint8)
    for start in range(0, len(image), BAND):  # what fits into the processor's cache takes half the time
        band = np.clip(image[start : start + BAND], 0, 1)
        band *= 255
        levels[start : start + BAND] = np.rint(band, out=band)
    return levels


def _writer(path: Path) -> tuple[str, dict[str, Any]]:
    """Pillow's name and options for the format of a suffix."""
    try:
        return _WRITERS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_WRITERS)
        raise InputError(f"'{path}' has no suffix that pictures are written with: use one of {known}.") from None
