"""Attention over one picture: queries from a layout, keys from the picture's own layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
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


#: For each level of a network, by its canvas (H, W): where the picture is (H, W), and the weights (H, H'), (W, W') by
#: which rows and columns of the next level become this one's.
Levels = Mapping[tuple[int, int], tuple[Tensor, ...]]


class Frame:
    """Where on its canvas a picture lies: everywhere."""

    def cut(self, x: Tensor) -> Tensor:
        """What lies beside the picture (..., H, W) becomes zero, as what lies beyond the canvas is."""
        return x

    def rise(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Bilinearly (B, C, H', W') -> (B, C, H, W)."""
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class UpperLeft(Frame):
    """In the upper left corner: a network makes of it what it makes of the picture without the canvas.

    Convolutions see zeros beside the picture where they saw them beyond its frame, halves are rounded up on both, and
    rows and columns between two levels are weighted as in the picture's own size.
    """

    def __init__(self, levels: Levels) -> None:
        self.levels = levels

    def cut(self, x: Tensor) -> Tensor:
        """See the base class."""
        return x * self.levels[x.shape[-2], x.shape[-1]][0]

    def rise(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """See the base class."""
        _, rows, columns = self.levels[size]
        return torch.einsum("ij,bcjk,lk->bcil", rows, x, columns)


WHOLE = Frame()


def levels_of(grid: tuple[int, int], canvas: tuple[int, int]) -> Levels:
    """What :class:`UpperLeft` needs for a picture of this grid on a canvas that is no smaller."""
    levels = {}
    for _ in WIDTHS:
        inside = torch.zeros(canvas)
        inside[: grid[0], : grid[1]] = 1
        rises = [
            F.pad(_linear(n, -(-n // 2)), (0, -(-whole // 2) - -(-n // 2), 0, whole - n))
            for n, whole in zip(grid, canvas, strict=True)
        ]
        levels[canvas] = inside, rises[0], rises[1]
        grid, canvas = (-(-grid[0] // 2), -(-grid[1] // 2)), (-(-canvas[0] // 2), -(-canvas[1] // 2))
    return levels


def _linear(n: int, fewer: int) -> Tensor:
    """Weights (n, fewer) of linear interpolation."""
    return F.interpolate(torch.eye(fewer)[None], size=n, mode="linear", align_corners=False)[0].T


class Block(nn.Module):
    """Two 3x3 convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, frame: Frame = WHOLE) -> Tensor:
        """(B, width, h, w) -> the same."""
        return x + frame.cut(self.second(F.silu(frame.cut(self.first(F.silu(x))))))


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

    def forward(self, x: Tensor, frame: Frame = WHOLE) -> Tensor:
        """Down to cells of 16, and back."""
        x = frame.cut(self.enter(x))
        kept = []
        for down, block in zip(self.down, self.blocks, strict=True):
            kept.append(x)
            x = block(frame.cut(down(F.silu(x))), frame)
        for n in range(len(kept) - 1, -1, -1):
            wider = frame.rise(self.up[n](x), (kept[n].shape[-2], kept[n].shape[-1]))
            x = self.leave[n](kept[n] + wider, frame)
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

    def forward(
        self, asked: Tensor, planes: Tensor, colours: Tensor, frame: Frame = WHOLE
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries of layouts (B, C, h, w) with the logits of none, and keys of a source with the same frame."""
        return *self.queries(asked, frame), self.keys(planes, colours, frame)

    def queries(self, planes: Tensor, frame: Frame = WHOLE) -> tuple[Tensor, Tensor]:
        """Queries (B, h w, LENGTH), and the logit of there being no source place (B, h w)."""
        out = self.ask(torch.cat([self.trunk(planes, frame), planes], 1)).flatten(2).transpose(1, 2)
        return F.normalize(out[..., :-1], dim=-1) * self.sharpness.exp(), out[..., -1]

    def keys(self, planes: Tensor, colours: Tensor, frame: Frame = WHOLE) -> Tensor:
        """Keys (h' w', LENGTH) of the source (1, C, h', w') with its colours (1, C', h', w')."""
        out = self.answer(torch.cat([self.trunk(planes, frame), planes, colours], 1))
        return F.normalize(out.flatten(2).transpose(1, 2)[0], dim=-1)


#: Weights that planes go into, and which of their channels is the first plane's.
FIRST_PLANES = {"trunk.enter.weight": 0, "ask.0.weight": WIDTHS[0], "answer.0.weight": WIDTHS[0]}


def with_planes(weights: Mapping[str, Tensor], planes: int, wanted: int) -> dict[str, Tensor]:
    """The weights of a network for so many planes as those of one for more, whose last count nothing; or back."""
    out = dict(weights)
    for name, first in FIRST_PLANES.items():
        own = F.pad(weights[name][:, first : first + planes], (0, 0, 0, 0, 0, wanted - planes))
        out[name] = torch.cat([weights[name][:, :first], own, weights[name][:, first + planes :]], 1)
    return out


def stacked(weights: Sequence[Mapping[str, Tensor]], network: Attention) -> Attention:
    """A network like the given one whose every parameter (n, ...) is those of n networks; vmap takes them apart."""
    whole = deepcopy(network)
    for name, parameter in whole.named_parameters():
        parameter.data = torch.stack([one[name] for one in weights])
    return whole
