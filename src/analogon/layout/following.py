"""What a render should know of a layout besides its label map: what stays, and what goes where."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analogon.errors import OptionError
from analogon.io import replacing
from analogon.layout.arrangement import Layout
from analogon.layout.regions import Bools
from analogon.rendering import Guide

#: What lies farther from every edit than this share of the diagonal stays, and at least so many pixels: as much as a
#: render keeps by itself.
REACH, LEAST_REACH = 0.03, 8
#: How much the places of objects count by default; 1 is as much as the colours of the picture.
WEIGHT = 80.0
#: Objects keep their pixels where no length in them changed by more than this factor.
STRETCH = 1.2
#: A pixel has moved if its place is farther away than this.
MOVED = 0.5


def places(layout: Layout) -> NDArray[np.float32]:
    """Where in the source each pixel of the target lies, as (row, column): float32 (h, w, 2).

    Whole numbers are pixels of the source: what has not moved has its own row and column. NaN where a pixel belongs to
    no place: what was painted, and what an object left behind.
    """
    found = np.full((*layout.shape, 2), np.nan, np.float32)
    for one in layout.objects:
        window, _ = one.region.in_frame(layout.shape)
        mine = layout.owners[window] == one.id
        ys, xs = np.nonzero(mine)
        rows, columns = ys + window[0].start, xs + window[1].start
        for there, points in reversed(list(one.places(rows, columns))):
            if points is not None:
                found[rows[there], columns[there]] = points - 0.5
    return found


def edited(layout: Layout) -> Bools:
    """Pixels that have another class than in the source, or lie elsewhere than there: bool (h, w)."""
    changed: Bools = layout.ids != layout.source.ids
    where = places(layout)
    known = ~np.isnan(where[..., 0])
    moved: Bools = np.abs(where - _own(layout.shape)).max(-1) > MOVED
    changed |= known & moved
    return changed


def keep_mask(layout: Layout, reach: float | None = None) -> Bools:
    """Pixels that need not change: bool (h, w), True where every edit is farther away than ``reach``.

    Take it for ``keep`` of a render. Unlike what ``keep="auto"`` sees in two label maps, an object that was turned in
    its place has moved, and every stroke is an edit, however thin; and it can be asked for together with guides.

    Args:
        reach: in pixels, at least 0; by default 3 % of the diagonal, and no less than 8.

    Raises:
        OptionError: ``reach`` is no number from 0 on.
    """
    from scipy import ndimage as ndi

    if reach is None:
        reach = max(LEAST_REACH, REACH * math.hypot(*layout.shape))
    if not 0 <= reach < math.inf:
        raise OptionError(f"The reach of an edit cannot be {reach!r}: give a number of pixels from 0 on.")
    changed = edited(layout)
    if not changed.any():
        return ~changed
    kept: Bools = ndi.distance_transform_edt(~changed) > reach
    return kept


def guides(layout: Layout, weight: float = WEIGHT, *, besides: NDArray[np.int32] | None = None) -> tuple[Guide, ...]:
    """What tells a render that the pixels of objects go where the objects went: no guide or one.

    The guide has the row and the column in the source of each pixel of an object that was moved, copied or bent, as
    shares of the longer side, and the same number for all the rest, which it says nothing about. With guides a render
    keeps nothing by itself: give it :func:`keep_mask` too.

    Args:
        weight: how much it counts, above 0; 1 is as much as the colours of the picture.
        besides: what :func:`carried` gave, of which the render is told anyway: it needs a guide for the rest alone.
    """
    where = places(layout)
    here = _own(layout.shape)
    known = ~np.isnan(where[..., 0])
    moved = known & (np.abs(where - here).max(-1) > MOVED)
    if besides is not None:
        moved &= besides[..., 0] < 0
    if not moved.any():
        return ()
    followed = np.zeros(layout.shape, bool)
    for one in layout.objects:
        if (moved & (layout.owners == one.id)).any():
            for part in one.parts:
                if part.source is not None:
                    followed |= part.region.moved(*part.source).on(layout.shape)
    top, left = np.argwhere(followed).min(0)
    bottom, right = np.argwhere(followed).max(0) + 1
    side = np.float32(max(bottom - top, right - left))
    # what is not followed lies as far from the box of what is as that is wide
    source = np.where(followed[..., None], (here - [top, left]) / side, -1).astype(np.float32)
    rounded = np.where(known[..., None], np.rint(np.nan_to_num(where)), 0).astype(np.int64)
    rounded = np.clip(rounded, 0, np.array(layout.shape) - 1)
    follows = known & followed[rounded[..., 0], rounded[..., 1]]
    target = np.where(follows[..., None], (np.nan_to_num(where) - [top, left]) / side, -1).astype(np.float32)
    return (Guide("objects", source, target, weight),)


def carried(
    layout: Layout, within: tuple[int, int] | None = None, origin: tuple[int, int] = (0, 0)
) -> NDArray[np.int32]:
    """The pixels that objects which were moved, turned or mirrored take with them: int32 (h, w, 2).

    Row and column in the source of each of their pixels, and -1 for all others: what has not moved, what was painted,
    and what was stretched or shrunk by more than a fifth, which had better be made anew (see :func:`guides`). Take it
    for ``places`` of a render, together with :func:`keep_mask`.

    Args:
        within: height and width of the source where it is larger than the layout, as one of joined pictures is.
        origin: row and column there of the layout's first pixel.
    """
    where = places(layout)
    moved = ~np.isnan(where[..., 0]) & (np.abs(where - _own(layout.shape)).max(-1) > MOVED)
    rows, columns = np.nonzero(moved)
    found = np.full((*layout.shape, 2), -1, np.int32)
    if not len(rows):
        return found
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    mine = moved[box]
    whole = mine.copy()
    for axis in (0, 1):
        length = np.linalg.norm(np.diff(where[box], axis=axis), axis=-1)
        same = np.diff(layout.owners[box], axis=axis) == 0
        # a pixel at a border has one neighbour, or none
        wrong = same & mine.take(range(1, mine.shape[axis]), axis) & ((length > STRETCH) | (length < 1 / STRETCH))
        first, second = [(0, 1), (1, 0)]
        pads = [[(0, 0), (0, 0)], [(0, 0), (0, 0)]]
        pads[0][axis], pads[1][axis] = first, second
        whole &= ~(np.pad(wrong, pads[0]) | np.pad(wrong, pads[1]))
    found[box][whole] = np.clip(np.rint(where[box][whole]) + origin, 0, np.array(within or layout.shape) - 1)
    return found


def save_carried(layout: Layout, path: str | Path) -> None:
    """Write :func:`carried` as an ``.npy`` file.

    Raises:
        InputError: it cannot be written.
    """
    with replacing(Path(path)) as file:
        np.save(file, carried(layout))


def _own(shape: tuple[int, int]) -> NDArray[np.int64]:
    """The row and the column of each pixel: int64 (h, w, 2)."""
    return np.moveaxis(np.indices(shape), 0, -1)
