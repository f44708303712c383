"""GPDM on one page: nothing is learnt; each render moves the pixels of a carried picture."""

from __future__ import annotations

import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage as ndi
from torch import Tensor

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.methods.base import Arrays
from analogon.methods.gpdm.config import Config
from analogon.methods.gpdm.level import Crude, Level, to_tensor
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Progress, Run
from analogon.tone import Carried, carried
from analogon.training.device import pick

#: Pixels on the shorter side that are always worked at, for patches to fit in.
SHORTEST = 16


class PixelSynthesizer:
    """An exemplar whose patches the pixels of a picture are brought to have."""

    outcome = UNTRAINED

    def __init__(self, exemplar: Exemplar, config: Config) -> None:
        self.exemplar, self.config = exemplar, config

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:  # noqa: ARG002 (takes none)
        """Coarse to fine, gradient steps on the distance between the patches of the picture and of the source."""
        config, device, seconds = self.config, pick(run.device), dict[str, float]()
        since = time.perf_counter()
        way = carried(self.exemplar, target)
        start = Exemplar(way.image, target)
        seconds["carrying"], since = time.perf_counter() - since, time.perf_counter()
        draws = torch.Generator().manual_seed(run.seed)
        scales = scales_of(self.exemplar.shape, target.shape, config)
        steps = [config.iterations[min(n, len(config.iterations) - 1)] for n in range(len(scales))]
        if scales[-1] < 1:  # the last is for the size alone
            scales, steps = [*scales, 1.0], [*steps, 0]
        told = _Counter(run, sum(steps))
        image = before = torch.zeros(())
        for n, (scale, count) in enumerate(zip(scales, steps, strict=True)):
            source, sized = (one.resize(_scaled(one.shape, scale)) for one in (self.exemplar, start))
            crude = self._crude(way, sized, source.shape)
            edit, free = to_tensor(crude.image, device), torch.from_numpy(crude.free.astype(np.float32)).to(device)
            if n == 0:
                image = edit + free * config.noise * torch.randn(edit.shape, generator=draws).to(device)
            elif config.detail:
                image = edit + free * _enlarged(image - before, sized.shape)
            else:
                image = torch.lerp(edit, _enlarged(image, sized.shape), free)
            image, before = Level(source, crude, config, device).matched(image, count, draws, told), edit
            seconds[f"level {n + 1}/{len(scales)}"], since = time.perf_counter() - since, time.perf_counter()
        return Rendering(_array(_reduced(image, target.shape)), seconds=seconds)

    def _crude(self, way: Carried, sized: Exemplar, source: tuple[int, int]) -> Crude:
        """A carried picture at a level's size (``sized``), where the source has this shape."""
        free, full = np.ones(sized.shape, bool), way.torn.shape
        if self.config.moving == "torn":
            size = sized.shape[1], sized.shape[0]
            covered = Image.fromarray(way.torn.astype(np.float32)).resize(size, Image.Resampling.BOX)
            torn = np.asarray(covered) > 1e-4  # where any pixel that it covers is
            free = ndi.binary_dilation(torn, np.ones((3, 3), bool), iterations=self.config.patch // 2)
        at = np.ix_(*(((np.arange(n) + 0.5) * most / n).astype(int) for n, most in zip(sized.shape, full, strict=True)))
        places = (way.field[at] + 0.5) * (np.array(source) / self.exemplar.shape)
        return Crude(sized.image, sized.labels.indices(), free, places.astype(np.int64), way.shift[at])

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> None:
        """There is none."""

    def arrays(self) -> Arrays:
        """Nothing is learnt."""
        return {}


class GPDM:
    """Patch distributions matched directly (a :class:`~analogon.methods.base.Method`)."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> PixelSynthesizer:  # noqa: ARG002 (the contract's)
        """There is nothing to learn."""
        return PixelSynthesizer(exemplar, config)

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> PixelSynthesizer:  # noqa: ARG002
        """Back from exemplar and configuration alone."""
        if arrays:
            raise ModelError("The model holds arrays that method 'gpdm' has no use for: make it again.")
        return PixelSynthesizer(exemplar, config)


METHOD = GPDM()


class _Counter:
    """Tells a listener of every step, whichever level it belongs to."""

    def __init__(self, run: Run, steps: int) -> None:
        self._run, self._steps, self._done = run, steps, 0

    def __call__(self) -> None:
        self._done += 1
        self._run.listener(Progress("matching patches", self._done, self._steps))


def scales_of(source: tuple[int, int], target: tuple[int, int], config: Config) -> list[float]:
    """Sizes of the levels as shares of the full size, coarse to fine, from the (height, width) of both pictures."""
    shortest, longest = min(*source, *target), max(*source, *target)
    finest = min(1.0, max(config.size_limit / longest, SHORTEST / shortest))
    room = shortest * finest / max(config.coarsest, config.patch)
    count = max(int(math.log(room) / -math.log(config.factor) + 1e-9), 0) if room > 1 else 0
    return [finest * config.factor**n for n in range(count, -1, -1)]


def _scaled(shape: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(round(shape[0] * scale), SHORTEST), max(round(shape[1] * scale), SHORTEST)


def _enlarged(image: Tensor, shape: tuple[int, int]) -> Tensor:
    return F.interpolate(image, shape, mode="bicubic", align_corners=False)


def _reduced(image: Tensor, shape: tuple[int, int]) -> Tensor:
    """At the target's size, which may be less than the least that is worked at."""
    if image.shape[-2:] == shape:
        return image
    return F.interpolate(image, shape, mode="bicubic", antialias=True, align_corners=False)


def _array(image: Tensor) -> NDArray[np.float32]:
    out: NDArray[np.float32] = ((image[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).contiguous().cpu().numpy()
    return out
