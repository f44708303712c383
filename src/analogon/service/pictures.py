"""Pictures and label maps that come in: decoded within the limits, and written anew for what is stored."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analogon.data import Exemplar, LabelMap
from analogon.errors import LabelError
from analogon.io import image_writer, labels_writer, read_image, read_labels
from analogon.io.images import to_bytes
from analogon.loading import load_target
from analogon.service.limits import Limits
from analogon.serving.uploads import opened_picture

IMAGE, LABELS = "image.png", "labels.png"


class Decoding:
    """Decodes a few pictures at a time, so that many that come at once do not fill the memory.

    All errors are InputError and LabelError, whose sentences name the part of the request.
    """

    def __init__(self, limits: Limits, at_once: int) -> None:
        self._limits, self.turn = limits, threading.Semaphore(at_once)

    def exemplar(self, image: bytes, labels: bytes) -> Exemplar:
        """A picture with its label map."""
        most = self._limits.most_pixels
        with self.turn:
            pixels = read_image(_named(image, most, "image"))
            return Exemplar(_eight_bits(pixels), _storable(read_labels(_named(labels, most, "labels")), "labels"))

    def target(self, exemplar: Exemplar, target: bytes, mapping: dict[str, str]) -> LabelMap:
        """A new layout in the classes of an exemplar."""
        with self.turn:
            return load_target(exemplar, _named(target, self._limits.most_pixels, "target"), mapping)


def _named(data: bytes, most: int, name: str) -> Image.Image:
    picture = opened_picture(data, most, f"'{name}'")
    picture.filename = name  # type: ignore[attr-defined]  # by which messages call it
    return picture


def _storable(labels: LabelMap, name: str) -> LabelMap:
    largest = max(labels.palette.ids)
    if largest > 65535:
        raise LabelError(f"'{name}' has the class id {largest}: use ids up to 65535.")
    return labels


def _eight_bits(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """As it will be read again."""
    return to_bytes(pixels).astype(np.float32) / np.float32(255)


def stored_exemplar(image: bytes, labels: bytes) -> Exemplar:
    """The picture and the label map that :func:`image_file` and :func:`labels_file` wrote."""
    pictures = [Image.open(io.BytesIO(data), formats=("PNG",)) for data in (image, labels)]
    return Exemplar(read_image(pictures[0]), read_labels(pictures[1]))


def image_file(pixels: NDArray[np.float32], covered: NDArray[np.bool_] | None = None) -> bytes:
    """A picture as PNG."""
    return _written(image_writer(IMAGE, pixels, covered))


def labels_file(labels: LabelMap) -> bytes:
    """A label map as PNG."""
    return _written(labels_writer(LABELS, labels))


def _written(write: Callable[[BinaryIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()
