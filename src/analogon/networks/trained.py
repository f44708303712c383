"""Networks that have learnt, and how they make pictures of any size."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import BaseModel

from analogon.data import Exemplar, LabelMap, Palette
from analogon.datasets.values import Pair, Pictures
from analogon.errors import OptionError
from analogon.networks.batches import Views, edge_map
from analogon.networks.painter import Look, Looks, Painter, summed
from analogon.networks.settings import Learning
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Outcome, Run
from analogon.training.device import flushed_denormals, pick

Image = NDArray[np.float32]
#: Pictures whose looks are mixed, and what each of them counts.
Styles = Sequence[tuple[float, Exemplar]]
NONE: Mapping[int, Exemplar | int] = MappingProxyType({})


class TrainedNetwork:
    """A painter that has learnt a data set (a :class:`~analogon.methods.base.Trained`).

    Attributes:
        palette: the classes of the data set.
        config: in effect; ``steps`` are those done.
        outcome: how the training ended.
        painter: in evaluation.
    """

    def __init__(self, palette: Palette, config: Learning, painter: Painter, outcome: Outcome = UNTRAINED) -> None:
        done = {"steps": outcome.steps} if outcome.steps else {}
        self.palette, self.config, self.outcome = palette, config.model_copy(update=done), outcome
        self.painter = painter.eval().requires_grad_(False)

    def render(
        self, target: LabelMap, run: Run, styles: Styles = (), classes: Mapping[int, Exemplar | int] = NONE
    ) -> Rendering:
        """A target at the size that was learnt, enlarged to its own; see the package's base class."""
        started = time.monotonic()
        size = self.config.window(self.painter.stride)
        if styles and not self.painter.styled:
            raise OptionError("This model has one look for each layout: leave out --style, or train one with codes.")
        if not (styles or self.painter.random):
            raise OptionError("This model takes the look from a picture: name one with --style.")
        with torch.inference_mode(), flushed_denormals():
            looks: list[tuple[float, Look]] = [
                (weight, self.look_of(one.resize(size), run)) for weight, one in styles
            ] or [(1.0, self.random_look(size, run))]
            if classes:
                looks = [(1.0, self._with_classes(looks, classes, size, run))]
            image = self.picture(target.resize(size), looks, run)
        return Rendering(resized(image, target.shape), seconds={"painting": time.monotonic() - started})

    def _with_classes(
        self, looks: Looks, classes: Mapping[int, Exemplar | int], size: tuple[int, int], run: Run
    ) -> Look:
        mixed = {name: summed(looks, name) for name in looks[0][1]}
        others = {
            self.palette.index_of(number): self.look_of(one.resize(size), run)
            if isinstance(one, Exemplar)
            else self.random_look(size, replace(run, seed=one))
            for number, one in classes.items()
        }
        return self.painter.with_classes(mixed, others)

    def look_of(self, style: Exemplar, run: Run) -> Look:
        """The look of a picture with its layout, whose size is whole multiples of the painter's stride."""
        device, labels = pick(run.device), style.labels
        if labels.palette != self.palette:
            if self.painter.reads_layout:
                raise OptionError(
                    "This model takes a look class by class: name a label map, as in --style IMAGE:LABELS."
                )
            labels = LabelMap(np.full(labels.shape, self.palette.ids[0]), self.palette)
        return self.painter.to(device).look_of(self._views(labels, device, style.image))

    def random_look(self, size: tuple[int, int], run: Run) -> Look:
        """A look drawn from the run's seed, for pictures of a size."""
        device = pick(run.device)
        look = self.painter.random_look(size, torch.Generator().manual_seed(run.seed))
        return {name: value.to(device) for name, value in look.items()}

    def picture(self, target: LabelMap, looks: Looks, run: Run) -> Image:
        """(h, w, 3) in [0, 1] for a layout of any size, at that size."""
        device, (h, w) = pick(run.device), target.shape
        views = self._views(_filled(target, self.painter.stride), device)
        made = self.painter.to(device).picture(views, looks)[0, :, :h, :w]
        return np.ascontiguousarray((made.clamp(-1, 1) + 1).div(2).permute(1, 2, 0).float().cpu().numpy())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The painter's weights and running averages."""
        return {k: v.detach().cpu().contiguous().numpy() for k, v in self.painter.state_dict().items()}

    def _views(self, labels: LabelMap, device: torch.device, image: Image | None = None) -> Views:
        classes = torch.from_numpy(labels.indices())[None]
        edges = torch.from_numpy(edge_map(labels.ids))[None, None] if self.config.instances else None
        planes = None if image is None else torch.from_numpy(image.transpose(2, 0, 1).copy())[None] * 2 - 1
        return Views(classes, len(self.palette), edges, planes).to(device)


