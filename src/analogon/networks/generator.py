"""A generator whose every norm is modulated by maps: which maps, how wide and in how many groups are parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.errors import OptionError
from analogon.networks.convolutions import SLOPE, Conv, SpectralConv
from analogon.networks.norms import Kind, PlainNorm

#: Maps (B, C, h, w) for any (h, w): what modulates features of that size.
Maps = Callable[[tuple[int, int]], Tensor]


@dataclass(frozen=True)
class Modulation:
    """How the maps become scales and shifts.

    Attributes:
        given: channels of the maps.
        hidden: channels between the two convolutions.
        groups: of the first convolution, and of the two that make scales and shifts.
    """

    given: int
    hidden: int = 128
    groups: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Stage:
    """One residual block of the generator.

    Attributes:
        name: what messages call it.
        made: its output channels.
        modulation: of its norms.
        groups: of its own convolutions.
        up: features are doubled in size before it.
    """

    name: str
    made: int
    modulation: Modulation
    groups: int = 1
    up: bool = True


class Modulated(nn.Module):
    """A plain norm, scaled and shifted place by place: ``norm(x) * (1 + gamma(maps)) + beta(maps)``.

    Source: Park et al., "Semantic Image Synthesis with Spatially-Adaptive Normalization", CVPR 2019; with groups, Zhu
    et al., "Semantically Multi-modal Image Synthesis", CVPR 2020.
    """

    def __init__(self, channels: int, modulation: Modulation, norm: Kind) -> None:
        super().__init__()
        first, second = modulation.groups
        self.norm = PlainNorm(norm, channels)
        self.shared = Conv(modulation.given, modulation.hidden, groups=first)
        self.gamma = Conv(modulation.hidden, channels, groups=second)
        self.beta = Conv(modulation.hidden, channels, groups=second)

    def forward(self, x: Tensor, maps: Maps) -> Tensor:
        """(B, C, h, w) to the same."""
        h, w = x.shape[-2:]
        hidden = F.relu(self.shared(maps((h, w))))
        out: Tensor = self.norm(x) * (1 + self.gamma(hidden)) + self.beta(hidden)
        return out


class Block(nn.Module):
    """Two modulated norms and 3x3 convolutions, beside a shortcut, which has its own where the channels change."""

    def __init__(self, given: int, stage: Stage, norm: Kind) -> None:
        super().__init__()
        made, between = stage.made, min(given, stage.made)
        self.norm0, self.norm1 = (Modulated(n, stage.modulation, norm) for n in (given, between))
        self.conv0 = SpectralConv(given, between, groups=stage.groups)
        self.conv1 = SpectralConv(between, made, groups=stage.groups)
        self.norm2 = Modulated(given, stage.modulation, norm) if given != made else None
        self.conv2 = SpectralConv(given, made, 1, groups=stage.groups, bias=False) if given != made else None

    def forward(self, x: Tensor, maps: Maps) -> Tensor:
        """(B, given, h, w) to (B, made, h, w)."""
        beside = x
        if self.norm2 is not None and self.conv2 is not None:
            beside = self.conv2(self.norm2(x, maps))
        x = self.conv0(F.leaky_relu(self.norm0(x, maps), SLOPE))
        x = self.conv1(F.leaky_relu(self.norm1(x, maps), SLOPE))
        return beside + x


class Generator(nn.Module):
    """Blocks that double the size of features on a start grid until they are a picture."""

    def __init__(self, given: int, stages: Sequence[Stage], norm: Kind = "batch") -> None:
        """``given``: channels on the start grid.

        Raises:
            OptionError: channels cannot be divided into the groups of a stage.
        """
        super().__init__()
        check_groups(given, stages)
        self.stages, self.norm = tuple(stages), norm
        blocks, channels = [], given
        for stage in stages:
            blocks.append(Block(channels, stage, norm))
            channels = stage.made
        self.blocks = nn.ModuleList(blocks)
        self.exit = Conv(channels, 3)

    def features(self, x: Tensor, maps: Maps, stages: int | None = None) -> Tensor:
        """Features behind so many stages (None: all of them), before the output convolution."""
        for stage, block in list(zip(self.stages, self.blocks, strict=True))[:stages]:
            if stage.up:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = block(x, maps)
        return x

    def forward(self, x: Tensor, maps: Maps) -> Tensor:
        """(B, given, h, w) on the start grid to a picture (B, 3, H, W) in [-1, 1]."""
        return torch.tanh(self.exit(F.leaky_relu(self.features(x, maps), SLOPE)))


def check_groups(given: int, stages: Sequence[Stage]) -> None:
    """Refuse groups that do not divide the channels.

    Raises:
        OptionError: names the stage, the channels and the groups.
    """
    channels = given
    for stage in stages:
        m = stage.modulation
        between = min(channels, stage.made)
        for what, number, groups in (
            ("input channels", channels, stage.groups),
            ("middle channels", between, stage.groups),
            ("output channels", stage.made, stage.groups),
            ("modulation's input channels", m.given, m.groups[0]),
            ("modulation's hidden channels", m.hidden, m.groups[0]),
            ("modulation's hidden channels", m.hidden, m.groups[1]),
            ("modulated channels", channels, m.groups[1]),
            ("modulated channels", between, m.groups[1]),
        ):
            if groups < 1 or number % groups:
                raise OptionError(
                    f"The {what} of stage '{stage.name}' are {number}, which {groups} groups do not divide: change "
                    "the width or the groups."
                )
        channels = stage.made


def doubling(stages: Sequence[Stage]) -> int:
    """How many pixels of a picture one place of the start grid becomes, along either side."""
    return int(2 ** sum(stage.up for stage in stages))


#: How many of the doublings lie between the middle blocks and behind the last one.
DEPTHS = {"normal": (0, 0), "more": (1, 0), "most": (1, 1)}


def ladder(width: int, depth: str, modulation: Callable[[str], Modulation]) -> tuple[int, tuple[Stage, ...]]:
    """The usual stages for ``width`` channels behind the last of the four: channels on the start grid, and the stages.

    ``depth`` is one of :data:`DEPTHS`: the start grid is a 32nd, 64th or 128th of the picture.
    """
    between, behind = DEPTHS[depth]
    wide = 16 * width
    stages = [
        Stage("head", wide, modulation("head"), up=False),
        Stage("middle 0", wide, modulation("middle 0")),
        Stage("middle 1", wide, modulation("middle 1"), up=bool(between)),
        *(Stage(f"up {n}", width * 2 ** (3 - n), modulation(f"up {n}")) for n in range(4)),
    ]
    if behind:
        stages.append(Stage("up 4", max(width // 2, 1), modulation("up 4")))
    return wide, tuple(stages)


def resized(maps: Tensor) -> Maps:
    """Maps that are brought to any size, each place taking the nearest one; every size is made once."""
    known: dict[tuple[int, int], Tensor] = {}

    def at(size: tuple[int, int]) -> Tensor:
        if size not in known:
            same = size == tuple(maps.shape[-2:])
            known[size] = maps if same else F.interpolate(maps, size, mode="nearest")
        return known[size]

    return at
