"""What a client sends: pictures and label maps, as files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analogon.data import LabelMap
from analogon.errors import InputError
from analogon.io import ImageSource, LabelSource, image_writer, labels_writer, read_image


def picture_of(source: ImageSource | bytes) -> bytes:
    """The bytes of a picture's file."""
    if isinstance(source, np.ndarray | Image.Image):
        file = io.BytesIO()
        image_writer("image.png", read_image(source))(file)
        return file.getvalue()
    return _content(source)


def label_map_of(source: LabelSource | LabelMap | bytes) -> bytes:
    """The bytes of a label map's file."""
    if isinstance(source, LabelMap | np.ndarray):
        file = io.BytesIO()
        if isinstance(source, LabelMap):
            labels_writer("labels.png", source)(file)
        else:
            _coloured(source).save(file, "PNG")
        return file.getvalue()
    if isinstance(source, Image.Image):
        file = io.BytesIO()
        source.save(file, "PNG")
        return file.getvalue()
    return _content(source)


def _coloured(array: NDArray[Any]) -> Image.Image:
    """An array of ids, or of colours, as a picture that keeps them."""
    if array.ndim == 2 and array.dtype.kind in "iub" and array.size and array.min() >= 0 and array.max() <= 65535:
        return Image.fromarray(array.astype(np.uint16))
    if array.ndim == 3 and array.shape[2] in (3, 4) and array.dtype == np.uint8:
        return Image.fromarray(array)
    raise InputError(
        f"A label map is an array of ids (h, w) up to 65535 or of uint8 colours (h, w, 3), not {array.dtype} of shape "
        f"{array.shape}."
    )


def _content(source: Any) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise InputError(f"'{source}' cannot be read ({error.strerror}): check the path.") from None
