"""A generator with what it needs to make pictures: how large its scales are, how much noise, and what it keeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from analogon.methods.singan.networks import Growing, Noise, Pyramid, whole, wide, wider
from analogon.methods.singan.sizes import Size, Window, resized

#: A map of more pixels than this is made strip by strip.
STRIP_PIXELS = 2**18
#: Rows of noise that are drawn together: a strip of a map has the noise that the whole has.
BAND = 32


@dataclass
class Ladder:
    """A generator, coarse to fine.

    Attributes:
        generator: of as many scales as were trained so far.
        shares: sizes of all scales, as shares of the finest.
        amplitudes: how much noise each scale is given.
        anchor: (1, 3, h, w), what the coarsest scale makes the picture itself of; noise for the pyramid, the
            picture for the growing generator.
    """

    generator: Pyramid | Growing
    shares: Sequence[float]
    amplitudes: list[float] = field(default_factory=list)
    anchor: Tensor = field(default_factory=lambda: torch.zeros(1, 3, 1, 1))

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.anchor.device

    @property
    def last(self) -> int:
        """The finest scale that there is."""
        return self.generator.scales - 1

    def made(
        self,
        sizes: Sequence[Size],
        noise: Noise,
        *,
        start: int = 0,
        given: Tensor | None = None,
        last: int | None = None,
        window: Window | None = None,
    ) -> Tensor:
        """The picture (1, 3, h, w) in [-1, 1] that a scale makes, or a window of it.

        Args:
            sizes: of all scales.
            noise: for each scale from ``start`` on.
            start: the first scale that runs; above 0 it is fed ``given``, and 1 more than ``last`` runs none.
            given: a picture of any size: what the scales below ``start`` would have made.
            last: the scale that makes it; None for the finest.
        """
        generator, last = self.generator, self.last if last is None else last
        size = sizes[last]
        window = window or whole(size)
        around = wider(window, size, generator.margin)
        parts = [around]  # what is looked at of each scale for the window, fine to coarse
        for scale in range(last, start if start == 0 else start - 1, -1):
            parts.append(generator.looked_at(parts[-1], sizes[scale], sizes[scale - 1]))
        below = known = None
        if start:
            assert given is not None
            picture = resized(given, sizes[start - 1])
            part = parts.pop()
            below, known = generator.encoded(picture, part), (sizes[start - 1], part)
            if start > last:
                return generator.picture(below, size, window)
        for scale in range(start, last + 1):
            part = parts.pop()
            below = generator.advanced(scale, below, sizes[scale], noise, part, known)
            known = sizes[scale], part
        assert below is not None
        return generator.picture(below, size, window)

    @torch.inference_mode()
    def painted(self, sizes: Sequence[Size], noise: Noise, *, start: int = 0, given: Tensor | None = None) -> Tensor:
        """As :meth:`made` by the finest scale, for any size: large maps strip by strip, none of them larger than the
        next to last one but the picture."""  # noqa: D205, D209 (one sentence)
        generator, last = self.generator, self.last
        below = None
        if 0 < start <= last:
            assert given is not None
            picture = resized(given, sizes[start - 1])
            below = self._filled(sizes[start - 1], lambda window: generator.encoded(picture, window))
        for scale in range(start, last):
            below = self._advanced(scale, below, sizes[scale], noise)
        size = sizes[last]

        def strip(window: Window) -> Tensor:
            around = wider(window, size, generator.margin)
            if start > last:
                assert given is not None
                state = generator.encoded(resized(given, size), around)
            else:
                state = generator.advanced(last, below, size, noise, around)
            return generator.picture(state, size, window)

        return self._filled(size, strip)

    def _advanced(self, scale: int, below: Tensor | None, size: Size, noise: Noise) -> Tensor:
        return self._filled(size, lambda window: self.generator.advanced(scale, below, size, noise, window))

    @staticmethod
    def _filled(size: Size, strip: Callable[[Window], Tensor]) -> Tensor:
        """A map put together of strips."""
        windows = list(_strips(size))
        if len(windows) == 1:
            return strip(windows[0])
        out: Tensor | None = None
        for window in windows:
            part = strip(window)
            if out is None:
                out = part.new_empty(1, part.shape[1], *size)
            out[..., window[0] : window[1], :] = part
        assert out is not None
        return out

    def kept(self, scale: int, channels: int, size: Size, window: Window) -> Tensor:
        """The noise that makes the picture itself (a :data:`~.networks.Noise`): the anchor, and then none."""
        top, bottom, left, right = window
        if scale == 0:
            return resized(self.anchor, size)[..., top:bottom, left:right]
        return torch.zeros(1, channels, bottom - top, right - left, device=self.device)

    def anchor_size(self, size: Size) -> Size:
        """What the anchor of a coarsest scale of this size has."""
        entry = self.generator.entry
        return wide(size, entry.margin) if entry.wide and isinstance(self.generator, Pyramid) else size


class Drawn:
    """Noise by a seed (a :data:`~.networks.Noise`), the same for a window and for the whole."""

    def __init__(self, ladder: Ladder, seed: int, *, first: int = 0, strength: float = 1.0, stream: int = 0) -> None:
        """Make ready.

        Args:
            ladder: whose noise it is.
            seed: and ``stream`` say what is drawn.
            first: scales below have the kept noise.
            strength: share of the noise of the scale ``first``; the rest is what is kept, if that is its anchor.
        """
        self.ladder, self.seed, self.first, self.strength, self.stream = ladder, seed, first, strength, stream

    def __call__(self, scale: int, channels: int, size: Size, window: Window) -> Tensor:
        """See :data:`~.networks.Noise`."""
        if scale < self.first:
            return self.ladder.kept(scale, channels, size, window)
        own = self.plain(scale, channels, size, window) * self.ladder.amplitudes[scale]
        if scale > self.first or self.strength == 1:
            return own
        rest = math.sqrt(1 - self.strength**2)
        return own * self.strength + self.ladder.kept(scale, channels, size, window) * rest

    def plain(self, scale: int, channels: int, size: Size, window: Window) -> Tensor:
        """Of standard deviation 1."""
        single = scale == 0 and isinstance(self.ladder.generator, Pyramid)
        drawn = banded((self.seed, self.stream, scale), 1 if single else channels, size, window)
        return drawn.to(self.ladder.device).expand(1, channels, *drawn.shape[2:])


def banded(key: tuple[int, ...], channels: int, size: Size, window: Window) -> Tensor:
    """A window of a map of normal noise (1, channels, h, w) that ``key`` names."""
    top, bottom, left, right = window
    bands = []
    for band in range(top // BAND, (bottom - 1) // BAND + 1):
        draws = torch.Generator().manual_seed(_mixed(*key, band))
        bands.append(torch.randn(1, channels, BAND, size[1], generator=draws))
    begun = top // BAND * BAND
    return torch.cat(bands, 2)[..., top - begun : bottom - begun, left:right]


def _mixed(*numbers: int) -> int:
    """One number of 63 bits for several."""
    mixed = 0
    for number in numbers:
        mixed = (mixed ^ (number + 0x9E3779B9)) * 0xBF58476D1CE4E5B9 % 2**64
        mixed ^= mixed >> 31
    return mixed % 2**63


def _strips(size: Size) -> Iterator[Window]:
    rows = max(STRIP_PIXELS // size[1], 16)
    for top in range(0, size[0], rows):
        yield top, min(top + rows, size[0]), 0, size[1]
