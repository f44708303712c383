"""Generators and critics, and how a generator goes from one scale to the next.

Both generators are used alike. What stands between two scales, the *state*, is a picture (1, 3, h, w) in
:class:`Pyramid` and features (1, width, h, w) in :class:`Growing`; pictures are in [-1, 1].
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor, nn

from analogon.methods.singan.config import Config
from analogon.methods.singan.sizes import Size, Window, enlarged, needed

#: Draws a window of the noise of a scale: (scale, channels, size of the whole, window) to (1, channels, h, w).
Noise = Callable[[int, int, Size, Window], Tensor]

#: Width of the pyramid doubles every so many scales.
DOUBLED_EVERY = 4


def block(inner: int, outer: int, norm: str, slope: float) -> nn.Sequential:
    """Convolution 3x3 without padding, normalisation, leaky ReLU."""
    parts: list[nn.Module] = [nn.Conv2d(inner, outer, 3)]
    if norm == "batch":
        parts.append(nn.BatchNorm2d(outer))
    return nn.Sequential(*parts, nn.LeakyReLU(slope))


def initialise(network: nn.Module, config: Config) -> None:
    """The random start: of convolutions as ``config.start`` says, of normalisation N(1, 0.02), no offsets but torch's.

    The published N(0, 0.02) lets a signal shrink to a third in every layer that does not normalise it.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and config.start == "small":
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, config.slope)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)


