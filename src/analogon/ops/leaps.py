"""Leaps: for pixels whose patch fits badly, the best source patch of their class by exhaustive comparison.

Patches are compared by the lowest coefficients of their discrete cosine transform, as whole numbers, so that every
machine finds the same. A leap is only a candidate: the search decides by the full difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analogon.ops.parallel import spread
from analogon.ops.search import CELL

#: Coefficients of a colour plane: those whose frequencies along rows and columns add up to this at most.
HIGHEST = 2
#: Queries that one thread takes at a time.
QUERIES = 256
#: Source patches that are compared at a time: their scores stay in the nearest cache.
BLOCK = 512
#: The basis is orthonormal times this, rounded.
UNIT = 1024


def cosine_basis(size: int, channels: int) -> NDArray[np.int32]:
    """What each element of a patch, in the order (row, col, channel), adds to each coefficient.

    int32 (size * size * channels, coefficients). Of planes beyond the three colours only the mean counts.
    """
    at = (np.arange(size) + 0.5) * np.pi / size
    waves = [np.cos(u * at) * np.sqrt((1 if u == 0 else 2) / size) for u in range(HIGHEST + 1)]
    columns = []
    for channel in range(channels):
        for u in range(HIGHEST + 1 if channel < 3 else 1):
            for v in range(HIGHEST + 1 - u if channel < 3 else 1):
                wave = np.zeros((size, size, channels))
                wave[..., channel] = np.outer(waves[u], waves[v])
                columns.append(wave.ravel())
    return np.ascontiguousarray(np.rint(np.stack(columns, -1) * UNIT).astype(np.int32))


@njit(nogil=True, cache=True)
def describe(plane, size, basis, out):  # type: ignore[no-untyped-def]
    """Coefficients of the patch at every pixel of a padded plane, into ``out`` int32 (h, w, coefficients)."""
    height, width, dims = out.shape
    channels = plane.shape[2]
    for y in range(height):
        for x in range(width):
            for k in range(dims):
                out[y, x, k] = 0
            n = 0
            for i in range(size):
                for j in range(size):
                    for c in range(channels):
                        value = np.int32(plane[y + i, x + j, c])
                        for k in range(dims):
                            out[y, x, k] += value * basis[n, k]
                        n += 1
            for k in range(dims):
                out[y, x, k] //= UNIT


@njit(nogil=True, cache=True)
def nearest(  # type: ignore[no-untyped-def]
    target, size, basis, queries, classes, places_of, start_of, described, costs, cols, first, last, out
):
    """For queries first..last (row, col) the source pixel of least difference and cost, into ``out`` (n, 2).

    ``places_of[start_of[c] : start_of[c + 1]]`` are the flat source pixels of class c, the columns of ``described``
    and ``costs`` theirs.
    """
    dims = basis.shape[1]
    channels = target.shape[2]
    mine = np.empty(dims, np.int32)
    scores = np.empty(BLOCK, np.float32)
    for q in range(first, last):
        y, x = queries[q, 0], queries[q, 1]
        mine[:] = 0
        n = 0
        for i in range(size):
            for j in range(size):
                for c in range(channels):
                    value = np.int32(target[y + i, x + j, c])
                    for k in range(dims):
                        mine[k] += value * basis[n, k]
                    n += 1
        for k in range(dims):
            mine[k] //= UNIT
        best, at = np.float32(np.inf), -1
        begin, end = start_of[classes[q]], start_of[classes[q] + 1]
        for block in range(begin, end, BLOCK):
            count = min(BLOCK, end - block)
            scores[:count] = costs[block : block + count]
            for k in range(dims):
                own = np.float32(mine[k])
                theirs = described[k, block : block + count]  # a slice needs no checks, and is vectorised
                for s in range(count):
                    d = own - theirs[s]
                    scores[s] += d * d
            for s in range(count):
                if scores[s] < best:
                    best, at = scores[s], block + s
        if at >= 0:
            out[q, 0], out[q, 1] = places_of[at] // cols, places_of[at] % cols
        else:
            out[q, 0], out[q, 1] = -1, -1


@dataclass(frozen=True, eq=False)
class Dictionary:
    """The source patches of one level, by class."""

    size: int
    basis: NDArray[np.int32]
    places_of: NDArray[np.int64]
    start_of: NDArray[np.int64]
    described: NDArray[np.float32]
    cells: NDArray[np.int64]
    cols: int

    @staticmethod
    def of(source: NDArray[Any], ids: NDArray[np.uint16], size: int, classes: int) -> Dictionary:
        """All patches of a padded source plane; ``ids`` (h, w) are its classes, those above ``classes`` unusable."""
        height, width = ids.shape
        basis = cosine_basis(size, source.shape[2])
        described = np.empty((height, width, basis.shape[1]), np.int32)
        describe(source, size, basis, described)
        flat = ids.ravel().astype(np.int64)
        order = np.argsort(flat, kind="stable")
        start_of = np.searchsorted(flat[order], np.arange(classes + 1))
        cells = (order // width // CELL) * (-(-width // CELL)) + order % width // CELL
        by_coefficient = np.ascontiguousarray(described.reshape(-1, basis.shape[1])[order].T.astype(np.float32))
        return Dictionary(size, basis, order, start_of, by_coefficient, cells, width)

    def nearest(
        self,
        canvas: NDArray[Any],
        queries: NDArray[np.int32],
        classes: NDArray[np.uint16],
        usage: NDArray[np.int32],
        price: NDArray[np.float32],
    ) -> NDArray[np.int32]:
        """For each query (row, col) of a padded canvas the best source pixel of its class: int32 (n, 2).

        Best is what has the least difference of patches and cost of use; -1 where the source lacks the class.
        """
        owners = np.repeat(np.arange(len(price)), np.diff(self.start_of))
        costs = price[owners] * usage.ravel()[self.cells[: len(owners)]]
        found = np.empty((len(queries), 2), np.int32)
        tasks = [
            (
                canvas, self.size, self.basis, queries, classes, self.places_of, self.start_of, self.described,
                costs.astype(np.float32), self.cols, first, min(first + QUERIES, len(queries)), found,
            )
            for first in range(0, len(queries), QUERIES)
        ]  # fmt: skip
        spread(nearest, tasks)
        return found
