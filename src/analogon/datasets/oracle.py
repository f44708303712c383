"""Who can read scenes: the class and the style of each pixel of a picture, by the nearest of the colours there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analogon.datasets.scenes import CLASSES, STYLES, palette_of_styles
from analogon.datasets.values import Ids

BLOCK = 1 << 14
"""Pixels that are read together."""


def read_pixels(image: NDArray[np.floating], colouring: int = 0) -> tuple[Ids, Ids]:
    """The class (0 to 4) and the style (0 to 3) of each pixel, int64 (h, w) each.

    It is right for every pixel of a scene with the usual noise: the colours lie ten of its deviations apart.

    Args:
        image: float (h, w, 3) in [0, 1]. colouring: of the scenes.
    """
    colors = palette_of_styles(colouring).reshape(-1, 3)
    pixels = image.reshape(-1, 3).astype(np.float64)
    best = np.empty(len(pixels), np.int64)
    for start in range(0, len(pixels), BLOCK):
        block = pixels[start : start + BLOCK]
        # |p - c|² without |p|², which is the same for all colours
        best[start : start + BLOCK] = ((colors**2).sum(1) - 2 * block @ colors.T).argmin(1)
    style = best.reshape(image.shape[:2]) // (len(colors) // (len(CLASSES) * STYLES))
    return style // STYLES, style % STYLES


def read_styles(image: NDArray[np.floating], labels: Ids, colouring: int = 0) -> dict[int, int | None]:
    """The style of each class that the layout has, by class id: the one that most of its pixels have.

    Only pixels count that look like the class where the layout asks for it; None where no pixel does.

    Args:
        image: float (h, w, 3) in [0, 1]. labels: ids 0 to 4, (h, w): where the picture was asked to show which class.
    """
    classes, styles = read_pixels(image, colouring)
    found = dict[int, int | None]()
    for class_id in np.unique(labels).tolist():
        votes = np.bincount(styles[(labels == class_id) & (classes == class_id)], minlength=STYLES)
        found[class_id] = int(votes.argmax()) if votes.any() else None
    return found
