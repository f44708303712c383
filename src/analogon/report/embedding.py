"""Pictures, label maps and provenances as text inside a page."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap
from analogon.io import read_image, read_map, to_bytes

_LARGEST = 16383
"""The longest side that WebP allows."""


@dataclass(frozen=True)
class Fidelity:
    """How pictures are kept in a page: WebP of this quality (None: lossless), shrunk by this factor."""

    quality: int | None = None
    factor: float = 1.0

    def __str__(self) -> str:
        """For the page's reader."""
        form = "lossless WebP" if self.quality is None else f"WebP at quality {self.quality}"
        return form if self.factor == 1 else f"{form}, shrunk to {self.factor:.0%} of their width and height"


#: From the best to the smallest.
LADDER = (
    Fidelity(),
    *(Fidelity(quality) for quality in (95, 90, 82)),
    *(Fidelity(82, factor) for factor in (0.7, 0.5, 0.35, 0.25)),
)


@dataclass(frozen=True)
class Photo:
    """One picture of a page; equal pictures have one key."""

    key: str
    uri: str
    width: int
    height: int


def photos(folder: Path, paths: Iterable[Path], fidelity: Fidelity, room: float) -> dict[Path, Photo] | None:
    """The pictures at these paths of the folder, in that fidelity, or None where they take more than `room` bytes.

    Raises:
        InputError: a picture cannot be read.
    """
    found: dict[Path, Photo] = {}
    known: dict[str, Photo] = {}
    for path in dict.fromkeys(paths):
        pixels = to_bytes(read_image(folder / path))
        key = _key("p", pixels)
        if key not in known:
            known[key] = _photo(key, pixels, fidelity)
            room -= len(known[key].uri)
            if room < 0:
                return None
        found[path] = known[key]
    return found


def picture_photo(image: NDArray[np.float32], fidelity: Fidelity) -> Photo:
    """A picture, float32 (h, w, 3) in [0, 1], in that fidelity."""
    pixels = to_bytes(image)
    return _photo(_key("p", pixels), pixels, fidelity)


def label_photo(labels: LabelMap) -> Photo:
    """A label map in its colours, without loss."""
    colors = labels.colors()
    return _photo(_key("m", colors), colors, Fidelity())


def _key(kind: str, pixels: NDArray[np.uint8]) -> str:
    digest = hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()[:16]
    return f"{kind}-{digest}"


def _photo(key: str, pixels: NDArray[np.uint8], fidelity: Fidelity) -> Photo:
    from PIL import Image

    picture = Image.fromarray(pixels)
    factor = min(fidelity.factor, _LARGEST / max(picture.size))
    if factor < 1:
        width, height = (max(1, round(side * factor)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    # Lossless WebP takes about 70 % of a PNG's bytes; more effort than this gains one or two percent.
    options: dict[str, Any] = {"quality": fidelity.quality, "method": 4}
    if fidelity.quality is None:
        options = {"lossless": True, "quality": 50, "method": 2}
    picture.save(buffer, "WEBP", **options)
    text = base64.b64encode(buffer.getvalue()).decode()
    return Photo(key, f"data:image/webp;base64,{text}", picture.width, picture.height)


@dataclass(frozen=True)
class Places:
    """A provenance as text: the way from each pixel to its origin, 16 bits down and across, deflated, in base 64.

    That way is the same all over a copied piece, so that it takes a few percent of the places themselves. Sides are
    counted modulo 65536, so every picture of at most that size comes back exactly.

    Attributes:
        text: height * width offsets of rows, then as many of columns, little-endian int16.
        height, width: of the stored map; `step` pixels of the result are one of the map.
        source: height and width of the source.
    """

    text: str
    height: int
    width: int
    source: tuple[int, int]
    step: int


def places(path: Path, source: tuple[int, int], step: int) -> Places | None:
    """The provenance in a file, every `step`-th row and column of it; None where it is not one of this source.

    Raises:
        InputError: the file cannot be read.
    """
    field = read_map(path)
    if field.ndim != 3 or field.shape[2] != 2 or field.dtype.kind not in "iu" or max(*field.shape, *source) > 65535:
        return None
    if field.min() < 0 or (field.max(axis=(0, 1)) >= source).any():
        return None
    thin = field[::step, ::step].astype(np.int64)
    height, width, _ = thin.shape
    ways = np.stack([thin[..., 0] - np.arange(height)[:, None] * step, thin[..., 1] - np.arange(width) * step])
    data = zlib.compress(ways.astype(np.uint16).astype("<u2").tobytes(), 9)
    return Places(base64.b64encode(data).decode(), height, width, source, step)
