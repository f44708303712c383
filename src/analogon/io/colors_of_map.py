"""The distinct colours of a map, and what is computed on them and on small windows of the map.

All work on colours is done on the list of distinct colours, so memory does not grow with pixels times
classes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class ColorTable:
    """The distinct colours of a map, uint8 (n, 3).

    `counts` (n,) are their pixels, `index` int32 (h, w) the place of each pixel's colour. `known` is False
    where the colour of a pixel is unknown (transparent); such pixels are not counted.
    """

    colors: Bytes
    counts: npt.NDArray[np.int64]
    index: Indices
    known: Bools

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.index.shape
        return height, width


def color_table(rgb: Bytes, known: Bools) -> ColorTable:
    """Table of the distinct colours of `rgb`, uint8 (h, w, 3)."""
    packed = rgb[..., 0].astype(np.uint32) << 16
    packed |= rgb[..., 1].astype(np.uint32) << 8
    packed |= rgb[..., 2]
    # Label maps are flat: what is sorted is one value per run of equal pixels.
    flat = packed.ravel()
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
    if len(starts) < 1 << 20:
        values, inverse = np.unique(flat[starts], return_inverse=True)
        lengths = np.diff(starts, append=flat.size)
        index = np.repeat(inverse.astype(np.int32), lengths).reshape(packed.shape)
    else:  # one table of all colours costs less than sorting this many values
        seen = np.zeros(1 << 24, np.bool_)
        seen[packed] = True
        values = np.flatnonzero(seen).astype(np.uint32)
        place = np.zeros(1 << 24, np.int32)
        place[values] = np.arange(len(values), dtype=np.int32)
        index = place[packed]
    colors = np.stack([values >> 16 & 255, values >> 8 & 255, values & 255], axis=-1).astype(np.uint8)
    return ColorTable(colors, np.bincount(index[known], minlength=len(values)), index, known)


def same_in_block(values: npt.NDArray[Any]) -> Bools:
    """True where the 3x3 block around a pixel is uniform, bool (h, w); blocks are cut at the border."""
    beside = _both_sides(values[:, 1:] == values[:, :-1], axis=1)
    below = _both_sides(values[1:] == values[:-1], axis=0)
    # a block is uniform where its three rows are, and its middle column
    same = beside.copy()
    same[1:] &= beside[:-1]
    same[:-1] &= beside[1:]
    same &= below
    return same


def _both_sides(equal: Bools, axis: int) -> Bools:
    """Whether a pixel is equal to the one before and the one after it, from whether neighbours are equal."""
    height, width = equal.shape
    edge = np.ones((height, 1) if axis else (1, width), np.bool_)
    both: Bools = np.concatenate([edge, equal], axis) & np.concatenate([equal, edge], axis)
    return both


def range_in_block(values: Bytes) -> Bytes:
    """Largest difference within the 3x3 block around each pixel, uint8 (h, w); blocks are cut at the border."""
    high, low = values.copy(), values.copy()
    for extreme, out in ((np.maximum, high), (np.minimum, low)):
        for axis in (0, 1):
            lines, before = np.moveaxis(out, axis, 0), np.moveaxis(out, axis, 0).copy()
            extreme(lines[1:], before[:-1], out=lines[1:])
            extreme(lines[:-1], before[1:], out=lines[:-1])
    high -= low
    return high


def blend_fit(
    color: npt.NDArray[np.float64], start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Share of `end` in the blend of `start` and `end` that is nearest to `color`, and its distance (levels).

    All arrays (..., 3), broadcast against each other; the share is limited to 0 to 1.
    """
    along = end - start
    square = np.maximum((along**2).sum(-1), 1e-9)
    share = np.clip(((color - start) * along).sum(-1) / square, 0.0, 1.0)
    miss = np.linalg.norm(color - (start + share[..., None] * along), axis=-1)
    return share, miss


OFFSETS = sorted(
    ((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if (dy, dx) != (0, 0)),
    key=lambda d: (d[0] ** 2 + d[1] ** 2, d),
)
"""The 24 neighbours in a 5x5 window, nearest first."""


def window(values: npt.NDArray[Any], rows: npt.NDArray[Any], columns: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The 24 neighbours of each of n pixels in the order of OFFSETS, (n, 24); the edge repeats."""
    height, width = values.shape
    return np.stack(
        [values[np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)] for dy, dx in OFFSETS],
        axis=-1,
    )


def nearest_color(colors: Bytes, palette: Bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Place in `palette` (K, 3) of what is nearest to each of `colors` (n, 3), and its distance (levels)."""
    points = colors.astype(np.float32)
    best = np.full(len(points), np.inf, np.float32)
    owner = np.zeros(len(points), np.int64)
    for place, center in enumerate(palette.astype(np.float32)):
        square = ((points - center) ** 2).sum(-1)
        nearer = square < best
        best[nearer], owner[nearer] = square[nearer], place
    return owner, np.sqrt(best)


def nearest_class(table: ColorTable, colors: Bytes, radius: float) -> npt.NDArray[np.int16]:
    """The class within `radius` of each pixel's colour as a place in `colors`, int16 (h, w), or -1."""
    if len(colors) == 0:
        return np.full(table.shape, -1, np.int16)
    owner, distance = nearest_color(table.colors, colors)
    owner[distance > radius] = -1
    nearest: npt.NDArray[np.int16] = owner.astype(np.int16)[table.index]
    nearest[~table.known] = -1
    return nearest


def near_inside(nearest: npt.NDArray[np.int16]) -> Bools:
    """True for pixels in a 3x3 block of their own class; `nearest` (h, w) is -1 where there is no class."""
    core = same_in_block(nearest) & (nearest >= 0)
    height, width = nearest.shape
    covered = core.copy()
    for dy, dx in ((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)):
        here = np.s_[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)]
        there = np.s_[max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)]
        covered[here] |= core[there] & (nearest[there] == nearest[here])
    return covered
