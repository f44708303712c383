"""The ground at the feet of things, which they take with them: shadows, and grass that is trodden down.

Ground has no parts that belong anywhere, but for what things leave on it. So a place near the foot of a thing is best
copied from one as near to a foot, and from where that thing's outline leads; one far from all things from one as far.
"""

from __future__ import annotations

from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from analogon.ops.labelling import depths
from analogon.ops.moves import MOST_FRAME, Region, regions_of

Ids = NDArray[np.uint16]
Plane = NDArray[np.float32]

#: How far a thing's shadow is looked for, as a share of the square root of its area.
REACH = 0.4
#: What it costs to copy a place at a foot to one far from all, or the other way round.
SHADOW = 0.5
#: Distances are told apart up to this many cells.
FARTHEST = 80


def is_whole(region: Region, shape: tuple[int, ...]) -> bool:
    """Whether a region of a map of this shape stays clear of the frame.

    What the frame cuts is ground or sky, or a thing whose feet may be outside.
    """
    _, (top, left, bottom, right) = region
    return top > 0 and left > 0 and bottom < shape[0] and right < shape[1]


def at_feet(region: Region, every: int, cell: int, grid: tuple[int, ...]) -> tuple[Plane, NDArray[np.bool_]]:
    """How near each cell is to the foot of a region, from 0 for far to 1, and which cells it stands on: both ``grid``.

    A foot is what lies below the middle of the region's box, the more the lower. Regions are those of a map of every
    ``every``-th row and column.
    """
    part, (top, left, bottom, right) = region
    near, inside = np.zeros(grid, np.float32), np.zeros(grid, np.bool_)
    rows, cols = (
        np.flatnonzero((at >= low) & (at < high))
        for at, low, high in (
            ((np.arange(grid[0]) * cell + cell // 2) // every, top, bottom),
            ((np.arange(grid[1]) * cell + cell // 2) // every, left, right),
        )
    )
    if not len(rows) or not len(cols):  # thinner than a cell
        return near, inside
    inside[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1] = part[
        np.ix_((rows * cell + cell // 2) // every - top, (cols * cell + cell // 2) // every - left)
    ]
    if not inside.any():
        return near, inside
    reach = min(max(1.0, REACH * float(np.sqrt(part.sum())) * every / cell), FARTHEST)
    beyond = int(reach) + 1
    window = (
        slice(max(rows[0] - beyond, 0), rows[-1] + 1 + beyond),
        slice(max(cols[0] - beyond, 0), cols[-1] + 1 + beyond),
    )
    far = depths(np.ascontiguousarray(inside[window]).astype(np.uint16), beyond + 1).astype(np.float32) / 3
    ring = np.where(inside[window], 1, 1 - (far - 1) / reach)
    middle, half = (top + bottom) / 2 * every, max((bottom - top) / 2 * every, 1)
    low = ((np.arange(grid[0]) + 0.5) * cell - middle) / half
    near[window] = np.clip(ring, 0, 1) * np.clip(low, 0, 1)[window[0], None]
    return near, inside


def nearness(ids: Ids, every: int, cell: int, without: Set[int], pixels: int) -> tuple[Plane, NDArray[np.bool_]]:
    """How near each cell of a label map is to the foot of any thing, and which cells things stand on: both (grid).

    Things are the regions that stay clear of the frame, but for those of classes that cover much of it.

    Args:
        ids: (h, w).
        every: things are looked at on a map of every so many-th row and column.
        cell: pixels along a cell.
        without: classes that are no things.
        pixels: of the picture, of which the map may show more; very small regions are no things.
    """
    grid = -(-ids.shape[0] // cell), -(-ids.shape[1] // cell)
    small = np.ascontiguousarray(ids[::every, ::every])
    near, inside = np.zeros(grid, np.float32), np.zeros(grid, bool)
    cut = np.bincount(np.concatenate([small[0], small[-1], small[1:-1, 0], small[1:-1, -1]]))
    # a part of the ground that things enclose is still ground
    ground = without | set(np.flatnonzero(cut > MOST_FRAME * sum(small.shape)).tolist())
    for c, found in regions_of(small, pixels // every**2).items():
        for region in found if c not in ground else []:
            if is_whole(region, small.shape):
                one, covered = at_feet(region, every, cell, grid)
                np.maximum(near, one, out=near)
                inside |= covered
    return near, inside


def middles(shape: tuple[int, ...], cell: int) -> tuple[NDArray[np.intp], ...]:
    """Where the middle pixels of the cells of a map (h, w) are: rows (grid height, 1) and columns (1, grid width)."""
    return np.ix_(*(np.minimum(np.arange(0, n, cell) + cell // 2, n - 1) for n in shape))


def most_of(ids: Ids, cell: int) -> NDArray[np.intp]:
    """The class that most of each cell has."""
    step = max(1, cell // 4)
    rows, cols = (np.arange(0, n, step) // cell for n in ids.shape)
    height, width, classes = int(rows[-1]) + 1, int(cols[-1]) + 1, int(ids.max()) + 1
    at = (rows[:, None] * width + cols) * classes + ids[::step, ::step]
    most: NDArray[np.intp] = (
        np.bincount(at.ravel(), minlength=height * width * classes).reshape(height, width, classes).argmax(-1)
    )
    return most
