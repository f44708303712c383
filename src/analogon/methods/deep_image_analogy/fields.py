"""Nearest-neighbour fields between two feature maps: for each pixel of one the place of the most similar patch.

Feature maps are float32 (h, w, C), fields int32 (h, w, 2) of (row, col), costs float32 (h, w): sums of squared
differences over a patch. Borders repeat.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analogon.kernels import kernel
from analogon.ops.parallel import bands, spread

Map = NDArray[np.float32]
Field = NDArray[np.int32]

#: How far apart neighbours are whose matches are tried, in this order.
JUMPS = (8, 4, 2, 1)
#: Numbers in a block of the exhaustive comparison.
BLOCK = 8_000_000


def exhaustive(ours: Map, theirs: Map, patch: int) -> tuple[Field, Field]:
    """The exact fields in both directions, by comparing every patch with every other one."""
    mine, yours = _patches(ours, patch), _patches(theirs, patch)
    lengths = np.square(yours).sum(1)
    own = np.square(mine).sum(1)
    forward, backward = np.empty(len(mine), np.int64), np.zeros(len(yours), np.int64)
    least = np.full(len(yours), np.inf, np.float32)
    rows = max(1, BLOCK // len(yours))
    for first in range(0, len(mine), rows):
        part = slice(first, first + rows)
        costs = mine[part] @ yours.T
        costs *= -2
        costs += lengths
        forward[part] = costs.argmin(1)
        costs += own[part, None]
        nearest = costs.argmin(0)
        found = costs[nearest, np.arange(len(yours))]
        better = found < least
        least[better], backward[better] = found[better], first + nearest[better]
    return tuple(  # type: ignore[return-value]
        np.stack(np.unravel_index(places, there.shape[:2]), -1).astype(np.int32).reshape(*here.shape[:2], 2)
        for places, here, there in ((forward, ours, theirs), (backward, theirs, ours))
    )


class Search:
    """Improves a field from one map to another by candidates; never makes a match worse.

    Args:
        ours, theirs: (h, w, C) and (h', w', C).
        patch: odd side of the patches.
    """

    def __init__(self, ours: Map, theirs: Map, patch: int) -> None:
        radius = patch // 2
        self.patch, self.shape = patch, theirs.shape[:2]
        self._planes = [np.pad(plane, [(radius, radius), (radius, radius), (0, 0)], "edge") for plane in (ours, theirs)]
        self.field = np.zeros((*ours.shape[:2], 2), np.int32)
        self.costs = np.full(ours.shape[:2], np.inf, np.float32)

    def offer(self, field: Field) -> None:
        """Take the matches of another field where they are better."""
        self._each(try_field, np.ascontiguousarray(field))

    def sweep(self, reach: int, tries: int, seed: int) -> None:
        """Try the matches of neighbours near and far, then every place within ``reach``, then random ones."""
        for jump in JUMPS:
            self._each(try_neighbours, self.field, jump)
        if reach or tries:
            self._each(try_around, self.field, reach, tries, seed)

    def _each(self, tried, *more) -> None:  # type: ignore[no-untyped-def]
        field, costs = self.field.copy(), self.costs.copy()
        common = (*self._planes, self.patch, self.costs)
        spread(tried, [(*common, *more, *band, field, costs) for band in bands(len(costs))])
        self.field, self.costs = field, costs


@kernel(inline=True)
def patch_cost(ours, theirs, y, x, row, col, patch, most):  # type: ignore[no-untyped-def]
    """Squared differences of the patches around a pixel and a place, or more than ``most``."""
    total = np.float32(0)
    for dy in range(patch):
        for dx in range(patch):
            for c in range(ours.shape[2]):
                step = ours[y + dy, x + dx, c] - theirs[row + dy, col + dx, c]
                total += step * step
        if total > most:
            break
    return total


@kernel()
def try_field(ours, theirs, patch, old, field, first, last, out, costs):  # type: ignore[no-untyped-def]
    """For rows first..last the matches of ``field`` where they cost less than ``old``."""
    for y in range(first, last):
        for x in range(old.shape[1]):
            row, col = field[y, x, 0], field[y, x, 1]
            cost = patch_cost(ours, theirs, y, x, row, col, patch, old[y, x])
            if cost < old[y, x]:
                out[y, x, 0], out[y, x, 1], costs[y, x] = row, col, cost


@kernel()
def try_neighbours(ours, theirs, patch, old, field, jump, first, last, out, costs):  # type: ignore[no-untyped-def]
    """What continues the matches of the neighbours so many pixels above, below, left and right."""
    height, width = old.shape
    rows, cols = theirs.shape[0] - patch + 1, theirs.shape[1] - patch + 1
    for y in range(first, last):
        for x in range(width):
            best = old[y, x]
            for way in range(4):
                dy = jump * ((way == 0) - (way == 1))
                dx = jump * ((way == 2) - (way == 3))
                ny, nx = y + dy, x + dx
                if ny < 0 or nx < 0 or ny >= height or nx >= width:
                    continue
                row, col = field[ny, nx, 0] - dy, field[ny, nx, 1] - dx
                if row < 0 or col < 0 or row >= rows or col >= cols:
                    continue
                if row == out[y, x, 0] and col == out[y, x, 1]:
                    continue
                cost = patch_cost(ours, theirs, y, x, row, col, patch, best)
                if cost < best:
                    best = cost
                    out[y, x, 0], out[y, x, 1], costs[y, x] = row, col, cost


@kernel()
def try_around(ours, theirs, patch, old, field, reach, tries, seed, first, last, out, costs):  # type: ignore[no-untyped-def]
    """Every place within ``reach`` of a match, and random ones in windows that halve from the whole map."""
    width = old.shape[1]
    rows, cols = theirs.shape[0] - patch + 1, theirs.shape[1] - patch + 1
    for y in range(first, last):
        for x in range(width):
            best = old[y, x]
            own_row, own_col = field[y, x, 0], field[y, x, 1]
            for row in range(max(own_row - reach, 0), min(own_row + reach + 1, rows)):
                for col in range(max(own_col - reach, 0), min(own_col + reach + 1, cols)):
                    cost = patch_cost(ours, theirs, y, x, row, col, patch, best)
                    if cost < best:
                        best = cost
                        out[y, x, 0], out[y, x, 1], costs[y, x] = row, col, cost
            state = (seed * 7919 + y * 65537 + x * 257 + 12345) % 2147483647
            window = max(rows, cols)
            for _ in range(tries):
                # the minimal standard generator of Park and Miller, warmed up by one step for each coordinate
                state = (state * 48271 + 11) % 2147483647
                row = out[y, x, 0] - window + state % (2 * window + 1)
                state = (state * 48271 + 11) % 2147483647
                col = out[y, x, 1] - window + state % (2 * window + 1)
                window = max(window // 2, 1)
                row, col = min(max(row, 0), rows - 1), min(max(col, 0), cols - 1)
                cost = patch_cost(ours, theirs, y, x, row, col, patch, best)
                if cost < best:
                    best = cost
                    out[y, x, 0], out[y, x, 1], costs[y, x] = row, col, cost


def enlarged(field: Field, shape: tuple[int, int], old: tuple[int, int], new: tuple[int, int]) -> Field:
    """A field at a finer size.

    Args:
        field: (h, w, 2), places in a map of the size ``old``.
        shape: the (h, w) that it is to have.
        new: the size of the finer map.
    """
    parts = []
    for axis in (0, 1):
        at = np.arange(shape[axis])
        coarse = at * field.shape[axis] // shape[axis]
        step = at - coarse * shape[axis] / field.shape[axis]
        across = (
            field[..., axis]
            .take(coarse, axis=axis)
            .take(np.arange(shape[1 - axis]) * field.shape[1 - axis] // shape[1 - axis], axis=1 - axis)
        )
        place = across * (new[axis] / old[axis]) + (step[:, None] if axis == 0 else step)
        parts.append(np.clip(np.floor(place + 0.5), 0, new[axis] - 1))
    return np.ascontiguousarray(np.stack(parts, -1).astype(np.int32))


def voted(values: Map, field: Field, patch: int) -> Map:
    """What all patches over a pixel say of it, on average: (h, w, C) from the values (h', w', C) of their places."""
    radius, (height, width) = patch // 2, field.shape[:2]
    rows, cols = values.shape[:2]
    flat = values.reshape(rows * cols, -1)
    total = np.zeros((height, width, flat.shape[1]), np.float32)
    votes = np.zeros((height, width, 1), np.float32)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if abs(dy) >= height or abs(dx) >= width:
                continue
            here = slice(max(-dy, 0), height - max(dy, 0)), slice(max(-dx, 0), width - max(dx, 0))
            there = slice(max(dy, 0), height + min(dy, 0)), slice(max(dx, 0), width + min(dx, 0))
            row, col = field[there][..., 0] - dy, field[there][..., 1] - dx
            inside = (row >= 0) & (col >= 0) & (row < rows) & (col < cols)
            at = np.clip(row, 0, rows - 1) * cols + np.clip(col, 0, cols - 1)
            total[here] += flat[at] * inside[..., None]
            votes[here] += inside[..., None]
    return total / votes


def _patches(plane: Map, patch: int) -> Map:
    """(h * w, C * patch * patch)."""
    radius = patch // 2
    padded = np.pad(plane, [(radius, radius), (radius, radius), (0, 0)], "edge")
    windows: Map = sliding_window_view(padded, (patch, patch), axis=(0, 1)).reshape(plane.shape[0] * plane.shape[1], -1)
    return windows
