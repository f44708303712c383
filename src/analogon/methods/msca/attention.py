"""Masked spatial-channel attention: gather style vectors, shut some out, hand them to the new layout."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.methods.msca.config import Config
from analogon.networks.convolutions import SLOPE, KeepingConv


class Attention(nn.Module):
    """One scale. ``gather`` sees the picture of the look, ``gate`` and ``hand_out`` see the new layout."""

    def __init__(self, config: Config, given: int, regions: int) -> None:
        """``given``: channels of the picture's features."""
        super().__init__()
        self.config, hidden, labels = config, config.attention_width, config.label_width
        self.regions = 1 if config.gather == "mean" else regions
        seen = given + (labels if config.guided else 0)
        self.find = nn.Sequential(nn.Conv2d(seen, hidden, 1), nn.LeakyReLU(SLOPE), nn.Conv2d(hidden, self.regions, 1))
        self.place = nn.Sequential(
            nn.Conv2d(labels, hidden, 1), nn.LeakyReLU(SLOPE), nn.Conv2d(hidden, self.regions, 1)
        )
        self.open = nn.Sequential(nn.Linear(2 * labels, hidden), nn.LeakyReLU(SLOPE), nn.Linear(hidden, self.regions))
        last = self.open[2]
        assert isinstance(last, nn.Linear)
        nn.init.constant_(last.bias, 2.0)  # gates begin open: a closed truncated one would never learn

    def where(self, picture: Tensor, layout: Tensor) -> Tensor:
        """(B, K, h, w): the soft regions of a picture, each of which sums to 1 over the places."""
        if self.config.gather == "mean":
            b, _, h, w = picture.shape
            return picture.new_full((b, 1, h, w), 1 / (h * w))
        seen = torch.cat([picture, layout], 1) if self.config.guided else picture
        found = self.find(seen)
        regions: Tensor = found.flatten(2).softmax(2).view_as(found)
        return regions

    def gather(self, picture: Tensor, layout: Tensor) -> Tensor:
        """(B, K, N): the mean feature of each region."""
        return torch.einsum("bkhw,bnhw->bkn", self.where(picture, layout), picture)

    def gates(self, layout: Tensor, summary: Tensor) -> Tensor:
        """(B, K) in [0, 1] for a new layout's features, and the mean of those of the look's layout (B, M)."""
        if self.config.gate == "none":
            return layout.new_ones((len(layout), self.regions))
        both = torch.cat([layout.mean((2, 3)), summary.expand(len(layout), -1)], 1)
        opened = torch.sigmoid(self.open(both))
        return F.relu(2 * opened - 1) if self.config.gate == "truncated" else opened

    def shares(self, layout: Tensor) -> Tensor:
        """(B, K, h, w): what each place takes of each vector; the sum over vectors is 1."""
        found: Tensor = self.place(layout)
        return found.softmax(1)

    def hand_out(self, layout: Tensor, vectors: Tensor) -> Tensor:
        """(B, N, h, w): the vectors (B, K, N), those shut out being 0, where the layout wants them."""
        return torch.einsum("bkhw,bkn->bnhw", self.shares(layout), vectors.expand(len(layout), -1, -1))


class LabelPyramid(nn.Module):
    """Features of layouts, coarse to fine: each scale sees the coarser one and the layout at its size."""

    def __init__(self, seen: int, width: int, levels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(KeepingConv(seen + (width if n < levels - 1 else 0), width) for n in range(levels))

    def forward(self, layout: Tensor) -> list[Tensor]:
        """(B, seen, h, w) to features (B, width, h / 2**n, w / 2**n), fine to coarse."""
        h, w = layout.shape[-2:]
        found: list[Tensor] = []
        for n in reversed(range(len(self.convs))):
            size = max(1, h >> n), max(1, w >> n)
            here = F.interpolate(layout, size, mode="nearest") if n else layout
            if found:
                up = F.interpolate(found[0], size, mode="bilinear", align_corners=False)
                here = torch.cat([up, here], 1)
            found.insert(0, F.leaky_relu(self.convs[n](here), SLOPE))
        return found


class TrainedPyramid(nn.Module):
    """Features of pictures that are learnt, in place of frozen ones: 3x3 convolutions, each next one of stride 2."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        pairs = zip([3, *widths], widths, strict=False)
        self.convs = nn.ModuleList(KeepingConv(a, b, stride=1 + (n > 0)) for n, (a, b) in enumerate(pairs))

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, h, w) in [0, 1] to feature maps, fine to coarse."""
        found, x = [], image * 2 - 1
        for conv in self.convs:
            x = F.leaky_relu(conv(x), SLOPE)
            found.append(x)
        return found
