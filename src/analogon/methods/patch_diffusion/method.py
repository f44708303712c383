"""Patch diffusion: nothing is learnt; each picture is sampled anew from noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.jobs import Job
from analogon.methods.base import Arrays
from analogon.methods.patch_diffusion.config import Config
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Run

if TYPE_CHECKING:
    from analogon.methods.patch_diffusion.sampling import Sampler


class DiffusionSynthesizer:
    """An exemplar whose patches are what noise is turned into (a :class:`~analogon.methods.base.Performer`)."""

    outcome = UNTRAINED

    def __init__(self, exemplar: Exemplar, config: Config, device: str) -> None:
        self.exemplar, self.config, self._device = exemplar, config, device

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """Sample a picture for the layout; see the package's base class."""
        from analogon.methods.patch_diffusion.layouts import painted

        return painted(self._sampler, target, run, wishes)

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering | None:
        """The preview."""
        return None if wishes.preview else self.render(target, run, replace(wishes, preview=True))

    def perform(self, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
        """See :mod:`analogon.methods.patch_diffusion.jobs`."""
        from analogon.methods.patch_diffusion.jobs import performed

        yield from performed(self._plain, jobs, run)

    def arrays(self) -> Arrays:
        """Nothing is learnt."""
        return {}

    @cached_property
    def _sampler(self) -> Sampler:
        """Of pictures of the exemplar's classes."""
        return self._sampler_of(self.exemplar)

    @cached_property
    def _plain(self) -> Sampler:
        """Of pictures without classes, which is how jobs see the exemplar."""
        from analogon.methods.patch_diffusion.jobs import unlabelled

        return self._sampler_of(unlabelled(self.exemplar))

    def _sampler_of(self, exemplar: Exemplar) -> Sampler:
        from analogon.methods.patch_diffusion.sampling import Sampler

        if self._device in ("auto", "cpu"):  # torch is for other devices than the CPU only
            return Sampler(exemplar, self.config)
        from analogon.methods.patch_diffusion.accelerated import DeviceDenoiser
        from analogon.training.device import pick

        return Sampler(exemplar, self.config, partial(DeviceDenoiser.on, pick(self._device)))


class PatchDiffusion:
    """See :class:`analogon.methods.base.Method`."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> DiffusionSynthesizer:
        """Keep the exemplar."""
        return DiffusionSynthesizer(exemplar, config, run.device)

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> DiffusionSynthesizer:
        """Back from an exemplar alone."""
        if arrays:
            raise ModelError("The model holds arrays that patch diffusion has no use for: make it again.")
        return DiffusionSynthesizer(exemplar, config, run.device)


METHOD = PatchDiffusion()
