"""SinGAN on one page: fit, restore, render, perform."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.jobs import Job
from analogon.methods.base import Arrays
from analogon.methods.singan.config import Config
from analogon.methods.singan.ladder import Ladder
from analogon.methods.singan.masks import EDIT_REACH, around, blended
from analogon.methods.singan.networks import Growing, Pyramid, make_generator
from analogon.methods.singan.performing import Performance, performed
from analogon.methods.singan.sizes import ratios
from analogon.methods.singan.training import Trainer
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Outcome, Progress, Run
from analogon.tone import carried
from analogon.training import drive, write_previews
from analogon.training.device import flushed_denormals, pick


class Painter:
    """A trained generator and the exemplar it belongs to (a :class:`~analogon.methods.base.Performer`)."""

    def __init__(self, exemplar: Exemplar, config: Config, ladder: Ladder, outcome: Outcome = UNTRAINED) -> None:
        done = {"steps": outcome.steps} if outcome.steps else {}
        self.exemplar, self.config, self.outcome = exemplar, config.model_copy(update=done), outcome
        self.ladder = ladder
        ladder.generator.eval().requires_grad_(False)

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:  # noqa: ARG002 (takes none)
        """The picture carried by the layouts, remade where that tore it; see the package's base class."""
        run.listener(Progress("generating", 0, 1))
        begun = time.monotonic()
        way = carried(self.exemplar, target)
        seconds = {"carrying": time.monotonic() - begun}
        begun = time.monotonic()
        image = way.image
        if way.torn.any():
            performance = self._performance(run)
            start = 1 + round(self.config.inject * max(self.ladder.last - 1, 0))
            made = performance.remade(way.image, run.seed, start)
            image = blended(way.image, made, around(way.torn, EDIT_REACH))
        return Rendering(image, seconds={**seconds, "generating": time.monotonic() - begun})

    def perform(self, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
        """See the package's base class."""
        return performed(self._performance(run), jobs, run)

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> None:
        """There is none: a render is a few passes."""

    def arrays(self) -> Arrays:
        """The generator's weights, how much noise its scales are given, and what it makes the picture of."""
        weights = {f"generator.{k}": v for k, v in self.ladder.generator.state_dict().items()}
        arrays = {k: v.detach().cpu().contiguous().numpy() for k, v in weights.items()}
        arrays["amplitudes"] = np.array(self.ladder.amplitudes)
        return arrays | {"anchor": self.ladder.anchor.cpu().numpy()}

    def _performance(self, run: Run) -> Performance:
        device = pick(run.device)
        self.ladder.generator.to(device)
        self.ladder.anchor = self.ladder.anchor.to(device)
        return Performance(self.ladder, self.exemplar, self.config)


class SinGAN:
    """GANs that learn the patches of one picture, coarse to fine (a :class:`~analogon.methods.base.Method`)."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> Painter:
        """Train on one exemplar; see the package's base class."""
        with flushed_denormals():
            return self._fit(exemplar, config, run)

    def _fit(self, exemplar: Exemplar, config: Config, run: Run) -> Painter:
        started = time.monotonic()
        picture = torch.from_numpy(exemplar.image * np.float32(2) - 1).permute(2, 0, 1)[None].contiguous()
        trainer = Trainer(picture, config, seed=run.seed, device=pick(run.device), timed=run.minutes is not None)

        def painter(outcome: Outcome = UNTRAINED) -> Painter:
            now = trainer.ladder
            generator = _generator(config, now.generator.scales)
            generator.load_state_dict(now.generator.state_dict())
            ladder = replace(
                now, generator=generator.to(now.device), amplitudes=list(now.amplitudes), anchor=now.anchor.clone()
            )
            return Painter(exemplar, config, ladder, outcome)

        def preview(tag: str) -> Path | None:
            now = painter()
            return write_previews(lambda target: now.render(target, run).image, run, tag)

        shown = preview if run.folder is not None and run.targets else None
        return painter(drive(trainer, run, run.request, started=started, preview=shown))

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> Painter:
        """Back from :meth:`Painter.arrays`; see the package's base class."""
        try:
            tensors = {k: torch.from_numpy(np.array(v)) for k, v in arrays.items()}
            amplitudes, anchor = tensors.pop("amplitudes").tolist(), tensors.pop("anchor")
            shares = ratios(exemplar.shape, config)
            if not 1 <= len(amplitudes) <= len(shares) or anchor.ndim != 4:
                raise ValueError("the model is of other scales")
            generator = _generator(config, len(amplitudes))
            generator.load_state_dict({k.removeprefix("generator."): v for k, v in tensors.items()})
        except (RuntimeError, KeyError, ValueError) as problem:
            raise ModelError(
                "The model's weights are not those of a SinGAN generator of its configuration: fit it again."
            ) from problem
        device = pick(run.device)
        return Painter(exemplar, config, Ladder(generator.to(device), shares, amplitudes, anchor.to(device)))


METHOD = SinGAN()


def _generator(config: Config, scales: int) -> Growing | Pyramid:
    """One of so many scales, its weights to be filled in: nobody's random numbers are drawn for it."""
    with torch.random.fork_rng(devices=()):
        generator = make_generator(config)
        while generator.scales < scales:
            generator.grow()
    return generator
