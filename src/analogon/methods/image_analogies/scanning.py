"""One level of the pyramid, painted pixel by pixel in scan order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.kernels import kernel
from analogon.ops.nearest import Tree, Window, bases, difference, points, projected, seek

Floats = NDArray[np.float32]
Places = NDArray[np.int32]

#: Radius of the windows at a level and at the coarser one.
FINE, COARSE = 2, 1
#: Pixels of the tree's answer that are compared in full.
CANDIDATES = 8
#: Rows between two reports.
ROWS = 16


@dataclass(frozen=True, eq=False)
class Pictures:
    """Source and target at one size.

    Attributes:
        source: float32 (h', w', 3 + C), colours and then what guides.
        target: float32 (h, w, 3 + C); of the level that is painted the colours are what is known without painting.
    """

    source: Floats
    target: Floats


def paint(
    fine: Pictures,
    coarse: Pictures | None,
    usable: NDArray[np.bool_],
    inner: NDArray[np.bool_],
    *,
    factor: float,
    leaves: int,
    told: Callable[[int], None],
) -> Places:
    """Where in the source each pixel of the target (h, w, 2) comes from; its colours are painted into ``fine.target``.

    Args:
        fine: this level. coarse: the next coarser one, finished; None at the coarsest.
        usable: bool (h', w'), pixels that may be copied.
        inner: those whose windows lie in the frame, or whose class has no such pixel. Others are best matches of
            pixels at the target's frame only: a source whose last columns are alike would be smeared.
        factor: by which the coherent match may be farther than the best one, in squared distances.
        leaves: of the tree, looked through for each pixel.
        told: called with the number of rows done.
    """
    channels = fine.source.shape[2]
    weights = _gaussian(FINE)[..., None].repeat(channels, -1)
    weights.reshape(-1, channels)[(2 * FINE + 1) ** 2 // 2 :, :3] = 0  # colours of what is painted later
    around = np.zeros((0, 0, channels), np.float32)
    if coarse is not None:
        around = _gaussian(COARSE)[..., None].repeat(channels, -1)
    source, canvas = (_padded(planes, FINE) for planes in (fine.source, fine.target))
    below = coarse or Pictures(*(np.zeros((1, 1, channels), np.float32),) * 2)
    radius = COARSE if coarse is not None else 0
    source_below, target_below = (_padded(planes, radius) for planes in (below.source, below.target))
    known = np.argwhere(usable)
    windows = [Window(source, weights), Window(source_below, around, 1)]
    basis = bases(windows, known)
    tree = Tree.of(points(*projected(windows, basis, usable.shape))[usable]).plain()
    painted = np.zeros_like(weights)
    painted[..., :3] = weights[..., :3]
    guiding = weights.copy()
    guiding[..., :3] = 0
    shape = fine.target.shape[:2]
    given = projected([Window(canvas, guiding), Window(target_below, around, 1)], basis, shape)
    places = np.zeros((*shape, 2), np.int32)
    pictures = source, canvas, weights, source_below, target_below, around
    numbers = np.ascontiguousarray(known.astype(np.int32))
    for first in range(0, shape[0], ROWS):
        told(first)
        last = min(first + ROWS, shape[0])
        _scan(
            *pictures, basis[0], painted, *given, usable, inner, numbers, *tree, np.float32(factor), leaves, places,
            first, last,
        )  # fmt: skip
    fine.target[..., :3] = canvas[FINE:-FINE, FINE:-FINE, :3]
    return places


def _gaussian(radius: int) -> Floats:
    """Weights of a window, 1 in total, so that both levels count alike."""
    at = np.arange(-radius, radius + 1) / (0.5 * radius + 0.5)
    row = np.exp(-0.5 * at**2)
    weights = np.outer(row, row)
    normalised: Floats = (weights / weights.sum()).astype(np.float32)
    return normalised


def _padded(planes: Floats, radius: int) -> Floats:
    return np.ascontiguousarray(np.pad(planes, [(radius, radius), (radius, radius), (0, 0)], mode="symmetric"))


@kernel()
def _scan(  # type: ignore[no-untyped-def]
    source, canvas, weights, source_below, target_below, around, basis, painted, given, lengths, usable, inner, known,
    order, leaves, lows, highs, ease, easiest, factor, most, places, first, last,
):  # fmt: skip
    """Paint rows first..last of the canvas, and note their places."""
    rows, cols = usable.shape
    height, width, dims = given.shape
    query = np.empty(dims + 1, np.float32)
    near, scores = np.empty(CANDIDATES, np.int64), np.empty(CANDIDATES, np.float32)
    far = np.float32(1e30)
    for y in range(first, last):
        for x in range(width):
            best, best_y, best_x = far, -1, -1
            old_y, old_x = -1, -1
            for i in range(-FINE, 1):
                for j in range(-FINE, FINE + 1):
                    if (i == 0 and j >= 0) or y + i < 0 or not 0 <= x + j < width:
                        continue
                    py, px = places[y + i, x + j, 0] - i, places[y + i, x + j, 1] - j
                    if (py == old_y and px == old_x) or (py == best_y and px == best_x):
                        continue
                    old_y, old_x = py, px
                    if not (0 <= py < rows and 0 <= px < cols) or not usable[py, px]:
                        continue
                    d = difference(source, canvas, weights, py, px, y, x, best)
                    if d < best:
                        d += difference(source_below, target_below, around, py >> 1, px >> 1, y >> 1, x >> 1, best - d)
                        if d < best:
                            best, best_y, best_x = d, py, px
            # the coherent match is taken unless some pixel is better by the factor
            limit = best / factor if best < far else far
            if limit > 0:
                for k in range(dims):
                    query[k] = given[y, x, k]
                length = lengths[y, x]
                for i in range(FINE + 1):
                    for j in range(2 * FINE + 1):
                        if i == FINE and j >= FINE:
                            break
                        for c in range(3):
                            value = canvas[y + i, x + j, c]
                            length += painted[i, j, c] * value * value
                            row = basis[i, j, c]
                            for k in range(dims):
                                query[k] += value * row[k]
                rest = length
                for k in range(dims):
                    rest -= query[k] * query[k]
                query[dims] = np.sqrt(max(rest, np.float32(0)))
                seek(order, leaves, lows, highs, ease, easiest, query, limit, most, near, scores)
                for n in range(CANDIDATES):
                    if near[n] < 0 or scores[n] >= limit:
                        break
                    py, px = known[near[n], 0], known[near[n], 1]
                    if not inner[py, px] and best_y >= 0 and FINE <= y < height - FINE and FINE <= x < width - FINE:
                        continue
                    d = difference(source, canvas, weights, py, px, y, x, limit)
                    if d < limit:
                        d += difference(source_below, target_below, around, py >> 1, px >> 1, y >> 1, x >> 1, limit - d)
                        if d < limit:
                            limit, best_y, best_x = d, py, px
            places[y, x, 0], places[y, x, 1] = best_y, best_x
            for c in range(3):
                canvas[y + FINE, x + FINE, c] = source[best_y + FINE, best_x + FINE, c]
