"""Sets of pixels, and how strokes, outlines and fills become such sets: exactly, without softened edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Point = tuple[float, float]

#: Distances and crossings that differ by less than this are one: rounding errors decide nothing.
EXACT = 1e-9


@dataclass(frozen=True, eq=False)
class Region:
    """A set of pixels anywhere, inside the frame or not: the True ones of ``mask``, whose first lies at (top, left)."""

    top: int
    left: int
    mask: Bools

    @classmethod
    def of(cls, mask: Bools, top: int = 0, left: int = 0) -> Region:
        """The smallest region that holds the True pixels of ``mask``; 0 x 0 where none is."""
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return cls(top, left, np.zeros((0, 0), bool))
        cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
        cut.setflags(write=False)
        return cls(top + int(rows[0]), left + int(columns[0]), cut)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, bottom, right; the last two are one past the last pixel."""
        return self.top, self.left, self.top + self.mask.shape[0], self.left + self.mask.shape[1]

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.mask))

    def at(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Bools:
        """Which of these pixels are in the region."""
        height, width = self.mask.shape
        y, x = rows - self.top, columns - self.left
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        found = np.zeros(np.shape(rows), bool)
        found[inside] = self.mask[y[inside], x[inside]]
        return found

    def in_frame(self, shape: tuple[int, int]) -> tuple[tuple[slice, slice], Bools]:
        """Where a frame of this (height, width) holds the region, and its pixels there."""
        top, left, bottom, right = self.box
        first, last = (max(top, 0), max(left, 0)), (min(bottom, shape[0]), min(right, shape[1]))
        if last[0] <= first[0] or last[1] <= first[1]:
            return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), bool)
        window = slice(first[0], last[0]), slice(first[1], last[1])
        return window, self.mask[first[0] - top : last[0] - top, first[1] - left : last[1] - left]

    def on(self, shape: tuple[int, int]) -> Bools:
        """The part in a frame of this (height, width), as bool (h, w)."""
        canvas = np.zeros(shape, bool)
        window, mask = self.in_frame(shape)
        canvas[window] = mask
        return canvas

    def moved(self, down: int, right: int) -> Region:
        """The region elsewhere."""
        return Region(self.top + down, self.left + right, self.mask)

    def joined(self, other: Region) -> Region:
        """The pixels of both."""
        if not other.mask.size or not self.mask.size:
            return self if self.mask.size else other
        top, left = min(self.top, other.top), min(self.left, other.left)
        bottom, right = max(self.box[2], other.box[2]), max(self.box[3], other.box[3])
        canvas = np.zeros((bottom - top, right - left), bool)
        for one in (self, other):
            y, x = one.top - top, one.left - left
            canvas[y : y + one.mask.shape[0], x : x + one.mask.shape[1]] |= one.mask
        canvas.setflags(write=False)
        return Region(top, left, canvas)

    def without(self, other: Region) -> Region:
        """The pixels that ``other`` lacks."""
        window, mask = other.moved(-self.top, -self.left).in_frame((self.mask.shape[0], self.mask.shape[1]))
        if not (mask & self.mask[window]).any():
            return self
        left = self.mask.copy()
        left[window] &= ~mask
        return Region.of(left, self.top, self.left)

    def meets(self, other: Region) -> bool:
        """Whether the two share a pixel."""
        window, mask = other.moved(-self.top, -self.left).in_frame((self.mask.shape[0], self.mask.shape[1]))
        return bool((mask & self.mask[window]).any())


