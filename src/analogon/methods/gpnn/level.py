"""Patches replaced coarse to fine: what layouts and jobs have in common."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap
from analogon.methods.gpnn.config import INFINITE, Config
from analogon.run import Progress, Run

Floats = NDArray[np.float32]
Shape = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Climb:
    """A source, and how guesses are refined with its patches from level to level.

    Attributes:
        image: the source, float32 (h', w', 3).
        source, wanted: label maps of source and result; None where patches are compared by colours alone.
        held: a picture in the result's size and what of it stays, bool (h, w); None for nothing.
    """

    config: Config
    image: Floats
    source: LabelMap | None = None
    wanted: LabelMap | None = None
    held: tuple[Floats, NDArray[np.bool_]] | None = None

    def refined(
        self, start: Floats, shape: Shape, levels: int, run: Run, seconds: dict[str, float], *, noise: float = 0.0
    ) -> Floats:
        """The start (of any size) made of patches of the source: float32 (h, w, 3).

        Args:
            shape: of the result, no side under that of a patch.
            levels: of the pyramid, at most; there are no more than the pictures have room for.
            seconds: what each level takes is added.
            noise: standard deviation of what is added to the start at the coarsest level, by the run's seed.
        """
        config, clock = self.config, time.perf_counter()
        size, levels = self.room(shape, levels)
        guess, below = start, None
        for level in reversed(range(levels)):
            stage = f"level {levels - level}/{levels}"
            theirs, ours = (smaller(one, config.factor**level, size) for one in (self.image.shape[:2], shape))
            guess, values = resized(guess, ours), resized(self.image, theirs)
            if below is None and noise > 0:
                guess += np.random.default_rng(run.seed).normal(0, noise, guess.shape).astype(np.float32)
            # what the guess is made of is as blurred as a coarser picture is
            keys = values if below is None else resized(below, theirs)
            work = Level(config, values, _shares(self.source, theirs), _shares(self.wanted, ours), size)
            work.take_keys(keys)
            rounds = 1 if below is None else config.rounds
            for n in range(rounds):
                run.listener(Progress(stage, n, rounds))
                if n == 1:  # from now on the guess is as sharp as the source
                    work.take_keys(values)
                guess, done = work.improved(self._with_held(guess))
                if done:
                    break
            below = values
            seconds[stage] = time.perf_counter() - clock
            clock = time.perf_counter()
        return guess

    def room(self, shape: Shape, levels: int) -> Shape:
        """Side of a patch and number of levels that source and result have room for."""
        sides = (*self.image.shape[:2], *shape)
        size, count = min(self.config.patch, *(n - (n + 1) % 2 for n in sides)), 1
        while count < levels and min(sides) * self.config.factor**count >= 2 * size:
            count += 1
        return size, count

    def _with_held(self, guess: Floats) -> Floats:
        """The guess with what is held put back."""
        if self.held is None:
            return guess
        picture, mask = (resized(np.float32(one).reshape(*one.shape[:2], -1), guess.shape[:2]) for one in self.held)
        return np.where(mask > 0.5, picture, guess)


class Level:
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

    def forget(self) -> None:
        """Begin anew with a guess of another size."""
        self._matches = self._changed = None

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


def smaller(shape: Shape, factor: float, least: int) -> Shape:
    """A shape times a factor, but no side under ``least``."""
    return max(round(shape[0] * factor), least), max(round(shape[1] * factor), least)


def limited(shape: Shape, limit: int) -> Shape:
    """The same aspect with the longer side at most ``limit``."""
    scale = min(1.0, limit / max(shape))
    return max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1)


def resized(planes: Floats, shape: Shape) -> Floats:
    """Planes (h, w, C) at another size: cubic, without aliasing where they are shrunk."""
    from PIL import Image

    if planes.shape[:2] == shape:
        return planes.copy()
    size = shape[1], shape[0]
    channels = [
        np.asarray(Image.fromarray(planes[..., c]).resize(size, Image.Resampling.BICUBIC), np.float32)
        for c in range(planes.shape[2])
    ]
    return np.stack(channels, -1)


def _shares(labels: LabelMap | None, shape: Shape) -> Floats:
    """Shares of the classes in each pixel of a smaller size: (h, w, K); none without labels."""
    if labels is None:
        return np.zeros((*shape, 0), np.float32)
    return np.clip(resized(labels.one_hot(), shape), 0, 1)


def _within(moved: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Patches that share a pixel with one that has moved."""
    from scipy import ndimage as ndi

    reached: NDArray[np.bool_] = ndi.maximum_filter(moved, 2 * size - 1, mode="constant", cval=0)
    return reached
