"""InGAN on one page: fit, restore, render, and its jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.jobs import Job, Reshape, Retarget
from analogon.methods.base import Arrays
from analogon.methods.ingan.config import Config
from analogon.methods.ingan.geometry import Transformation
from analogon.methods.ingan.networks import SHORTEST, Generator, place
from analogon.methods.ingan.training import Trainer, inverse_loss, make_generator, to_tensor
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Outcome, Progress, Run
from analogon.training import drive, write_previews
from analogon.training.device import flushed_denormals, pick
from analogon.transport import transport

Picture = NDArray[np.float32]


class Remapper:
    """A trained generator and the exemplar it belongs to (a :class:`~analogon.methods.base.Performer`)."""

    def __init__(self, exemplar: Exemplar, config: Config, generator: Generator, outcome: Outcome = UNTRAINED) -> None:
        done = {"steps": outcome.steps} if outcome.steps else {}
        self.exemplar, self.config, self.outcome = exemplar, config.model_copy(update=done), outcome
        self.generator = generator.eval().requires_grad_(False)

    # -- jobs ----------------------------------------------------------------------------------------------------

    def perform(self, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
        """Each size and outline in one forward pass; see the package's base class."""
        for n, job in enumerate(jobs):
            run.listener(Progress("remapping", n, len(jobs)))
            if isinstance(job, Reshape):
                yield self.remapped(Transformation.into(job.size, job.corners), run)
            else:
                assert isinstance(job, Retarget)
                yield self.remapped(Transformation.of(job.size), run)
        run.listener(Progress("remapping", len(jobs), len(jobs)))

    def remapped(self, to: Transformation, run: Run) -> Rendering:
        """The exemplar through a transformation; white where it shows nothing of the exemplar."""
        started = time.monotonic()
        small = Transformation(self._small(to.size), to.matrix)
        change = self._change(self._working.image, small, run)
        # statistics of the whole output are in its norms: without this, brightness would change with the size
        change -= change[small.covered()].mean(0) if small.covered().any() else 0
        # what the network changes is brought to full size, finer detail is that of the stretched picture
        image = np.clip(_stretched(self.exemplar.image, to) + _resized(change, to.size), 0, 1)
        covered = None
        if not to.rectangular:
            covered = to.covered()
            image = np.where(covered[..., None], image, np.float32(1))
        return Rendering(image, seconds={"painting": time.monotonic() - started}, covered=covered)

    def inverse_error(self, to: Transformation, run: Run) -> float:
        """Mean absolute difference, in [0, 1], of the working picture and what comes back from a transformation."""
        device = pick(run.device)
        image, back = to_tensor(self._working.image, device), to.inverse(self._working.shape)
        with torch.inference_mode(), flushed_denormals():
            place(self.generator, device)
            again = self.generator(self.generator(image, to).clamp(-1, 1), back).clamp(-1, 1)
            return float(inverse_loss(again, image, back)) / 2

    # -- layouts -------------------------------------------------------------------------------------------------

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:  # noqa: ARG002 (takes none)
        """The picture carried by the layouts, through the network as it is; see the package's base class."""
        started = time.monotonic()
        small = self._small(target.shape)
        given = _carried(self._working, target.resize(small))
        change = self._change(given, Transformation.of(small), run)
        # as above: at full size the detail stays that of the carried picture
        image = _carried(self.exemplar, target) + _resized(change, target.shape)
        return Rendering(np.clip(image, 0, 1), seconds={"painting": time.monotonic() - started})

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> None:
        """There is none: a render is a single pass."""

    def arrays(self) -> Arrays:
        """The generator's weights."""
        return {k: v.detach().cpu().contiguous().numpy() for k, v in self.generator.state_dict().items()}

    # -- the network ---------------------------------------------------------------------------------------------

    @cached_property
    def _working(self) -> Exemplar:
        return working_exemplar(self.exemplar, self.config)

    def _small(self, size: tuple[int, int]) -> tuple[int, int]:
        """A size of results in pixels of the working size."""
        theirs, ours = self.exemplar.shape, self._working.shape
        return max(1, round(size[0] * ours[0] / theirs[0])), max(1, round(size[1] * ours[1] / theirs[1]))

    def _change(self, image: Picture, to: Transformation, run: Run) -> Picture:
        """What the network adds to the stretched picture (h, w, 3), of which so much is shown as the recipe says."""
        return np.float32(self.config.strength) * (self._pass(image, to, run) - _stretched(image, to))

    def _pass(self, image: Picture, to: Transformation, run: Run) -> Picture:
        """One forward pass: pictures (h, w, 3) in [0, 1]."""
        device = pick(run.device)
        short = [max(0, SHORTEST - n) for n in image.shape[:2]]
        if any(short):  # of a target with a side of fewer pixels; it is cut back
            image = np.pad(image, ((0, short[0]), (0, short[1]), (0, 0)), "edge")
            to = Transformation((to.size[0] + short[0], to.size[1] + short[1]), to.matrix)
        with torch.inference_mode(), flushed_denormals():
            place(self.generator, device)
            made = _array(self.generator(to_tensor(image, device), to))
        return made[: to.size[0] - short[0], : to.size[1] - short[1]]


