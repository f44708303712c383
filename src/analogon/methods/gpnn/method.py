"""GPNN: nothing is learnt; each render is a synthesis of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.jobs import Job
from analogon.methods.base import Arrays
from analogon.methods.gpnn.config import Config
from analogon.methods.gpnn.level import Climb, limited, resized
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Run

Floats = NDArray[np.float32]


class NearestPatchesSynthesizer:
    """An exemplar and how to take patches from it (a :class:`~analogon.methods.base.Synthesizer`)."""

    outcome = UNTRAINED

    def __init__(self, exemplar: Exemplar, config: Config) -> None:
        self.exemplar, self.config = exemplar, config

    @cached_property
    def _working(self) -> Exemplar:
        return self.exemplar.resize(limited(self.exemplar.shape, self.config.size_limit))

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:  # noqa: ARG002 (takes none)
        """Carry the picture by the layouts, then replace patches from coarse to fine; see the package's base class."""
        config, clock = self.config, time.perf_counter()
        exemplar, wanted = self._working, target.resize(limited(target.shape, config.size_limit))
        wanted = LabelMap(wanted.ids, exemplar.labels.palette)
        edit = _carried(exemplar, wanted)
        seconds = {"carrying": time.perf_counter() - clock}
        climb = Climb(config, exemplar.image, exemplar.labels, wanted)
        found = climb.refined(edit, wanted.shape, config.levels, run, seconds, noise=config.noise)
        return Rendering(np.clip(resized(found, target.shape), 0, 1), seconds=seconds)

    def perform(self, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
        """Variations, other sizes, edits and paintings; see the package's base class."""
        from analogon.methods.gpnn.jobs import performed

        return performed(self.exemplar.image, self.config, jobs, run)

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> None:
        """There is none."""

    def arrays(self) -> Arrays:
        """Nothing is learnt."""
        return {}


def _carried(exemplar: Exemplar, target: LabelMap) -> Floats:
    """The crude edit: pixels of the source, where the layouts say that they go."""
    from analogon.transport import transport

    places = np.floor(transport(exemplar.labels, target).field + 0.5).astype(np.intp)
    edit: Floats = exemplar.image[places[..., 0], places[..., 1]]
    return edit


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
