"""Layouts of cells and walls by a few lines of one's own, to be compared with what the package invents."""

from __future__ import annotations

import numpy as np
from pictures import Ids
from scipy import ndimage

#: Crossings of walls are wider than walls, and their ends narrower: widths are cut off at these quantiles.
QUANTILES = (0.1, 0.95)


def smooth(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> np.ndarray:
    field = ndimage.gaussian_filter(rng.normal(size=shape), sigma, mode="reflect")
    return np.asarray(field / (field.std() + 1e-9), np.float32)


def cells_of(labels: Ids) -> np.ndarray:
    """Area and covariance (3) of each cell with half of its wall, a row each."""
    parts, _ = ndimage.label(labels == 0)
    near = ndimage.distance_transform_edt(parts == 0, return_distances=False, return_indices=True)
    grown = parts[near[0], near[1]]
    rows = []
    for number, box in enumerate(ndimage.find_objects(grown), 1):
        places = np.stack(np.nonzero(grown[box] == number)) if box is not None else np.zeros((2, 0))
        if places.shape[1] >= 30:
            (a, b), (_, d) = np.cov(places) + np.eye(2)
            rows.append((places.shape[1], a, b, d))
    return np.asarray(rows)


def wall_widths(labels: Ids) -> np.ndarray:
    """Twice the depth of a wall along its middle."""
    from skimage.morphology import skeletonize

    wall = labels == 1
    found = 2 * ndimage.distance_transform_edt(wall)[skeletonize(wall)]
    return np.clip(found, *np.quantile(found, QUANTILES))


def cells(labels: Ids, rng: np.random.Generator, wide: bool = False) -> Ids:
    """Cells of the sizes and shapes that a label map has, anew, with walls as wide as it has, or a pixel more."""
    shape = labels.shape
    known, turn = cells_of(labels), rng.uniform(0, 2 * np.pi)
    chosen: list[np.ndarray] = []
    while sum(row[0] for row in chosen) < 1.25 * labels.size:  # not all of them will find a place
        chosen.append(known[rng.integers(len(known))])
    chosen.sort(key=lambda row: -row[0])
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    y = y + smooth(rng, shape, 5) + 5 * smooth(rng, shape, 22)
    x = x + smooth(rng, shape, 5) + 5 * smooth(rng, shape, 22)
    placed: list[tuple[float, float, float]] = []
    best, owner = np.full(shape, np.inf, np.float32), np.zeros(shape, int)
    for number, (area, a, b, d) in enumerate(chosen):
        radius = np.sqrt(area / np.pi)
        for _ in range(60):
            row, column = rng.uniform(-8, shape[0] + 8), rng.uniform(-8, shape[1] + 8)
            if all((row - p) ** 2 + (column - q) ** 2 > (0.75 * (radius + r)) ** 2 for p, q, r in placed):
                break
        else:
            continue
        placed.append((row, column, radius))
        angle = turn + rng.normal(0, 0.5)
        axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        (i, j), (_, k) = np.linalg.inv(axes @ np.array([[a, b], [b, d]]) @ axes.T)
        far = np.sqrt(i * (y - row) ** 2 + 2 * j * (y - row) * (x - column) + k * (x - column) ** 2)
        nearer = far < best
        best[nearer], owner[nearer] = far[nearer], number
    return walls(owner, wall_widths(labels), rng, wide)


def walls(owner: np.ndarray, widths: np.ndarray, rng: np.random.Generator, wide: bool) -> Ids:
    """1 between regions of different owners, as wide as `widths` say, here more and there less."""
    edge = np.zeros(owner.shape, bool)
    down, right = owner[:-1] != owner[1:], owner[:, :-1] != owner[:, 1:]
    edge[:-1] |= down
    edge[:, :-1] |= right
    if not wide:  # the pixels of both sides are wall; else those of one, and all within half a width of them
        edge[1:] |= down
        edge[:, 1:] |= right
    away = ndimage.distance_transform_edt(~edge)
    order = smooth(rng, owner.shape, 7)
    share = np.argsort(np.argsort(order, axis=None)).reshape(owner.shape) / owner.size
    half = np.quantile(widths, share) / 2
    return (away <= (half if wide else np.maximum(half - 1, 0))).astype(np.int64)
