"""From colours to classes: each pixel of a softened or noisy map gets the class that it was painted with.

The nearest class colour is the wrong answer along borders: the blend of green and blue is teal, and where
teal is a class as well it would become a line of teal. So each pixel that is not plainly inside a class
looks at the classes around it, and takes the one that makes up most of its colour.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from analogon.io.colors_of_map import (
    Bools,
    Bytes,
    ColorTable,
    blend_fit,
    near_inside,
    nearest_class,
    window,
)
from analogon.io.palette_discovery import BLEND_TOLERANCE, Discovery

Places = npt.NDArray[np.int16]
"""Places in the list of class colours; -1 where there is no class."""

CHUNK = 1 << 16
"""Pixels that are looked at together; bounds the memory."""
FEW = 1 << 14
"""Up to this many pixels are filled one by one."""
_REACH = 4
AROUND = np.array(
    sorted(
        ((y, x) for y in range(-_REACH, _REACH + 1) for x in range(-_REACH, _REACH + 1) if y**2 + x**2 <= _REACH**2),
        key=lambda d: (d[0] ** 2 + d[1] ** 2, d[1], d[0]),
    )
)
"""Rows and columns to the pixels of a disc, the nearest first, and of several the leftmost and uppermost."""
LEAST_COMPANY = 3
"""Pixels of its own class that a thin line has around each of its pixels (in the 5x5 window)."""


def snap(table: ColorTable, found: Discovery) -> tuple[Places, float]:
    """The class of every pixel as a place in `found.colors`, int16 (h, w), and the share of pixels of step 1.

    1. A pixel near a class colour, in or beside a 3x3 block of that class, has that class.
    2. Any other pixel looks at the classes of such pixels in the 5x5 window around it: if it is near the
       colour of
       one of them it takes it; if its colour is a blend of two of them it takes the larger part; if it
       belongs to a line of a further class, thinner than three pixels, it keeps that class; else it takes
       the nearest of them.
    3. What is left (nothing sure around, unknown colour) takes the class of the nearest pixel that has one.
    """
    near = nearest_class(table, found.colors, found.radius)
    placed = np.where(near_inside(near), near, np.int16(-1))
    sure = np.count_nonzero(placed >= 0) / placed.size
    if not (placed >= 0).any():
        placed = near.copy()
    rows, columns = np.nonzero((placed < 0) & table.known)
    chosen = [
        _choose(table, found, near, placed, rows[start : start + CHUNK], columns[start : start + CHUNK])
        for start in range(0, len(rows), CHUNK)
    ]
    if chosen:
        placed[rows, columns] = np.concatenate(chosen)
    return fill_from_nearest(placed, placed >= 0), sure


def fill_from_nearest(values: npt.NDArray[Any], known: Bools) -> npt.NDArray[Any]:
    """`values` (h, w, ...) with each pixel outside `known` replaced by the nearest pixel inside it.

    Of several that are equally near the leftmost is taken, and of these the uppermost.
    """
    lacking = known.size - np.count_nonzero(known)
    if lacking in (0, known.size):
        return values
    if lacking <= FEW:
        rows, columns = np.nonzero(~known)
        filled = values.copy()
        filled[rows, columns] = values[_nearest(known, rows, columns)]
        return filled
    from scipy import ndimage  # of use for larger areas only, and slow to import

    places = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    everywhere: npt.NDArray[Any] = values[tuple(places)]
    return everywhere


def _nearest(
    known: Bools, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and columns of the known pixels that are nearest to n others."""
    height, width = known.shape
    down, right = AROUND.T
    near_rows, near_columns = rows[:, None] + down, columns[:, None] + right
    found = (near_rows >= 0) & (near_rows < height) & (near_columns >= 0) & (near_columns < width)
    found[found] = known[near_rows[found], near_columns[found]]
    first = found.argmax(1)
    every = np.arange(len(rows))
    row, column = near_rows[every, first], near_columns[every, first]
    far = np.flatnonzero(~found[every, first])
    if len(far):
        row[far], column[far] = _nearest_anywhere(known, rows[far], columns[far])
    return row, column


def _nearest_anywhere(
    known: Bools, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The same, however far they are: the nearest of each column, and then the nearest of these."""
    height, width = known.shape
    beyond = 2 * (height + width)
    own = np.arange(height)[:, None]
    above = np.maximum.accumulate(np.where(known, own, -beyond), axis=0)
    below = np.minimum.accumulate(np.where(known, own, 2 * beyond)[::-1], axis=0)[::-1]
    row = np.where(own - above <= below - own, above, below)
    best = np.full(len(rows), np.iinfo(np.int64).max)
    place = np.zeros(len(rows), np.int64)
    looking = np.arange(len(rows))
    for step in range(width):
        for column in {-step: columns[looking] - step, step: columns[looking] + step}.values():
            inside = np.flatnonzero((column >= 0) & (column < width))
            which, column = looking[inside], column[inside]
            square = step**2 + (row[rows[which], column] - rows[which]) ** 2
            better = (square < best[which]) | ((square == best[which]) & (column < place[which]))
            best[which[better]], place[which[better]] = square[better], column[better]
        looking = looking[best[looking] >= (step + 1) ** 2]
        if not len(looking):
            break
    return row[rows, place], place


def _choose(
    table: ColorTable,
    found: Discovery,
    near: Places,
    placed: Places,
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
) -> Places:
    """Step 2 of `snap` for n pixels, int16 (n,); -1 where nothing sure is around."""
    around = window(placed, rows, columns)
    own = near[rows, columns]
    colors = table.colors[table.index[rows, columns]].astype(np.float64)
    first = np.argmax(around >= 0, axis=1)
    result: Places = around[np.arange(len(rows)), first]  # the nearest, or -1
    blend, miss = _larger_part(colors, around, found.colors)
    fits = miss <= max(2 * BLEND_TOLERANCE, found.radius)
    result = np.where(fits, blend, result)
    company = (window(near, rows, columns) == own[:, None]).sum(1)
    line = (own >= 0) & ~fits & (company >= LEAST_COMPANY)
    beside = (own >= 0) & (around == own[:, None]).any(1)
    return np.where(line | beside, own, result).astype(np.int16)


def _larger_part(
    colors: npt.NDArray[np.float64], around: Places, palette: Bytes
) -> tuple[Places, npt.NDArray[np.float64]]:
    """The larger part of the best blend of two classes around each pixel.

    Also how far (levels) that blend is from the pixel's colour: infinitely where fewer than two classes are
    around.
    """
    present = np.zeros((len(around), len(palette) + 1), np.bool_)
    present[np.arange(len(around))[:, None], around] = True  # the last column takes the -1
    present = present[:, :-1]
    together = np.triu(present.T.astype(np.float32) @ present.astype(np.float32), 1)
    part = np.full(len(around), -1, np.int16)
    best = np.full(len(around), np.inf)
    for a, b in zip(*np.nonzero(together), strict=True):
        pixels = np.flatnonzero(present[:, a] & present[:, b])
        share, miss = blend_fit(colors[pixels], palette[a].astype(np.float64), palette[b].astype(np.float64))
        better = miss < best[pixels]
        best[pixels[better]] = miss[better]
        part[pixels[better]] = np.where(share[better] < 0.5, a, b)
    return part, best
