"""Patches of a guess, replaced by the nearest ones of the source and averaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.kernels import kernel
from analogon.ops.nearest import FAR, Tree, Window, bases, difference, points, projected, seek
from analogon.ops.parallel import bands, spread

Floats = NDArray[np.float32]
Matches = NDArray[np.int32]

#: Patches of the tree's answer that are compared in full.
CANDIDATES = 8
#: The weight of an averaged patch's corners, as a bell of this deviation over [-1, 1].
BELL = 1.7


@dataclass(frozen=True, eq=False)
class Patches:
    """All patches of planes and, for the search, their points.

    Attributes:
        planes: float32 (h, w, C), colours first.
        points: float32 (h - size + 1, w - size + 1, dims): see :mod:`analogon.ops.nearest`.
    """

    planes: Floats
    points: Floats


class Search:
    """The nearest keys of queries, by windows of one size and one weight for each plane."""

    def __init__(self, keys: Floats, weights: Floats, size: int, leaves: int) -> None:
        """Make ready.

        Args:
            keys: planes (h', w', C) whose patches are sought.
            weights: of each plane (C,), those of all elements of a patch adding up to its difference.
            size: side of a patch. leaves: looked through for one of them.
        """
        self.leaves, self.size = leaves, size
        self.weights = np.ascontiguousarray(np.broadcast_to(weights, (size, size, len(weights))), np.float32)
        rows, cols = keys.shape[0] - size + 1, keys.shape[1] - size + 1
        self._bases = bases([Window(keys, self.weights)], np.argwhere(np.ones((rows, cols), bool)))
        self.keys = self.patches(keys)
        self._tree = _tree(self.keys)

    def patches(self, planes: Floats) -> Patches:
        """The patches of planes, ready to be compared."""
        shape = planes.shape[0] - self.size + 1, planes.shape[1] - self.size + 1
        return Patches(planes, points(*projected([Window(planes, self.weights)], self._bases, shape)))

    def far(self, queries: Patches) -> Floats:
        """What each key differs from the nearest query by: float32 (rows of keys, columns of keys)."""
        found = self._found(self.keys, queries, _tree(queries), None, None, None)
        return found[1]

    def nearest(
        self,
        queries: Patches,
        ease: Floats | None,
        known: Matches | None,
        open_: NDArray[np.bool_] | None,
    ) -> tuple[Matches, Floats]:
        """The key (row, col) of least difference for each query, and the difference.

        Args:
            queries: of the guess.
            ease: what each key's difference is divided by first; None for 1.
            known: matches of an earlier search, which the new ones are no worse than.
            open_: queries that are searched; the others keep their known match.
        """
        return self._found(queries, self.keys, self._tree, ease, known, open_)

    def _found(
        self,
        queries: Patches,
        keys: Patches,
        tree: Tree,
        ease: Floats | None,
        known: Matches | None,
        open_: NDArray[np.bool_] | None,
    ) -> tuple[Matches, Floats]:
        shape = queries.points.shape[:2]
        divisors = np.ones(keys.points.shape[:2], np.float32) if ease is None else ease
        found = np.full((*shape, 2), -1, np.int32)
        worth = np.zeros(shape, np.float32)
        before = known if known is not None else found.copy()
        asked = np.ones(shape, bool) if open_ is None else open_
        given = queries.planes, keys.planes, self.weights, queries.points, divisors, before, asked
        shared = tree.arguments(divisors.ravel())
        spread(_match, [(*given, *shared, self.leaves, found, worth, first, last) for first, last in bands(shape[0])])
        return found, worth


def _tree(patches: Patches) -> Tree:
    return Tree.of(np.ascontiguousarray(patches.points.reshape(-1, patches.points.shape[2])))


def fold(values: Floats, matches: Matches, size: int) -> Floats:
    """The weighted mean, at each pixel, of the patches of ``values`` that cover it: (h, w, 3).

    Args:
        values: float32 (h', w', 3). matches: (h - size + 1, w - size + 1, 2), first rows and columns of patches.
    """
    at = np.linspace(-1, 1, size)
    row = np.exp(-0.5 * (at / BELL) ** 2)
    weights = np.outer(row, row).astype(np.float32)
    out = np.empty((matches.shape[0] + size - 1, matches.shape[1] + size - 1, 3), np.float32)
    spread(_fold, [(values, matches, weights, out, first, last) for first, last in bands(len(out))])
    return out


@kernel()
def _fold(values, matches, weights, out, first, last):  # type: ignore[no-untyped-def]
    """Rows first..last of the mean."""
    size = len(weights)
    rows, cols = matches.shape[:2]
    for y in range(first, last):
        for x in range(out.shape[1]):
            red, green, blue, total = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for i in range(max(0, y - rows + 1), min(size, y + 1)):
                for j in range(max(0, x - cols + 1), min(size, x + 1)):
                    sy, sx = matches[y - i, x - j, 0] + i, matches[y - i, x - j, 1] + j
                    weight = weights[i, j]
                    red += weight * values[sy, sx, 0]
                    green += weight * values[sy, sx, 1]
                    blue += weight * values[sy, sx, 2]
                    total += weight
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = red / total, green / total, blue / total


@kernel()
def _match(  # type: ignore[no-untyped-def]
    queries, keys, weights, asked, ease, known, open_, order, leaves, lows, highs, inside, easiest, most, found, worth,
    first, last,
):  # fmt: skip
    """The nearest keys of rows first..last of the queries."""
    rows, cols = ease.shape
    height, width = open_.shape
    near, scores = np.empty(CANDIDATES, np.int64), np.empty(CANDIDATES, np.float32)
    for y in range(first, last):
        for x in range(width):
            if not open_[y, x]:
                found[y, x, 0], found[y, x, 1] = known[y, x, 0], known[y, x, 1]
                continue
            best, best_y, best_x = FAR, 0, 0
            for n in range(5):  # what was found before, here and at the neighbours
                i, j = (n == 1) - (n == 2), (n == 3) - (n == 4)
                if not (0 <= y + i < height and 0 <= x + j < width):
                    continue
                py, px = known[y + i, x + j, 0] - i, known[y + i, x + j, 1] - j
                if known[y + i, x + j, 0] < 0 or not (0 <= py < rows and 0 <= px < cols):
                    continue
                if n > 0 and py == best_y and px == best_x:
                    continue
                d = difference(queries, keys, weights, y, x, py, px, best * ease[py, px]) / ease[py, px]
                if d < best:
                    best, best_y, best_x = d, py, px
            if best > 0:
                seek(order, leaves, lows, highs, inside, easiest, asked[y, x], best, most, near, scores)
                for n in range(CANDIDATES):
                    if near[n] < 0 or scores[n] >= best:
                        break
                    py, px = near[n] // cols, near[n] % cols
                    d = difference(queries, keys, weights, y, x, py, px, best * ease[py, px]) / ease[py, px]
                    if d < best:
                        best, best_y, best_x = d, py, px
            found[y, x, 0], found[y, x, 1] = best_y, best_x
            worth[y, x] = best * ease[best_y, best_x]
