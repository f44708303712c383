"""Cells between walls, invented after the statistics of annotated ones.

How walls are laid was chosen by networks that were trained with it (docs/research/augmentation.md): walls as wide as
the annotated ones to the pixel leave a renderer no room for their middle and their flanks, and where they are as wide
as at crossings, blobs come of them.

A frame is parted as grains of crystals are: each place belongs to the cell whose middle is nearest, measured in the
cell's own deviations, less what the cell weighs. Middles and weights are moved until cells are as large and as long as
the annotated ones they were drawn from (generalised balanced power diagrams, Alpers et al., Philosophical Magazine
2015; here by fixed-point steps instead of a linear program).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.augment.inventing.values import smooth_noise
from analogon.augment.inventing.warping import Drawn
from analogon.augment.statistics import SMALLEST_THING, Cell, Statistics, components
from analogon.augment.values import IntArray

Floats = NDArray[np.float64]

#: Places that are tried for a cell, and how near to each other cells should be at most, as a share of where they touch.
TRIES, NEAR = 40, 0.75
#: How much a cell prefers a part of the frame where others are as large, and how wide such parts are, in diameters of a
#: typical cell.
ALIKE, PART = 0.1, 2.0
#: Power of its area that the distances of a cell are multiplied by: at 0 small cells dent large ones, at 1 walls
#: between them are straight.
STIFF = 0.6
#: Steps in which cells settle, the part of the way to its middle that a cell goes in each, how much of what its area
#: lacks its weight makes up for, and pixels of the raster for the diameter of a typical cell.
STEPS, MOVE, WEIGH, RASTER = 8, 0.7, 0.8, 5.0
#: How much the direction of cells varies, in radians.
TURNS = 0.5
#: In diameters of a typical cell: how far outlines wander and over which length they are alike, twice; how far beyond
#: the frame cells lie; over which length walls are equally wide.
WANDER, BEYOND, ALONG = ((0.05, 0.25), (0.25, 1.1)), 1.0, 0.35
#: Most of a cell's depth that walls may take from it, of what is more than a pixel.
TAKEN = 0.8
#: Deviations that a cell reaches out to at most; those that its edge lies at, squared, if nothing is beside it.
REACH, EDGE = 6.0, 4.0


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
    cells = _Cells.laid(base.cells, size, typical, turn, rng)
    cells.settle(size, typical)
    places = np.indices(size).astype(np.float64)
    wandered = np.zeros(2)
    for reach, along in WANDER:
        for axis, field in enumerate(places):
            change = strength * reach * typical * smooth_noise(size, max(along * typical, 1.0), rng)
            field += change
            wandered[axis] += np.abs(change).max()
    owners = cells.owners(places, wandered)
    walls = wall_between(owners, base.widths, ALONG * typical, rng, share)
    ids = np.where(walls, base.wall, cells.classes[owners])
    parts = components(np.where(walls, -1, 0), connectivity=4)
    specks = np.bincount(parts.ravel()) < SMALLEST_THING / 2
    specks[0] = False
    ids[specks[parts]] = base.wall
    instances = components(np.where(ids == base.wall, -1, 0), connectivity=4)
    return Drawn(ids, instances, {"cells": int(instances.max()), "turn": round(float(np.degrees(turn)), 1)})


def wall_between(
    owners: IntArray, widths: Floats, along: float, rng: np.random.Generator, share: float | None = None
) -> NDArray[np.bool_]:
    """Pixels of walls between regions of different numbers, here wider and there less, narrower in small regions.

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
    away = ndi.distance_transform_edt(~edge)
    # where a wide wall filled small regions altogether, there were blobs
    depth = np.zeros(int(owners.max()) + 1)
    np.maximum.at(depth, owners.ravel(), away.ravel())
    half = np.minimum(half, np.maximum(TAKEN * depth[owners], 1.0))
    # all within half a width of one side's pixels: a wall is its width and a pixel
    far = away / half
    wall: NDArray[np.bool_] = far <= (1.0 if share is None else np.quantile(far, share))
    return wall


