"""The objects of a layout, and their limbs.

A limb is what lies farther from a point of a region's core, on ways through the region, than a threshold, and hangs
together. It is turned about the place where it was cut off, as a puppet's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage.graph import MCP_Geometric

Ids = NDArray[np.uint16]
Mask = NDArray[np.bool_]
Points = NDArray[np.float32]

#: Regions with a share of the picture in this range are objects, if they touch less than SIDES of the frame.
SMALLEST, LARGEST, SIDES = 0.002, 0.5, 0.2
#: Cores and thresholds per core that limbs are looked for with.
CORES, CUTS = 6, 7
#: A limb has at least this many pixels and at most this share of its region.
LEAST_LIMB, MOST_LIMB = 30, 0.45


@dataclass(frozen=True, eq=False)
class Limb:
    """A part of an object: pixels with those about its joint (in its box), the joint, the way out, its own pixels."""

    drawn: Mask
    box: tuple[int, int, int, int]
    joint: Points
    out: Points
    own: Mask


@dataclass(frozen=True, eq=False)
class Thing:
    """An object of the source: its class, pixels (h, w), box and limbs; whether it touches the frame's four sides."""

    class_: int
    mask: Mask
    box: tuple[int, int, int, int]
    limbs: list[Limb]
    touches: tuple[bool, bool, bool, bool]


def things_of(ids: Ids, rng: np.random.Generator) -> list[Thing]:
    """The objects of a layout."""
    found = []
    for c in np.unique(ids):
        numbers, count = ndi.label(ids == c, np.ones((3, 3)))
        for n in range(1, count + 1):
            mask = numbers == n
            sides = [mask[0], mask[:, 0], mask[-1], mask[:, -1]]
            border = sum(int(side.sum()) for side in sides) / (2 * sum(ids.shape))
            if not SMALLEST < mask.mean() < LARGEST or border > SIDES:
                continue
            ys, xs = np.nonzero(mask)
            box = int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1
            top, left, bottom, right = (bool(side.any()) for side in sides)
            found.append(Thing(int(c), mask, box, _limbs_of(mask, rng), (top, left, bottom, right)))
    return found


def _limbs_of(mask: Mask, rng: np.random.Generator) -> list[Limb]:
    """Limbs of a region, from several cores and thresholds."""
    depth = ndi.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    deep = np.argwhere(depth > 0.6 * depth.max())
    limbs: list[Limb] = []
    costs = np.where(mask, 1.0, -1.0)
    for core in deep[rng.choice(len(deep), min(CORES, len(deep)), replace=False)]:
        away, _ = MCP_Geometric(costs).find_costs([tuple(core)])
        away[~mask] = -1
        away[np.isinf(away)] = -1
        for cut in np.linspace(0.25, 0.85, CUTS) * away.max():
            numbers, _ = ndi.label(away > cut, np.ones((3, 3)))
            for n, box in enumerate(ndi.find_objects(numbers), 1):
                own = numbers == n
                if not LEAST_LIMB <= own.sum() <= MOST_LIMB * mask.sum():
                    continue
                at_cut = np.argwhere(own & (away < cut + 2))
                joint, centre = at_cut.mean(0), np.argwhere(own).mean(0)
                out = (centre - joint) / max(float(np.linalg.norm(centre - joint)), 1e-6)
                radius = max(2.0, 0.5 * float(np.linalg.norm(np.ptp(at_cut, axis=0))))
                about = np.hypot(*(np.mgrid[: mask.shape[0], : mask.shape[1]] - joint[:, None, None])) <= radius
                drawn = own | (about & mask)
                ys, xs = np.nonzero(drawn)
                box = int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1
                limbs.append(
                    Limb(drawn[box[0] : box[2], box[1] : box[3]], box, joint.astype(np.float32),
                         out.astype(np.float32), own)
                )  # fmt: skip
    return limbs
