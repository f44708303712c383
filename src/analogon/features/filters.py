"""A fixed multi-scale filter bank: features without any weights to download."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Luminance and two opponent axes, rows orthogonal, so that distances stay comparable to RGB distances.
OPPONENT = ((0.577, 0.577, 0.577), (0.707, -0.707, 0.0), (0.408, 0.408, -0.816))
ORIENTATIONS = 4


class FilterBank(nn.Module):
    """Opponent colour plus oriented first and second Gaussian derivatives of luminance.

    Returns maps (B, 11, H, W), (B, 11, H // 2, W // 2) and so on: 3 colour planes, 4 edge and 4 bar responses
    each. Every next one is the same bank on the picture at half the size. Steerable derivative filters after Freeman
    and Adelson, "The Design and Use of Steerable Filters", PAMI 1991.

    Args:
        levels: how many maps.
    """

    kernels: Tensor
    opponent: Tensor

    def __init__(self, levels: int = 2) -> None:
        super().__init__()
        self.levels = levels
        self.register_buffer("kernels", _derivatives(sigma=1.0, radius=3))
        self.register_buffer("opponent", torch.tensor(OPPONENT)[:, :, None, None])

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) in [0, 1] to the maps, fine to coarse."""
        maps = [self._bank(image)]
        for _ in range(self.levels - 1):
            image = F.avg_pool2d(image, 2)
            maps.append(self._bank(image))
        return maps

    def _bank(self, image: Tensor) -> Tensor:
        colour = F.conv2d(image, self.opponent)
        radius = self.kernels.shape[-1] // 2
        light = F.pad(colour[:, :1], (radius,) * 4, mode="replicate")
        return torch.cat([colour, F.conv2d(light, self.kernels)], 1)


def _derivatives(sigma: float, radius: int) -> Tensor:
    """(2 * ORIENTATIONS, 1, n, n): edges and bars, each with zero mean and unit L2 norm."""
    steps = torch.arange(-radius, radius + 1, dtype=torch.float32)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    gauss = torch.exp(-(x * x + y * y) / (2 * sigma * sigma))
    out = []
    for order in (1, 2):
        for k in range(ORIENTATIONS):
            angle = math.pi * k / ORIENTATIONS
            u = x * math.cos(angle) + y * math.sin(angle)
            kernel = u * gauss if order == 1 else (u * u - sigma * sigma) * gauss
            kernel = kernel - kernel.mean()
            out.append(kernel / kernel.norm())
    return torch.stack(out)[:, None]