class FittedNetwork:
    """A painter that has learnt one picture, taken for a data set (a :class:`~analogon.methods.base.Synthesizer`)."""

    def __init__(self, exemplar: Exemplar, network: TrainedNetwork) -> None:
        self.exemplar, self.network = exemplar, network

    @property
    def config(self) -> BaseModel:
        """The configuration in effect."""
        return self.network.config

    @property
    def outcome(self) -> Outcome:
        """How the fit ended."""
        return self.network.outcome

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:  # noqa: ARG002 (takes none)
        """The target in the look of the exemplar; see the package's base class."""
        started = time.monotonic()
        small = working_exemplar(self.exemplar, self.network.config)
        size = tuple(
            max(1, round(n * s / o)) for n, s, o in zip(target.shape, small.shape, self.exemplar.shape, strict=True)
        )
        with torch.inference_mode(), flushed_denormals():
            stride = self.network.painter.stride
            look = self.network.look_of(filled(small, stride), run) if self.network.painter.styled else {}
            image = self.network.picture(target.resize((size[0], size[1])), [(1.0, look)], run)
        return Rendering(resized(image, target.shape), seconds={"painting": time.monotonic() - started})

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> None:
        """There is none: a render is a single pass."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The painter's weights and running averages."""
        return self.network.arrays()


class OnePicture(Pictures):
    """One exemplar as a data set, its sides filled up to whole multiples of a stride."""

    def __init__(self, exemplar: Exemplar, stride: int) -> None:
        self.exemplar = filled(exemplar, stride)
        self.palette, self.unknown, self.has_instances = exemplar.labels.palette, None, False

    def __len__(self) -> int:
        """One."""
        return 1

    def pair(self, index: int) -> Pair:  # noqa: ARG002 (there is one)
        """The exemplar."""
        return Pair("exemplar", self.exemplar.image, self.exemplar.labels.ids)


def working_exemplar(exemplar: Exemplar, config: Learning) -> Exemplar:
    """The exemplar with no side longer than the limit."""
    scale = min(1.0, config.size_limit / max(exemplar.shape))
    h, w = (max(1, round(n * scale)) for n in exemplar.shape)
    return exemplar.resize((h, w))


def filled(exemplar: Exemplar, stride: int) -> Exemplar:
    """With the last row and column repeated up to whole multiples."""
    labels = _filled(exemplar.labels, stride)
    more = [a - b for a, b in zip(labels.shape, exemplar.shape, strict=True)]
    return Exemplar(np.pad(exemplar.image, ((0, more[0]), (0, more[1]), (0, 0)), "edge"), labels)


def _filled(labels: LabelMap, stride: int) -> LabelMap:
    more = [-n % stride for n in labels.shape]
    return LabelMap(np.pad(labels.ids, ((0, more[0]), (0, more[1])), "edge"), labels.palette) if any(more) else labels


def resized(image: Image, size: tuple[int, int]) -> Image:
    """A picture (h, w, 3) at another size: bicubic, without aliasing where it shrinks."""
    if image.shape[:2] == size:
        return image
    planes = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    made = F.interpolate(planes, size, mode="bicubic", align_corners=False, antialias=True)
    return np.ascontiguousarray(made[0].permute(1, 2, 0).clamp(0, 1).numpy())