class InGAN:
    """A network that remaps one picture (a :class:`~analogon.methods.base.Method`)."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> Remapper:
        """Train on one exemplar; see the package's base class."""
        started = time.monotonic()
        with flushed_denormals():
            picture = working_exemplar(exemplar, config).image
            trainer = Trainer(picture, config, seed=run.seed, device=pick(run.device))

            def remapper(outcome: Outcome = UNTRAINED) -> Remapper:
                generator = make_generator(config)
                generator.load_state_dict(trainer.rendering.state_dict())
                return Remapper(exemplar, config, generator, outcome)

            preview = partial(_preview, remapper, run) if run.folder is not None and run.targets else None
            return remapper(drive(trainer, run, run.request, started=started, preview=preview))

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> Remapper:  # noqa: ARG002 (moves when it renders)
        """Back from :meth:`Remapper.arrays`; see the package's base class."""
        generator = make_generator(config)
        try:
            generator.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in arrays.items()})
        except RuntimeError as problem:
            raise ModelError(
                "The model's weights are not those of an InGAN generator of its configuration: fit it again."
            ) from problem
        return Remapper(exemplar, config, generator)


METHOD = InGAN()


def working_exemplar(exemplar: Exemplar, config: Config) -> Exemplar:
    """The exemplar at the size the network works at: no side longer than the limit, the shorter one at least 16."""
    shape = exemplar.shape
    scale = max(min(1.0, config.size_limit / max(shape)), SHORTEST / min(shape))
    return exemplar.resize((round(shape[0] * scale), round(shape[1] * scale)))


def _preview(remapper: Callable[[], Remapper], run: Run, tag: str) -> Path | None:
    """Every target as the model would paint it now."""
    now = remapper()
    return write_previews(lambda target: now.render(target, run).image, run, tag)


def _carried(exemplar: Exemplar, target: LabelMap) -> Picture:
    """The crude edit: pixels of the exemplar, where the layouts say that they go."""
    places = np.floor(transport(exemplar.labels, target).field + 0.5).astype(np.intp)
    edit: Picture = exemplar.image[places[..., 0], places[..., 1]]
    return edit


def _stretched(image: Picture, to: Transformation) -> Picture:
    """A picture (h, w, 3) through a transformation alone."""
    if to.rectangular:
        return _resized(image, to.size)
    planes = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    return np.ascontiguousarray(to.apply(planes)[0].permute(1, 2, 0).numpy())


def _resized(image: Picture, size: tuple[int, int]) -> Picture:
    """A picture, or a difference of two, at another size: bicubic, without aliasing where it shrinks."""
    if image.shape[:2] == size:
        return image
    planes = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    made = F.interpolate(planes, size, mode="bicubic", align_corners=False, antialias=True)
    return np.ascontiguousarray(made[0].permute(1, 2, 0).numpy())


def _array(image: Tensor) -> Picture:
    out: Picture = ((image[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).contiguous().cpu().numpy()
    return out