@dataclass
class _Cells:
    """Cells that part a frame between them.

    Attributes:
        at: (n, 2), row and column of their middles, in pixels of the frame.
        inverses: (n, 2, 2), of the covariances of their pixels. reach: (n, 2), how far they reach down and right.
        areas: (n,), in pixels. classes: (n,), ids.
        weights: (n,), what makes one larger than it would be between others.
    """

    at: Floats
    inverses: Floats
    reach: Floats
    areas: Floats
    classes: NDArray[np.int64]
    weights: Floats

    @classmethod
    def laid(
        cls, known: Sequence[Cell], size: tuple[int, int], typical: float, turn: float, rng: np.random.Generator
    ) -> _Cells:
        """As many cells as fill the frame and what is around it, the largest first, each apart from the others.

        Cells of a size lie together, more or less.
        """
        from scipy.special import ndtr

        low, high = -BEYOND * typical, np.array(size) + BEYOND * typical
        room, chances = float(np.prod(high - low)), np.array([cell.weight for cell in known])
        drawn, total = list[Cell](), 0.0
        while total < room:
            drawn.append(known[int(rng.choice(len(known), p=chances / chances.sum()))])
            total += drawn[-1].area
        drawn.sort(key=lambda cell: -cell.area)
        areas = np.array([cell.area for cell in drawn])
        shapes = np.array([_turned(cell, turn + rng.normal(0, TURNS)) for cell in drawn])
        found = cls(
            np.zeros((len(drawn), 2)), np.linalg.inv(shapes), REACH * np.sqrt(shapes[:, [0, 1], [0, 1]]),
            areas * room / total, np.array([cell.class_id for cell in drawn], np.int64), np.zeros(len(drawn)),
        )  # fmt: skip
        found.weights = EDGE * found._stiffness
        longest = 2 * np.sqrt(np.linalg.eigvalsh(shapes)[:, 1])
        level = ndtr(smooth_noise(size, max(PART * typical, 1.0), rng))
        rank = (np.cumsum(areas) - areas / 2) / total
        for number in range(len(drawn)):
            tried = rng.uniform(low, high, (TRIES, 2))
            score = found._apart(tried, number, longest)
            rows, columns = np.clip(tried.astype(np.int64), 0, np.array(size) - 1).T
            score -= ALIKE * np.abs(level[rows, columns] - rank[number])
            found.at[number] = tried[int(score.argmax())]
        return found

    @property
    def _stiffness(self) -> Floats:
        found: Floats = (self.areas / np.exp(np.log(self.areas).mean())) ** STIFF
        return found

    def _apart(self, tried: Floats, number: int, longest: Floats) -> Floats:
        """How far from the first cells another would be at each place: 1 where two touch, at most ``NEAR``."""
        found = np.full(len(tried), NEAR)
        steps = tried[:, None] - self.at[:number]
        far = np.hypot(steps[..., 0], steps[..., 1])
        row, other = np.nonzero(far < NEAR * (longest[number] + longest[:number]))
        step, far = steps[row, other], far[row, other]
        # an ellipse's radius towards the other's middle
        radii = [
            2 * far / np.sqrt(np.maximum(_squared(inverse, step[:, 0], step[:, 1]), 1e-12))
            for inverse in (self.inverses[number], np.moveaxis(self.inverses[other], 0, -1))
        ]
        np.minimum.at(found, row, far / np.maximum(radii[0] + radii[1], 1e-12))
        return found

    def settle(self, size: tuple[int, int], typical: float) -> None:
        """Move middles and weights until the regions have the areas of the cells, on a coarse raster."""
        low, every = -BEYOND * typical, max(1.0, typical / RASTER)
        sides = [low + every * (np.arange(int(np.ceil((n - 2 * low) / every))) + 0.5) for n in size]
        places = np.stack(np.meshgrid(*sides, indexing="ij"))
        for _ in range(STEPS):
            owners = self.owners(places, np.zeros(2), (low + every / 2, every)).ravel()
            counts = np.bincount(owners, minlength=len(self.at))
            middles = [np.bincount(owners, axis.ravel(), minlength=len(self.at)) for axis in places]
            there = counts > 0
            self.at[there] += MOVE * (np.stack(middles, 1)[there] / counts[there, None] - self.at[there])
            lack = np.clip(1 - counts * every**2 / self.areas, -1, 1)
            self.weights += WEIGH * EDGE * self._stiffness * lack

    def owners(self, places: Floats, wandered: Floats, raster: tuple[float, float] = (0.0, 1.0)) -> IntArray:
        """The number of the cell that each place belongs to: int32 (h, w).

        Args:
            places: float64 (2, h, w), row and column of each place of a raster.
            wandered: how far places are from the raster, down and right, at most.
            raster: the row and column of its first place, and the step from one to the next.
        """
        from scipy import ndimage as ndi

        first, every = raster
        frame, stiffness = places.shape[1:], self._stiffness
        least, owners = np.full(frame, np.inf), np.full(frame, -1, np.int32)
        starts = np.floor((self.at - self.reach - wandered - first) / every).astype(np.int64)
        ends = np.ceil((self.at + self.reach + wandered - first) / every).astype(np.int64) + 1
        for number, (start, end) in enumerate(zip(np.maximum(starts, 0), np.maximum(ends, 0), strict=True)):
            box = slice(start[0], end[0]), slice(start[1], end[1])
            rows, columns = (places[axis][box] - self.at[number, axis] for axis in (0, 1))
            far = stiffness[number] * _squared(self.inverses[number], rows, columns) - self.weights[number]
            nearer = far < least[box]
            least[box][nearer], owners[box][nearer] = far[nearer], number
        if (owners < 0).any():
            near = ndi.distance_transform_edt(owners < 0, return_distances=False, return_indices=True)
            owners = owners[near[0], near[1]]
        return owners


def _squared(inverse: Floats, rows: Floats, columns: Floats) -> Floats:
    """The squared distance of places from a middle, in deviations."""
    found: Floats = inverse[0, 0] * rows**2 + 2 * inverse[0, 1] * rows * columns + inverse[1, 1] * columns**2
    return found


def _turned(cell: Cell, angle: float) -> Floats:
    """The covariance of a cell's pixels, turned."""
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found: Floats = axes @ np.array(cell.covariance) @ axes.T * cell.area
    return found
