"""Where a picture shows, below a level line, what is above it upside down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint16]
Picture = NDArray[np.uint8] | NDArray[np.int16]
Plane = NDArray[np.float32]

#: Least correlation of what lies below a line with what it mirrors, and by how much it must be larger than with
#: anything beside that.
ALIKE, CLEARLY = 0.35, 0.2
#: Share of the width on which the line must be level, within this share of the height.
WIDE, LEVEL = 0.6, 0.02
#: Least rows of blocks that are compared.
FEWEST = 6


def line_of(ids: Ids, water: int, step: int) -> int | None:
    """The row where a class begins on most of the width."""
    wet = ids[:, ::step] == water
    top = wet.argmax(0)[wet.any(0)]
    top = top[top > 0]
    enough = WIDE * wet.shape[1]
    if len(top) < enough:
        return None
    line = int(np.median(top))
    return line if (abs(top - line) <= LEVEL * len(ids)).sum() >= enough else None


def mirrors(image: Picture, wet: NDArray[np.bool_], line: int, cell: int) -> bool:
    """Whether a picture shows below a row what is above it, upside down.

    Blocks of half a cell by a cell are compared, less the mean of their row: water is darker than what it shows.
    """
    high = max(1, cell // 2)
    count, columns = min(line, len(wet) - line) // high, wet.shape[1] // cell
    if count < FEWEST:
        return False
    at = np.s_[: count * high, : columns * cell]
    inside = wet[line:][at][high // 2 :: high, cell // 2 :: cell]
    below, above = (
        part[at][..., :3].reshape(count, high, columns, cell, 3).mean((1, 3, 4), dtype=np.float32)
        for part in (image[line:], image[line - 1 :: -1])
    )
    below, above = ((part - part.mean(1, keepdims=True)) * inside for part in (below, above))
    near = columns // 20 + 2
    beside = [_alike(below, np.roll(above, n, 1)) for n in range(near, columns - near)]
    return _alike(below, above) >= max(ALIKE, max(beside, default=1.0) + CLEARLY)


def _alike(a: Plane, b: Plane) -> float:
    """The correlation of two planes of mean 0."""
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-9))
