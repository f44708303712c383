"""Annotated cells set side by side anew, each with what it holds and its half of the walls around it.

Where two cells meet, the middle of a wall lies: so each pixel is copied from as deep below the middle of a wall as it
lies itself, along the straight way in which its cell was turned, mirrored and moved. What cells hold stays whole, and
walls have the profile that they have in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.augment.inventing.values import smooth_noise
from analogon.augment.inventing.warping import Drawn
from analogon.augment.statistics import LARGEST_THING, SMALLEST_THING, Statistics, components
from analogon.augment.values import IntArray

Floats = NDArray[np.float64]

#: In sides of a typical cell: how far a picture is mirrored beyond its frame, which completes cells that it cuts; how
#: far around a cell its depth is known; how deep places follow the wall before they follow the cell; over which length
#: walls are equally wide.
BEYOND, AROUND, FOLLOW, ALONG = 3.0, 0.9, 0.6, 0.45
#: Cells that are drawn, as a share of the frame: not all of them will find a place.
DRAWN = 1.35
#: Places that are tried for a cell, of which one is taken where at most so much of it is covered, and so much of it in
#: the frame.
TRIES, COVERED, SHOWN = 40, 0.3, 0.2
#: Pixels by which either half of a wall is wider than annotated ones, and the deviation of that; within bounds.
WIDER, VARIED, BOUNDS = 0.3, 0.3, (-0.5, 2.0)
#: Steps in which the depth of places is brought about, the longest, and the least slope of a depth.
STEPS, STRIDE, SLOPE = 5, 3.0, 0.3


@dataclass(frozen=True, eq=False)
class Graft:
    """A cell that can be set somewhere.

    Attributes:
        origin: row and column of the first pixel of its box in the mirrored picture. middle: of the cell, in the box.
        depth: (h, w), how far each pixel of the box lies from the middle of the wall, negative outside. slope: its
            change, (2, h, w).
    """

    origin: Floats
    middle: Floats
    depth: Floats
    slope: Floats
    area: int


@dataclass(frozen=True, eq=False)
class Nursery:
    """The cells of an annotated picture, and the picture mirrored beyond its frame.

    Attributes:
        ids: of the mirrored picture. rows, columns: of the picture, for those of the mirrored one. wall: id of the
            class. side: of a typical cell in pixels.
    """

    grafts: tuple[Graft, ...]
    ids: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    wall: int
    side: float

    @classmethod
    def of(cls, known: Statistics) -> Nursery:
        """Of a picture with a wall."""
        assert known.wall is not None
        side = float(np.sqrt(np.median([cell.area for cell in known.cells])))
        reach = [min(n - 1, round(BEYOND * side)) for n in known.labels.shape]
        rows, columns = (
            np.pad(np.arange(n), m, mode="reflect") for n, m in zip(known.labels.shape, reach, strict=True)
        )
        ids = known.labels.ids[rows[:, None], columns]
        return cls(tuple(_grafts(ids, known.wall, reach, side)), ids, rows, columns, known.wall, side)


def grafted(nursery: Nursery, size: tuple[int, int], strength: float, rng: np.random.Generator) -> Drawn | None:
    """Cells set side by side, the largest first, where they cover each other least; None where none finds a place.

    Args:
        strength: how much the widths of walls vary.
    """
    from scipy import ndimage as ndi

    ways, owners = _laid(nursery, size, rng)
    if not ways:
        return None
    noise = smooth_noise(size, max(ALONG * nursery.side, 1.0), rng)
    wider = np.clip(WIDER + strength * VARIED * noise, *BOUNDS)
    ids, places = np.zeros(size, np.int64), np.zeros((*size, 2), np.int32)
    for number, part in enumerate(ndi.find_objects(owners + 1)):
        if part is not None:
            box = tuple(slice(max(0, side.start - 3), side.stop + 3) for side in part)
            _fill(ids, places, box, owners[box] == number, ways[number], wider, nursery)
    instances = components(np.where(ids == nursery.wall, -1, 0), connectivity=4)
    return Drawn(ids, instances, {"grafts": len(np.unique(owners))}, places)


@dataclass(frozen=True, eq=False)
class _Way:
    """Where a cell went: ``turn @ (pixel - at)`` is a place from its middle on."""

    graft: Graft
    turn: Floats
    at: NDArray[np.int64]

    def back(self, offsets: Floats) -> Floats:
        """Places in the box of the cell for pixels (2, ...) from where it was set on."""
        found: Floats = np.tensordot(self.turn, offsets, 1)
        return found + self.graft.middle.reshape(2, *[1] * (offsets.ndim - 1))


def _grafts(ids: NDArray[np.int64], wall: int, reach: Sequence[int], side: float) -> list[Graft]:
    """The cells of a mirrored picture that its frame does not cut, and whose middle is not far outside the picture."""
    from scipy import ndimage as ndi

    parts = components(np.where(ids == wall, -1, 0), connectivity=4)
    specks = np.bincount(parts.ravel()) < SMALLEST_THING
    parts[specks[parts]] = 0
    near = ndi.distance_transform_edt(parts == 0, return_distances=False, return_indices=True)
    grown = parts[near[0], near[1]]
    margin, found = round(AROUND * side), list[Graft]()
    whole = float(np.prod([n - 2 * m for n, m in zip(ids.shape, reach, strict=True)]))
    for part, box in enumerate(ndi.find_objects(grown), 1):
        if box is None or any(s.start == 0 or s.stop == n for s, n in zip(box, ids.shape, strict=True)):
            continue
        middle = [(s.start + s.stop) / 2 for s in box]
        if any(not m / 2 <= at < n - m / 2 for at, m, n in zip(middle, reach, ids.shape, strict=True)):
            continue
        wide = tuple(slice(max(0, s.start - margin), s.stop + margin) for s in box)
        mask = grown[wide] == part
        area = int(mask.sum())
        if area > LARGEST_THING * whole:
            continue
        depth = ndi.distance_transform_edt(mask) - ndi.distance_transform_edt(~mask)
        depth -= np.sign(depth) / 2
        slope = np.stack(np.gradient(ndi.gaussian_filter(depth, 1.0)))
        origin = np.array([s.start for s in wide], np.float64)
        found.append(Graft(origin, np.array(ndi.center_of_mass(mask)), depth, slope, area))
    return found


def _depth(graft: Graft, places: Floats) -> Floats:
    """The depth at places (2, ...) in the box of a cell; beyond the box it falls with the distance from it."""
    from scipy import ndimage as ndi

    inside = _inside(graft, places)
    found: Floats = ndi.map_coordinates(graft.depth, inside, order=1) - np.hypot(*(places - inside))
    return found


def _inside(graft: Graft, places: Floats) -> Floats:
    return np.stack([np.clip(axis, 0, n - 1) for axis, n in zip(places, graft.depth.shape, strict=True)])


def _laid(nursery: Nursery, size: tuple[int, int], rng: np.random.Generator) -> tuple[list[_Way], IntArray]:
    """Ways of cells, and the number of the one whose cell each pixel lies deepest in."""
    grafts, frame = nursery.grafts, np.array(size)
    drawn, total = list[Graft](), 0
    while grafts and total < DRAWN * size[0] * size[1]:
        drawn.append(grafts[int(rng.integers(len(grafts)))])
        total += drawn[-1].area
    ways, deepest, owners = list[_Way](), np.full(size, -np.inf), np.full(size, -1, np.int32)
    margin = max((_reach(graft) for graft in drawn), default=0) + int(nursery.side / 2) + 1
    # whether a pixel is in the frame, and whether it is covered
    inside = np.pad(np.ones(size, bool), margin)
    covered = np.zeros_like(inside)
    for graft in sorted(drawn, key=lambda one: -one.area):
        angle, mirror = rng.uniform(0, 2 * np.pi), 1 - 2 * int(rng.integers(2))
        axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        way = _Way(graft, axes @ np.diag([1, mirror]), np.zeros(2, np.int64))
        reach = _reach(graft)
        depth = _depth(graft, way.back(np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)))
        tried = rng.uniform(-nursery.side / 2, frame + nursery.side / 2, (TRIES, 2)).astype(np.int64)
        place = _free_place(np.argwhere(depth > 0) - reach + margin, tried, inside, covered)
        if place is None:
            continue
        low, high = np.maximum(place - reach, 0), np.minimum(place + reach + 1, frame)
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        part = depth[tuple(slice(a, b) for a, b in zip(low - place + reach, high - place + reach, strict=True))]
        deeper = part > deepest[box]
        deepest[box][deeper], owners[box][deeper] = part[deeper], len(ways)
        covered[margin:-margin, margin:-margin][box] |= part > 0
        ways.append(_Way(graft, way.turn, place))
    return ways, _whole(owners) if ways else owners


def _reach(graft: Graft) -> int:
    """How far from its middle a cell's box may reach, however it is turned."""
    return int(np.hypot(*graft.depth.shape) / 2) + 2


