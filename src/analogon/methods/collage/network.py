"""Attention over one picture: queries from a layout, keys from the picture's own layout."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Channels at cells of 1, 2, 4, 8 and 16.
WIDTHS = (48, 64, 96, 128, 128)
#: Length of queries and keys.
LENGTH = 64
#: Temperature of attention at the start.
SHARPNESS = 18.0


class Block(nn.Module):
    """Two 3x3 convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, h, w) -> the same."""
        changed: Tensor = self.second(F.silu(self.first(F.silu(x))))
        return x + changed


class Trunk(nn.Module):
    """A small U-Net: planes (B, C, h, w) -> features (B, WIDTHS[0], h, w)."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(planes, WIDTHS[0], 3, padding=1)
        pairs = list(pairwise(WIDTHS))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.blocks = nn.ModuleList(Block(b) for _, b in pairs)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairs)
        self.leave = nn.ModuleList(Block(a) for a, _ in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """Down to cells of 16, and back."""
        x = self.enter(x)
        kept = []
        for down, block in zip(self.down, self.blocks, strict=True):
            kept.append(x)
            x = block(down(F.silu(x)))
        for n in range(len(kept) - 1, -1, -1):
            wider = F.interpolate(self.up[n](x), size=kept[n].shape[-2:], mode="bilinear", align_corners=False)
            x = self.leave[n](kept[n] + wider)
        return F.silu(x)


class Attention(nn.Module):
    """Which cell of the source belongs to which cell of a layout.

    Args:
        planes: of a layout; see :mod:`planes`.
        colours: planes that only the source has.
    """

    def __init__(self, planes: int, colours: int) -> None:
        super().__init__()
        self.trunk = Trunk(planes)
        joined = WIDTHS[0] + planes
        self.ask = nn.Sequential(nn.Conv2d(joined, 96, 1), nn.SiLU(), nn.Conv2d(96, LENGTH + 1, 1))
        self.answer = nn.Sequential(nn.Conv2d(joined + colours, 96, 1), nn.SiLU(), nn.Conv2d(96, LENGTH, 1))
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS).log())

    def queries(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Queries (B, h w, LENGTH), and the logit of there being no source place (B, h w)."""
        out = self.ask(torch.cat([self.trunk(planes), planes], 1)).flatten(2).transpose(1, 2)
        return F.normalize(out[..., :-1], dim=-1) * self.sharpness.exp(), out[..., -1]

    def keys(self, planes: Tensor, colours: Tensor) -> Tensor:
        """Keys (h' w', LENGTH) of the source (1, C, h', w') with its colours (1, C', h', w')."""
        out = self.answer(torch.cat([self.trunk(planes), planes, colours], 1))
        return F.normalize(out.flatten(2).transpose(1, 2)[0], dim=-1)
