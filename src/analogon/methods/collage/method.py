"""The collage method on one page: fit, restore, render."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.methods.base import Arrays
from analogon.methods.collage.advice import Keeper, Word, divisible, source_of
from analogon.methods.collage.config import Config
from analogon.methods.collage.network import Attention
from analogon.methods.collage.planes import count_planes
from analogon.methods.collage.training import COLOURS, Trainer
from analogon.ops.arrange import cell_size
from analogon.ops.engine import class_places, synthesize
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import Run
from analogon.training import drive, write_previews
from analogon.training.device import flushed_denormals, pick


class Collager:
    """A trained network and the exemplar it belongs to (a :class:`~analogon.methods.base.Polisher`)."""

    def __init__(self, exemplar: Exemplar, config: Config, network: Attention, stopped: str | None = None) -> None:
        self.exemplar, self.config, self.stopped = exemplar, config, stopped
        self.network = network.eval().requires_grad_(False)
        self._keeper: Keeper | None = None

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """Pieces laid side by side, one pass; see the package's base class."""
        return self._made(target, run, wishes, join=False)

    def polished(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """Pieces joined by the whole search, in which those that the network proposed stay as they are at first."""
        return self._made(target, run, wishes, join=True)

    def _made(self, target: LabelMap, run: Run, wishes: Wishes, *, join: bool) -> Rendering:
        device = pick(run.device)
        source_ids, target_ids = class_places(self.exemplar, target)
        if self._keeper is None or self._keeper.device != device:
            self._keeper = Keeper(self.network, self.exemplar, source_ids, device)
        word = Word(self._keeper, target_ids, trust=self.config.trust, turns=self.config.turns)
        with flushed_denormals():
            return synthesize(self.exemplar, target, run, wishes=wishes, advice=word, join=join)

    def arrays(self) -> Arrays:
        """The network's weights."""
        return {k: v.detach().cpu().contiguous().numpy() for k, v in self.network.state_dict().items()}


class Collage:
    """Attention over one picture, trained on invented layouts (a :class:`~analogon.methods.base.Method`)."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> Collager:
        """Train on one exemplar; see the package's base class."""
        started, device = time.monotonic(), pick(run.device)
        ids, _ = class_places(exemplar, exemplar.labels)
        cell = cell_size(exemplar.frame)
        # cells stay what they are where layouts are invented on fewer pixels
        factor = 1
        while 2 * factor < cell and max(exemplar.shape) > factor * config.size_limit:
            factor *= 2
        small, small_cell = divisible(ids[::factor, ::factor], cell // factor)
        with flushed_denormals():
            trainer = Trainer(
                source_of(exemplar, ids, cell),
                np.ascontiguousarray(small),
                len(exemplar.labels.palette),
                small_cell,
                config,
                seed=run.seed,
                device=device,
            )

            def collager(stopped: str | None = None) -> Collager:
                network = _network(exemplar)
                network.load_state_dict(trainer.network.state_dict())
                return Collager(exemplar, config.model_copy(update={"steps": trainer.steps}), network, stopped)

            preview = partial(_preview, collager, run) if run.folder is not None and run.targets else None
            return collager(drive(trainer, run, run.request, started=started, preview=preview).stopped)

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> Collager:  # noqa: ARG002 (moves when it renders)
        """Back from :meth:`Collager.arrays`; see the package's base class."""
        network = _network(exemplar)
        try:
            network.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in arrays.items()})
        except RuntimeError as problem:
            raise ModelError(
                "The model's weights are not those of a collage network for its classes: fit it again."
            ) from problem
        return Collager(exemplar, config, network)


METHOD = Collage()


def _network(exemplar: Exemplar) -> Attention:
    """One whose weights are about to be set: nobody's random numbers are drawn for it."""
    with torch.random.fork_rng(devices=()):
        return Attention(count_planes(len(exemplar.labels.palette)), COLOURS)


def _preview(collager: Callable[[], Collager], run: Run, tag: str) -> Path | None:
    """Every target as the model would make it now."""
    now = collager()
    return write_previews(lambda target: now.render(target, run).image, run, tag)
