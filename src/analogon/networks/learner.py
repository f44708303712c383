"""A method of this kind: a painter, windows that it learns from, and the training around them."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap, Palette
from analogon.datasets.augmenting import Augmentation
from analogon.datasets.values import Pictures
from analogon.errors import ModelError
from analogon.networks.batches import Cut, Sampler
from analogon.networks.painter import Painter
from analogon.networks.settings import Coded, Learning
from analogon.networks.trained import FittedNetwork, OnePicture, TrainedNetwork, working_exemplar
from analogon.networks.trainer import Trainer
from analogon.rendering import Style
from analogon.run import UNTRAINED, Outcome, Run
from analogon.training import drive, write_previews
from analogon.training.device import flushed_denormals, pick
from analogon.training.world import ALONE, World, joined

#: Layouts of the data set that are shown in previews.
SHOWN = 3


@dataclass(frozen=True)
class Learner:
    """A method that learns a data set, or one picture taken for one (a :class:`~analogon.methods.base.SetMethod`).

    Attributes:
        name: what messages call it.
        make: a painter with initial weights, of a configuration, a number of classes, and channels of layouts.
        cuts: what a step takes of a pair that has the given augmentation.
    """

    name: str
    make: Callable[[Any, int, int], Painter]
    cuts: Callable[[Augmentation, Any], Cut]

    def train(self, pictures: Pictures, config: Any, run: Run) -> TrainedNetwork:
        """Learn a data set, alone or with other processes; see the package's base class."""
        started = time.monotonic()
        config = config.model_copy(update={"instances": config.instances and pictures.has_instances})
        stride = self._stride(config, pictures.palette)
        augmentation = Augmentation(config.loaded(stride), (1.0, config.zoom), config.window(stride), config.flip)
        with flushed_denormals(), joined(pick(run.device)) as (world, device):
            trainer = self._trainer(pictures, config, augmentation, run, device, world)

            def trained(outcome: Outcome = UNTRAINED) -> TrainedNetwork:
                return TrainedNetwork(pictures.palette, config, _copy(trainer), outcome)

            show = None
            if run.folder is not None and world.leads:
                pairs = [pictures[i].exemplar(pictures.palette) for i in range(min(SHOWN, len(pictures)))]
                others = {id(one.labels): pairs[n - 1] for n, one in enumerate(pairs)}
                showing = replace(run, targets=tuple(one.labels for one in pairs), device=str(device))

                def show(tag: str) -> Path | None:
                    now = trained()

                    def made(target: LabelMap) -> NDArray[np.float32]:
                        style = [Style(others[id(target)])] if now.painter.styled else []
                        return now.render(target, showing, style).image

                    return write_previews(made, showing, tag)

            outcome = drive(trainer, run, run.request, started=started, preview=show, world=world, preemptible=True)
            return trained(outcome)

    def restore_trained(
        self,
        palette: Palette,
        config: Any,
        arrays: Mapping[str, NDArray[Any]],
        run: Run,  # noqa: ARG002 (it moves to the device when it renders)
    ) -> TrainedNetwork:
        """Back from :meth:`TrainedNetwork.arrays`; see the package's base class."""
        with torch.random.fork_rng(devices=[]):  # initial weights are drawn, to no end
            painter = self._painter(config, palette)
        try:
            painter.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in arrays.items()})
        except RuntimeError as problem:
            raise ModelError(
                f"The model's weights are not those of a {self.name} network of its configuration: train it again."
            ) from problem
        return TrainedNetwork(palette, config, painter)

    def fit(self, exemplar: Exemplar, config: Any, run: Run) -> FittedNetwork:
        """Learn one picture by its windows; see the package's base class."""
        started = time.monotonic()
        config = config.model_copy(update={"instances": False})
        palette = exemplar.labels.palette
        stride = self._stride(config, palette)
        pictures = OnePicture(working_exemplar(exemplar, config), stride)
        h, w = (min(a, b) for a, b in zip(config.window(stride), pictures.exemplar.shape, strict=True))
        augmentation = Augmentation(None, (1.0, config.zoom), (h, w), config.flip)
        with flushed_denormals():
            trainer = self._trainer(pictures, config, augmentation, run, pick(run.device), ALONE)

            def fitted(outcome: Outcome = UNTRAINED) -> FittedNetwork:
                return FittedNetwork(exemplar, TrainedNetwork(palette, config, _copy(trainer), outcome))

            def show(tag: str) -> Path | None:
                now = fitted()
                return write_previews(lambda target: now.render(target, run).image, run, tag)

            preview = show if run.folder is not None and run.targets else None
            return fitted(drive(trainer, run, run.request, started=started, preview=preview))

    def restore(self, exemplar: Exemplar, config: Any, arrays: Mapping[str, NDArray[Any]], run: Run) -> FittedNetwork:
        """Back from :meth:`FittedNetwork.arrays`; see the package's base class."""
        return FittedNetwork(exemplar, self.restore_trained(exemplar.labels.palette, config, arrays, run))

    def _trainer(
        self,
        pictures: Pictures,
        config: Learning,
        augmentation: Augmentation,
        run: Run,
        device: torch.device,
        world: World,
    ) -> Trainer:
        batches = Sampler(
            pictures,
            self.cuts(augmentation, config),
            batch=config.batch,
            seed=run.seed,
            edges=config.instances,
            device=device,
            world=world,
        )
        return Trainer(
            config,
            lambda: self._painter(config, pictures.palette),
            len(pictures.palette) + config.instances,
            batches,
            seed=run.seed,
            device=device,
            divergence_weight=config.divergence if isinstance(config, Coded) else 0.0,
            divergence_from=config.divergence_from if isinstance(config, Coded) else 0.0,
            world=world,
        )

    def _painter(self, config: Learning, palette: Palette) -> Painter:
        return self.make(config, len(palette), len(palette) + config.instances)

    def _stride(self, config: Learning, palette: Palette) -> int:
        with torch.device("meta"):
            return self._painter(config, palette).stride


def _copy(trainer: Trainer) -> Painter:
    """The weights that make pictures, as they are now, on the CPU."""
    return copy.deepcopy(trainer.rendering).cpu()
