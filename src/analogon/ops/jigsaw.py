"""Pieces of a picture chosen for a plan: shifts of the whole picture, one for each cell, with seams that do not show.

As :mod:`analogon.ops.arrange` does for layouts, by belief propagation on a coarse grid (Pritch et al., "Shift-map image
editing", ICCV 2009, minimise a like sum pixel by pixel).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analogon.ops import labelling
from analogon.ops.level import Places
from analogon.ops.parallel import bands, spread

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Shifts kept for a cell in the first pass; shifts proposed altogether.
KEPT, PROPOSED = 20, 600
#: How far neighbours are in cells that a cell is offered the shifts of in the second pass.
OFFERED = (1, 2, 4, 8)
#: Cells by which a shift may lead astray at no cost where nothing else is said, what each further one costs, and the
#: most.
SLACK, ASTRAY, MOST_ASTRAY = 3.0, 0.03, 1.5
#: How much more that counts where what is wanted is distinct, and what it costs to show what is distinct elsewhere.
DISTINCT, REPEATED = 6.0, 1.0
#: Any seam, how much dearer it is through what is distinct, and what does not lie in the source.
SEAM, CUT, OUTSIDE = 0.12, 3.0, 20.0


def chosen_places(
    source: NDArray[np.uint8],
    size: tuple[int, int],
    wanted: Doubles,
    firm: Doubles,
    weight: Doubles,
    cell: int,
    step: int,
    slack: float = SLACK,
    astray: float = ASTRAY,
) -> Places:
    """Source places (h, w, 2) for a target of this size.

    Args:
        source: (h', w', 3).
        size: of the target.
        wanted: (grid, 2), where the middle of each cell should come from, in pixels.
        firm: (grid), how distinct that is, 0 to 1.
        weight: (rows, cols), how distinct each cell of the source is, above 1 for what must not be used.
        cell: pixels along a cell.
        step: shifts are multiples of so many pixels.
        slack: cells by which a shift may lead astray at no cost; astray: what each further one costs.
    """
    height, width = size
    rows, cols = source.shape[:2]
    grid = wanted.shape[:2]
    middles = np.stack(np.meshgrid(*((np.arange(n) + 0.5) * cell for n in grid), indexing="ij"), -1)
    every = np.rint((wanted - middles) / step).astype(np.int64).reshape(-1, 2)
    shifts, counts = np.unique(every, axis=0, return_counts=True)
    shifts = shifts[np.argsort(-counts, kind="stable")[:PROPOSED]]
    maps = np.zeros((len(shifts), 8), np.float32)
    maps[:, 1] = maps[:, 3] = 1
    maps[:, (2, 4)] = shifts * step
    own = np.empty((len(shifts), *grid), np.float32)
    for k, (down, across) in enumerate(shifts * step):
        at = middles + np.array([down, across])
        far = np.hypot(*np.moveaxis(at - wanted, -1, 0)) / cell
        cost = np.maximum(far - slack * (1 - 0.5 * firm), 0) * astray * (1 + DISTINCT * firm)
        cost = np.minimum(cost, MOST_ASTRAY * (1 + firm))
        ys, xs = (np.clip(at[..., n] // cell, 0, weight.shape[n] - 1).astype(int) for n in (0, 1))
        cost += REPEATED * weight[ys, xs] * np.clip(far / SLACK - 1, 0, 1)
        begin, end = at - cell / 2, np.minimum(at + cell / 2, np.array([height + down, width + across]))
        cost[(begin < 0).any(-1) | (end[..., 0] > rows) | (end[..., 1] > cols)] += OUTSIDE
        own[k] = cost
    best = _best(source, maps, own, firm, cell)
    out = np.empty((height, width, 2), np.int32)
    nothing, whole = np.zeros((rows, cols), np.uint16), np.zeros((height, width), np.uint16)
    ys, xs = (np.arange(n) // cell for n in size)
    fallback = np.clip(wanted[np.ix_(ys, xs)], 0, (rows - 1, cols - 1)).astype(np.float32)
    spread(
        labelling.carry,
        [(nothing, whole, maps, best, cell, fallback, a, b, out) for a, b in bands(height)],
    )
    return out


def _best(source: NDArray[np.uint8], maps: Floats, own: Floats, firm: Doubles, cell: int) -> NDArray[np.int32]:
    """The map of each cell, by its own costs (maps, grid) and those of seams, which are dear where cells are firm."""
    dear = (1 + CUT * firm).astype(np.float32)
    grid = own.shape[1:]
    kept = np.sort(np.argsort(own, 0, kind="stable")[: min(KEPT, len(maps))], 0)
    chosen, costs = _arrays(kept, own)
    seam = np.full(len(maps), SEAM, np.float32)
    for last in (False, True):
        seams = np.zeros((2, *grid, chosen.shape[2], chosen.shape[2]), np.float32)
        spread(labelling.seam_costs, [(source, maps, chosen, cell, seam, a, b, seams) for a, b in bands(grid[0])])
        seams *= dear[..., None, None]
        best = np.take_along_axis(chosen, labelling.agree(costs, seams)[..., None], 2)[..., 0]
        if last:
            break
        # what cells near by have, besides what is cheap
        offers = [best]
        for far in OFFERED:
            for down, across in ((0, far), (0, -far), (far, 0), (-far, 0)):
                ys, xs = (np.clip(np.arange(n) + by, 0, n - 1) for n, by in zip(grid, (down, across), strict=True))
                offers.append(best[np.ix_(ys, xs)])
        every = np.sort(np.concatenate([np.stack(offers), kept]), 0)
        every[1:][every[1:] == every[:-1]] = -1
        chosen, costs = _arrays(every, own)
    return np.ascontiguousarray(best)


def _arrays(kept: NDArray[np.intp], own: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Maps (n, grid), -1 for none, as the kernels take them, with their costs."""
    costs = np.where(kept >= 0, np.take_along_axis(own, np.maximum(kept, 0), 0), np.float32(1e6))
    return (
        np.ascontiguousarray(np.moveaxis(kept, 0, -1).astype(np.int32)),
        np.ascontiguousarray(np.moveaxis(costs, 0, -1).astype(np.float32)),
    )
