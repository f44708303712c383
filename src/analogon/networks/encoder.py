"""From a picture to what its look is: strided convolutions, in groups where classes are to stay apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from analogon.errors import OptionError
from analogon.networks.convolutions import SLOPE, KeepingConv, SpectralConv
from analogon.networks.norms import PlainNorm


class Encoder(nn.Module):
    """3x3 convolutions of stride 2, each with spectral norm, instance norm and leaky ReLU 0.2.

    Without the one norm there is none of the other either: weights of largest singular value 1 make features smaller
    at each layer (those of several groups all the more), until codes are lost in their own noise.

    With groups, what a group of output channels holds comes from the same group of input channels and nothing else.
    """

    def __init__(self, given: int, widths: Sequence[int], groups: int = 1, *, norm: bool = True) -> None:
        """Raises OptionError where the groups do not divide the channels."""
        super().__init__()
        for n, width in enumerate([given, *widths]):
            if width % groups:
                raise OptionError(
                    f"The channels behind layer {n} of the encoder are {width}, which {groups} groups do not divide: "
                    "change the width."
                )
        pairs = zip([given, *widths], widths, strict=False)
        kind = SpectralConv if norm else KeepingConv
        self.convs = nn.ModuleList(kind(a, b, stride=2, padding=1, groups=groups, bias=False) for a, b in pairs)
        self.norm = PlainNorm("instance", 0) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, given, h, w) to (B, last width, h / 2**layers, w / 2**layers), rounded up."""
        for conv in self.convs:
            x = F.leaky_relu(self.norm(conv(x)), SLOPE)
        return x


def start_codes(mean: nn.Conv2d | nn.Linear, log_variance: nn.Conv2d | nn.Linear, noise: float) -> None:
    """Let codes begin with a deviation of ``noise``, and, where it is below 1, with means as large as features.

    With the usual small weights the means of codes begin far below noise of 1. Those of classes that are seldom or
    small were then seen to stay there.
    """
    if noise < 1 and not mean.weight.is_meta:
        nn.init.kaiming_normal_(mean.weight, 1.0)
        nn.init.constant_(cast(Tensor, log_variance.bias), 2 * math.log(noise))


def halvings(side: int, grid: int, most: int = 6) -> int:
    """How many layers bring a side to a grid of at least so many places: at most ``most``, at least one."""
    return min(most, max(1, math.floor(math.log2(side / grid))))
