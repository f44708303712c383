"""GPNN: nothing is learnt; each render is a synthesis of its own."""

from __future__ import annotations

import time
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.methods.base import Arrays
from analogon.methods.gpnn.config import INFINITE, Config
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Progress, Run

Floats = NDArray[np.float32]


class NearestPatchesSynthesizer:
    """An exemplar and how to take patches from it (a :class:`~analogon.methods.base.Synthesizer`)."""

    outcome = UNTRAINED

    def __init__(self, exemplar: Exemplar, config: Config) -> None:
        self.exemplar, self.config = exemplar, config

    @cached_property
    def _working(self) -> Exemplar:
        return self.exemplar.resize(_limited(self.exemplar.shape, self.config.size_limit))

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:  # noqa: ARG002 (takes none)
        """Carry the picture by the layouts, then replace patches from coarse to fine; see the package's base class."""
        config, clock, seconds = self.config, time.perf_counter(), {}
        exemplar, wanted = self._working, target.resize(_limited(target.shape, self.config.size_limit))
        wanted = LabelMap(wanted.ids, exemplar.labels.palette)
        size = min(config.patch, *(n - (n + 1) % 2 for n in (*exemplar.shape, *wanted.shape)))
        levels = 1
        while levels < config.levels and min(*exemplar.shape, *wanted.shape) * config.factor**levels >= 2 * size:
            levels += 1
        guess, below = _carried(exemplar, wanted), None
        for level in reversed(range(levels)):
            stage = f"level {levels - level}/{levels}"
            theirs, ours = (_smaller(one.shape, config.factor**level, size) for one in (exemplar, wanted))
            guess, values = _resized(guess, ours), _resized(exemplar.image, theirs)
            if below is None and config.noise > 0:
                guess += np.random.default_rng(run.seed).normal(0, config.noise, guess.shape).astype(np.float32)
            if below is None:
                seconds["carrying"] = time.perf_counter() - clock
            clock = time.perf_counter()
            # what the guess is made of is as blurred as a coarser picture is
            keys = values if below is None else _resized(below, theirs)
            labels = _labels(exemplar.labels, theirs), _labels(wanted, ours)
            work = _Level(config, values, *labels, size)
            work.take_keys(keys)
            rounds = 1 if below is None else config.rounds
            for n in range(rounds):
                run.listener(Progress(stage, n, rounds))
                if n == 1:  # from now on the guess is as sharp as the source
                    work.take_keys(values)
                guess, done = work.improved(guess)
                if done:
                    break
            below = values
            seconds[stage] = time.perf_counter() - clock
        return Rendering(np.clip(_resized(guess, target.shape), 0, 1), seconds=seconds)

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> None:
        """There is none."""

    def arrays(self) -> Arrays:
        """Nothing is learnt."""
        return {}


class _Level:
    """The search at one size.

    Attributes:
        values: float32 (h', w', 3), whose patches guesses are made of.
        source_labels, labels: shares of the classes (h', w', K) and (h, w, K).
    """

    def __init__(self, config: Config, values: Floats, source_labels: Floats, labels: Floats, size: int) -> None:
        self.config, self.values, self.size = config, values, size
        self.source_labels, self.labels = source_labels, labels
        self._matches: NDArray[np.int32] | None = None
        self._changed: NDArray[np.bool_] | None = None

    def take_keys(self, keys: Floats) -> None:
        """Compare with the patches of these colours (h', w', 3) from now on."""
        from analogon.methods.gpnn.matching import Search

        planes = self._planes(keys, self.source_labels)
        weights = np.full(planes.shape[2], self.config.label_weight / (2 * self.size**2), np.float32)
        weights[:3] = 1 / (3 * self.size**2)
        self._search, self._changed = Search(planes, weights, self.size, self.config.leaves), None

    def improved(self, guess: Floats) -> tuple[Floats, bool]:
        """The guess with its patches replaced and averaged, and whether the same patches as before were taken."""
        from analogon.methods.gpnn.matching import fold

        queries = self._search.patches(self._planes(guess, self.labels))
        ease = None
        if self.config.alpha < INFINITE:
            ease, self._changed = np.float32(self.config.alpha) + self._search.far(queries), None
        earlier = self._matches
        self._matches, _ = self._search.nearest(queries, ease, earlier, self._changed)
        moved = np.ones(queries.points.shape[:2], bool)
        if earlier is not None:
            moved = (self._matches != earlier).any(-1)
            self._changed = _within(moved, self.size)  # all others ask for what they asked for before
        return fold(self.values, self._matches, self.size), not moved.any()

    def _planes(self, image: Floats, labels: Floats) -> Floats:
        """What patches are compared by: the colours and, where labels count, a plane for each class."""
        return np.ascontiguousarray(np.concatenate([image, labels], -1) if self.config.label_weight else image)


def _smaller(shape: tuple[int, int], factor: float, least: int) -> tuple[int, int]:
    """A shape times a factor, but no side under ``least``."""
    return max(round(shape[0] * factor), least), max(round(shape[1] * factor), least)


def _limited(shape: tuple[int, int], limit: int) -> tuple[int, int]:
    """The same aspect with the longer side at most ``limit``."""
    scale = min(1.0, limit / max(shape))
    return max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1)


def _carried(exemplar: Exemplar, target: LabelMap) -> Floats:
    """The crude edit: pixels of the source, where the layouts say that they go."""
    from analogon.transport import transport

    places = np.floor(transport(exemplar.labels, target).field + 0.5).astype(np.intp)
    edit: Floats = exemplar.image[places[..., 0], places[..., 1]]
    return edit


def _resized(planes: Floats, shape: tuple[int, int]) -> Floats:
    """Planes (h, w, C) at another size: cubic, without aliasing where they are shrunk."""
    from PIL import Image

    if planes.shape[:2] == shape:
        return planes.copy()
    size = shape[1], shape[0]
    resized = [
        np.asarray(Image.fromarray(planes[..., c]).resize(size, Image.Resampling.BICUBIC), np.float32)
        for c in range(planes.shape[2])
    ]
    return np.stack(resized, -1)


def _labels(labels: LabelMap, shape: tuple[int, int]) -> Floats:
    """Shares of the classes in each pixel of a smaller size: (h, w, K)."""
    return np.clip(_resized(labels.one_hot(), shape), 0, 1)


def _within(moved: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Patches that share a pixel with one that has moved."""
    from scipy import ndimage as ndi

    reached: NDArray[np.bool_] = ndi.maximum_filter(moved, 2 * size - 1, mode="constant", cval=0)
    return reached


class NearestPatches:
    """GPNN in its job of editing (a :class:`~analogon.methods.base.Method`)."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> NearestPatchesSynthesizer:  # noqa: ARG002
        """Keep the exemplar."""
        return NearestPatchesSynthesizer(exemplar, config)

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> NearestPatchesSynthesizer:  # noqa: ARG002
        """Back from an exemplar alone; see the package's base class."""
        if arrays:
            raise ModelError("The model holds arrays that GPNN has no use for: make it again.")
        return NearestPatchesSynthesizer(exemplar, config)


METHOD = NearestPatches()
