"""Where in the source could each target pixel come from? A first answer from the two layouts alone.

Geometry only, no pixel of a picture is looked at: objects are followed by translation, scaling or mirroring of
their connected regions, everything else stays in its place, and places that have the wrong class in the source
are filled, in pieces as large as possible, from elsewhere in the right class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap

Field = NDArray[np.float32]

#: A motion replaces "stay where you are" only if it explains the region's shape better by this much IoU.
MOTION_GAIN = 0.08
#: What a region's IoU must gain for each doubling or halving of its height or width.
STRETCH_COST = 0.1
#: Regions under this share of the picture follow their class instead of a motion of their own.
SMALLEST_REGION = 0.002
#: Pixels this near to a class border in the target come from as near to one in the source: the outline of an
#: object mixes both classes over about this many pixels, and would be left behind as a ghost otherwise.
FRINGE = 3
#: Largest depth in the target that is told apart, where a region is much enlarged.
DEEPEST = 16

#: A piece with the wrong class is moved as a whole; what does not fit is tried again, this often.
ROUNDS = 4
#: Pieces of fewer pixels, or of a smaller share of the source, take the nearest place of their class.
SMALLEST_PIECE, SMALLEST_PIECE_SHARE = 6, 2e-5
#: Shifts are searched on a grid of about this many cells a side.
SHIFT_GRID = 96
#: What a shift over the whole height or width costs, against 1 for a piece that fits completely. Pictures change
#: more from top to bottom (sky, ground) than from side to side.
FAR_ROWS, FAR_COLUMNS = 0.6, 0.2
#: A source place that is used already counts this much, against 1: what an object covers is the best filling for
#: what it uncovered.
USED_WORTH = 0.9
#: Source pixels between neighbours of a solid piece: enlarged to twice the size at most, reduced to half.
LEAST_STEP, MOST_STEP = 0.45, 2.1


@dataclass(frozen=True, eq=False)
class Transport:
    """Where each target pixel comes from.

    Attributes:
        field: float32 (h, w, 2), (row, col) in source pixels, inside the source.
        filled: bool (h, w), places that neither stayed nor moved with a region: holes that objects left, parts
            that are new. Their content comes from elsewhere in the class, and its tone may not fit.
    """

    field: Field
    filled: NDArray[np.bool_]


def transport(source: LabelMap, target: LabelMap) -> Transport:
    """Source places for every target pixel, from the layouts alone.

    Args:
        source: (h, w) label map of the source picture.
        target: (h', w') label map with classes of the source; sizes may differ.

    Returns:
        Places (h', w') whose class in the source is the target's class, wherever the source has that class.
    """
    from analogon.transport import motions, regions

    known = np.array(source.palette.ids, np.int64)
    positions = np.argsort(known)
    src, tgt = (regions.classes_of(_rows(labels.ids), known[positions], positions) for labels in (source, target))
    runs_s, number_s, *traits_s = regions.regions_of(src)
    runs_t, number_t, *traits_t = regions.regions_of(tgt)
    regions_s, regions_t = _large(*traits_s), _large(*traits_t)
    painted_s, painted_t = regions.paint(src.shape, runs_s, number_s), regions.paint(tgt.shape, runs_t, number_t)
    ways = motions.best_motions(src, painted_s, regions_s, painted_t, regions_t, MOTION_GAIN, STRETCH_COST)
    del painted_s, painted_t
    moves = np.full(traits_t[0].shape[0], len(regions_t))
    moves[regions_t[:, 0]] = np.arange(len(regions_t))
    smallest = min(1.0, float(np.abs(ways[:, :2]).min()))
    depths_s = regions.depths_of(src, FRINGE)
    depths_t = regions.depths_of(tgt, min(int(np.ceil((FRINGE + 1) / smallest)), DEEPEST))
    inner = regions.deepest_of(src, depths_s, len(known) + 1)
    places = (src, depths_s, inner, np.zeros(src.shape, np.bool_))
    field = np.empty((*tgt.shape, 2), np.float32)
    open_ = motions.place(tgt, depths_t, runs_t, number_t, moves, ways, places, float(FRINGE), field)
    filled = open_ >= 0
    if filled.any():
        _fill(field, open_, places)
    return Transport(field, filled)


def solid(field: Field, margin: int = 1) -> NDArray[np.bool_]:
    """Where the field carries a piece as a whole: bool (h, w).

    False within ``margin`` pixels of a step between neighbours that is not about one source pixel: a seam between
    pieces, a place where one source pixel is repeated, a strong stretch. Shifts and mirrorings are solid.
    """
    from scipy import ndimage as ndi

    torn = np.zeros(field.shape[:2], bool)
    for axis in (0, 1):
        step = np.linalg.norm(np.diff(field, axis=axis), axis=-1)
        broken = (step < LEAST_STEP) | (step > MOST_STEP)
        here = [slice(None), slice(None)]
        for side in (slice(0, -1), slice(1, None)):
            here[axis] = side
            torn[tuple(here)] |= broken
    return ~ndi.binary_dilation(torn, np.ones((3, 3), bool), iterations=margin) if margin else ~torn


def _rows(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ids row by row and read-only, the one kind of array that the kernels are compiled for."""
    rows = np.ascontiguousarray(ids).view()
    rows.setflags(write=False)
    return rows


def _large(boxes: NDArray[np.int32], areas: NDArray[np.int64], classes: NDArray[np.int16]) -> NDArray[np.int64]:
    """Regions that are large enough to have a motion, largest first: int64 (n, 7) of number, class, area, box."""
    order = np.argsort(-areas, kind="stable")
    order = order[areas[order] >= SMALLEST_REGION * areas.sum()]
    return np.column_stack([order, classes[order], areas[order], boxes[order]]).astype(np.int64)


#: Classes, squared depths, the depth that is enough for each class, and which pixels are used already.
_Source = tuple[NDArray[np.int16], NDArray[np.uint16], NDArray[np.int64], NDArray[np.bool_]]


def _fill(field: Field, open_: NDArray[np.int16], source: _Source) -> None:
    """Send every place of the wrong class to the right one, in pieces as large as possible."""
    from analogon.transport import pieces, regions

    shape = source[0].shape
    side = -(-max(shape) // SHIFT_GRID)
    smallest = max(SMALLEST_PIECE, SMALLEST_PIECE_SHARE * shape[0] * shape[1])
    shares = pieces.shares_of(source, USED_WORTH, side)
    for _ in range(ROUNDS):
        runs, number, _, areas, _ = regions.regions_of(open_)
        order, ends = np.argsort(number, kind="stable"), np.cumsum(np.bincount(number, minlength=len(areas)))
        chosen = np.argsort(-areas, kind="stable")
        chosen = chosen[areas[chosen] >= smallest]
        if not len(chosen):
            break
        pieces.shift_pieces(
            field, open_, runs, (order, ends, chosen), shares, source, side, USED_WORTH, FAR_ROWS, FAR_COLUMNS
        )
    runs = regions.regions_of(open_)[0]
    pieces.fill_nearest(field, open_, runs, shares, source, side)
