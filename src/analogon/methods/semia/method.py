"""SemIA on one page: fit, restore, render."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.methods.base import Arrays
from analogon.methods.semia.conditions import layout_conditions
from analogon.methods.semia.config import Config
from analogon.methods.semia.networks import Generator
from analogon.methods.semia.practice import carried, carry, open_places, shift_tensor, to_tensor
from analogon.methods.semia.training import Trainer, make_generator
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Outcome, Run
from analogon.tone import Tones, class_tones, tone_shift
from analogon.training import drive, write_previews
from analogon.training.device import flushed_denormals, pick
from analogon.transport import transport

#: Pixels that the networks, which halve a picture three times, need on its shorter side.
SHORTEST = 16


class Painter:
    """A trained SemIA generator and the exemplar it belongs to (a :class:`~analogon.methods.base.Synthesizer`)."""

    def __init__(self, exemplar: Exemplar, config: Config, generator: Generator, outcome: Outcome = UNTRAINED) -> None:
        done = {"steps": outcome.steps} if outcome.steps else {}
        self.exemplar, self.config, self.outcome = exemplar, config.model_copy(update=done), outcome
        self.generator = generator.eval().requires_grad_(False)

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:  # noqa: ARG002 (takes none)
        """One forward pass at the working size, brought to the target's size; see the package's base class."""
        started = time.monotonic()
        image = self._full_size(target, pick(run.device))
        return Rendering(image, seconds={"painting": time.monotonic() - started})

    def _full_size(self, target: LabelMap, device: torch.device) -> NDArray[np.float32]:
        self.generator.to(device)
        small = _shrunk(target, self.config.size_limit)
        given, made = self._paint(small, device)
        if small.shape == target.shape:
            return _array(made)
        if not self.config.carry:
            return _array(F.interpolate(made, target.shape, mode="bicubic", align_corners=False))
        # what the network changed is smooth; the detail is carried from the full-size picture
        change = F.interpolate(made - given, target.shape, mode="bicubic", align_corners=False)
        way = transport(self.exemplar.labels, target)
        shift = tone_shift(self._tones, self.exemplar, way, target.indices())
        full = carry(to_tensor(self.exemplar.image, device), way.field, "bilinear")
        return _array(full + shift_tensor(shift, device) + change)

    @cached_property
    def _working(self) -> Exemplar:
        return working_exemplar(self.exemplar, self.config)

    @cached_property
    def _tones(self) -> Tones:
        return class_tones(self.exemplar)

    def _paint(self, target: LabelMap, device: torch.device) -> tuple[Tensor, Tensor]:
        """The generator's input picture and its output at the working size, (1, 3, h, w) in [-1, 1]."""
        exemplar, kind = self._working, self.config.conditions
        image = to_tensor(exemplar.image, device)
        source, wanted = (layout_conditions(labels, kind, device) for labels in (exemplar.labels, target))
        opened = torch.ones(1, 1, 1, 1, device=device)
        if self.config.carry:
            way = transport(exemplar.labels, target)
            shift = shift_tensor(tone_shift(self._tones, exemplar, way, target.indices()), device)
            image, source, _ = carried(image, source, way.field, shift)
            opened = open_places(way, target).to(device)
        elif target.shape != exemplar.shape:
            image = F.interpolate(image, target.shape, mode="bicubic", align_corners=False)
            source = F.interpolate(source, target.shape, mode="nearest-exact")
        with torch.inference_mode():
            painted, _ = self.generator(image, source, wanted)
            return image, torch.lerp(image, painted, opened)

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> None:
        """There is none: a render is a single pass."""

    def arrays(self) -> Arrays:
        """The generator's weights."""
        return {k: v.detach().cpu().contiguous().numpy() for k, v in self.generator.state_dict().items()}


class SemIA:
    """Conditional single-image GAN (a :class:`~analogon.methods.base.Method`)."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> Painter:
        """Train on one exemplar; see the package's base class."""
        with flushed_denormals():
            return self._fit(exemplar, config, run)

    def _fit(self, exemplar: Exemplar, config: Config, run: Run) -> Painter:
        started = time.monotonic()
        trainer = Trainer(
            working_exemplar(exemplar, config),
            config,
            seed=run.seed,
            device=pick(run.device),
            targets=tuple(_shrunk(t, config.size_limit) for t in run.targets),
            listener=run.listener,
        )

        def painter(outcome: Outcome = UNTRAINED) -> Painter:
            generator = make_generator(config, trainer.classes)
            generator.load_state_dict(trainer.rendering.state_dict())
            return Painter(exemplar, config, generator, outcome)

        preview = partial(_preview, painter, run) if run.folder is not None and run.targets else None
        return painter(drive(trainer, run, run.request, started=started, preview=preview))

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> Painter:
        """Back from :meth:`Painter.arrays`; see the package's base class."""
        generator = make_generator(config, len(exemplar.labels.palette))
        try:
            generator.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in arrays.items()})
        except RuntimeError as problem:
            raise ModelError(
                "The model's weights are not those of a SemIA generator of its configuration: fit it again."
            ) from problem
        return Painter(exemplar, config, generator.to(pick(run.device)))


METHOD = SemIA()


def working_exemplar(exemplar: Exemplar, config: Config) -> Exemplar:
    """The exemplar at the size the networks work at."""
    return exemplar.resize(_limited(exemplar.shape, config.size_limit))


def _shrunk(target: LabelMap, limit: int) -> LabelMap:
    return target.resize(_limited(target.shape, limit))


def _limited(shape: tuple[int, int], limit: int) -> tuple[int, int]:
    """The same aspect with the longer side at most ``limit``, but the shorter one at least :data:`SHORTEST`."""
    scale = max(min(1.0, limit / max(shape)), SHORTEST / min(shape))
    return round(shape[0] * scale), round(shape[1] * scale)


def _preview(painter: Callable[[], Painter], run: Run, tag: str) -> Path | None:
    """Every target as the model would paint it now, at working size."""
    now = painter()
    return write_previews(lambda target: now.render(_shrunk(target, now.config.size_limit), run).image, run, tag)


def _array(image: Tensor) -> NDArray[np.float32]:
    out: NDArray[np.float32] = ((image[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).contiguous().cpu().numpy()
    return out
