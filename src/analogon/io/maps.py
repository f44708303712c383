"""Other maps of a picture: masks, and values that are carried along unchanged (depth, normals, instance ids)."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from analogon.errors import InputError
from analogon.io.images import read_image
from analogon.io.label_files import load_npy
from analogon.io.opening import Source, name_of, open_picture, upright

COLORED = 0.2
"""Channels this far apart (of 1) make a pixel of a mask coloured; JPEG and soft brushes stay below."""
MOST_COLORED = 0.01
"""Share of coloured pixels from which on a picture is no mask."""


def read_map(source: Source) -> npt.NDArray[Any]:
    """The values of a map as they are in the file, (h, w) or (h, w, channels), of the file's own type.

    Unlike `read_image` nothing is scaled, converted or composited: 16 bits per channel stay uint16, an indexed
    picture gives its indices, alpha is a channel. Only the EXIF orientation is applied. `.npy` files and arrays are
    taken as they are. InputError says in one sentence what cannot be read and why.
    """
    if isinstance(source, np.ndarray):
        return source
    if not isinstance(source, Image.Image) and Path(source).suffix.lower() == ".npy":
        return load_npy(source)
    picture = open_picture(source)
    values: npt.NDArray[Any] = np.asarray(picture.image) if picture.deep is None else picture.deep
    return upright(picture, values)


def read_mask(source: Source) -> npt.NDArray[np.bool_]:
    """A mask, bool (h, w): True where it is white, or at least as bright as middle grey.

    `source` is what `read_image` takes, a bool array, or a `.npy` file of one of these. Where no value is above 1 of
    255, 1 is white. InputError where the picture is coloured.
    """
    name = name_of(source)
    if not isinstance(source, np.ndarray | Image.Image) and Path(source).suffix.lower() == ".npy":
        source = load_npy(source)
    if isinstance(source, np.ndarray) and source.dtype == np.bool_ and source.ndim == 2:
        return np.array(source)
    if isinstance(source, np.ndarray) and source.dtype.kind in "iub" and source.size and source.min() >= 0:
        source = source.astype(np.uint8 if source.max() < 256 else np.uint16)
    pixels = read_image(source)
    low, high = pixels.min(axis=2), pixels.max(axis=2)
    if np.count_nonzero(high - low > COLORED) > MOST_COLORED * high.size:
        raise InputError(f"{name} is no mask, it is coloured: paint it in black and white.")
    top = float(high.max())
    mask: npt.NDArray[np.bool_] = high > 0 if 0 < top <= 1 / 255 + 1e-6 else high >= 0.5
    return mask
