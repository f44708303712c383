"""The exact search: what :mod:`analogon.ops.search` approaches, by comparing every patch with every other one.

For measuring, not for pictures: it takes the product of the pixels of source and target.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analogon.ops.level import Level, Places
from analogon.ops.search import CELL

Costs = NDArray[np.float64]


def costs_of(
    level: Level,
    pixel: tuple[int, int],
    place: NDArray[np.int32],
    usage: NDArray[np.int32],
    price: NDArray[np.float32],
    class_weight: float,
) -> Costs:
    """What it costs to match one target pixel to each source pixel: (h', w').

    Squared differences of all planes of the patches, ``class_weight`` for each of their pixels that has the wrong
    class, and the price of the use of the cell that the source pixel lies in.

    Args:
        pixel: (row, col) in the target.
        place: (row, col) in the source that the pixel has now: that use is its own, and costs nothing.
        usage: uses of each cell of ``CELL`` x ``CELL`` source pixels.
        price: of one use, by the class of the target pixel.
    """
    y, x = pixel
    size = level.patch
    mine = level.canvas[y : y + size, x : x + size].transpose(2, 0, 1).astype(np.int64)
    theirs = sliding_window_view(level.padded_source, (size, size), (0, 1))
    squares = ((theirs - mine) ** 2).sum((2, 3, 4))
    classes = sliding_window_view(level.padded_source_ids, (size, size))
    wrong = (classes != level.padded_target_ids[y : y + size, x : x + size]).sum((2, 3))
    uses = usage.copy()
    uses[place[0] // CELL, place[1] // CELL] -= 1
    rows, cols = (np.arange(n) // CELL for n in squares.shape)
    unit = float(price[level.target_ids[y, x]])
    costs: Costs = squares + class_weight * wrong + unit * uses[np.ix_(rows, cols)]
    return costs


def best_places(
    level: Level,
    places: Places,
    usage: NDArray[np.int32],
    price: NDArray[np.float32],
    class_weight: float,
) -> tuple[Places, Costs, Costs]:
    """The best source pixel for every target pixel at one usage: see :func:`costs_of`.

    Returns:
        Places (h, w, 2), of equal ones the first; what they cost, (h, w); what the places given cost, (h, w).
    """
    best = np.empty_like(places)
    least, given = np.empty(places.shape[:2]), np.empty(places.shape[:2])
    for y, x in np.ndindex(*places.shape[:2]):
        costs = costs_of(level, (y, x), places[y, x], usage, price, class_weight)
        at = np.unravel_index(int(costs.argmin()), costs.shape)
        best[y, x] = at
        least[y, x], given[y, x] = costs[at], costs[tuple(places[y, x])]
    return best, least, given