def width_of(config: Config, scale: int) -> int:
    """Channels of a scale's networks."""
    if config.network == "growing":
        return config.width
    factor: int = 2 ** (scale // DOUBLED_EVERY)
    return config.width * min(factor, config.widest)


def make_critic(config: Config, scale: int) -> nn.Sequential:
    """A map of scores (1, 1, h - 2 (layers + 2), w - 2 (layers + 2)) for a picture (1, 3, h, w)."""
    width = width_of(config, scale)
    inner = [3] + [width] * config.layers
    parts = [block(n, width, config.critic_norm, config.slope) for n in inner]
    critic = nn.Sequential(*parts, nn.Conv2d(width, 1, 3))
    initialise(critic, config)
    return critic


class Generator(Protocol):
    """What :class:`Pyramid` and :class:`Growing` have in common."""

    @property
    def scales(self) -> int:
        """How many scales there are by now."""

    def grow(self) -> None:
        """Add a scale that starts with the weights of the one before where it can."""

    def encoded(self, picture: Tensor, window: Window | None = None) -> Tensor:
        """The state in which the newest scale so far would have left a picture."""

    def advanced(
        self,
        scale: int,
        below: Tensor | None,
        size: Size,
        noise: Noise,
        window: Window,
        known: tuple[Size, Window] | None = None,
    ) -> Tensor:
        """The state after a scale, from the one after the scale below it (None: there is none).

        Args:
            scale: from 0. size: of the whole map. noise: of the level that belongs to the scale.
            window: the part that is wanted; the same values as a part of the whole.
            known: ``below`` is no more than a window of a map of this size; at least :meth:`looked_at`.
        """

    def looked_at(self, window: Window, size: Size, short: Size) -> Window:
        """What :meth:`advanced` looks at of the state below, a map of size ``short``, for a window."""

    def picture(self, state: Tensor, size: Size, window: Window) -> Tensor:
        """The picture of a window's state, which has a margin of :attr:`margin` where the frame allows."""

    @property
    def margin(self) -> int:
        """What :meth:`picture` needs around a window."""


def whole(size: Size) -> Window:
    """The window that is everything."""
    return 0, size[0], 0, size[1]


def wide(size: Size, margin: int) -> Size:
    """A size with a margin on all sides."""
    return size[0] + 2 * margin, size[1] + 2 * margin


def wider(window: Window, size: Size, margin: int) -> Window:
    """A window with a margin, within the frame."""
    top, bottom, left, right = window
    return max(top - margin, 0), min(bottom + margin, size[0]), max(left - margin, 0), min(right + margin, size[1])


def padded(values: Tensor, window: Window, size: Size, margin: int) -> Tensor:
    """Zeros around the frame: what is at hand is :func:`wider`, what is wanted has ``margin`` on all sides."""
    top, bottom, left, right = window
    lacking = (max(margin - left, 0), max(right + margin - size[1], 0))
    return F.pad(values, (*lacking, max(margin - top, 0), max(bottom + margin - size[0], 0)))


class _Entry:
    """How the input of a scale is made of what is below it and noise, for both kinds of borders."""

    def __init__(self, wide: bool, margin: int) -> None:
        self.wide, self.margin = wide, margin

    def noise(self, noise: Noise, scale: int, channels: int, size: Size, window: Window) -> Tensor:
        """With the margin that convolutions take away."""
        margin = self.margin
        top, bottom, left, right = window
        if self.wide:  # the map of noise goes on beyond the frame
            more = wide(size, margin)
            return noise(scale, channels, more, (top, bottom + 2 * margin, left, right + 2 * margin))
        return padded(noise(scale, channels, size, wider(window, size, margin)), window, size, margin)


class Pyramid(nn.Module):
    """A generator for each scale: what it makes of noise and the enlarged picture is added to that picture."""

    margin = 0

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.parts = nn.ModuleList()
        self.entry = _Entry(config.borders == "wide", config.layers + 2)
        self.grow()

    @property
    def scales(self) -> int:
        """See :class:`Generator`."""
        return len(self.parts)

    def grow(self) -> None:
        """See :class:`Generator`."""
        config, scale = self.config, len(self.parts)
        width = width_of(config, scale)
        blocks = [block(n, width, config.norm, config.slope) for n in [3] + [width] * config.layers]
        part = nn.Sequential(*blocks, nn.Conv2d(width, 3, 3), nn.Tanh())
        initialise(part, config)
        if scale and width == width_of(config, scale - 1):
            part.load_state_dict(self.parts[-1].state_dict())
        self.parts.append(part)

    def encoded(self, picture: Tensor, window: Window | None = None) -> Tensor:
        """See :class:`Generator`: the picture itself."""
        return picture if window is None else picture[..., window[0] : window[1], window[2] : window[3]]

    def looked_at(self, window: Window, size: Size, short: Size) -> Window:
        """See :class:`Generator`."""
        return needed(wider(window, size, self.entry.margin), size, short)

    def advanced(
        self,
        scale: int,
        below: Tensor | None,
        size: Size,
        noise: Noise,
        window: Window,
        known: tuple[Size, Window] | None = None,
    ) -> Tensor:
        """See :class:`Generator`."""
        given = self.entry.noise(noise, scale, 3, size, window)
        if below is None:
            made: Tensor = self.parts[scale](given)
            return made
        margin = self.entry.margin
        around = wider(window, size, margin)
        base = enlarged(below, size, around, known)
        made = self.parts[scale](given + padded(base, window, size, margin))
        top, left = window[0] - around[0], window[2] - around[2]
        return made + base[..., top : top + made.shape[2], left : left + made.shape[3]]

    def picture(self, state: Tensor, size: Size, window: Window) -> Tensor:  # noqa: ARG002 (the protocol's)
        """See :class:`Generator`: the state itself."""
        return state


class Growing(nn.Module):
    """One generator: a scale adds to the enlarged features of the one below what it makes of them and noise."""

    margin = 1

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.head = block(3, width, config.norm, config.slope)
        self.body = nn.ModuleList([self._stage()])
        self.tail = nn.Sequential(nn.Conv2d(width, 3, 3), nn.Tanh())
        self.entry = _Entry(config.borders == "wide", config.layers)
        initialise(self, config)

    def _stage(self) -> nn.Sequential:
        config = self.config
        return nn.Sequential(
            *(block(config.width, config.width, config.norm, config.slope) for _ in range(config.layers))
        )

    @property
    def scales(self) -> int:
        """See :class:`Generator`."""
        return len(self.body)

    def grow(self) -> None:
        """See :class:`Generator`."""
        self.body.append(copy.deepcopy(self.body[-1]).requires_grad_(True))

    def encoded(self, picture: Tensor, window: Window | None = None) -> Tensor:
        """See :class:`Generator`: the coarsest scale's features of the picture."""
        size = picture.shape[-2], picture.shape[-1]
        window = window or whole(size)
        margin = self.entry.margin
        if self.entry.wide:  # the head's map is somewhat enlarged and so reaches beyond the frame
            top, bottom, left, right = window
            wanted, more = (top, bottom + 2 * margin, left, right + 2 * margin), wide(size, margin)
            around = needed(wanted, more, size)
            features = enlarged(self._headed(picture, around), more, wanted, (size, around))
        else:
            features = padded(self._headed(picture, wider(window, size, margin)), window, size, margin)
        made: Tensor = self.body[0](features)
        return made

    def _headed(self, picture: Tensor, window: Window) -> Tensor:
        """A window of the head's map of a picture."""
        size = picture.shape[-2], picture.shape[-1]
        top, bottom, left, right = wider(window, size, 1)
        made: Tensor = self.head(padded(picture[..., top:bottom, left:right], window, size, 1))
        return made

    def looked_at(self, window: Window, size: Size, short: Size) -> Window:
        """See :class:`Generator`."""
        margin = self.entry.margin
        if not self.entry.wide:
            return needed(wider(window, size, margin), size, short)
        top, bottom, left, right = window
        first = needed((top, bottom + 2 * margin, left, right + 2 * margin), wide(size, margin), short)
        other = needed(window, size, short)
        return min(first[0], other[0]), max(first[1], other[1]), min(first[2], other[2]), max(first[3], other[3])

    def advanced(
        self,
        scale: int,
        below: Tensor | None,
        size: Size,
        noise: Noise,
        window: Window,
        known: tuple[Size, Window] | None = None,
    ) -> Tensor:
        """See :class:`Generator`."""
        if below is None:
            return self.encoded(noise(scale, 3, size, whole(size)), window)
        margin = self.entry.margin
        given = self.entry.noise(noise, scale, self.config.width, size, window)
        top, bottom, left, right = window
        if self.entry.wide:
            more = wide(size, margin)
            made: Tensor = self.body[scale](
                enlarged(below, more, (top, bottom + 2 * margin, left, right + 2 * margin), known) + given
            )
            return made + enlarged(below, size, window, known)
        around = wider(window, size, margin)
        base = enlarged(below, size, around, known)
        made = self.body[scale](padded(base, window, size, margin) + given)
        top, left = top - around[0], left - around[2]
        return made + base[..., top : top + made.shape[2], left : left + made.shape[3]]

    def picture(self, state: Tensor, size: Size, window: Window) -> Tensor:
        """See :class:`Generator`."""
        made: Tensor = self.tail(padded(state, window, size, 1))
        return made


def make_generator(config: Config) -> Pyramid | Growing:
    """The generator with its coarsest scale. Draws from torch's global random state."""
    return Pyramid(config) if config.network == "pyramid" else Growing(config)


def count(network: nn.Module) -> int:
    """Parameters of a network."""
    return sum(p.numel() for p in network.parameters())
