"""Layouts turned, shifted and bent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.augment.inventing.values import smooth_noise
from analogon.augment.statistics import Statistics, components, numbered
from analogon.augment.values import IntArray

Ids = NDArray[np.int64]

#: Degrees, and powers of the largest factor, that layouts are turned and scaled by where places mean something.
TURN, SCALE, SCALE_FREE = 4.0, 1.08, 1.25
#: Slope of the displacement: how much lengths change, where layouts are free and where not.
BEND_FREE, BEND = 0.16, 0.06
#: Widths of the displacement, as shares of the shorter side.
WIDTHS = (0.08, 0.25)
#: How far the middle of a free layout may lie from that of the picture, as a share of its side.
MIRRORED = 0.12


@dataclass(frozen=True)
class Drawn:
    """A layout as plain arrays.

    ids int64 (h, w), instances int32 (h, w), how it came about, and where pixels come from, int32 (h, w, 2), if that is
    known.
    """

    ids: NDArray[np.int64]
    instances: IntArray
    recipe: dict[str, Any]
    places: IntArray | None = None


def warped(base: Statistics, size: tuple[int, int], strength: float, rng: np.random.Generator) -> Drawn:
    """A layout seen through a random smooth map; beyond its frame it is mirrored.

    Where places mean nothing it is turned by any angle and mirrored, else a little and left to right only, and pixels
    go where their labels go.
    """
    height, width = base.labels.shape
    free = base.free
    angle = rng.uniform(0, 360) if free else float(np.clip(rng.normal(0, TURN / 2), -TURN, TURN)) * strength
    flips = bool(rng.integers(2)), bool(rng.integers(2)) and free
    factor = (SCALE_FREE if free else SCALE) ** (rng.uniform(-1, 1) * min(strength, 2.0))
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    rows, columns = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in size), indexing="ij")
    bend = (BEND_FREE if free else BEND) * strength * rng.uniform(0.4, 1.2)
    for field in (rows, columns):
        reach = rng.uniform(*WIDTHS) * min(size)
        # a smooth field of this width has a slope of about 1 / width
        field += smooth_noise(size, reach, rng) * bend * reach
    down, right = (cosine * rows - sine * columns) / factor, (sine * rows + cosine * columns) / factor
    down, right = -down if flips[1] else down, -right if flips[0] else right
    centers = []
    for whole, asked in zip((height, width), size, strict=True):
        slack = max(0.0, whole - asked / factor) / 2
        slack = max(slack, MIRRORED * whole) if free else slack
        centers.append((whole - 1) / 2 + rng.uniform(-slack, slack))
    exact = np.stack([down + centers[0], right + centers[1]])
    at, folds = list[NDArray[np.int64]](), np.zeros(size, np.int64)
    for offset, whole in zip(exact, (height, width), strict=True):
        place = np.rint(offset).astype(np.int64)
        turn, within = np.divmod(place, whole)
        at.append(np.where(turn % 2 == 0, within, whole - 1 - within))
        folds = folds * 1024 + turn + 500
    ids, old = base.labels.ids[at[0], at[1]], base.instances[at[0], at[1]]
    if base.wall is not None:
        ids = _walled(base, at, exact)
        instances = components(np.where(ids == base.wall, -1, 0), connectivity=4)
    else:
        # what is seen twice, once mirrored, is two objects
        apart = np.unique(folds * (1 << 20) + old, return_inverse=True)[1].reshape(size) + 1
        instances = numbered(np.where(old > 0, apart, 0).astype(np.int32), ids)[0]
    recipe = {
        "turn": round(float(angle), 2), "flip": list(flips), "scale": round(float(factor), 3), "bend": round(bend, 3),
        "center": [round(float(c), 1) for c in centers],
    }  # fmt: skip
    # what has its place and is seen in perspective comes out smeared and torn if it is made anew
    places = None if free else np.stack(at, -1).astype(np.int32)
    return Drawn(ids, instances, recipe, places)


def _walled(base: Statistics, at: list[NDArray[np.int64]], exact: NDArray[np.float64]) -> Ids:
    """Class ids with walls seen between pixels, so that thin ones do not get rough; ``at`` are the nearest pixels."""
    from scipy import ndimage as ndi

    assert base.wall is not None
    wall = base.labels.ids == base.wall
    seen = ndi.map_coordinates(wall.astype(np.float32), exact, order=1, mode="reflect") >= 0.5
    near = ndi.distance_transform_edt(wall, return_distances=False, return_indices=True)
    behind = base.labels.ids[near[0], near[1]]
    found: Ids = behind[at[0], at[1]]
    found[seen] = base.wall
    return found
