"""The collage method on one page: fit, restore, render."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.methods.base import Arrays
from analogon.methods.collage.advice import Keeper, Word, divisible, source_of
from analogon.methods.collage.config import Config
from analogon.methods.collage.draft import Draft
from analogon.methods.collage.lessons import COLOURS, Lesson
from analogon.methods.collage.network import Attention
from analogon.methods.collage.planes import Ids, count_planes, layout_of
from analogon.methods.collage.training import Trainer
from analogon.ops.arrange import cell_size
from analogon.ops.engine import class_places, paint, staying, synthesize
from analogon.provenance import Provenance
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Outcome, Progress, Run
from analogon.training import drive, write_previews
from analogon.training.device import flushed_denormals, pick


class Collager:
    """A trained network and the exemplar it belongs to (a :class:`~analogon.methods.base.Polisher`)."""

    def __init__(self, exemplar: Exemplar, config: Config, network: Attention, outcome: Outcome = UNTRAINED) -> None:
        done = {"steps": outcome.steps} if outcome.steps else {}
        self.exemplar, self.config, self.outcome = exemplar, config.model_copy(update=done), outcome
        self.network = network.eval().requires_grad_(False)
        self._keeper: Keeper | None = None
        self._drafts: dict[int, Draft] = {}
        # whoever paints renders each layout in a thread of its own
        self._lock = threading.Lock()

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """Pieces laid side by side, one pass; see the package's base class."""
        return self._made(target, run, wishes, join=False)

    def polished(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """Pieces joined by the whole search, which leaps nowhere into those that the network proposed."""
        return self._made(target, run, wishes, join=True)

    def _made(self, target: LabelMap, run: Run, wishes: Wishes, *, join: bool) -> Rendering:
        source_ids, target_ids = class_places(self.exemplar, target)
        keeper = self._kept(source_ids, pick(run.device))
        word = Word(keeper, target_ids, trust=self.config.trust, turns=self.config.turns)
        with flushed_denormals():
            return synthesize(self.exemplar, target, run, wishes=wishes, advice=word, join=join)

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """The likeliest place of each cell; see the package's base class."""
        started = time.monotonic()
        source_ids, target_ids = class_places(self.exemplar, target)
        device, cell = pick(run.device), cell_size(target.shape)
        draft = self._drafted(source_ids, device, cell)
        run.listener(Progress("drafting", 0, 2))
        layout = layout_of(*divisible(target_ids, cell), draft.classes)
        run.listener(Progress("drafting", 1, 2))
        with torch.inference_mode(), flushed_denormals():
            arrays = layout.planes, layout.main, target_ids.astype(np.int64)
            flat = draft.of_planes(*(torch.from_numpy(array).to(device) for array in arrays)).cpu().numpy()
        run.listener(Progress("drafting", 2, 2))
        places = np.stack(np.divmod(flat, self.exemplar.shape[1]), -1).astype(np.int32)
        fixed = staying(self.exemplar, source_ids, target_ids, wishes)
        places[fixed] = np.argwhere(fixed)
        image = paint(self.exemplar.image, places)
        return Rendering(image, Provenance(places, self.exemplar.shape), {"drafting": time.monotonic() - started})

    def onnx(self) -> bytes:
        """The draft as a file; see the package's base class."""
        from analogon.methods.collage.export import to_onnx

        return to_onnx(self.network, self.exemplar)

    def _kept(self, source_ids: Ids, device: torch.device) -> Keeper:
        """The network on a device, with what it knows of the picture."""
        with self._lock:
            return self._kept_now(source_ids, device)

    def _drafted(self, source_ids: Ids, device: torch.device, cell: int) -> Draft:
        """What drafts on a device and on cells of so many pixels."""
        with self._lock:
            keeper = self._kept_now(source_ids, device)
            if cell not in self._drafts:
                self._drafts[cell] = Draft(keeper, cell)
            return self._drafts[cell]

    def _kept_now(self, source_ids: Ids, device: torch.device) -> Keeper:
        """See :meth:`_kept`; the lock is held."""
        if self._keeper is None or self._keeper.device != device:
            self._keeper, self._drafts = Keeper(self.network, self.exemplar, source_ids, device), {}
        return self._keeper

    def arrays(self) -> Arrays:
        """The network's weights."""
        return {k: v.detach().cpu().contiguous().numpy() for k, v in self.network.state_dict().items()}


class Collage:
    """Attention over one picture, trained on invented layouts (a :class:`~analogon.methods.base.Method`)."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> Collager:
        """Train on one exemplar; see the package's base class."""
        return self.fit_many([exemplar], [config], run)[0]

    def fit_many(self, exemplars: Sequence[Exemplar], configs: Sequence[Config], run: Run) -> list[Collager]:
        """Train a network for each exemplar, all in one program; see the package's base class."""
        started, device = time.monotonic(), pick(run.device)
        with flushed_denormals():
            lessons = [lesson_of(*pair, seed=run.seed) for pair in zip(exemplars, configs, strict=True)]
            trainer = Trainer(lessons, configs[0], seed=run.seed, device=device)

            def collagers(outcome: Outcome = UNTRAINED) -> list[Collager]:
                every = zip(exemplars, configs, strict=True)
                return [
                    Collager(exemplar, config, _network(exemplar, trainer.weights(n)), outcome)
                    for n, (exemplar, config) in enumerate(every)
                ]

            preview = partial(_preview, collagers, run) if run.folder is not None and run.targets else None
            return collagers(drive(trainer, run, run.request, started=started, preview=preview))

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> Collager:  # noqa: ARG002 (moves when it renders)
        """Back from :meth:`Collager.arrays`; see the package's base class."""
        try:
            network = _network(exemplar, {k: torch.from_numpy(np.array(v)) for k, v in arrays.items()})
        except RuntimeError as problem:
            raise ModelError(
                "The model's weights are not those of a collage network for its classes: fit it again."
            ) from problem
        return Collager(exemplar, config, network)


METHOD = Collage()


def lesson_of(exemplar: Exemplar, config: Config, *, seed: int) -> Lesson:
    """What an exemplar gives to learn from."""
    ids, _ = class_places(exemplar, exemplar.labels)
    cell = cell_size(exemplar.frame)
    # cells stay what they are where layouts are invented on fewer pixels
    factor = 1
    while 2 * factor < cell and max(exemplar.shape) > factor * config.size_limit:
        factor *= 2
    small, small_cell = divisible(ids[::factor, ::factor], cell // factor)
    source = source_of(exemplar, ids, cell)
    return Lesson(source, np.ascontiguousarray(small), len(exemplar.labels.palette), small_cell, config, seed=seed)


def _network(exemplar: Exemplar, weights: Mapping[str, torch.Tensor]) -> Attention:
    """One with given weights: nobody's random numbers are drawn for it.

    Raises:
        RuntimeError: they are not of such a network.
    """
    with torch.random.fork_rng(devices=()):
        network = Attention(count_planes(len(exemplar.labels.palette)), COLOURS)
    network.load_state_dict(weights)
    return network


def _preview(collagers: Callable[[], list[Collager]], run: Run, tag: str) -> Path | None:
    """Every target as the model would make it now."""
    (now,) = collagers()
    return write_previews(lambda target: now.render(target, run).image, run, tag)
