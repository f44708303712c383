"""Copies of the source beside it, turned round or mirrored, to take pieces from: patches are compared upright only.

A copy is known by its origins, int32 (h, w, 2): the source pixel (row, col) that each of its pixels shows, (-1, -1)
for none. All of its pixels are pixels of the source, so what is made of them is too.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.data.exemplar import GAP
from analogon.ops.moves import SMALL, Region, beside, regions_of
from analogon.rendering import Guide

Origins = NDArray[np.int32]
Points = NDArray[np.float64]

#: An object fits one that stands upright if their overlap (IoU) is at least this; then no turned one is looked for.
UPRIGHT = 0.8
#: A turned one must fit at least so well, and by so much better.
TURNED, BETTER = 0.75, 0.1
#: Degrees between the turns that are tried, coarse to fine.
STEPS = (15, 3, 1)
#: Areas, and spreads along both main axes, of what may be the same object differ by this factor at most.
ALIKE = 1.25
#: Most points of an object that are compared.
POINTS = 1500
#: Pixels around an object that are copied with it.
MARGIN = 8
MOST_COPIES = 8


def mirror_image(shape: tuple[int, int]) -> Origins:
    """Left and right exchanged."""
    rows, cols = np.indices(shape, np.int32)
    origins: Origins = np.stack([rows, shape[1] - 1 - cols], -1)
    return origins


def turned_objects(
    source_ids: NDArray[np.uint16],
    target_ids: NDArray[np.uint16],
    *,
    unusable: int | None = None,
    without: Set[int] = frozenset(),
) -> list[Origins]:
    """Copies of objects that stand in the target turned round, or mirrored and turned.

    Args:
        source_ids, target_ids: (h', w') and (h, w) classes from 0.
        unusable: what stands in ``source_ids`` for pixels that belong to no picture.
        without: classes that are no objects.
    """
    every = -(-max(*source_ids.shape, *target_ids.shape) // SMALL)
    theirs, ours = (
        {c: [one for one in parts if not _cut(one, small, unusable)] for c, parts in regions_of(small).items()}
        for small in (np.ascontiguousarray(ids[::every, ::every]) for ids in (source_ids, target_ids))
    )
    found: dict[tuple[int, int, int, bool], tuple[int, float]] = {}
    for c in sorted(set(theirs) & set(ours) - without):
        for part, _ in ours[c]:
            best = _best_turn(part, theirs[c])
            if best is not None:
                n, degrees, mirrored = best
                found.setdefault((c, n, round(degrees % 360 / STEPS[1]), mirrored), (int(part.sum()), degrees))
    largest = sorted(found.items(), key=lambda one: -one[1][0])[:MOST_COPIES]
    return [
        _turned(theirs[c][n], every, source_ids.shape, degrees, mirrored)
        for (c, n, _, mirrored), (_, degrees) in largest
    ]


def joined(
    exemplar: Exemplar, guides: Sequence[Guide], copies: Sequence[Origins]
) -> tuple[Exemplar, tuple[Guide, ...], Origins]:
    """The exemplar with copies to its right, guides for both, and where each pixel of it all is in the exemplar."""
    height, width = exemplar.shape
    origins = [np.moveaxis(np.indices(exemplar.shape, np.int32), 0, -1)]
    parts = [exemplar]
    for one in copies:
        ys, xs = np.maximum(one, 0)[..., 0], np.maximum(one, 0)[..., 1]
        usable = one[..., 0] >= 0
        if exemplar.usable is not None:
            usable &= exemplar.usable[ys, xs]
        if usable.any():
            labels = LabelMap(exemplar.labels.ids[ys, xs], exemplar.labels.palette)
            parts.append(Exemplar(exemplar.image[ys, xs], labels, usable))
            origins.append(one)
    everything = Exemplar.join(parts)
    origin = np.zeros((*everything.shape, 2), np.int32)
    left = 0
    for one in origins:
        origin[: one.shape[0], left : left + one.shape[1]] = np.maximum(one, 0)
        left += one.shape[1] + GAP
    wider = []
    for guide in guides:
        source = np.zeros((height, width, *guide.source.shape[2:]), np.float32)
        source[: guide.source.shape[0], : guide.source.shape[1]] = guide.source  # it may be for the frame alone
        wider.append(replace(guide, source=source[origin[..., 0], origin[..., 1]]))
    return everything, tuple(wider), origin


def _cut(region: Region, ids: NDArray[np.uint16], unusable: int | None) -> bool:
    """Whether a region touches the frame, or what belongs to no picture: then it is not all of its object."""
    top, left, bottom, right = region[1]
    at_frame = top == 0 or left == 0 or bottom == ids.shape[0] or right == ids.shape[1]
    return at_frame or beside(region, ids, unusable)


def _best_turn(part: NDArray[np.bool_], theirs: Sequence[Region]) -> tuple[int, float, bool] | None:
    """Which source region, turned by how many degrees and mirrored before or not, a region is.

    None where it stands upright, or is like none of them.
    """
    points, spread, _ = _points(part)
    upright, best = 0.0, (0.0, 0, 0.0, False)
    for n, (other, _) in enumerate(theirs):
        _, their_spread, centre = _points(other)
        ratios = np.array([part.sum() / other.sum(), *((spread + 1) / (their_spread + 1))])
        if (ratios > ALIKE).any() or (ratios < 1 / ALIKE).any():
            continue
        size = int(part.sum())
        upright = max(upright, *(_fit(points, size, other, centre, 0.0, mirrored) for mirrored in (False, True)))
        if upright >= UPRIGHT:
            return None
        for mirrored in (False, True):
            turn = 0.0
            for before, step in zip((360, *STEPS), STEPS, strict=False):
                reach = -(-before // (2 * step)) * step
                around = turn + np.arange(-reach, reach + 1, step)
                fits = [_fit(points, size, other, centre, float(degrees), mirrored) for degrees in around]
                turn = float(around[int(np.argmax(fits))])
            if max(fits) > best[0]:
                best = (max(fits), n, turn, mirrored)
    return best[1:] if best[0] >= max(TURNED, upright + BETTER) else None


def _points(part: NDArray[np.bool_]) -> tuple[Points, Points, Points]:
    """Pixels of a region from its centre, not too many; their spread along both main axes; the centre."""
    points = np.argwhere(part).astype(np.float64)
    centre = points.mean(0)
    points -= centre
    yy, xx, yx = (points[:, 0] ** 2).mean(), (points[:, 1] ** 2).mean(), (points[:, 0] * points[:, 1]).mean()
    half, root = (yy + xx) / 2, np.sqrt(((yy - xx) / 2) ** 2 + yx**2)
    return points[:: -(-len(points) // POINTS)], np.sqrt(np.maximum([half + root, half - root], 0)), centre


def _fit(points: Points, size: int, other: NDArray[np.bool_], centre: Points, degrees: float, mirrored: bool) -> float:
    """Overlap (IoU) of a region, given by its size and points, with a source region turned about its centre."""
    ys, xs = _back(points[:, 0], points[:, 1], degrees, mirrored)
    rows, cols = np.rint(ys + centre[0]).astype(int), np.rint(xs + centre[1]).astype(int)
    inside = (rows >= 0) & (cols >= 0) & (rows < other.shape[0]) & (cols < other.shape[1])
    both = float(other[rows[inside], cols[inside]].sum()) * size / len(points)
    return both / (size + float(other.sum()) - both)


def _back(ys: Points, xs: Points, degrees: float, mirrored: bool) -> tuple[Points, Points]:
    """Where points lay before they were mirrored, if they were, and turned anticlockwise; all from the centre."""
    sine, cosine = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    before = cosine * ys + sine * xs, cosine * xs - sine * ys
    return before[0], -before[1] if mirrored else before[1]


def _turned(region: Region, every: int, shape: tuple[int, ...], degrees: float, mirrored: bool) -> Origins:
    """The origins of a copy of a region, which is on a map of every ``every``-th row and column, with a margin."""
    part, (top, left, _, _) = region
    centre, around = np.argwhere(part).mean(0), -(-MARGIN // every)
    reach = int(np.hypot(*(np.argwhere(part) - centre).T).max() + around + 2) * every
    rows, cols = np.indices((2 * reach + 1, 2 * reach + 1), np.float64) - reach
    ys, xs = _back(rows, cols, degrees, mirrored)
    places = np.stack([ys + (centre[0] + top) * every, xs + (centre[1] + left) * every], -1)
    origins = np.rint(places).astype(np.int32)
    near = _widened(part, around)
    small = origins // every - np.array([top - around, left - around])
    inside = ((origins >= 0) & (origins < shape) & (small >= 0) & (small < near.shape)).all(-1)
    inside[inside] = near[small[inside][:, 0], small[inside][:, 1]]
    origins[~inside] = -1
    full, wide = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    return np.ascontiguousarray(origins[full[0] : full[-1] + 1, wide[0] : wide[-1] + 1])


def _widened(part: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """A region and what lies within a square about its pixels, with as much margin."""
    wide: NDArray[np.bool_] = np.pad(part, by)
    for axis in (0, 1):
        length = wide.shape[axis]
        sums = np.insert(np.cumsum(wide.astype(np.int32), axis), 0, 0, axis)
        first, last = (np.clip(np.arange(length) + shift, 0, length) for shift in (-by, by + 1))
        wide = np.take(sums, last, axis) > np.take(sums, first, axis)
    return wide
