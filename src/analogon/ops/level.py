"""One level of the pyramid: the pictures at one size, and searching and voting on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analogon.ops import leaps, votes
from analogon.ops.labelling import depths, far_from_core
from analogon.ops.parallel import bands, spread, turns
from analogon.ops.pyramid import centres, fill_margin, padded, sampled, shrunk
from analogon.ops.search import CELL, searcher
from analogon.ops.starting import begin

Places = NDArray[np.int32]
Ids = NDArray[np.uint16]
Plane = NDArray[Any]

#: Rounds from one exhaustive comparison to the next.
LEAP_EVERY = 2
#: Depths in a class are told apart up to this many pixels.
DEEPEST = 3
#: A start map and what a coarser level made of it agree up to this many pixels.
AGREE = 2
#: A guide that differs by this many 8-bit levels is not met.
GUIDE_STEP = 8
#: Numbers that random tries start from: a prime, so that seeds far apart differ too.
NOISES = 2**32 - 5
#: Uses are never priced as if fewer than this share of the source were wanted.
LEAST_EVEN = 0.05
#: Radius of the last votes.
SETTLE = 2


@dataclass(eq=False)
class Level:
    """The pictures at one size.

    Attributes:
        factor: how many pixels of the full size stand side by side in one of this size.
        patch: side of a patch.
        wrap: whether the target continues on its other side.
        source: planes (h', w', C), and ``padded_source`` with a margin of the patch radius.
        canvas: padded planes of the target; its colours are painted, its guides stay.
        source_ids, target_ids: classes, with their padded forms.
        fixed: pixels that keep their start place.
        guides: how many planes behind the colours are guides.
        even: by class, how often a pixel of the source would be used if all were used evenly.
        elsewhere: how often each cell of the source is used outside of this part of the target.
        thin: bool, pixels of parts thinner than a patch, which never leave their class; none but at the full size.
        sure: bool, pixels of pieces that are sure to belong together.
    """

    factor: int
    patch: int
    wrap: bool
    source: Plane
    padded_source: Plane
    canvas: Plane
    source_ids: Ids
    target_ids: Ids
    padded_source_ids: Ids
    padded_target_ids: Ids
    fixed: NDArray[np.bool_]
    guides: int
    even: NDArray[np.float64]
    elsewhere: NDArray[np.int32]
    thin: NDArray[np.bool_]
    sure: NDArray[np.bool_]

    @staticmethod
    def of(
        source: Plane,
        source_ids: Ids,
        target_ids: Ids,
        guides: Plane,
        fixed: NDArray[np.bool_],
        sure: NDArray[np.bool_],
        *,
        demand: NDArray[np.int64],
        elsewhere: NDArray[np.int32],
        factor: int,
        patch: int,
        depth_weight: float,
        wrap: bool,
    ) -> Level:
        """The level whose pixels are ``factor`` pixels wide; see :class:`analogon.ops.synthesis.Problem`."""
        radius = patch // 2
        supply = np.bincount(source_ids.ravel(), minlength=len(demand))[: len(demand)]
        source_ids, target_ids = sampled(source_ids, factor), sampled(target_ids, factor)
        planes = [shrunk(source, factor)]
        painted = [np.zeros((*target_ids.shape, 3), source.dtype)]
        if guides.shape[2]:
            painted.append(shrunk(guides, factor))
        if depth_weight > 0:
            step = np.sqrt(depth_weight) / (3 * DEEPEST)
            for ids, parts in ((source_ids, planes), (target_ids, painted)):
                depth = np.minimum(np.rint(depths(ids, DEEPEST) * step), 255)
                parts.append(depth.astype(source.dtype)[..., None])
        bare, canvas = (parts[0] if len(parts) == 1 else np.concatenate(parts, -1) for parts in (planes, painted))
        return Level(
            factor,
            patch,
            wrap,
            bare,
            padded(bare, radius, wrap=False),
            padded(canvas, radius, wrap=wrap),
            source_ids,
            target_ids,
            padded(source_ids, radius, wrap=False),
            padded(target_ids, radius, wrap=wrap),
            sampled(fixed, factor),
            guides.shape[2],
            np.where((demand > 0) & (supply > 0), np.maximum(demand / np.maximum(supply, 1), LEAST_EVEN), np.inf),
            _shrunk_usage(elsewhere, factor, source_ids.shape),
            _thin(target_ids, patch) if factor == 1 else np.zeros(target_ids.shape, bool),
            sampled(sure, factor),
        )

    def start(self, full: Places, coarser: Places | None, coarser_ids: Ids | None = None) -> Places:
        """The level's first places: the start map's where the coarser level left them, else the coarser level's."""
        (h, w), (rows, cols) = self.target_ids.shape, self.source_ids.shape
        at_y, at_x = centres(h, full.shape[0], self.factor), centres(w, full.shape[1], self.factor)
        given = full
        if self.factor > 1:
            limit = np.array([rows - 1, cols - 1], np.int32)
            given = np.ascontiguousarray(np.minimum(full[np.ix_(at_y, at_x)] // self.factor, limit))
        if coarser is None:
            return given.copy()
        # by the longer side: that of 3 pixels is followed by one of 1
        ratio = max(1, round(max(h, w) / max(coarser.shape[:2])))
        known = np.empty((0, 0), np.uint16) if coarser_ids is None else coarser_ids
        places = np.empty((h, w, 2), np.int32)
        spread(
            begin,
            [
                (
                    given, coarser, known, self.source_ids, self.target_ids, self.fixed, self.thin, ratio,
                    max(AGREE, ratio), first, last, places,
                )
                for first, last in bands(h)
            ],
        )  # fmt: skip
        return places

    def improve(
        self,
        places: Places,
        *,
        rounds: int,
        reluctance: float | None,
        uniformity: float,
        class_weight: float,
        tries: int,
        seed: int,
    ) -> NDArray[np.float32]:
        """Search and vote in turn; changes ``places`` and returns the errors of their patches.

        ``reluctance`` None makes no leaps.
        """
        height, width = self.target_ids.shape
        search = searcher(self.patch, self.canvas.shape[2])
        errors = np.zeros((height, width), np.float32)
        usage, price = self._usage(places), self._price(uniformity * self.patch**2)
        none = np.empty((0, 2), np.int32)
        dictionary = None
        for n in range(rounds):
            active = self.active(places)
            if not active.any():
                break
            self._paint(places, active, 0 if n == 0 else self.patch // 2)
            ys, xs = np.nonzero(active)
            columns = xs.astype(np.int32)
            starts = np.searchsorted(ys, np.arange(height + 1)).astype(np.int32)
            jumps = none
            if reluctance is not None and n % LEAP_EVERY == 0:
                dictionary = dictionary or leaps.Dictionary.of(
                    self.padded_source, self.padded_source_ids, self.patch, len(price)
                )
                jumps = self._leaps(dictionary, ys, xs, usage, price, n // LEAP_EVERY)
            for scan in range(2):
                noise = np.uint32(((seed * 64 + n) * 2 + scan) % NOISES)
                for group in turns(height, wrap=self.wrap):
                    tasks = [
                        (
                            self.padded_source, self.canvas, self.padded_source_ids, self.padded_target_ids, places,
                            errors, columns, starts, jumps if scan == 0 else none, np.float32(reluctance or 1), usage,
                            price, np.float32(class_weight), tries, noise, self.thin, first, last,
                            scan == 0, self.wrap,
                        )
                        for first, last in group
                        if starts[first] < starts[last]
                    ]  # fmt: skip
                    for change in spread(search, tasks):
                        usage += change
        return errors

    def active(self, places: Places) -> NDArray[np.uint8]:
        """uint8 (h, w): where patches are torn, of the wrong class or against a guide, and not fixed."""
        out = np.zeros(self.target_ids.shape, np.uint8)
        radius = self.patch // 2
        spread(
            votes.mark_tears,
            [
                (places, self.source_ids, self.target_ids, radius, self.wrap, first, last, out)
                for first, last in bands(len(out))
            ],
        )
        if self.guides:
            height, width = self.target_ids.shape
            planes = slice(3, 3 + self.guides)
            inner: Plane = self.canvas[..., planes][radius : radius + height, radius : radius + width]
            theirs: Plane = self.source[..., planes][places[..., 0], places[..., 1]]
            out |= (np.abs(inner.astype(np.int16) - theirs).max(-1) >= GUIDE_STEP).astype(np.uint8)
        out[self.fixed] = 0
        return out

    def settle(self, places: Places, errors: NDArray[np.float32]) -> Places:
        """Each pixel as most patches over it have it."""
        active, strict, out = self.active(places), self.strict(), np.empty_like(places)
        spread(
            votes.settle,
            [
                (places, errors, active, strict, self.source_ids, self.target_ids, SETTLE, self.wrap, first, last, out)
                for first, last in bands(len(out))
            ],
        )
        return out

    def strict(self) -> NDArray[np.bool_]:
        """Where the class must be met, bool (h, w): not on borders of broad parts, seldom drawn to the pixel."""
        ids, border = self.target_ids, np.zeros(self.target_ids.shape, bool)
        for here, there in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
            apart = ids[here] != ids[there]
            border[here] |= apart
            border[there] |= apart
        if self.wrap:
            for first, last in ((np.s_[0], np.s_[-1]), (np.s_[:, 0], np.s_[:, -1])):
                apart = ids[first] != ids[last]
                border[first] |= apart
                border[last] |= apart
        return ~border | self.thin

    @cached_property
    def leaping(self) -> NDArray[np.bool_]:
        """Pixels whose patches touch no piece that is sure to belong together: bool (h, w); few levels ask.

        Where such a piece is joined on, the start map's seams were chosen at the full size. At a smaller one texture is
        grey, and what is as grey would fit better.
        """
        if not self.sure.any():
            return ~self.sure
        wide = padded(self.sure, self.patch // 2, wrap=self.wrap)
        near = sliding_window_view(wide, (self.patch, self.patch)).any((2, 3))
        return np.asarray(~near)

    def _paint(self, places: Places, active: NDArray[np.uint8], radius: int) -> None:
        """The picture of these places on the canvas."""
        spread(
            votes.vote,
            [(self.source, places, active, radius, self.wrap, a, b, self.canvas) for a, b in bands(len(places))],
        )
        fill_margin(self.canvas, self.patch // 2, wrap=self.wrap)

    def _usage(self, places: Places) -> NDArray[np.int32]:
        """How often each cell of the source is used: int32, a value per CELL x CELL pixels."""
        return usage_of(places, self.source_ids.shape) + self.elsewhere

    def _price(self, uniformity: float) -> NDArray[np.float32]:
        """What one use of a cell costs, by class: the uniformity over the use that would be even."""
        return (uniformity / (self.even * CELL**2)).astype(np.float32)

    def _leaps(
        self,
        dictionary: leaps.Dictionary,
        ys: NDArray[np.intp],
        xs: NDArray[np.intp],
        usage: NDArray[np.int32],
        price: NDArray[np.float32],
        turn: int,
    ) -> NDArray[np.int32]:
        """A proposal for every fourth active pixel that leaps, other ones each turn; (-1, -1) for the rest."""
        out = np.full((len(ys), 2), -1, np.int32)
        asked = np.flatnonzero((ys % 2 == turn % 2) & (xs % 2 == turn // 2 % 2) & self.leaping[ys, xs])
        queries = np.stack([ys[asked], xs[asked]], -1).astype(np.int32)
        classes = self.target_ids[ys[asked], xs[asked]]
        out[asked] = dictionary.nearest(self.canvas, self.padded_target_ids, queries, classes, usage, price)
        return out


def _thin(ids: Ids, patch: int) -> NDArray[np.bool_]:
    """Pixels farther than a patch from where their class is as wide as a patch: most neighbours of another class."""
    radius = patch // 2
    return np.asarray(far_from_core(ids, depths(ids, radius + 1), radius, patch))


def usage_of(places: Places, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """How often each cell of a source of this shape is used: int32, a value per CELL x CELL pixels."""
    rows, cols = (-(-n // CELL) for n in shape[:2])
    flat = (places[..., 0] // CELL).astype(np.int64) * cols + places[..., 1] // CELL
    return np.bincount(flat.ravel(), minlength=rows * cols).reshape(rows, cols).astype(np.int32)


def _shrunk_usage(usage: NDArray[np.int32], factor: int, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Uses by cells of the full size, as uses by cells of a level whose source has this shape."""
    if factor == 1:
        return usage
    rows, cols = (-(-n // CELL) for n in shape)
    full = np.zeros((rows * factor, cols * factor), np.int64)
    part = usage[: rows * factor, : cols * factor]
    full[: part.shape[0], : part.shape[1]] = part
    shrunk: NDArray[np.int64] = full.reshape(rows, factor, cols, factor).sum((1, 3)) // factor**2
    return shrunk.astype(np.int32)
