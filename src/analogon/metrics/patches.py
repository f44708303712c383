"""Patches of source and result, each compared with the nearest one of the other: coherence and completeness.

The search is by brute force, pruned: patches are compared by their projections on the principal components of the
source's patches and the length of what these leave over, which gives no more than the true distance. Where that lower
bound leaves a doubt, the patches themselves are compared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analogon.data import Exemplar

#: Side of a patch.
SIDE = 7
#: A picture less than two patches wide or high says nothing of patches at that scale.
LEAST_SIDE = 2 * SIDE
#: Patches asked for their nearest, in all and at least of each class.
SAMPLES, LEAST_SAMPLES = 2000, 100
#: The same where classes do not count: every search is among all patches.
BLIND_SAMPLES = 1000
#: Principal components that patches are compared by, and the patches that these are taken from.
COMPONENTS, TRAINED_ON = 48, 5000
#: Patches that are compared at a time, with so many: what comes about stays in the processor's cache.
BLOCK, ROWS = 4096, 128
#: Rounding of lower bounds: squared distances of patches of values about 1 are right to this, less than a tenth of a
#: level where patches are equal.
SLACK = 2e-5

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


class Patches:
    """All patches of a picture; each is known by its number, row by row.

    Attributes:
        planes: float32 (h, w, c).
        classes: by class id, the numbers of the patches whose centre has it. Those with a pixel that is not usable are
            left out.

    Args:
        ids: the class of each pixel. usable: None for all. side: of a patch, odd.
    """

    def __init__(
        self, planes: Floats, ids: NDArray[np.int64], usable: NDArray[np.bool_] | None = None, side: int = SIDE
    ) -> None:
        self.planes = planes
        self._windows = sliding_window_view(planes, (side, side), (0, 1))
        inner = slice(side // 2, -(side // 2))
        centres = ids[inner, inner].ravel()
        whole = np.ones(centres.shape, bool)
        if usable is not None:
            whole = sliding_window_view(usable, (side, side)).all((2, 3)).ravel()
        self.every: Numbers = np.flatnonzero(whole)
        self.classes: Mapping[int, Numbers] = {
            int(c): np.flatnonzero(whole & (centres == c)) for c in np.unique(centres[whole])
        }

    @classmethod
    def of(cls, picture: Exemplar) -> Patches:
        """The patches of a picture in its own colours, with values in [0, 1]."""
        return cls(picture.image, picture.labels.ids, picture.usable)

    def at(self, numbers: Numbers) -> Floats:
        """(n, c * side * side), a copy."""
        rows, columns = np.divmod(numbers, self._windows.shape[1])
        found: Floats = self._windows[rows, columns].reshape(len(numbers), -1)
        return found

    def sample(self, numbers: Numbers, count: int, seed: tuple[int, ...]) -> Numbers:
        """At most `count` of the numbers, spread evenly over the picture, always the same ones for one seed.

        One is drawn from each of as many small areas. What differs between two pictures lies in few places: a sample
        without regard to the place would meet now more and now less of it.
        """
        if len(numbers) <= count:
            return numbers
        share = len(numbers) / count
        rows, columns = (lines // math.sqrt(share) for lines in np.divmod(numbers, self._windows.shape[1]))
        by_area = numbers[np.lexsort((columns, rows))]
        taken = (np.arange(count) + np.random.default_rng(seed).random(count)) * share
        return np.sort(by_area[np.minimum(taken.astype(np.int64), len(numbers) - 1)])


@dataclass(frozen=True)
class Basis:
    """The principal components of patches: mean (n,) and orthonormal columns (n, k)."""

    mean: Floats
    components: Floats

    @classmethod
    def of(cls, patches: Patches, seed: int) -> Basis:
        """Those of a sample of the patches."""
        sample = patches.at(patches.sample(patches.every, TRAINED_ON, (seed,))).astype(np.float64)
        mean = sample.mean(0)
        _, vectors = np.linalg.eigh((sample - mean).T @ (sample - mean))
        return cls(mean.astype(np.float32), np.ascontiguousarray(vectors[:, ::-1][:, :COMPONENTS], np.float32))

    def reduce(self, patches: Floats) -> Floats:
        """(n, k + 1): distances between them are no larger than those between the patches, (n, ...)."""
        centred = patches - self.mean
        seen = centred @ self.components
        rest = np.einsum("ij,ij->i", centred, centred) - np.einsum("ij,ij->i", seen, seen)
        return np.concatenate([seen, np.sqrt(np.maximum(rest, 0))[:, None]], axis=1)


def nearest(queries: Floats, patches: Patches, among: Numbers, basis: Basis) -> NDArray[np.float64]:
    """Squared distance (sum over the patch) of each query, (m, n), to the nearest of the patches numbered `among`.

    It is right to `SLACK`. There is at least one patch.
    """
    if not len(queries):
        return np.zeros(0)
    asked = basis.reduce(queries)
    blocks = [among[start : start + BLOCK] for start in range(0, len(among), BLOCK)]
    bounds = np.empty((len(blocks), len(queries)), np.float32)
    likely = np.empty((len(blocks), len(queries)), np.int64)
    for n, block in enumerate(blocks):
        closest, bounds[n] = _closest(asked, basis.reduce(patches.at(block)))
        likely[n] = block[closest]
    best = _squares(queries, patches.at(likely[bounds.argmin(0), np.arange(len(queries))]))
    for n, block in enumerate(blocks):
        doubtful = np.flatnonzero(bounds[n] < best - SLACK)
        if not len(doubtful):
            continue
        keys = patches.at(block)
        closest, _ = _closest(queries[doubtful] - basis.mean, keys - basis.mean)  # no bound any more
        best[doubtful] = np.minimum(best[doubtful], _squares(queries[doubtful], keys[closest]))
    return best


def _closest(asked: Floats, keys: Floats) -> tuple[Numbers, Floats]:
    """For each asked one which of the keys is closest, and its squared distance up to rounding."""
    # |a − b|² = |a|² + (−2 a · b + |b|²), the bracket as one product of matrices
    left = np.concatenate([-2 * asked, np.ones((len(asked), 1), np.float32)], axis=1)
    right = np.concatenate([keys.T, np.einsum("ij,ij->i", keys, keys)[None]])
    number, value = np.empty(len(asked), np.int64), np.empty(len(asked), np.float32)
    for start in range(0, len(asked), ROWS):
        products = left[start : start + ROWS] @ right
        found = products.argmin(1)
        number[start : start + ROWS] = found
        value[start : start + ROWS] = products[np.arange(len(found)), found]
    return number, value + np.einsum("ij,ij->i", asked, asked)


def _squares(one: Floats, other: Floats) -> NDArray[np.float64]:
    difference = one - other
    squares: NDArray[np.float64] = np.einsum("ij,ij->i", difference, difference).astype(np.float64)
    return squares


def one_way(asked: Patches, answering: Patches, basis: Basis, seed: int) -> dict[int, tuple[float, int]]:
    """Mean colour difference of patches to the nearest of the same class: {class: (levels, number of patches)}.

    Of each class a sample of `asked` is taken in proportion to its number of patches, of small classes more. Classes
    that `answering` has no patch of are left out.
    """
    found = {}
    for number, every in asked.classes.items():
        if number not in answering.classes:
            continue
        count = max(LEAST_SAMPLES, round(SAMPLES * len(every) / len(asked.every)))
        queries = asked.at(asked.sample(every, count, (seed, number)))
        squares = nearest(queries, answering, answering.classes[number], basis)
        found[number] = float(np.sqrt(squares / queries.shape[1]).mean()) * 255, len(every)
    return found


def coherence(result: Patches, source: Patches, basis: Basis, seed: int = 0) -> dict[int, tuple[float, int]]:
    """Is everything in the result something that the source has? By class.

    coh(c) = mean over patches P of the result with class c of  min over patches Q of the source with class c of
    ‖P − Q‖ / √n, in levels (0 to 255), n = 147 values of a 7x7 patch. A patch has the class of its centre.

    Range 0 to 255, lower is better; 0 for a copy of the source. Blur, noise and torn pieces raise it; it does not see
    repetition. Source: the coherence term of Simakov et al., "Summarizing Visual Data Using Bidirectional Similarity",
    CVPR 2008, by class and as root mean square.

    Returns:
        {class: (levels, number of patches of the result)}; for all classes, see :func:`weighted`.
    """
    return one_way(result, source, basis, seed)


def completeness(result: Patches, source: Patches, basis: Basis, seed: int = 0) -> dict[int, tuple[float, int]]:
    """Is everything in the source somewhere in the result? By class.

    com(c) = mean over patches Q of the source with class c of  min over patches P of the result with class c of
    ‖Q − P‖ / √n, in levels.

    Range 0 to 255, lower is better; 0 for a copy of the source. What is left out raises it, as repetition of one piece
    does, and blur and noise. Source: the completeness term of the same paper, by class and as root mean square.

    Returns:
        {class: (levels, number of patches of the source)}.
    """
    return one_way(source, result, basis, seed)


def weighted(figures: Mapping[int, tuple[float, int]]) -> float | None:
    """The mean of the classes, each by its number of patches; None where there is no class."""
    total = sum(count for _, count in figures.values())
    return sum(value * count for value, count in figures.values()) / total if total else None


def bidirectional(result: Patches, source: Patches, basis: Basis, seed: int = 0) -> float:
    """Bidirectional similarity, which is a distance: the sum of both directions, classes aside.

    d = mean over P of the result of min over Q of the source of D(P, Q)
      + mean over Q of the source of min over P of the result of D(P, Q),
    D the squared difference of 7x7 patches in CIE L*a*b*, per pixel (ΔE², CIE 1976).

    Range 0 to infinity, lower is better; 0 where each picture is made of patches of the other. Unlike coherence and
    completeness it is blind to the layout: a head in the place of a tail costs nothing. Source: Simakov et al., CVPR
    2008, equation 1; the mean over scales is the scorer's.

    Args:
        result, source: patches of planes L*, a*, b*, divided by 100.
    """
    total = 0.0
    for asked, answering in ((result, source), (source, result)):
        queries = asked.at(asked.sample(asked.every, BLIND_SAMPLES, (seed,)))
        total += float(nearest(queries, answering, answering.every, basis).mean())
    return total * 100**2 / SIDE**2


def lab(image: Floats) -> Floats:
    """CIE L*a*b* of an sRGB picture, divided by 100."""
    from skimage.color import rgb2lab

    planes: Floats = rgb2lab(image).astype(np.float32) / np.float32(100)
    return planes
