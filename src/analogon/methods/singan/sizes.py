"""How large a picture is at each scale, coarse to fine, and how it gets there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from analogon.methods.singan.config import Config

Size = tuple[int, int]
#: A part of a map: rows from, to, columns from, to.
Window = tuple[int, int, int, int]

#: The coarsest scale is smaller than the finest at least by this, for something to lie between them.
LEAST_RANGE = 1.3
#: Steepness of the cubic that enlarges, torch's own.
CUBIC = -0.75


def shortest(config: Config) -> int:
    """Pixels on the shorter side of any scale: two more than the critic's convolutions take away."""
    return 2 * (config.layers + 2) + 2


def finest_of(shape: Size, config: Config) -> Size:
    """The finest size that is trained at, for a picture of this (height, width)."""
    scale = max(min(1.0, config.size_limit / max(shape)), LEAST_RANGE * shortest(config) / min(shape))
    return round(shape[0] * scale), round(shape[1] * scale)


def ratios(shape: Size, config: Config) -> list[float]:
    """Sizes of all scales as shares of the finest, coarse to fine, the last one 1.

    Args:
        shape: (height, width) of the whole picture; :func:`finest_of` it is the finest scale.
    """
    finest = finest_of(shape, config)
    least = max(min(config.min_size, min(finest) / LEAST_RANGE), shortest(config))
    count = config.scales
    if not count:  # as released: from the nominal factor, of the whole picture
        steps = math.ceil(math.log(least / min(shape)) / math.log(config.factor) - 1e-9)
        skipped = math.ceil(math.log(min(config.size_limit / max(shape), 1)) / math.log(config.factor) - 1e-9)
        count = max(steps - skipped, 0) + 2
    if count == 1:
        return [1.0]
    factor = (least / min(finest)) ** (1 / (count - 1))
    if config.spacing == "even" or count == 2:
        return [factor ** (count - 1 - i) for i in range(count - 1)] + [1.0]
    stretch = (count - 2) / math.log(count - 1)
    return [factor ** (stretch * math.log(count - 1 - i) + 1) for i in range(count - 1)] + [1.0]


def scaled(finest: Size, shares: Sequence[float]) -> list[Size]:
    """The sizes of all scales of a picture that has size ``finest`` at the last one."""
    return [(math.ceil(finest[0] * share - 1e-9), math.ceil(finest[1] * share - 1e-9)) for share in shares]


def between(now: Size, size: Size, factor: float) -> list[Size]:
    """Sizes on the way from ``now`` to a larger ``size``, which is the last: in steps of about ``factor``."""
    passes = max(math.ceil(math.log(max(size[0] / now[0], size[1] / now[1])) / math.log(factor) - 0.1), 1)
    shares = [n / passes for n in range(1, passes + 1)]
    ways = [[max(round(a * (b / a) ** share), 1) for share in shares] for a, b in zip(now, size, strict=True)]
    return [(height, width) for height, width in zip(*ways, strict=True)]


def size_of(picture: Tensor) -> Size:
    """Height and width of a map (1, C, h, w)."""
    return picture.shape[-2], picture.shape[-1]


def resized(picture: Tensor, size: Size) -> Tensor:
    """A picture (1, C, h, w) at another size: bicubic, without aliasing where it shrinks."""
    if picture.shape[-2:] == size:
        return picture
    shrinks = size[0] < picture.shape[-2] or size[1] < picture.shape[-1]
    return F.interpolate(picture, size, mode="bicubic", align_corners=False, antialias=shrinks)


def enlarged(
    values: Tensor, size: Size, window: Window | None = None, known: tuple[Size, Window] | None = None
) -> Tensor:
    """A map (1, C, h, w) at another size, bicubic, or a window of that: the same values as a part of the whole.

    Args:
        known: ``values`` are no more than a window of a map of this size; at least :func:`needed`.
    """
    short, part = known or ((values.shape[-2], values.shape[-1]), (0, values.shape[-2], 0, values.shape[-1]))
    if window is None or window == (0, size[0], 0, size[1]):
        if short == size and known is None:
            return values
        if known is None:
            return F.interpolate(values, size, mode="bicubic", align_corners=False)
        window = 0, size[0], 0, size[1]
    for axis in (0, 1):
        ends = window[2 * axis : 2 * axis + 2]
        values = _enlarged_along(values, axis + 2, (short[axis], part[2 * axis]), size[axis], *ends)
    return values


def needed(window: Window, size: Size, short: Size) -> Window:
    """What of a map of size ``short`` is looked at for a window of it at ``size``."""
    ends: list[int] = []
    for axis in (0, 1):
        ratio = short[axis] / size[axis]
        first, last = ((n + 0.5) * ratio - 0.5 for n in (window[2 * axis], window[2 * axis + 1] - 1))
        ends += [max(math.floor(first) - 1, 0), min(math.floor(last) + 3, short[axis])]
    return ends[0], ends[1], ends[2], ends[3]


def _enlarged_along(values: Tensor, axis: int, known: tuple[int, int], length: int, first: int, last: int) -> Tensor:
    """Pixels first..last of one axis brought to ``length``; ``known``: its length, and where ``values`` begin."""
    short, begun = known
    if short == length:
        return values.narrow(axis, first - begun, last - first)
    at = (torch.arange(first, last, dtype=torch.float64) + 0.5) * (short / length) - 0.5
    left = at.floor()
    t = (at - left).to(values.dtype)
    base = left.long()
    shape = [1] * values.ndim
    shape[axis] = -1
    out: Tensor | None = None
    for tap, weight in zip(range(-1, 3), _weights(t), strict=True):
        index = ((base + tap).clamp(0, short - 1) - begun).to(values.device)
        part = values.index_select(axis, index) * weight.view(shape).to(values.device)
        out = part if out is None else out + part
    assert out is not None
    return out


def _weights(t: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of the four neighbours of a place that lies ``t`` behind the second one."""

    def near(x: Tensor) -> Tensor:
        return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1

    def far(x: Tensor) -> Tensor:
        return ((CUBIC * x - 5 * CUBIC) * x + 8 * CUBIC) * x - 4 * CUBIC

    return far(t + 1), near(t), near(1 - t), far(2 - t)