def _free_place(
    pixels: NDArray[np.int64], tried: NDArray[np.int64], inside: NDArray[np.bool_], covered: NDArray[np.bool_]
) -> NDArray[np.int64] | None:
    """Where of the places tried these pixels, from there on, cover others least; None where they cover too much."""
    best, least, width = None, COVERED, inside.shape[1]
    inside, covered = inside.ravel(), covered.ravel()
    flat = pixels @ (width, 1)
    for place in tried:
        there = flat + place @ (width, 1)
        shown = np.count_nonzero(inside[there])
        if shown >= max(1, SHOWN * len(pixels)):
            share = np.count_nonzero(covered[there]) / shown
            if share <= least:
                best, least = place, share
            if share == 0:
                break
    return best


def _whole(owners: IntArray) -> IntArray:
    """The same with one region for each number: pixels of smaller ones, and of none, go to the nearest."""
    from scipy import ndimage as ndi

    parts = components(owners.astype(np.int64))
    sizes, numbers = np.bincount(parts.ravel()), np.zeros(int(parts.max()) + 1, np.int64)
    numbers[parts] = owners
    largest = np.zeros(len(sizes), bool)
    for number in np.unique(numbers[1:]):
        mine = np.flatnonzero(numbers == number)
        mine = mine[mine > 0]
        largest[mine[sizes[mine].argmax()]] = True
    near = ndi.distance_transform_edt(~largest[parts], return_distances=False, return_indices=True)
    found: IntArray = owners[near[0], near[1]]
    return found


