"""Pictures that come in."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from analogon.errors import InputError
from analogon.io.opening import READABLE


def opened_picture(data: bytes, most: int, name: str | None = None) -> Image.Image:
    """An uploaded file whose header has been looked at, and nothing else.

    Args:
        most: pixels.
        name: how messages call it.

    Raises:
        InputError: it is no picture, or too large.
    """
    whole, this = name or "The picture", name or "This"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, about sizes that are checked here and about odd metadata
            picture = Image.open(io.BytesIO(data), formats=READABLE)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InputError(f"{this} is no picture, or a damaged one: give a PNG, JPEG, WebP or TIFF file.") from None
    if picture.width * picture.height > most:
        raise InputError(
            f"{whole} is {picture.width}x{picture.height} pixels, over {most / 10**6:g} megapixels: make it smaller."
        )
    return picture
