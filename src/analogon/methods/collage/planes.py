"""What a network is told of a layout: planes on a grid of square cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.ops.labelling import depths
from analogon.transport import regions

Ids = NDArray[np.uint16]
Plane = NDArray[np.float32]

#: Distances to a class's border are told up to these numbers of cells.
REACHES = (1.5, 6.0)
#: Pixels that a distance is followed at most: it is told in thirds of a pixel, in eight bits.
DEEPEST = 85
#: Octaves of the waves that tell where in the frame a cell lies.
OCTAVES = 3
#: Smallest region that has a box of its own, in cells; a cell of a smaller one has the frame's.
SMALLEST = 2.0
#: Values that say how a cell lies in its region: twice two coordinates, and its height and width.
IN_REGION = 6


@dataclass(frozen=True, eq=False)
class Layout:
    """A layout on its grid.

    Attributes:
        planes: float32 (C, gh, gw), about [-1, 1].
        main: int64 (gh, gw), the class that most pixels of a cell have.
    """

    planes: Plane
    main: NDArray[np.int64]


def count_planes(classes: int) -> int:
    """Number of planes of a layout with so many classes."""
    return classes * (4 + len(REACHES)) + 2 + 4 * OCTAVES + IN_REGION


def layout_of(ids: Ids, cell: int, classes: int) -> Layout:
    """The planes of a layout ids (h, w): class shares of quarter cells, distances, places in frame and region.

    Args:
        ids: classes counted from 0.
        cell: pixels along a cell, an even number.
        classes: their number.
    """
    grid = tuple(-(-n // cell) for n in ids.shape)
    whole = np.pad(ids, [(0, g * cell - n) for g, n in zip(grid, ids.shape, strict=True)], mode="edge")
    half = cell // 2
    at = np.s_[cell // 2 :: cell, cell // 2 :: cell]
    parts, sums = [], []
    for c in range(classes):
        inside = whole == c
        shares = inside.reshape(2 * grid[0], half, 2 * grid[1], half).mean((1, 3), dtype=np.float32)
        parts += [shares[y::2, x::2] for y in (0, 1) for x in (0, 1)]
        sums.append(shares.reshape(grid[0], 2, grid[1], 2).mean((1, 3)))
        if inside.any() and not inside.all():
            away = depths(inside.astype(np.uint16), min(DEEPEST, int(REACHES[-1] * cell)))[at].astype(np.float32) / 3
        else:
            away = np.full(grid, REACHES[-1] * cell, np.float32)
        sign = np.where(inside[at], 1, -1).astype(np.float32)
        parts += [sign * np.minimum(away / (reach * cell), 1) for reach in REACHES]
    main = np.stack(sums).argmax(0)
    parts += _waves(grid)
    parts += list(_in_regions(main))
    return Layout(np.stack(parts).astype(np.float32), main)


def _waves(grid: tuple[int, ...]) -> list[Plane]:
    """Frame coordinates in [-1, 1], and their sines and cosines at several octaves: all (gh, gw)."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in grid), indexing="ij")
    out = [y, x]
    for octave in range(OCTAVES):
        for v in (y, x):
            out += [np.sin(np.pi * 2**octave * v), np.cos(np.pi * 2**octave * v)]
    return out


def _in_regions(main: NDArray[np.int64]) -> Plane:
    """How each cell lies in its connected region: (IN_REGION, gh, gw).

    Coordinates in its box, from -1 to 1; from its centre of mass in units of its spread; its box's size.
    """
    grid = main.shape
    runs, number, boxes, areas, _ = regions.regions_of(np.ascontiguousarray(main.astype(np.int16)))
    painted = regions.paint(main.shape, runs, number)
    y, x = (v.astype(np.float32) for v in np.mgrid[: grid[0], : grid[1]])
    flat = painted.ravel()
    boxes = np.where((areas >= SMALLEST)[:, None], boxes, np.array([0, 0, *grid]))
    out = []
    for v, low, high in ((y, boxes[:, 0], boxes[:, 2]), (x, boxes[:, 1], boxes[:, 3])):
        lows, sizes = low[flat].reshape(grid), (high - low)[flat].reshape(grid)
        out.append(2 * (v + 0.5 - lows) / sizes - 1)
    for v in (y, x):
        mean = np.bincount(flat, v.ravel(), len(areas)) / np.maximum(areas, 1)
        var = np.bincount(flat, v.ravel() ** 2, len(areas)) / np.maximum(areas, 1) - mean**2
        spread = np.sqrt(np.maximum(var, 1))
        out.append(np.clip((v - mean[flat].reshape(grid)) / (2 * spread[flat].reshape(grid)), -2, 2))
    for n in range(2):
        out.append(((boxes[:, n + 2] - boxes[:, n]) / grid[n])[flat].reshape(grid))
    return np.stack(out).astype(np.float32)
