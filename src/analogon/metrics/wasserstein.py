"""How the patches of a picture, all together, are distributed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analogon.metrics.patches import BLOCK, SIDE, Numbers, Patches

#: Directions that patches are looked at along.
DIRECTIONS = 64
#: Of more patches of a class than this, every second or third and so on is taken.
MOST = 1 << 16

Projections = Mapping[int, NDArray[np.float32]]


def directions(seed: int, planes: int = 3) -> NDArray[np.float32]:
    """Random unit vectors, float32 (n, DIRECTIONS) for patches of n values."""
    vectors = np.random.default_rng(seed).standard_normal((planes * SIDE * SIDE, DIRECTIONS))
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=0)).astype(np.float32)
    return unit


def projections(patches: Patches, along: NDArray[np.float32]) -> Projections:
    """{class: (DIRECTIONS, n)}: where its patches lie along each direction, sorted."""
    found = {}
    for number, every in patches.classes.items():
        taken: Numbers = every[:: -(-len(every) // MOST)]
        blocks = [patches.at(taken[start : start + BLOCK]) @ along for start in range(0, len(taken), BLOCK)]
        found[number] = np.sort(np.concatenate(blocks).T, axis=1)
    return found


def wasserstein(result: Projections, source: Projections) -> dict[int, float]:
    """Sliced Wasserstein distance between the patches of result and source, by class, in levels.

    W(c) = mean over random unit directions d of  ∫ |F⁻¹(q) − G⁻¹(q)| dq,
    F and G the distributions of d · P over the patches P of class c in result and source. The distance between two
    patches along a random direction is about their root mean square difference, hence the unit.

    Range 0 to 255, lower is better; 0 for a copy of the source, also where it is rearranged. It sees what coherence and
    completeness do not: one piece repeated a hundred times beside one of each of the others. Classes are compared by
    themselves, since a layout with more sky asks for more patches of sky. Source: Elnekave and Weiss, "Generating
    Natural Images with Direct Patch Distributions Matching", ECCV 2022 (without classes); Rabin et al. 2011.
    """
    found = {}
    for number, ours in result.items():
        theirs = source.get(number)
        if theirs is None:
            continue
        count = max(ours.shape[1], theirs.shape[1])
        difference = np.abs(_filled(ours, count) - _filled(theirs, count))
        found[number] = float(difference.mean(dtype=np.float64)) * 255
    return found


def _filled(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Sorted values (k, n) as (k, count): as many of each quantile, by repeating some."""
    length = values.shape[1]
    return values if length == count else values[:, (2 * np.arange(count) + 1) * length // (2 * count)]
