"""Leaps: for pixels whose patch fits badly, the best source patch of their class by exhaustive comparison.

Patches are compared by the lowest coefficients of their discrete cosine transform, as whole numbers, so that every
machine finds the same: those of the colours, and those of the shape that the pixel's own class has around it. A leap
is only a candidate: the search decides by the full difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.kernels import kernel
from analogon.ops.parallel import spread
from analogon.ops.search import CELL

#: Coefficients of a colour plane: those whose frequencies along rows and columns add up to this at most.
HIGHEST = 2
#: Queries that one thread takes at a time.
QUERIES = 256
#: What a pixel of the own class counts in the plane of its shape, in 8-bit levels.
SHAPE = np.int32(60)
#: Source patches that are compared at a time: their scores stay in the nearest cache.
BLOCK = 512
#: The bits of an infinite float32.
INFINITE = 0x7F800000
#: The basis is orthonormal times this, rounded.
UNIT = 1024


def cosine_basis(size: int, channels: int) -> NDArray[np.int32]:
    """What each element of a patch, in the order (row, col, channel), adds to each coefficient.

    int32 (size * size * channels, coefficients). Of the planes between the three colours and the last one, which is
    the shape of the class, only the mean counts.
    """
    at = (np.arange(size) + 0.5) * np.pi / size
    waves = [np.cos(u * at) * np.sqrt((1 if u == 0 else 2) / size) for u in range(HIGHEST + 1)]
    columns = []
    for channel in range(channels):
        highest = HIGHEST if channel < 3 or channel == channels - 1 else 0
        for u in range(highest + 1):
            for v in range(highest + 1 - u):
                wave = np.zeros((size, size, channels))
                wave[..., channel] = np.outer(waves[u], waves[v])
                columns.append(wave.ravel())
    return np.ascontiguousarray(np.rint(np.stack(columns, -1) * UNIT).astype(np.int32))


@kernel()
def describe(plane, ids, size, basis, pixels, first, last, out):  # type: ignore[no-untyped-def]
    """Coefficients of the patches at pixels first..last (row, col), into ``out`` int32 (n, coefficients).

    ``plane`` and ``ids`` are padded.
    """
    dims = out.shape[1]
    channels = plane.shape[2]
    for q in range(first, last):
        y, x = pixels[q, 0], pixels[q, 1]
        own = ids[y + size // 2, x + size // 2]
        mine = out[q]
        mine[:] = 0
        n = 0
        for i in range(size):
            for j in range(size):
                for c in range(channels + 1):
                    if c < channels:
                        value = np.int32(plane[y + i, x + j, c])
                    else:
                        value = SHAPE if ids[y + i, x + j] == own else np.int32(0)
                    row = basis[n]
                    for k in range(dims):
                        mine[k] += value * row[k]
                    n += 1
        for k in range(dims):
            mine[k] //= UNIT


@kernel()
def nearest(asked, classes, places_of, start_of, described, costs, cols, first, last, out):  # type: ignore[no-untyped-def]
    """For queries first..last the source pixel of least difference and cost, into ``out`` (n, 2) as row and col.

    ``asked`` (n, coefficients) are the queries' coefficients. ``places_of[start_of[c] : start_of[c + 1]]`` are the
    flat source pixels of class c, the columns of ``described`` and ``costs`` theirs.
    """
    scores = np.empty(BLOCK, np.float32)
    bits = scores.view(np.int32)  # has the order of floats that are not negative, and its minimum is vectorised
    dims = asked.shape[1]
    for q in range(first, last):
        best, at = np.int32(INFINITE), -1
        begin, end = start_of[classes[q]], start_of[classes[q] + 1]
        for block in range(begin, end, BLOCK):
            count = min(BLOCK, end - block)
            cost = costs[block : block + count]  # a slice needs no checks, and is vectorised
            for s in range(count):
                scores[s] = cost[s]
            # four coefficients at a time, since scores come from the cache and go back for each
            whole = dims - dims % 4
            for k in range(0, whole, 4):
                own_a, own_b = np.float32(asked[q, k]), np.float32(asked[q, k + 1])
                own_c, own_d = np.float32(asked[q, k + 2]), np.float32(asked[q, k + 3])
                all_a, all_b = described[k, block : block + count], described[k + 1, block : block + count]
                all_c, all_d = described[k + 2, block : block + count], described[k + 3, block : block + count]
                for s in range(count):
                    a, b, c, d = own_a - all_a[s], own_b - all_b[s], own_c - all_c[s], own_d - all_d[s]
                    scores[s] = scores[s] + a * a + b * b + c * c + d * d
            for k in range(whole, dims):
                own = np.float32(asked[q, k])
                theirs = described[k, block : block + count]
                for s in range(count):
                    d = own - theirs[s]
                    scores[s] += d * d
            least = best
            for s in range(count):
                least = min(least, bits[s])
            if least < best:
                best, s = least, 0
                while bits[s] != least:
                    s += 1
                at = block + s
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
        """All patches of a padded source plane with padded classes ``ids``; those above ``classes`` are unusable."""
        height, width = ids.shape[0] - size + 1, ids.shape[1] - size + 1
        inner = ids[size // 2 : size // 2 + height, size // 2 : size // 2 + width]
        order = np.argsort(inner.ravel(), kind="stable")
        start_of = np.searchsorted(inner.ravel()[order], np.arange(classes + 1))
        basis = cosine_basis(size, source.shape[2] + 1)
        described = _described(source, ids, size, basis, np.stack([order // width, order % width], -1))
        cells = (order // width // CELL) * (-(-width // CELL)) + order % width // CELL
        by_coefficient = np.ascontiguousarray(described.T.astype(np.float32))
        return Dictionary(size, basis, order, start_of, by_coefficient, cells, width)

    def nearest(
        self,
        canvas: NDArray[Any],
        ids: NDArray[np.uint16],
        queries: NDArray[np.int32],
        classes: NDArray[np.uint16],
        usage: NDArray[np.int32],
        price: NDArray[np.float32],
    ) -> NDArray[np.int32]:
        """For each query (row, col) of a padded canvas the best source pixel of its class: int32 (n, 2).

        Best is what has the least difference of patches and cost of use; -1 where the source lacks the class.
        """
        owners = np.repeat(np.arange(len(price)), np.diff(self.start_of))
        costs = (price[owners] * usage.ravel()[self.cells[: len(owners)]]).astype(np.float32)
        asked = _described(canvas, ids, self.size, self.basis, queries)
        found = np.empty((len(queries), 2), np.int32)
        theirs = (self.places_of, self.start_of, self.described, costs, self.cols)
        spread(nearest, [(asked, classes, *theirs, a, b, found) for a, b in _parts(len(queries))])
        return found


def _described(
    plane: NDArray[Any], ids: NDArray[np.uint16], size: int, basis: NDArray[np.int32], pixels: NDArray[Any]
) -> NDArray[np.int32]:
    """Coefficients of the patches at these pixels of padded planes."""
    out = np.empty((len(pixels), basis.shape[1]), np.int32)
    pixels = pixels.astype(np.int32)
    spread(describe, [(plane, ids, size, basis, pixels, a, b, out) for a, b in _parts(len(pixels))])
    return out


def _parts(count: int) -> list[tuple[int, int]]:
    return [(first, min(first + QUERIES, count)) for first in range(0, count, QUERIES)]
