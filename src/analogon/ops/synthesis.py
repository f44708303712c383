"""Guided coarse-to-fine patch synthesis: from a layout map to the source pixel of every target pixel."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.ops import leaps, votes
from analogon.ops.arrange import cell_size
from analogon.ops.labelling import depths
from analogon.ops.parallel import bands, spread
from analogon.ops.search import CELL, searcher

Places = NDArray[np.int32]
Ids = NDArray[np.uint16]
Plane = NDArray[np.uint8]


@dataclass(frozen=True)
class Settings:
    """How patches are compared and how long.

    Attributes:
        sizes: sides of a patch in pixels, odd, from the coarsest level on; the last entry holds for all finer levels.
        rounds: search and vote this often, from the coarsest level on; the last entry holds for all finer levels.
        leaps: levels, from the coarsest on, at which exhaustive comparison proposes matches.
        reluctance: a leap must be better by this factor.
        uniformity: mean squared 8-bit difference per pixel that one more use of a source patch costs, in units of
            an even use.
        class_weight: squared 8-bit difference that a pixel of the wrong class counts, at the coarsest level and at
            the finest; in between by the level.
    """

    sizes: tuple[int, ...] = (7, 7, 5)
    rounds: tuple[int, ...] = (8, 6, 4, 3)
    leaps: int = 2
    reluctance: tuple[float, ...] = (1.0, 1.5)
    uniformity: float = 140.0
    class_weight: tuple[float, float] = (10000.0, 60000.0)


@dataclass(eq=False)
class Problem:
    """One synthesis: the pictures as whole numbers, what must stay, and what is told while it runs.

    Attributes:
        source: uint8 (h', w', C), three colours and then guides, weighted.
        source_ids, target_ids: (h', w') and (h, w) classes from 0.
        guides: uint8 (h, w, C - 3), the target's guides.
        fixed: bool (h, w), pixels whose start place stays.
        wrap: whether the target continues on its other side.
        coarsest: factor of the coarsest level, finest 1 or more to stop early.
        told: called with (level, levels) as levels are done; what it raises stops the synthesis.
    """

    source: Plane
    source_ids: Ids
    target_ids: Ids
    guides: Plane
    fixed: NDArray[np.bool_]
    wrap: bool = False
    finest: int = 1
    told: Callable[[int, int], None] = lambda done, levels: None
    seconds: dict[str, float] = field(default_factory=dict)


def refine(problem: Problem, start: Places, settings: Settings) -> Places:
    """Bring a start map to the picture's own patches, coarse to fine; places int32 (h, w, 2)."""
    coarsest = max(cell_size(problem.target_ids.shape), problem.finest)
    factors = [coarsest >> n for n in range(coarsest.bit_length()) if coarsest >> n >= problem.finest]
    places: Places | None = None
    errors: NDArray[np.float32] | None = None
    for n, factor in enumerate(factors):
        began = time.perf_counter()
        level = _Level.of(problem, factor, settings.sizes[min(n, len(settings.sizes) - 1)])
        places = level.start(start, places)
        share = n / max(len(factors) - 1, 1)
        weight = settings.class_weight[0] * (settings.class_weight[1] / settings.class_weight[0]) ** share
        places, errors = level.improve(
            places,
            rounds=settings.rounds[min(n, len(settings.rounds) - 1)],
            leap=settings.reluctance[min(n, len(settings.reluctance) - 1)] if n < settings.leaps else None,
            uniformity=settings.uniformity,
            class_weight=weight,
        )
        problem.seconds[f"level 1/{factor}"] = time.perf_counter() - began
        problem.told(n + 1, len(factors))
    assert places is not None
    for _ in range(2):
        places = level.settle(places, errors)
    return places


