"""A picture with one thing in it, which jobs should keep whole."""

from __future__ import annotations

import numpy as np

from analogon import Exemplar
from analogon.ops.rearranging import one_class

from .textures import texture

#: Row, column and radius of the disc.
DISC = (24, 20, 9)


def ball(shape: tuple[int, int] = (48, 72), seed: int = 0) -> np.ndarray:
    """Faint grass with a striped disc at the left, float32 (h, w, 3)."""
    image = 0.35 + 0.15 * texture(shape, seed, mean=0.5)
    rows, cols = np.indices(shape)
    stripes = np.where((rows + 2 * cols) // 4 % 2, 0.95, 0.05)
    within = (rows - DISC[0]) ** 2 + (cols - DISC[1]) ** 2 <= DISC[2] ** 2
    image[within] = (stripes[..., None] * np.array([1, 0.6, 0.3]))[within]
    return image.astype(np.float32)


def disc(shape: tuple[int, int] = (48, 72)) -> np.ndarray:
    """Where the disc is, bool (h, w)."""
    rows, cols = np.indices(shape)
    return (rows - DISC[0]) ** 2 + (cols - DISC[1]) ** 2 <= DISC[2] ** 2


def unlabelled(image: np.ndarray, usable: np.ndarray | None = None) -> Exemplar:
    """An exemplar of which nothing is known."""
    return Exemplar(image, one_class(image.shape[:2]), usable)