def _fill(
    ids: NDArray[np.int64],
    places: IntArray,
    box: tuple[slice, ...],
    mask: NDArray[np.bool_],
    way: _Way,
    wider: Floats,
    nursery: Nursery,
) -> None:
    """The classes, and the places in the joined pictures, of the pixels that a cell has in a box around them."""
    from scipy import ndimage as ndi

    graft = way.graft
    origin = np.array([s.start for s in box])
    straight = way.back(np.stack(np.nonzero(mask)).astype(np.float64) + (origin - way.at)[:, None])
    # where the frame cuts a cell it goes on
    if mask.all():  # it has the whole frame
        depth = np.full(mask.size, float(sum(mask.shape)) + 10 * nursery.side)
    else:
        depth = ndi.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1][mask] - 0.5
    goal = depth - wider[box][mask] * (1 - np.exp(-depth / 1.5))
    share = np.exp(-((depth / (FOLLOW * nursery.side)) ** 2))
    goal += (_depth(graft, straight) - goal) * (1 - share)
    there = straight.copy()
    for _ in range(STEPS):
        inside = _inside(graft, there)
        slope = np.stack([ndi.map_coordinates(axis, inside, order=1) for axis in graft.slope])
        lacking = np.clip(goal - _depth(graft, there), -STRIDE, STRIDE)
        there += slope / np.maximum(np.hypot(*slope), SLOPE) * lacking
    # neighbours in a cell go ways that differ little
    weight = np.maximum(ndi.gaussian_filter(mask.astype(np.float64), 1.0), 1e-6)
    for axis, way_there in zip(there, straight, strict=True):
        change = np.zeros(mask.shape)
        change[mask] = axis - way_there
        axis[:] = way_there + (ndi.gaussian_filter(change, 1.0) / weight)[mask]
    found, kinds = _copied(there + graft.origin[:, None], nursery.ids)
    ids[box][mask] = kinds
    places[box][mask] = np.stack([nursery.rows[found[0]], nursery.columns[found[1]]], -1)


def _copied(places: Floats, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pixel (2, n) that each place is copied from, and its class.

    It is the nearest of those of the class that weighs most around the place, so that outlines are less ragged than
    with the nearest of all.
    """
    low = np.floor(places).astype(np.int64)
    part = places - low
    corners, weights = list[NDArray[np.int64]](), list[Floats]()
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        corners.append(np.stack([np.clip(low[n] + (down, right)[n], 0, ids.shape[n] - 1) for n in (0, 1)]))
        weights.append((part[0] if down else 1 - part[0]) * (part[1] if right else 1 - part[1]))
    kinds = np.stack([ids[one[0], one[1]] for one in corners])
    heavy = np.stack(weights)
    total = np.stack([(heavy * (kinds == kind)).sum(0) for kind in kinds])
    kind = np.take_along_axis(kinds, total.argmax(0)[None], 0)[0]
    chosen = np.where(kinds == kind, heavy, -1).argmax(0)
    return np.stack(corners)[chosen, :, np.arange(len(chosen))].T, kind
