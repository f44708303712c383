"""From noise, or from a rough picture, to a picture: noise is taken away step by step, from coarse to fine scales."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.methods.patch_diffusion.config import Config
from analogon.methods.patch_diffusion.denoiser import Denoiser, Search, Source
from analogon.methods.patch_diffusion.scales import enlarged, resized, scaled, shares, sizes, within
from analogon.rendering import Guide
from analogon.run import Progress, Run

Floats = NDArray[np.float32]
Places = NDArray[np.int32]

#: Where there are too many patches to compare all with all, they stand a share of their side apart: one over this.
APART = 5
#: Size of the finest scale where pieces are joined at the full size: larger ones find nothing that these lack.
FINEST = 0.5
#: Sources of scales that are kept for the next picture.
KEPT = 12


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be sampled.

    Attributes:
        target: the layout (h, w), with the exemplar's palette.
        rough: float32 (h, w, 3) that noise is added to; None for noise alone.
        noise: its deviation at the first scale; None for the configuration's.
        first: how many of the coarsest scales are passed by.
        known: float32 (h, w, 3), what is not open stays as it is here; None where all is open.
        open_: bool (h, w), what is sought.
        guides: what is compared besides.
    """

    target: LabelMap
    rough: Floats | None = None
    noise: float | None = None
    first: int = 0
    known: Floats | None = None
    open_: NDArray[np.bool_] | None = None
    guides: tuple[Guide, ...] = ()


@dataclass(frozen=True, eq=False)
class Sample:
    """What came of a task.

    Attributes:
        image: float32 (h, w, 3), the means of the last step at the target's size.
        places: int32 (h, w, 2), the source pixel that the patches of the last step agree on.
        size: of the finest scale over the full one.
        seconds: of each scale.
    """

    image: Floats
    places: Places
    size: float
    seconds: dict[str, float] = field(default_factory=dict)


class Sampler:
    """Samples pictures that look like an exemplar."""

    def __init__(
        self, exemplar: Exemplar, config: Config, on: Callable[[Denoiser], Denoiser] = lambda work: work
    ) -> None:
        """Make ready; ``on`` moves a denoiser to what computes it."""
        self.exemplar, self.config, self._on = exemplar, config, on
        self.search = Search(config.patch, config.border_weight, config.nearest, config.leaves, config.pairs)
        self._sources: dict[tuple[int, int], Source] = {}

    def sample(self, task: Task, run: Run, config: Config | None = None) -> Sample:
        """A picture for a task, the same for the same seed; ``config`` says how, where not as usual."""
        config = config or self.config
        rng, exemplar, target, seconds = np.random.default_rng(run.seed), self.exemplar, task.target, {}
        shapes = exemplar.frame, target.shape
        most = 1.0 if config.finish == "means" else FINEST
        every = sizes(shapes, config.patch, config.view, config.scales, config.pixels, most)
        every = every[min(task.first, len(every) - 1) :]
        open_ = np.ones(target.shape, bool) if task.open_ is None else task.open_
        picture = task.rough
        for n, size in enumerate(every):
            clock, stage = time.perf_counter(), f"scale {n + 1}/{len(every)}"
            theirs, ours = scaled(exemplar.shape, size), scaled(target.shape, size)
            stay = within(~open_, ours)
            source = self._source(theirs, task.guides)
            conditions = self._conditions(target, [guide.target for guide in task.guides], task.guides, ours)
            every_one = int(np.prod(theirs)) * int(np.prod(ours)) <= config.pairs
            work = self._on(Denoiser(source, conditions, ~stay, 1 if every_one else max(2, config.patch // APART)))
            known = None if task.known is None else resized(task.known, ours)[stay]
            noise = config.sigma_fine if n else config.sigma if task.noise is None else task.noise
            base = np.full((*ours, 3), 0.5, np.float32) if picture is None else resized(picture, ours)
            noisy = base + np.float32(noise) * rng.normal(size=base.shape).astype(np.float32)
            sigmas = np.geomspace(noise, min(noise, config.sigma_last), config.levels)
            for step, sigma in enumerate(sigmas):
                run.listener(Progress(stage, step, len(sigmas)))
                if known is not None:
                    noisy[stay] = known
                mean = work.estimate(noisy, float(sigma), step)
                following = sigmas[step + 1] / sigma if step + 1 < len(sigmas) else 0.0
                noisy = mean + np.float32(following) * (noisy - mean)
            picture = noisy
            seconds[stage] = time.perf_counter() - clock
        ids = exemplar.labels.resize(theirs).indices(), target.resize(ours).indices()
        places = enlarged(work.places(*map(np.ascontiguousarray, ids)), target.shape, theirs, exemplar.shape)
        return Sample(np.clip(resized(noisy, target.shape), 0, 1), places, size, seconds)

    def with_config(self, config: Config) -> Sampler:
        """Of the same exemplar, otherwise."""
        return Sampler(self.exemplar, config, self._on)

    def _source(self, shape: tuple[int, int], guides: tuple[Guide, ...]) -> Source:
        if shape in self._sources and not guides:
            return self._sources[shape]
        exemplar = self.exemplar
        usable = np.ones(exemplar.shape, bool) if exemplar.usable is None else exemplar.usable
        conditions = self._conditions(exemplar.labels, [guide.source for guide in guides], guides, shape)
        image = np.clip(resized(exemplar.image, shape), 0, 1)
        usable = within(usable, shape)
        source = Source(image, conditions, usable if usable.any() else ~usable, self.search)
        if not guides:
            if len(self._sources) >= KEPT:
                self._sources.clear()
            self._sources[shape] = source
        return source

    def _conditions(
        self, labels: LabelMap, maps: list[Floats], guides: tuple[Guide, ...], shape: tuple[int, int]
    ) -> Floats:
        """Classes and maps of guides as planes (h, w, C), times the roots of their weights."""
        planes = [shares(labels, shape) * np.float32(self.config.label_weight**0.5)]
        for values, guide in zip(maps, guides, strict=True):
            values = values.reshape(*values.shape[:2], -1)
            whole = np.zeros((*labels.shape, values.shape[2]), np.float32)
            whole[: values.shape[0], : values.shape[1]] = values  # a guide may be for the frame alone
            planes.append(resized(whole, shape) * np.float32((3 * guide.weight / values.shape[2]) ** 0.5))
        return np.concatenate(planes, -1)
