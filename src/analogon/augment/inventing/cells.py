"""Cells between walls, invented after the statistics of annotated ones.

How walls are laid was chosen by networks that were trained with it (docs/research/augmentation.md): walls as wide as
the annotated ones to the pixel leave a renderer no room for their middle and their flanks, and where they are as wide
as at crossings, blobs come of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analogon.augment.inventing.values import smooth_noise
from analogon.augment.inventing.warping import Drawn
from analogon.augment.statistics import SMALLEST_THING, Cell, Statistics, components
from analogon.augment.values import IntArray

Floats = NDArray[np.float64]

#: Cells that are drawn, as a share of the frame: not all of them will find a place.
DRAWN = 1.25
#: Places that are tried for a cell, and how near to each other cells may be, as a share of the sum of their radii.
TRIES, NEAR = 60, 0.75
#: How much the direction of cells varies, in radians.
TURNS = 0.5
#: In diameters of a typical cell: how far outlines wander and over which length they are alike, twice; how far beyond
#: the frame cells lie; over which length walls are equally wide.
WANDER, BEYOND, ALONG = ((0.05, 0.25), (0.25, 1.1)), 0.4, 0.35
#: Deviations that a cell reaches out to at most.
REACH = 5.0


def invented(
    base: Statistics, size: tuple[int, int], strength: float, rng: np.random.Generator, share: float | None = None
) -> Drawn:
    """Cells whose sizes, shapes and classes are drawn from annotated ones, with walls about a pixel wider than those.

    Args:
        base: of a picture with a wall.
        strength: how irregular the outlines of cells are.
        share: of the pixels that walls should have; None for what comes of their widths.
    """
    assert base.wall is not None
    typical = float(np.sqrt(np.median([cell.area for cell in base.cells])))
    turn = rng.uniform(0, 2 * np.pi)
    chosen, at = _placed(base.cells, size, BEYOND * typical, rng)
    places = np.indices(size).astype(np.float64)
    for reach, along in WANDER:
        for axis in places:
            axis += strength * reach * typical * smooth_noise(size, max(along * typical, 1.0), rng)
    shapes = [_turned(cell, turn + rng.normal(0, TURNS)) for cell in chosen]
    owners = _owners(at, shapes, places)
    walls = wall_between(owners, base.widths, ALONG * typical, rng, share)
    table = np.array([cell.class_id for cell in chosen], np.int64)
    ids = np.where(walls, base.wall, table[owners])
    parts = components(np.where(walls, -1, 0), connectivity=4)
    specks = np.bincount(parts.ravel()) < SMALLEST_THING / 2
    specks[0] = False
    ids[specks[parts]] = base.wall
    instances = components(np.where(ids == base.wall, -1, 0), connectivity=4)
    return Drawn(ids, instances, {"cells": int(instances.max()), "turn": round(float(np.degrees(turn)), 1)})


def wall_between(
    owners: IntArray, widths: Floats, along: float, rng: np.random.Generator, share: float | None = None
) -> NDArray[np.bool_]:
    """Pixels of walls between regions of different numbers, here wider and there less.

    Args:
        owners: (h, w), a number for each region.
        widths: of annotated walls in pixels, from the least on.
        along: pixels over which a wall is equally wide.
        share: of the pixels that walls should have; None for what comes of the widths.
    """
    from scipy import ndimage as ndi
    from scipy.special import ndtr

    edge = np.zeros(owners.shape, bool)
    edge[:-1] |= owners[:-1] != owners[1:]
    edge[:, :-1] |= owners[:, :-1] != owners[:, 1:]
    if not edge.any():
        return edge
    level = ndtr(smooth_noise(owners.shape, max(along, 1.0), rng))
    half = np.interp(level, np.linspace(0, 1, len(widths)), widths) / 2
    # all within half a width of one side's pixels: a wall is its width and a pixel
    far = ndi.distance_transform_edt(~edge) / half
    wall: NDArray[np.bool_] = far <= (1.0 if share is None else np.quantile(far, share))
    return wall


def _placed(
    cells: Sequence[Cell], size: tuple[int, int], beyond: float, rng: np.random.Generator
) -> tuple[list[Cell], Floats]:
    """Cells, the largest first, and a place (row, column) for each that is not too near to the others."""
    weights = np.array([cell.weight for cell in cells])
    drawn, total = list[Cell](), 0.0
    while total < DRAWN * size[0] * size[1]:
        drawn.append(cells[int(rng.choice(len(cells), p=weights / weights.sum()))])
        total += drawn[-1].area
    drawn.sort(key=lambda cell: -cell.area)
    chosen, at, radii = list[Cell](), np.zeros((0, 2)), np.zeros(0)
    for cell in drawn:
        radius = float(np.sqrt(cell.area / np.pi))
        tried = rng.uniform(-beyond, np.array(size) + beyond, (TRIES, 2))
        gaps = np.hypot(*(tried[:, None] - at).transpose(2, 0, 1)) - NEAR * (radius + radii)
        good = np.flatnonzero((gaps > 0).all(1))
        if len(good):
            chosen.append(cell)
            at, radii = np.vstack([at, tried[good[0]]]), np.append(radii, radius)
    return chosen, at


def _turned(cell: Cell, angle: float) -> Floats:
    """The covariance of a cell's pixels, turned."""
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found: Floats = axes @ np.array(cell.covariance) @ axes.T * cell.area
    return found


def _owners(at: Floats, shapes: Sequence[Floats], places: Floats) -> IntArray:
    """The number of the cell that each place is nearest to, measured in its deviations: int32 (h, w)."""
    from scipy import ndimage as ndi

    frame = places.shape[1:]
    least, owners = np.full(frame, np.inf), np.full(frame, -1, np.int32)
    wandered = [float(np.abs(axis - index).max()) for axis, index in zip(places, np.indices(frame), strict=True)]
    for number, (middle, shape) in enumerate(zip(at, shapes, strict=True)):
        reach = [REACH * float(np.sqrt(shape[axis, axis])) + wandered[axis] for axis in (0, 1)]
        box = tuple(
            slice(max(0, int(middle[axis] - reach[axis])), max(0, int(middle[axis] + reach[axis]) + 2))
            for axis in (0, 1)
        )
        rows, columns = (places[axis][box] - middle[axis] for axis in (0, 1))
        inverse = np.linalg.inv(shape)
        far = inverse[0, 0] * rows**2 + 2 * inverse[0, 1] * rows * columns + inverse[1, 1] * columns**2
        nearer = far < least[box]
        least[box][nearer], owners[box][nearer] = far[nearer], number
    if (owners < 0).any():
        near = ndi.distance_transform_edt(owners < 0, return_distances=False, return_indices=True)
        owners = owners[near[0], near[1]]
    return owners