def stroke(shape: tuple[int, int], points: Sequence[Point], radii: Sequence[float]) -> Bools:
    """Pixels that a round brush covers on its way from point to point: bool (h, w).

    Those whose centres lie no farther from the way than the radius, which changes evenly between two points. A brush
    covers the pixels that its points lie in, however thin it is, and a way without gaps.
    """
    canvas = np.zeros(shape, bool)
    ends = [(*point, max(radius, 0.5)) for point, radius in zip(points, radii, strict=True)]
    for (y, x, before), (y1, x1, after) in zip(ends, [*ends[1:], ends[-1]], strict=True):
        widest = max(before, after)
        top, left = max(int(min(y, y1) - widest - 1), 0), max(int(min(x, x1) - widest - 1), 0)
        bottom, right = int(max(y, y1) + widest) + 2, int(max(x, x1) + widest) + 2
        window = canvas[top : max(bottom, 0), left : max(right, 0)]
        if window.size:
            rows = np.arange(top, top + window.shape[0])[:, None] + 0.5 - y
            columns = np.arange(left, left + window.shape[1])[None, :] + 0.5 - x
            length = (y1 - y) ** 2 + (x1 - x) ** 2
            along = np.clip((rows * (y1 - y) + columns * (x1 - x)) / length, 0, 1) if length else np.zeros((1, 1))
            squares = (rows - along * (y1 - y)) ** 2 + (columns - along * (x1 - x)) ** 2
            window |= squares <= (before + along * (after - before)) ** 2 + EXACT
        row, column = int(np.floor(y)), int(np.floor(x))
        if 0 <= row < shape[0] and 0 <= column < shape[1]:
            canvas[row, column] = True
    return canvas


def polygon(shape: tuple[int, int], points: Sequence[Point]) -> Bools:
    """Pixels whose centres lie inside a closed outline: bool (h, w).

    What the outline goes around several times is inside too. A centre on the outline belongs to it at a left or upper
    edge and not at a right or lower one, so that two polygons with an edge in common share no pixel and leave none out.
    """
    height, width = shape
    turns = np.zeros((height, width + 1), np.int32)
    for (y, x), (y1, x1) in zip(points, [*points[1:], points[0]], strict=True):
        (upper, start), (lower, end) = ((y, x), (y1, x1)) if y <= y1 else ((y1, x1), (y, x))
        first, last = (int(np.clip(np.ceil(edge - 0.5 - EXACT), 0, height)) for edge in (upper, lower))
        if last <= first:
            continue
        rows = np.arange(first, last)
        crossings = start + (rows + 0.5 - upper) * (end - start) / (lower - upper)
        columns = np.clip(np.ceil(crossings - 0.5 - EXACT), 0, width).astype(np.int64)
        turns[rows, columns] += 1 if y <= y1 else -1
    inside: Bools = np.cumsum(turns[:, :width], axis=1) != 0
    return inside


def parts_of(mask: Bools, connectivity: int) -> tuple[NDArray[np.int32], int]:
    """Connected parts of a set of pixels: their numbers from 1 on, int32 (h, w) with 0 elsewhere, and how many."""
    from scipy import ndimage as ndi

    structure = np.ones((3, 3), bool) if connectivity == 8 else None
    numbers, count = ndi.label(mask, structure)
    return numbers.astype(np.int32, copy=False), int(count)


def grown(mask: Bools) -> Bools:
    """The set with the eight neighbours of each pixel."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    tall = wide.copy()
    tall[:, 1:] |= wide[:, :-1]
    tall[:, :-1] |= wide[:, 1:]
    return tall


def nearest(wanted: Bools, known: Bools) -> NDArray[np.int64] | None:
    """For each ``wanted`` pixel, in reading order, the nearest ``known`` one: int64 (n, 2); None where none is known.

    Only as much of the frame is looked at as is needed.
    """
    from scipy import ndimage as ndi

    if not known.any():
        return None
    rows, columns = np.nonzero(wanted)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    margin = 8
    while True:
        window = (
            slice(max(top - margin, 0), bottom + margin),
            slice(max(left - margin, 0), right + margin),
        )
        here = known[window]
        whole = here.shape == known.shape
        if whole or here.any():
            places = ndi.distance_transform_edt(~here, return_distances=False, return_indices=True)
            found: NDArray[np.int64] = places[:, wanted[window]].T.astype(np.int64)
            found += np.array([window[0].start, window[1].start], np.int64)
            farthest = float(np.hypot(found[:, 0] - rows, found[:, 1] - columns).max())
            if whole or farthest <= margin:
                return found
            margin = int(np.ceil(farthest))
        else:
            margin *= 4
