"""Cells between walls, invented after the statistics of annotated ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analogon.augment.inventing.values import smooth_noise
from analogon.augment.inventing.warping import Drawn
from analogon.augment.statistics import Cell, Statistics, components, roughness_of
from analogon.augment.values import IntArray

Floats = NDArray[np.float64]

#: Pixels beyond the frame that cells are laid on too, as a share of the shorter side.
MARGIN = 0.12
#: Cells are laid out on a raster of at most so many pixels.
RASTER = 90_000
#: Places that are tried for each cell, and rounds in which cells take their places and sizes.
TRIES, ROUNDS = 24, 4
#: How far outlines wander, as a share of a typical cell's diameter, and over which share of it they are alike.
WANDER, OVER = 0.10, 0.35
#: Width of the wall changes over so many widths.
ALONG = 5.0
#: Width in pixels that the edges of walls are smoothed by: a raster makes them rough.
SMOOTH = 0.7
#: Least width of a wall in pixels: a thinner one has no room for its middle and its flanks.
THIN = 2.5
#: The share of walls differs from the annotated one by factors up to e to this.
VARYING = 0.15
#: Jitters of borders in pixels that are tried, to make them as rough as annotated ones.
JITTERS = (0.0, 0.4, 0.8, 1.2, 1.8, 2.6)
#: Parts of a cell that are smaller than this share of a typical one go to its neighbours.
CRUMB = 0.02


def invented(
    bases: Sequence[Statistics],
    size: tuple[int, int],
    strength: float,
    rng: np.random.Generator,
    share: float | None = None,
) -> Drawn:
    """Cells whose sizes, shapes and classes are drawn from all annotated ones, with walls as wide and as rough.

    Args:
        bases: at least one, all with walls of one class.
        strength: how irregular the outlines of cells are.
        share: of the pixels that walls should have; None for about as many as annotated ones.
    """
    base = bases[int(rng.integers(len(bases)))]
    assert base.wall is not None
    turn = rng.uniform(0, np.pi) if rng.random() < 0.5 else 0.0
    numbers, chosen = _laid(base.cells, size, turn, rng)
    typical = float(np.sqrt(np.median([cell.area for cell in base.cells])))
    numbers = _wandered(numbers, WANDER * strength * typical, OVER * typical, rng)
    numbers = tidy(numbers, CRUMB * typical**2)
    near = base.shares[base.wall] * float(np.exp(rng.uniform(-VARYING, VARYING)))
    walls = wall_between(numbers, base.widths, rng, near if share is None else share)
    table = np.array([0, *(cell.class_id for cell in chosen)], np.int64)
    ids = roughened(np.where(walls, base.wall, table[numbers]), base.roughness, rng)
    ids = without_specks(ids, base)
    instances = components(np.where(ids == base.wall, -1, 0), connectivity=4)
    return Drawn(ids, instances, {"cells": int(instances.max()), "turn": round(float(np.degrees(turn)), 1)})


def wall_between(
    numbers: IntArray, widths: Floats, rng: np.random.Generator, share: float | None = None
) -> NDArray[np.bool_]:
    """Pixels of walls between regions of different numbers, as wide as the annotated ones, here more and there less."""
    from scipy import ndimage as ndi
    from scipy.special import ndtr

    beside = np.zeros(numbers.shape, bool)
    for axis in (0, 1):
        differs = np.diff(numbers, axis=axis) != 0
        for ends in ((0, 1), (1, 0)):
            beside |= np.pad(differs, [ends if n == axis else (0, 0) for n in (0, 1)])
    if not beside.any():
        return beside
    typical = max(float(np.median(widths)), 1.0)
    level = ndtr(smooth_noise(numbers.shape, ALONG * typical, rng))
    wide = np.interp(level, np.linspace(0, 1, len(widths)), widths)
    # pixels on both sides of a border lie half a pixel from it
    outside = ndi.distance_transform_edt(~beside) + 0.5 - np.maximum(wide, THIN) / 2
    # smoother edges around as much wall
    smooth = ndi.gaussian_filter(outside, SMOOTH)
    wall: NDArray[np.bool_] = smooth <= np.quantile(smooth, (outside <= 0).mean() if share is None else share)
    return wall


def roughened(ids: NDArray[np.int64], goal: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """The map with borders about as rough as ``goal``, see :func:`~analogon.augment.statistics.roughness_of`."""
    rows, columns = np.indices(ids.shape)
    shift = [smooth_noise(ids.shape, 1.0, rng) for _ in (0, 1)]
    best, least = ids, abs(roughness_of(ids) - goal)
    for jitter in JITTERS[1:]:
        at = [
            np.clip(np.rint(place + jitter * field).astype(np.int64), 0, limit - 1)
            for place, field, limit in zip((rows, columns), shift, ids.shape, strict=True)
        ]
        tried = ids[at[0], at[1]]
        miss = abs(roughness_of(tried) - goal)
        if miss >= least:
            break
        best, least = tried, miss
    return best


def without_specks(ids: NDArray[np.int64], base: Statistics) -> NDArray[np.int64]:
    """The map with wall where a cell would be smaller than half of the smallest annotated one."""
    assert base.wall is not None
    parts = components(np.where(ids == base.wall, -1, 0), connectivity=4)
    small = np.bincount(parts.ravel()) < min(cell.area for cell in base.cells) / 2
    small[0] = False
    found = ids.copy()
    found[small[parts]] = base.wall
    return found


def tidy(numbers: IntArray, least: float) -> IntArray:
    """Regions in one piece each: smaller pieces, and those under ``least`` pixels, go to what is nearest."""
    from scipy import ndimage as ndi

    pieces = components(numbers.astype(np.int64), connectivity=4)
    areas = np.bincount(pieces.ravel())
    first = ndi.find_objects(pieces)
    owner = np.zeros(len(areas), np.int64)
    for piece, box in enumerate(first, 1):
        if box is not None:
            owner[piece] = numbers[box][pieces[box] == piece][0]
    largest = dict[int, int]()
    for piece in np.argsort(areas[1:], kind="stable") + 1:
        largest[int(owner[piece])] = int(piece)
    good = np.zeros(len(areas), bool)
    good[[piece for piece in largest.values() if areas[piece] >= least]] = True
    lost = ~good[pieces]
    if not lost.any() or lost.all():
        return numbers
    near = ndi.distance_transform_edt(lost, return_distances=False, return_indices=True)
    found: IntArray = numbers[near[0], near[1]]
    return found


def _laid(
    cells: Sequence[Cell], size: tuple[int, int], turn: float, rng: np.random.Generator
) -> tuple[IntArray, list[Cell]]:
    """The number of the cell at each pixel, from 1 on, int32 (h, w), and the cells."""
    margin = int(MARGIN * min(size)) + 1
    every = max(1, int(np.ceil(np.sqrt((size[0] + 2 * margin) * (size[1] + 2 * margin) / RASTER))))
    shape = tuple(-(-(n + 2 * margin) // every) for n in size)
    weights = np.array([cell.weight for cell in cells])
    room, chosen = float(shape[0] * shape[1]) * every**2, list[Cell]()
    total = 0.0
    while total < room:
        cell = cells[int(rng.choice(len(cells), p=weights / weights.sum()))]
        chosen.append(cell)
        total += cell.area
    chosen.sort(key=lambda cell: -cell.area)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    # the ellipse of a uniform region reaches twice the deviation
    shapes = [4 * rotation @ np.array(cell.covariance) @ rotation.T * cell.area / every**2 for cell in chosen]
    at = _scattered(shapes, (shape[0], shape[1]), rng)
    wanted = np.array([cell.area for cell in chosen]) / every**2
    scales = np.ones(len(chosen))
    numbers = np.zeros(shape, np.int32)
    for turned in range(ROUNDS):
        numbers = _nearest(at, shapes, scales, (shape[0], shape[1]))
        if turned == ROUNDS - 1:
            break
        rows, columns = np.indices(shape)
        areas = np.bincount(numbers.ravel(), minlength=len(chosen) + 1)[1:].astype(float)
        held = areas > 0
        for axis, places in enumerate((rows, columns)):
            sums = np.bincount(numbers.ravel(), places.ravel(), minlength=len(chosen) + 1)[1:]
            at[held, axis] += 0.7 * (sums[held] / areas[held] - at[held, axis])
        scales *= np.clip(np.sqrt(wanted / np.maximum(areas, 1)), 0.8, 1.25) ** 0.6
    rows, columns = (np.arange(n) + margin for n in size)
    return numbers[(rows // every)[:, None], (columns // every)[None, :]], chosen


def _scattered(shapes: Sequence[Floats], frame: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Places of cells, the largest first, each where it covers least of what is there already."""
    taken, at = np.zeros(frame, np.float32), np.zeros((len(shapes), 2))
    for number, shape in enumerate(shapes):
        reach = [int(np.ceil(np.sqrt(shape[axis, axis]))) for axis in (0, 1)]
        rows, columns = np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij")
        inverse = np.linalg.inv(shape)
        inside = inverse[0, 0] * rows**2 + 2 * inverse[0, 1] * rows * columns + inverse[1, 1] * columns**2 <= 1
        rows, columns = rows[inside], columns[inside]
        step = max(1, len(rows) // 200)
        some = rows[::step], columns[::step]
        tries = np.stack([rng.integers(0, n, TRIES) for n in frame], -1)
        ys = np.clip(tries[:, :1] + some[0], 0, frame[0] - 1)
        xs = np.clip(tries[:, 1:] + some[1], 0, frame[1] - 1)
        best = tries[int(taken[ys, xs].mean(1).argmin())]
        at[number] = best
        ys, xs = best[0] + rows, best[1] + columns
        good = (ys >= 0) & (xs >= 0) & (ys < frame[0]) & (xs < frame[1])
        np.add.at(taken, (ys[good], xs[good]), 1.0)
    return at


def _nearest(at: Floats, shapes: Sequence[Floats], scales: Floats, frame: tuple[int, int]) -> IntArray:
    """The cell whose ellipse each pixel lies deepest in, or nearest to: int32 (h, w), from 1 on."""
    distance, numbers = np.full(frame, np.inf, np.float32), np.zeros(frame, np.int32)
    for number, (place, shape, scale) in enumerate(zip(at, shapes, scales, strict=True), 1):
        small = float(np.sqrt(np.linalg.eigvalsh(shape)[0])) * scale
        reach = [2.5 * float(np.sqrt(shape[axis, axis])) * scale + 3 for axis in (0, 1)]
        first = [max(0, int(place[axis] - reach[axis])) for axis in (0, 1)]
        last = [min(frame[axis], int(place[axis] + reach[axis]) + 2) for axis in (0, 1)]
        if first[0] >= last[0] or first[1] >= last[1]:
            continue
        rows = (np.arange(first[0], last[0]) - place[0])[:, None].astype(np.float32)
        columns = (np.arange(first[1], last[1]) - place[1])[None, :].astype(np.float32)
        inverse = np.linalg.inv(shape * scale**2)
        squares = inverse[0, 0] * rows**2 + 2 * inverse[0, 1] * rows * columns + inverse[1, 1] * columns**2
        far: NDArray[np.float32] = ((np.sqrt(squares) - 1) * small).astype(np.float32)
        box = slice(first[0], last[0]), slice(first[1], last[1])
        nearer = far < distance[box]
        distance[box][nearer], numbers[box][nearer] = far[nearer], number
    if (numbers == 0).any():
        from scipy import ndimage as ndi

        near = ndi.distance_transform_edt(numbers == 0, return_distances=False, return_indices=True)
        numbers = numbers[near[0], near[1]]
    return numbers


def _wandered(numbers: IntArray, reach: float, width: float, rng: np.random.Generator) -> IntArray:
    """The regions with outlines that wander."""
    rows, columns = (
        place + smooth_noise(numbers.shape, max(width, 1.0), rng) * reach for place in np.indices(numbers.shape)
    )
    at = [np.clip(np.rint(f), 0, n - 1).astype(np.int64) for f, n in zip((rows, columns), numbers.shape, strict=True)]
    found: IntArray = numbers[at[0], at[1]]
    return found
