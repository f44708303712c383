"""Parts of several layouts as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analogon.augment.inventing.cells import ALONG, wall_between
from analogon.augment.inventing.values import smooth_noise
from analogon.augment.inventing.warping import Drawn
from analogon.augment.statistics import Statistics, components, numbered

#: Over which share of the shorter side parts are alike.
PART = (0.15, 0.35)
#: Share of the frame that the first layout has.
FIRST = (0.35, 0.65)


def mixed(parts: Sequence[Drawn], base: Statistics, size: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """Two layouts in parts of the frame: an object belongs wholly to the part that most of it lies in.

    Where there are walls, what meets at the line between the parts gets one. Where both layouts say the places of their
    pixels, so does the mixture, but for what lies behind objects that were cut off.

    Args:
        parts: two layouts of the size.
        base: whose walls and borders are taken for that.
    """
    from scipy import ndimage as ndi

    first, second = parts
    field = smooth_noise(size, rng.uniform(*PART) * min(size), rng)
    second_side = field > np.quantile(field, rng.uniform(*FIRST))
    count = int(first.instances.max())
    chosen, sides = list[NDArray[np.bool_]](), (first, second)
    for number, drawn in enumerate(sides):
        side = second_side if number else ~second_side
        total = np.bincount(drawn.instances.ravel())
        inside = np.bincount(drawn.instances.ravel(), side.ravel(), minlength=len(total))
        chosen.append(inside * 2 > np.maximum(total, 1))
    of_first = (first.instances > 0) & chosen[0][first.instances]
    of_second = (second.instances > 0) & chosen[1][second.instances] & ~of_first
    if base.wall is None:
        ids = np.where(second_side, second.ids, first.ids)
        # objects that were cut off leave what is nearest behind them
        cut = ((first.instances > 0) & ~second_side & ~of_first) | ((second.instances > 0) & second_side & ~of_second)
        known = ~cut & ~np.isin(ids, base.things)
        if known.any():
            near = ndi.distance_transform_edt(~known, return_distances=False, return_indices=True)
            ids = np.where(cut, ids[near[0], near[1]], ids)
        ids = np.where(of_second, second.ids, np.where(of_first, first.ids, ids))
        instances = np.where(of_first, first.instances, np.where(of_second, second.instances + count, 0))
        places = None
        if first.places is not None and second.places is not None:
            of_other = of_second | (second_side & ~of_first)
            places = np.where(of_other[..., None], second.places, first.places)
            places[cut & ~of_first & ~of_second] = -1
        recipe = {"parts": [one.recipe for one in parts]}
        return Drawn(ids, numbered(instances.astype(np.int32), ids)[0], recipe, places)
    numbers = np.where(of_first, first.instances, np.where(of_second, second.instances + count, 0)).astype(np.int32)
    ids = np.where(of_second, second.ids, first.ids)
    own_wall = np.where(second_side, second.ids, first.ids) == base.wall
    empty = (numbers == 0) & ~own_wall
    holders = numbers > 0
    if not holders.any():
        return first
    near = ndi.distance_transform_edt(~holders, return_distances=False, return_indices=True)
    filled = numbers[near[0], near[1]]
    ids = np.where(holders, ids, ids[near[0], near[1]])
    typical = float(np.sqrt(np.median([cell.area for cell in base.cells])))
    walls = wall_between(filled, base.widths, ALONG * typical, rng)
    # walls that were there stay as they are; new ones stand where something was cut off
    fresh = ndi.binary_dilation(empty, iterations=3)
    touching = ndi.binary_dilation(of_first, iterations=1) & ndi.binary_dilation(of_second, iterations=1)
    fresh |= ndi.binary_dilation(touching, iterations=2)
    ids = np.where((own_wall & ~holders) | (walls & fresh), base.wall, ids)
    instances = components(np.where(ids == base.wall, -1, 0), connectivity=4)
    return Drawn(ids, instances, {"parts": [one.recipe for one in parts]})
