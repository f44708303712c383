"""Regions of label maps, and those that an edit has only moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.transport import regions

#: (top, left, bottom, right), bottom and right outside.
Box = tuple[int, int, int, int]
#: A region cut out to its box.
Region = tuple[NDArray[np.bool_], Box]

#: Smallest region that counts, as a share of the map.
SMALLEST_REGION = 0.002
#: A region has only been moved if this share of it has one shift.
AS_ONE = 0.97
#: What covers more of the frame than this share of its height and width is sky or ground, and no thing that moves.
MOST_FRAME = 0.1
#: Regions are looked at on maps of at most this many rows and columns.
SMALL = 256


@dataclass(frozen=True, eq=False)
class Moved:
    """A region that has only been moved.

    Attributes:
        class_: its class.
        down, across: what its pixels' rows and columns are changed by to find their places in the source.
        region: bool map of every ``every``-th row and column of the target.
    """

    class_: int
    down: int
    across: int
    region: NDArray[np.bool_]
    every: int


def beside(region: Region, ids: NDArray[np.uint16], value: int | None) -> bool:
    """Whether a region of a map touches pixels of this value."""
    part, (top, left, bottom, right) = region
    wide = np.zeros((bottom - top + 2, right - left + 2), bool)
    for down, across in ((0, 1), (2, 1), (1, 0), (1, 2)):
        wide[down : down + part.shape[0], across : across + part.shape[1]] |= part
    near = np.pad(ids == value, 1)[top : bottom + 2, left : right + 2]
    return bool((near & wide).any())


def cut_out(region: NDArray[np.bool_]) -> Region:
    """A region that is not empty, cut out of its map."""
    rows, cols = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    top, left, bottom, right = int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1
    return region[top:bottom, left:right], (top, left, bottom, right)


def regions_of(ids: NDArray[np.uint16], picture: int | None = None) -> dict[int, list[Region]]:
    """Connected regions (8-neighbourhood) of each class that are not too small for a picture of so many pixels.

    None takes the map's.
    """
    runs, number, boxes, areas, classes = regions.regions_of(ids.astype(np.int16))
    painted = regions.paint(ids.shape, runs, number)
    found: dict[int, list[Region]] = {}
    for n in np.flatnonzero(areas >= SMALLEST_REGION * (picture or ids.size)):
        top, left, bottom, right = (int(edge) for edge in boxes[n])
        part = painted[top:bottom, left:right] == n
        found.setdefault(int(classes[n]), []).append((part, (top, left, bottom, right)))
    return found


def positions(ids: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Where in its connected region's box each pixel is, from 0 at the top and left: float32 (h, w, 2), row and col.

    All of what covers much of the frame, sky or ground, is in the middle: it has no parts that belong anywhere.
    """
    runs, number, boxes, _, _ = regions.regions_of(ids.astype(np.int16))
    region = regions.paint(ids.shape, runs, number)
    box = boxes[region]
    inside = np.moveaxis(np.indices(ids.shape), 0, -1) - box[..., :2] + 0.5
    out: NDArray[np.float32] = (inside / (box[..., 2:] - box[..., :2])).astype(np.float32)
    out[_stuff(region, len(boxes))] = 0.5
    return out


def of_things(ids: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Which pixels lie in connected regions that do not cover much of the frame, as sky or ground does: bool (h, w)."""
    runs, number, boxes, _, _ = regions.regions_of(ids.astype(np.int16))
    return ~_stuff(regions.paint(ids.shape, runs, number), len(boxes))


def _stuff(region: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    """Which pixels of numbered regions (h, w) lie in one that covers much of the frame."""
    frame = np.concatenate([region[0], region[-1], region[1:-1, 0], region[1:-1, -1]])
    covers: NDArray[np.bool_] = np.bincount(frame, minlength=count) > MOST_FRAME * sum(region.shape)
    return covers[region]


def moved_regions(target_ids: NDArray[np.uint16], field: NDArray[np.float32]) -> list[Moved]:
    """The regions that a field of source places (h, w, 2) moves as a whole, by other than nothing."""
    every = -(-max(target_ids.shape) // SMALL)
    ids = np.ascontiguousarray(target_ids[::every, ::every])
    places = np.floor(field[::every, ::every] + 0.5).astype(np.int64)
    found = []
    for c, parts in regions_of(ids).items():
        for part, (top, left, bottom, right) in parts:
            ys, xs = np.nonzero(part)
            ys, xs = ys + top, xs + left
            down, across = places[ys, xs, 0] - ys * every, places[ys, xs, 1] - xs * every
            shift = int(np.median(down)), int(np.median(across))
            at_frame = (ys == 0) | (xs == 0) | (ys == ids.shape[0] - 1) | (xs == ids.shape[1] - 1)
            if at_frame.sum() > MOST_FRAME * sum(ids.shape):
                continue
            if any(shift) and np.mean((down == shift[0]) & (across == shift[1])) >= AS_ONE:
                region = np.zeros(ids.shape, bool)
                region[top:bottom, left:right] = part
                found.append(Moved(c, *shift, region, every))
    return found
