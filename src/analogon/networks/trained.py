"""Networks that have learnt, and how they make pictures of any size."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor

from analogon.data import Exemplar, LabelMap, Palette
from analogon.datasets.values import Pair, Pictures
from analogon.errors import OptionError
from analogon.networks.batches import Views, edge_map
from analogon.networks.painter import Look, Looks, Painter, Places, summed
from analogon.networks.settings import Learning
from analogon.rendering import PLAIN, Attention, Rendering, Style, Wishes
from analogon.run import UNTRAINED, Outcome, Run
from analogon.training.device import flushed_denormals, pick

Image = NDArray[np.float32]
#: So far from 1 sums of weights may be by rounding.
SLACK = 1e-6


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

    @property
    def takes(self) -> frozenset[str]:
        """What decides its looks; see the package's base class."""
        painter = self.painter
        kinds = {
            "style": painter.styled, "random": painter.random and painter.styled,
            "classes": painter.by_class, "places": painter.by_place,
        }  # fmt: skip
        return frozenset(name for name, can in kinds.items() if can)

    def render(self, target: LabelMap, run: Run, styles: Sequence[Style] = ()) -> Rendering:
        """A target at the size that was learnt, enlarged to its own; see the package's base class."""
        started = time.monotonic()
        size = self.config.window(self.painter.stride)
        whole, over = [s for s in styles if s.whole], [s for s in styles if not s.whole]
        if styles and not self.painter.styled:
            raise OptionError("This model has one look for each layout: leave out --style, or train one with codes.")
        if not (whole or self.painter.random):
            more = " for the whole picture, besides those of parts" if over else ""
            raise OptionError(f"This model takes the look from a picture: name one with --style{more}.")
        with torch.inference_mode(), flushed_denormals():
            known: dict[int, Look] = {}
            for source in (style.source for style in styles):
                if id(source) not in known:
                    known[id(source)] = self._look(source, size, run)
            looks: Looks = [(s.weight, known[id(s.source)]) for s in whole] or [(1.0, self.random_look(size, run))]
            if any(style.classes for style in over):
                looks = [(1.0, self._with_classes(looks, over, known))]
            places = [(_places(s), known[id(s.source)]) for s in over if s.mask is not None]
            if places:
                _check_places(places)
            image = self.picture(target.resize(size), looks, run, places)
        return Rendering(resized(image, target.shape), seconds={"painting": time.monotonic() - started})

    def attention(self, target: LabelMap, run: Run, style: Exemplar) -> list[Attention]:
        """What a render of the target in this style looks at, fine to coarse; see the package's base class."""
        size, device = self.config.window(self.painter.stride), pick(run.device)
        with torch.inference_mode(), flushed_denormals():
            seen = self._style_views(style.resize(size), device)
            views = self._views(target.resize(size), device)
            found = self.painter.to(device).attentions(views, seen)
        names = "where", "gates", "shares"
        return [Attention(*(one[name][0].float().cpu().numpy() for name in names)) for one in found]

    def _look(self, source: Exemplar | int, size: tuple[int, int], run: Run) -> Look:
        if isinstance(source, Exemplar):
            return self.look_of(source.resize(size), run)
        return self.random_look(size, replace(run, seed=source))

    def _with_classes(self, looks: Looks, over: Sequence[Style], known: Mapping[int, Look]) -> Look:
        """A look whose classes have those of the styles that name them, and what is beneath for the rest of 1."""
        beneath = {name: summed(looks, name) for name in looks[0][1]}
        others: dict[int, Look] = {}
        for number, name in enumerate(self.palette.names):
            mixed = [(s.weight, known[id(s.source)]) for s in over if name in s.classes]
            left = 1 - sum(weight for weight, _ in mixed)
            if left < -SLACK:
                raise OptionError(f"The styles of class '{name}' weigh {1 - left:.3g} together: leave it at 1 or less.")
            if mixed:
                mixed += [(left, beneath)] if abs(left) > SLACK else []
                others[number] = {part: summed(mixed, part) for part in beneath}
        return self.painter.with_classes(beneath, others)

    def look_of(self, style: Exemplar, run: Run) -> Look:
        """The look of a picture with its layout, whose size is whole multiples of the painter's stride."""
        device = pick(run.device)
        return self.painter.to(device).look_of(self._style_views(style, device))

    def random_look(self, size: tuple[int, int], run: Run) -> Look:
        """A look drawn from the run's seed, for pictures of a size."""
        device = pick(run.device)
        look = self.painter.random_look(size, torch.Generator().manual_seed(run.seed))
        return {name: value.to(device) for name, value in look.items()}

    def picture(self, target: LabelMap, looks: Looks, run: Run, places: Places = ()) -> Image:
        """(h, w, 3) in [0, 1] for a layout of any size, at that size; with places, of whole multiples of the stride."""
        device, (h, w) = pick(run.device), target.shape
        views = self._views(_filled(target, self.painter.stride), device)
        painter = self.painter.to(device)
        batch = painter.picture_by_places(views, looks, places) if places else painter.picture(views, looks)
        made = batch[0, :, :h, :w]
        return np.ascontiguousarray((made.clamp(-1, 1) + 1).div(2).permute(1, 2, 0).float().cpu().numpy())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The painter's weights and running averages."""
        return {k: v.detach().cpu().contiguous().numpy() for k, v in self.painter.state_dict().items()}

    def _style_views(self, style: Exemplar, device: torch.device) -> Views:
        labels = style.labels
        if labels.palette != self.palette:
            if self.painter.reads_layout:
                raise OptionError(
                    "This model takes a look class by class: name a label map, as in --style IMAGE:LABELS."
                )
            labels = LabelMap(np.full(labels.shape, self.palette.ids[0]), self.palette)
        return self._views(labels, device, style.image)

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


def _places(style: Style) -> Tensor:
    assert style.mask is not None
    return torch.from_numpy(np.array(style.mask))[None, None] * style.weight


def _check_places(places: Places) -> None:
    most = float(torch.stack([mask for mask, _ in places]).sum(0).max())
    if most > 1 + SLACK:
        raise OptionError(
            f"The masks of styles, as they weigh, add up to {most:.3g} in some place: let them share the picture out."
        )


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
