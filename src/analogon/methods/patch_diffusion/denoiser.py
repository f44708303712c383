"""The denoiser of one scale: what a noisy picture most probably was, if its patches are those of the source.

Of a patch y of a picture with noise of deviation sigma, the best estimate is the mean of all patches x of the source,
weighted by exp(-|y - x|^2 / (2 sigma^2)). Overlapping estimates are averaged. Layouts and guides are observations as
well, whose noise is that of the colours but never above ``CAP``: they count from the first step on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.methods.patch_diffusion.kernels import elect, fold, mean_of_all, mean_of_nearest, project
from analogon.ops.nearest import FAR, Tree, Window, bases, projected
from analogon.ops.parallel import bands, spread

Floats = NDArray[np.float32]
Places = NDArray[np.int32]
Bools = NDArray[np.bool_]

#: The noise that layouts and guides are thought to have, at most.
CAP = 0.3
#: The weight of a patch's rim, as a bell of this deviation over [-1, 1].
BELL = 0.6
#: What projections do not see of a patch may bring it nearer by about this many times its mean square.
SLACK = 4.0


@dataclass(frozen=True)
class Search:
    """How patches are compared.

    Attributes:
        patch: side of a patch in pixels, odd.
        border_weight: squared difference of a pixel beyond the border of one picture only.
        nearest: patches that a tree proposes for each one.
        leaves: of the tree that are looked through.
        pairs: up to so many pairs of patches are all compared.
    """

    patch: int
    border_weight: float
    nearest: int
    leaves: int
    pairs: int


class Source:
    """The patches of the source at one size: one about each of its pixels."""

    def __init__(self, image: Floats, conditions: Floats, usable: Bools, search: Search) -> None:
        """Make ready.

        Args:
            image: float32 (h', w', 3).
            conditions: float32 (h', w', C), what it is compared by besides, each plane times the root of its weight.
            usable: bool (h', w'), what patches may be made of.
            search: how they are compared.
        """
        self.search, self.shape, self.radius = search, usable.shape, search.patch // 2
        self.planes = self.padded(image, conditions)
        self.allowed = _inner(usable, self.radius)

    def padded(self, colours: Floats, conditions: Floats) -> Floats:
        """All planes with a margin of the radius, and one more that tells the margin from the picture."""
        around = [(self.radius, self.radius)] * 2
        margin = np.pad(np.zeros(colours.shape[:2], np.float32), around, constant_values=self.search.border_weight**0.5)
        inside = np.pad(np.concatenate([colours, conditions], -1), [*around, (0, 0)])
        return np.ascontiguousarray(np.concatenate([inside, margin[..., None]], -1), np.float32)

    def windows(self, planes: Floats) -> list[Window]:
        """Colours, and what else is compared."""
        size = self.search.patch
        parts = np.ascontiguousarray(planes[..., :3]), np.ascontiguousarray(planes[..., 3:])
        return [Window(part, np.ones((size, size, part.shape[2]), np.float32)) for part in parts]

    @cached_property
    def apart(self) -> list[tuple[Floats, Floats, float]]:
        """For colours and the rest: basis, points (N, dims) of all patches, and what points do not see of one."""
        parts = []
        for window in self.windows(self.planes):
            (basis,) = bases([window], self._pixels)
            points, lengths = projected([window], [basis], self.shape)
            unseen = np.maximum(lengths - (points**2).sum(-1), 0)
            parts.append((basis, points.reshape(-1, points.shape[2]), float(unseen.mean())))
        return parts

    @cached_property
    def basis(self) -> Floats:
        """Of colours and the rest together: float32 (size, size, 3 + C + 1, dims)."""
        return np.concatenate(bases(self.windows(self.planes), self._pixels), 2)

    @cached_property
    def tree(self) -> tuple[Any, ...]:
        """What :func:`analogon.ops.nearest.seek` takes of a tree over all patches."""
        parts = np.split(self.basis, [3], 2)
        points = projected(self.windows(self.planes), [np.ascontiguousarray(part) for part in parts], self.shape)[0]
        numbers = np.flatnonzero(self.allowed)
        tree = Tree.of(np.ascontiguousarray(points.reshape(-1, points.shape[2])[numbers]))
        order, *rest = tree.plain()
        return (numbers[order], *rest)

    @cached_property
    def out_of_use(self) -> Floats:
        """What is added to the distance of each patch: FAR for those that may not be used, (N,)."""
        return np.where(self.allowed, np.float32(0), FAR).ravel()

    @property
    def _pixels(self) -> NDArray[np.intp]:
        return np.argwhere(np.ones(self.shape, bool))


class Denoiser:
    """The posterior mean of a target at one scale."""

    def __init__(self, source: Source, conditions: Floats, open_: Bools, stride: int) -> None:
        """Make ready.

        Args:
            source: whose patches the target is made of.
            conditions: float32 (h, w, C), as the source's.
            open_: bool (h, w), the pixels that are sought.
            stride: from one patch of the target to the next.
        """
        self.source, self.conditions, self.open_, self.stride = source, conditions, open_, stride
        self._asked = _outer(open_, source.radius)
        at = np.linspace(-1, 1, source.search.patch)
        self._bell = np.exp(-0.5 * (at[:, None] ** 2 + at**2) / BELL**2).astype(np.float32)
        self._matches = np.empty((0, 2), np.int32)
        self._index = np.full(open_.shape, -1, np.int32)

    @property
    def exhaustive(self) -> bool:
        """Whether all patches are compared with all."""
        return self.open_.size // self.stride**2 * int(np.prod(self.source.shape)) <= self.source.search.pairs

    def estimate(self, noisy: Floats, sigma: float, turn: int = 0) -> Floats:
        """What a picture (h, w, 3) most probably was before noise of this deviation: its open pixels.

        Args:
            noisy: the picture, with noise in its open pixels.
            sigma: deviation of the noise.
            turn: moves the grid of patches, so that it leaves no trace.
        """
        pixels, size = self._grid(turn), self.source.search.patch
        index = np.full(self.open_.shape, -1, np.int32)
        index[pixels[:, 0], pixels[:, 1]] = np.arange(len(pixels))
        means = np.empty((len(pixels), size * size * 3), np.float32)
        matches = np.empty((len(pixels), 2), np.int32)
        target = self.source.padded(noisy, self.conditions)
        weights = np.ones(target.shape[2], np.float32)
        weights[3:] = (sigma / min(sigma, CAP)) ** 2
        self._compare(target, weights, pixels, np.float32(2 * sigma * sigma), means, matches)
        self._matches, self._index = matches, index
        out = np.array(noisy, np.float32)
        spread(fold, [(means, index, self._bell, a, b, out) for a, b in bands(len(index))])
        out[~self.open_] = noisy[~self.open_]
        return out

    def places(self, source_ids: NDArray[np.int64], target_ids: NDArray[np.int64]) -> Places:
        """The source pixel (h, w, 2) that most of the last step's patches agree on for each pixel.

        Those that no patch is over have the place that they have in the target.

        Args:
            source_ids, target_ids: classes from 0, (h', w') and (h, w).
        """
        places = np.moveaxis(np.indices(self.open_.shape, np.int32), 0, -1)
        places = np.ascontiguousarray(np.minimum(places, np.array(self.source.shape, np.int32) - 1))
        given = self._matches, self._index, self._bell, source_ids, target_ids
        spread(elect, [(*given, a, b, places) for a, b in bands(len(places))])
        return places

    def _compare(
        self, target: Floats, weights: Floats, pixels: Places, width: np.float32, means: Floats, matches: Places
    ) -> None:
        """The means of the source's patches for those about pixels (n, 2), into ``means`` and ``matches``."""
        source, search = self.source, self.source.search
        given = source.planes, target, weights, search.patch, pixels
        shared: tuple[Any, ...]
        if self.exhaustive:
            queries, points, slack = self._apart(target, pixels, float(weights[-1]))
            shared = queries, points, source.out_of_use, width, np.float32(slack)
            spread(mean_of_all, [(*given, *shared, a, b, means, matches) for a, b in bands(len(pixels))])
            return
        queries = _projections(target, source.basis, pixels)
        earlier = self._matches, self._index, self.stride
        shared = queries, *source.tree, search.leaves, search.nearest, *earlier, source.out_of_use, width
        spread(mean_of_nearest, [(*given, *shared, a, b, means, matches) for a, b in bands(len(pixels))])

    def _apart(self, target: Floats, pixels: Places, weight: float) -> tuple[Floats, Floats, float]:
        """Queries (n, dims) and points (dims, N) where conditions count by ``weight``, and what these do not see."""
        queries, points, slack = [], [], 0.0
        planes = np.ascontiguousarray(target[..., :3]), np.ascontiguousarray(target[..., 3:])
        for (basis, known, unseen), plane, factor in zip(self.source.apart, planes, (1.0, weight), strict=True):
            root = np.float32(factor**0.5)
            queries.append(_projections(plane, basis, pixels) * root)
            points.append(known * root)
            slack += SLACK * factor * unseen
        return np.concatenate(queries, 1), np.ascontiguousarray(np.concatenate(points, 1).T), slack

    def _grid(self, turn: int) -> Places:
        """Middles of the patches that are compared: every ``stride``-th, and the first and last row and column."""
        axes = []
        for size, first in zip(self.open_.shape, (turn % self.stride, turn // self.stride % self.stride), strict=True):
            chosen = np.zeros(size, bool)
            chosen[first :: self.stride] = True
            chosen[[0, -1]] = True
            axes.append(chosen)
        return np.argwhere(axes[0][:, None] & axes[1] & self._asked).astype(np.int32)


def _projections(planes: Floats, basis: Floats, pixels: Places) -> Floats:
    out = np.empty((len(pixels), basis.shape[3]), np.float32)
    spread(project, [(planes, basis, pixels, a, b, out) for a, b in bands(len(pixels))])
    return out


def _inner(usable: Bools, radius: int) -> Bools:
    """Pixels whose patches hold usable ones alone; usable ones where there is none."""
    from scipy import ndimage as ndi

    if usable.all():
        return usable
    inner = np.asarray(ndi.minimum_filter(usable, 2 * radius + 1, mode="nearest"))
    return inner if inner.any() else usable


def _outer(open_: Bools, radius: int) -> Bools:
    """Pixels whose patches hold an open one."""
    from scipy import ndimage as ndi

    if open_.all():
        return open_
    return np.asarray(ndi.maximum_filter(open_, 2 * radius + 1, mode="constant", cval=0))