@dataclass(eq=False)
class _Level:
    """The problem at one size."""

    problem: Problem
    factor: int
    size: int
    source: Plane  # padded
    bare: Plane  # not padded
    source_ids: Ids
    padded_source_ids: Ids
    target_ids: Ids
    padded_target_ids: Ids
    fixed: NDArray[np.bool_]
    canvas: Plane  # padded target

    @staticmethod
    def of(problem: Problem, factor: int, size: int) -> _Level:
        radius = size // 2
        source_ids, target_ids = _sampled(problem.source_ids, factor), _sampled(problem.target_ids, factor)
        bare = _with_depth(_shrunk(problem.source, factor), source_ids)
        colours = np.zeros((*target_ids.shape, 3), np.uint8)
        canvas = _with_depth(np.concatenate([colours, _shrunk(problem.guides, factor)], -1), target_ids)
        return _Level(
            problem,
            factor,
            size,
            _padded(bare, radius, False),
            bare,
            source_ids,
            _padded(source_ids, radius, False),
            target_ids,
            _padded(target_ids, radius, problem.wrap),
            _sampled(problem.fixed, factor),
            _padded(canvas, radius, problem.wrap),
        )

    def start(self, full: Places, coarser: Places | None) -> Places:
        """The level's first places: the start map's where the coarser level left them, else the coarser level's."""
        (h, w), (rows, cols) = self.target_ids.shape, self.source_ids.shape
        if self.factor == 1 and coarser is None:
            return full.copy()
        at_y, at_x = _centres(h, full.shape[0], self.factor), _centres(w, full.shape[1], self.factor)
        limit = np.array([rows - 1, cols - 1], np.int32)
        given = np.minimum(full[np.ix_(at_y, at_x)] // self.factor, limit)
        if coarser is None:
            return np.ascontiguousarray(given)
        ys, xs = np.arange(h) // 2, np.arange(w) // 2
        ys, xs = np.minimum(ys, coarser.shape[0] - 1), np.minimum(xs, coarser.shape[1] - 1)
        doubled = coarser[np.ix_(ys, xs)] * 2
        doubled[..., 0] += (np.arange(h, dtype=np.int32) - 2 * ys.astype(np.int32))[:, None]
        doubled[..., 1] += (np.arange(w, dtype=np.int32) - 2 * xs.astype(np.int32))[None]
        np.minimum(doubled, limit, out=doubled)
        as_given = (np.abs(doubled - given).max(-1) <= 2) | self.fixed
        return np.where(as_given[..., None], given, doubled)

    def improve(
        self, places: Places, *, rounds: int, leap: float | None, uniformity: float, class_weight: float
    ) -> tuple[Places, NDArray[np.float32]]:
        """Search and vote in turn; places and the errors of their patches."""
        height, width = self.target_ids.shape
        rows, cols = self.source_ids.shape
        radius, area = self.size // 2, self.size**2
        search: Any = searcher(self.size, self.bare.shape[2])
        errors = np.zeros((height, width), np.float32)
        cells = (-(-rows // CELL), -(-cols // CELL))
        usage = np.bincount(
            (places[..., 0] // CELL).ravel() * cells[1] + (places[..., 1] // CELL).ravel(), minlength=cells[0] * cells[1]
        ).reshape(cells)
        usage = usage.astype(np.int32)
        price = self._price(uniformity * area)
        none = np.empty((0, 2), np.int32)
        dictionary = None
        for n in range(rounds):
            active = self.active(places)
            if not active.any():
                break
            self._paint(places, active, 0 if n == 0 else radius)
            lines = np.flatnonzero(active.any(1))
            first, last = int(lines[0]), int(lines[-1]) + 1
            ys, xs = np.nonzero(active)
            columns = xs.astype(np.int32)
            starts = np.searchsorted(ys, np.arange(height + 1)).astype(np.int32)
            jumps = none
            if leap is not None and n % LEAP_EVERY == 0:
                if dictionary is None:
                    dictionary = leaps.Dictionary.of(self.source, self.source_ids, self.size, len(price))
                jumps = self._leaps(dictionary, ys, xs, usage, price, n // LEAP_EVERY)
            for scan in range(2):
                for phase in range(2):
                    parts = [p for p in bands(height)[phase::2] if p[1] > first and p[0] < last]
                    changes = spread(
                        search,
                        [
                            (
                                self.source, self.canvas, self.padded_source_ids, self.padded_target_ids,
                                places, errors, columns, starts, jumps if scan == 0 else none,
                                np.float32(leap or 1), usage, price, np.float32(class_weight), a, b, scan == 0,
                                self.problem.wrap,
                            )
                            for a, b in parts
                        ],
                    )  # fmt: skip
                    for change in changes:
                        usage += change
        return places, errors

    def active(self, places: Places) -> NDArray[np.uint8]:
        """uint8 (h, w): where patches are torn or of the wrong class."""
        out = np.zeros(self.target_ids.shape, np.uint8)
        spread(
            votes.mark_tears,
            [
                (places, self.source_ids, self.target_ids, self.size // 2, self.problem.wrap, a, b, out)
                for a, b in bands(len(out))
            ],
        )
        out[self.fixed] = 0
        return out

    def settle(self, places: Places, errors: NDArray[np.float32]) -> Places:
        """Each pixel as most patches over it have it."""
        active, out = self.active(places), np.empty_like(places)
        spread(
            votes.settle,
            [
                (places, errors, active, self.source_ids, self.target_ids, 2, self.problem.wrap, a, b, out)
                for a, b in bands(len(out))
            ],
        )
        return out

    def _paint(self, places: Places, active: NDArray[np.uint8], radius: int) -> None:
        """The picture of these places on the padded canvas."""
        wrap = self.problem.wrap
        spread(
            votes.vote,
            [(self.bare, places, active, radius, wrap, a, b, self.canvas) for a, b in bands(len(places))],
        )
        _fill_margin(self.canvas, self.size // 2, wrap)

    def _price(self, uniformity: float) -> NDArray[np.float32]:
        """Per class what one use of a cell costs: uniformity over the use that would be even."""
        classes = int(self.target_ids.max()) + 1
        ours = np.bincount(self.target_ids.ravel(), minlength=classes)[:classes]
        theirs = np.bincount(self.source_ids.ravel(), minlength=classes)[:classes]
        even = ours / np.maximum(theirs, 1) * CELL**2
        return np.where((ours > 0) & (theirs > 0), uniformity / np.maximum(even, 1e-3), 0).astype(np.float32)

    def _leaps(
        self,
        dictionary: leaps.Dictionary,
        ys: NDArray[np.intp],
        xs: NDArray[np.intp],
        usage: NDArray[np.int32],
        price: NDArray[np.float32],
        turn: int,
    ) -> NDArray[np.int32]:
        """A proposal for every fourth active pixel, other ones each turn; (-1, -1) for the rest."""
        out = np.full((len(ys), 2), -1, np.int32)
        asked = np.flatnonzero((ys % 2 == turn % 2) & (xs % 2 == turn // 2 % 2))
        queries = np.stack([ys[asked], xs[asked]], -1).astype(np.int32)
        classes = self.target_ids[ys[asked], xs[asked]]
        owners = np.repeat(np.arange(len(price)), np.diff(dictionary.start_of))
        costs = np.zeros(len(dictionary.described), np.float32)
        costs[: len(owners)] = price[owners] * usage.ravel()[dictionary.cells[: len(owners)]]
        found = np.empty((len(queries), 2), np.int32)
        spread(
            leaps.nearest,
            [
                (
                    self.canvas, self.size, dictionary.basis, queries, classes, dictionary.places_of,
                    dictionary.start_of, dictionary.described, costs, dictionary.cols, a, min(a + 256, len(queries)),
                    found,
                )
                for a in range(0, len(queries), 256)
            ],
        )  # fmt: skip
        out[asked] = found
        return out


#: Depths are told apart up to this many pixels; what a third of a pixel counts, in 8-bit levels.
DEEPEST, DEPTH_STEP = 3, 6
#: Rounds from one exhaustive comparison to the next.
LEAP_EVERY = 2


def _shrunk(plane: Plane, factor: int) -> Plane:
    """Means of factor x factor blocks; a rest at the end counts to the last block."""
    if factor == 1:
        return plane
    height, width = max(plane.shape[0] // factor, 1), max(plane.shape[1] // factor, 1)
    cut = plane[: height * factor, : width * factor]
    if cut.shape[0] < factor or cut.shape[1] < factor:
        return np.ascontiguousarray(plane[:height, :width])
    blocks = cut.reshape(height, factor, width, factor, -1).astype(np.uint32).sum((1, 3))
    return ((blocks + factor * factor // 2) // (factor * factor)).astype(np.uint8)


def _with_depth(plane: Plane, ids: Ids) -> Plane:
    """The plane and how deep in its class each pixel lies."""
    depth = depths(ids, DEEPEST) * DEPTH_STEP
    return np.ascontiguousarray(np.concatenate([plane, depth[..., None].astype(np.uint8)], -1))


def _centres(count: int, full: int, factor: int) -> NDArray[np.intp]:
    return np.minimum(np.arange(count) * factor + factor // 2, full - 1)


def _sampled(ids: NDArray[Any], factor: int) -> NDArray[Any]:
    if factor == 1:
        return ids
    rows, cols = (max(n // factor, 1) for n in ids.shape)
    return np.ascontiguousarray(ids[np.ix_(_centres(rows, ids.shape[0], factor), _centres(cols, ids.shape[1], factor))])


def _padded(plane: NDArray[Any], radius: int, wrap: bool) -> NDArray[Any]:
    widths = [(radius, radius), (radius, radius)] + [(0, 0)] * (plane.ndim - 2)
    return np.ascontiguousarray(np.pad(plane, widths, mode="wrap" if wrap else "edge"))


def _fill_margin(plane: Plane, radius: int, wrap: bool) -> None:
    """Fill the margin of a padded plane from its inside, in place."""
    if radius == 0:
        return
    r = radius
    if wrap:
        plane[:r], plane[-r:] = plane[-2 * r : -r], plane[r : 2 * r].copy()
        plane[:, :r], plane[:, -r:] = plane[:, -2 * r : -r], plane[:, r : 2 * r].copy()
    else:
        plane[:r], plane[-r:] = plane[r], plane[-r - 1]
        plane[:, :r], plane[:, -r:] = plane[:, r : r + 1], plane[:, -r - 1 : -r]
