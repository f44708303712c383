"""The jobs: what is fed to a trained generator, at which scale, and what is made of its answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analogon.data import Exemplar
from analogon.jobs import Animate, Edit, Harmonize, Job, Paint, Retarget, Upscale, Vary
from analogon.methods.singan.config import Config
from analogon.methods.singan.ladder import Drawn, Ladder
from analogon.methods.singan.masks import EDIT_REACH, OBJECT_REACH, around, blended, within
from analogon.methods.singan.networks import Growing, Noise, Pyramid
from analogon.methods.singan.sizes import Size, Window, between, finest_of, resized, scaled, size_of
from analogon.rendering import Rendering
from analogon.run import Progress, Run

Floats = NDArray[np.float32]

#: Waves over an animation, and how strong they are: slow ones more.
WAVES = (1.0, 0.6, 0.3)
#: Where a picture is enlarged by less, no network is asked; pixels a side that its strength is measured from.
LEAST_PASS, MEASURED = 1.05, 96
#: Colours that differ by less are the same: half a level of 8 bits.
SAME = 0.5 / 255


class Performance:
    """A trained generator at work for one picture."""

    def __init__(self, ladder: Ladder, exemplar: Exemplar, config: Config) -> None:
        """Make ready; the ladder's device computes."""
        self.ladder, self.exemplar, self.config = ladder, exemplar, config
        finest = finest_of(exemplar.shape, config)
        share = ladder.shares[ladder.last]  # of a fit that was broken off, the finest that there is
        #: What pixels of the source's size are at the finest scale.
        self.scale = finest[0] * share / exemplar.shape[0], finest[1] * share / exemplar.shape[1]
        self.shares = [one / share for one in ladder.shares[: ladder.last + 1]]
        #: Sizes that the scales were trained at: the kept noise cannot be stretched by a pixel.
        self.trained = scaled(finest, ladder.shares[: ladder.last + 1])

    # -- sizes and scales ----------------------------------------------------------------------------------------

    def _sizes(self, size: Size) -> list[Size]:
        """The sizes of all scales, for a picture of ``size`` whose pixels are as large as the source's."""
        if size == self.exemplar.shape:
            return self.trained
        finest = max(round(size[0] * self.scale[0]), 1), max(round(size[1] * self.scale[1]), 1)
        return scaled(finest, self.shares)

    def _entrance(self, share: float) -> int:
        """The scale at which a picture is fed: 0 the second coarsest, 1 the finest."""
        last = self.ladder.last
        return 1 + round(share * (last - 1)) if last else 1

    def _fed(self, picture: Floats, sizes: Sequence[Size], start: int, noise: Noise) -> Tensor:
        """What is made of a picture that is fed to a scale."""
        ladder, given = self.ladder, self._tensor(picture)
        if ladder.last == 0 and isinstance(ladder.generator, Pyramid):
            return resized(given, sizes[0])  # there is no scale below the only one to be fed for
        return ladder.painted(sizes, noise, start=start, given=given)

    def _tensor(self, picture: Floats) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(picture * 2 - 1, np.float32)).permute(2, 0, 1)[None]
        return tensor.contiguous().to(self.ladder.device)

    def _full(self, made: Tensor, size: Size) -> Floats:
        """A picture at another size, an array; enlarged by the finest scale, which knows what detail looks like."""
        now = made.shape[-2], made.shape[-1]
        factor = min(size[0] / now[0], size[1] / now[1])
        if factor > LEAST_PASS:
            made = self._enlarged(made, size)
        out = resized(made, size)
        return ((out[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).contiguous().cpu().numpy()

    def _enlarged(self, picture: Tensor, size: Size) -> Tensor:
        """Enlarged in steps no larger than the one that the finest scale was trained for, each followed by it."""
        if self.ladder.last == 0:
            return resized(picture, size)
        for n, then in enumerate(between(size_of(picture), size, 1 / self.shares[-2])):
            share = self._strengths[min(n, len(self._strengths) - 1)]
            picture = (resized(picture, then) + share * self._detail(picture, then)).clamp(-1, 1)
        return picture

    def _detail(self, picture: Tensor, size: Size) -> Tensor:
        """What the finest scale adds to a picture that is enlarged to ``size``."""
        ladder = self.ladder
        sizes = [*[(1, 1)] * (ladder.last - 1), size_of(picture), size]
        made = ladder.painted(sizes, ladder.kept, start=ladder.last, given=picture)
        # what is made, shrunk, is what it was made of: or else a little too much of each pass adds up
        return made - resized(picture, size) + resized(picture - resized(made, sizes[-2]), size)

    @cached_property
    def _strengths(self) -> list[float]:
        """How much of the finest scale's detail fits the picture itself best, in the first pass, the second and so on.

        It is measured in the middle of the picture, from the size of the finest scale to the full one; where that is
        the full one, from the scale below.
        """
        source = self._tensor(self.exemplar.image)
        finest, full = self.trained[-1], self.exemplar.shape
        known = finest if max(full[0] / finest[0], full[1] / finest[1]) > LEAST_PASS else self.trained[-2]
        part = [min(MEASURED, side) for side in known]
        begun = [(side - seen) // 2 for side, seen in zip(known, part, strict=True)]

        def middle(size: Size) -> Tensor:
            ends = [
                (round(b * n / k), round((b + p) * n / k)) for b, p, n, k in zip(begun, part, size, known, strict=True)
            ]
            return resized(source, size)[..., slice(*ends[0]), slice(*ends[1])]

        picture, strengths = middle(known), []
        with torch.inference_mode():
            for size in between(known, full if known == finest else finest, 1 / self.shares[-2]):
                wanted = middle(size)
                detail = self._detail(picture, size_of(wanted))
                plain = resized(picture, size_of(wanted))
                share = float(((wanted - plain) * detail).sum() / detail.square().sum().clamp_min(1e-12))
                strengths.append(min(max(share, 0.0), 1.0))
                picture = (plain + strengths[-1] * detail).clamp(-1, 1)
        return strengths

    def again(self, last: int | None = None) -> Tensor:
        """The picture as the kept noise makes it, at a scale, (1, 3, h, w)."""
        with torch.inference_mode():
            return self.ladder.made(self.trained, self.ladder.kept, last=last)

    # -- jobs ----------------------------------------------------------------------------------------------------

    def varied(self, job: Vary, seed: int) -> Floats:
        """Noise from a scale on, the picture itself below; the first scale with noise has some of it only."""
        count = self.ladder.last + 1
        level = (1 - job.difference) * count
        first = min(int(level), count)
        if first == count:
            return self._full(resized(self._tensor(self.exemplar.image), job.size), job.size)
        sizes = self._sizes(job.size)
        noise = Drawn(self.ladder, seed, first=first, strength=1 - (level - first))
        if isinstance(self.ladder.generator, Growing) or sizes == self.trained:
            return self._full(self.ladder.painted(sizes, noise), job.size)
        if first == 0:  # noise cannot be stretched: what is kept is stretched after its scale
            return self._full(self.ladder.painted(sizes, Drawn(self.ladder, seed)), job.size)
        made = self.ladder.painted(sizes, noise, start=first, given=self.again(first - 1))
        return self._full(made, job.size)

    def retargeted(self, job: Retarget) -> Floats:
        """The coarsest picture stretched, all else as it is: parts keep the size that finer scales know them in."""
        sizes = self._sizes(job.size)
        if self.ladder.last == 0:
            return self._full(self.again(), job.size)
        made = self.ladder.painted(sizes, self.ladder.kept, start=1, given=self.again(0))
        return self._full(made, job.size)

    def painted(self, job: Paint, seed: int) -> Floats:
        """A painting is fed as what the coarse scales would have made; as large as the source in its frame."""
        size = job.painting.shape[0], job.painting.shape[1]
        finest = self.trained[-1]
        factor = math.sqrt(finest[0] * finest[1] / (size[0] * size[1]))
        working = max(round(size[0] * factor), 1), max(round(size[1] * factor), 1)
        start = self._entrance(1 - job.difference)
        sizes = scaled(working, self.shares)
        return self._full(self._fed(job.painting, sizes, start, Drawn(self.ladder, seed)), size)

    def edited(self, job: Edit, seed: int) -> Floats:
        """The edit is fed at a middle scale; what is made of it shows where it may."""
        if job.mask is not None:
            shown = within(job.mask)
        else:
            shown = around((np.abs(job.edited - self.exemplar.image) > SAME).any(-1), EDIT_REACH)
        return blended(job.edited, self.remade(job.edited, seed, self._entrance(self.config.inject)), shown)

    def remade(self, picture: Floats, seed: int, start: int) -> Floats:
        """A picture fed to a scale, in its own size."""
        size = picture.shape[0], picture.shape[1]
        sizes = self._sizes(size)
        return self._full(self._fed(picture, sizes, start, Drawn(self.ladder, seed)), size)

    def harmonized(self, job: Harmonize) -> Floats:
        """The composite is fed at a fine scale, without noise; what changes is added, so that its detail stays."""
        size = job.composite.shape[0], job.composite.shape[1]
        sizes = self._sizes(size)
        colours = self.config.practice > 0 and self.config.altered == "colours"
        start = self._entrance(0.0 if colours else (1 + self.config.inject) / 2)
        made = self._fed(job.composite, sizes, start, self._silent)
        before = resized(self._tensor(job.composite), sizes[-1])
        change = resized((made - before) / 2, size)[0].permute(1, 2, 0).cpu().numpy()
        shown = around(job.mask, OBJECT_REACH)
        return blended(job.composite, np.clip(job.composite + change, 0, 1), shown)

    def upscaled(self, job: Upscale) -> Floats:
        """The finest scale over and over, on a picture that grows by a little each time."""
        size = round(self.exemplar.shape[0] * job.factor), round(self.exemplar.shape[1] * job.factor)
        with torch.inference_mode():
            return self._full(self._enlarged(self._tensor(self.exemplar.image), size), size)

    def frame(self, job: Animate, number: int, seed: int) -> Floats:
        """One picture of a loop: noise that moves on a closed path around what is kept."""
        noise = _Moving(self.ladder, seed, job.amount, number / job.frames)
        return self._full(self.ladder.painted(self.trained, noise), self.exemplar.shape)

    def _silent(self, scale: int, channels: int, size: Size, window: Window) -> Tensor:
        """No noise at all (a :data:`~.networks.Noise`)."""
        return self.ladder.kept(max(scale, 1), channels, size, window)


class _Moving(Drawn):
    """Noise at a time of a loop (a :data:`~.networks.Noise`): a sum of a few waves with noise for their phases."""

    def __init__(self, ladder: Ladder, seed: int, amount: float, time: float) -> None:
        super().__init__(ladder, seed)
        self.amount, self.time = amount, time

    def __call__(self, scale: int, channels: int, size: Size, window: Window) -> Tensor:
        """See :data:`~.networks.Noise`."""
        kept = self.ladder.kept(scale, channels, size, window)
        if scale == 0:
            kept = kept * math.sqrt(1 - self.amount**2)
        return kept + self.amount * self.ladder.amplitudes[scale] * self._wave(scale, channels, size, window)

    def _wave(self, scale: int, channels: int, size: Size, window: Window) -> Tensor:
        total: Tensor | None = None
        norm = math.sqrt(sum(weight**2 for weight in WAVES))
        for n, weight in enumerate(WAVES, 1):
            angle = 2 * math.pi * n * self.time
            for self.stream, part in ((2 * n, math.cos(angle)), (2 * n + 1, math.sin(angle))):
                wave = self.plain(scale, channels, size, window) * (part * weight / norm)
                total = wave if total is None else total + wave
        assert total is not None
        return total


def performed(performance: Performance, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
    """The pictures for jobs of one kind; see :class:`~analogon.methods.base.Performer`."""
    for place, job in enumerate(jobs):
        own = replace(run, seed=run.seed + place)
        if isinstance(job, Animate):
            for number in range(job.frames):
                run.listener(Progress("animating", number, job.frames))
                begun = monotonic()
                image = performance.frame(job, number, own.seed)
                yield Rendering(image, seconds={"generating": monotonic() - begun})
            continue
        run.listener(Progress("generating", place, len(jobs)))
        begun = monotonic()
        image = _one(performance, job, own.seed)
        yield Rendering(image, seconds={"generating": monotonic() - begun})


def _one(performance: Performance, job: Job, seed: int) -> Floats:
    match job:
        case Vary():
            return performance.varied(job, seed)
        case Retarget():
            return performance.retargeted(job)
        case Paint():
            return performance.painted(job, seed)
        case Edit():
            return performance.edited(job, seed)
        case Harmonize():
            return performance.harmonized(job)
        case Upscale():
            return performance.upscaled(job)
        case _:
            raise TypeError(f"no job with one picture: {job}")
