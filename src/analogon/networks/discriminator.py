"""Judges of patches at several scales, which show all their features."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from analogon.networks.convolutions import SLOPE, Conv, SpectralConv
from analogon.networks.norms import PlainNorm


class PatchJudge(nn.Module):
    """Five 4x4 convolutions: three of stride 2, then two of stride 1; the last one gives scores."""

    def __init__(self, given: int, width: int) -> None:
        super().__init__()
        self.first = Conv(given, width, 4, stride=2, padding=2)
        self.middle = nn.ModuleList(
            SpectralConv(width * 2**n, width * 2 ** (n + 1), 4, stride=stride, padding=2, bias=False)
            for n, stride in enumerate((2, 2, 1))
        )
        self.last = Conv(8 * width, 1, 4, padding=2)
        self.norm = PlainNorm("instance", 0)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, given, h, w) to the outputs of all layers, the scores (B, 1, h', w') last."""
        found = [F.leaky_relu(self.first(x), SLOPE)]
        for conv in self.middle:
            found.append(F.leaky_relu(self.norm(conv(found[-1])), SLOPE))
        found.append(self.last(found[-1]))
        return found


class Discriminator(nn.Module):
    """Judges of one layout with separate weights, each next one of the picture at half the size.

    Source: Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", CVPR 2018.
    """

    def __init__(self, given: int, width: int = 64, scales: int = 2) -> None:
        """``given``: channels of layout and picture together."""
        super().__init__()
        self.judges = nn.ModuleList(PatchJudge(given, width) for _ in range(scales))

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        """(B, given, h, w) to the layers of each judge, the finest scale first."""
        found = []
        for n, judge in enumerate(self.judges):
            if n:
                x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
            found.append(judge(x))
        return found
