"""LPIPS: how far two pictures are apart for the eye, from a weights file that the user names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.errors import InputError
from analogon.features.stored import fill, shapes

#: The pictures that the backbones know are shifted and scaled by these, from [-1, 1].
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
EPS = 1e-10


@dataclass(frozen=True)
class Conv:
    """One convolution with bias and ReLU: its number in the release's ``features``, and what it is."""

    number: int
    c_in: int
    c_out: int
    kernel: int = 3
    stride: int = 1
    padding: int = 1


@dataclass(frozen=True)
class Backbone:
    """Stages of convolutions; the last output of each is compared.

    Attributes:
        name: for people.
        stages: each (whether its input is pooled first, its convolutions).
        pool: side of the windows whose maximum is taken, every second pixel.
        least: smallest side of a picture.
    """

    name: str
    stages: tuple[tuple[bool, tuple[Conv, ...]], ...]
    pool: int
    least: int


def _vgg_stage(first: int, c_in: int, c_out: int, count: int) -> tuple[bool, tuple[Conv, ...]]:
    return first > 0, tuple(Conv(first + 2 * n, c_out if n else c_in, c_out) for n in range(count))


ALEXNET = Backbone(
    "AlexNet",
    (
        (False, (Conv(0, 3, 64, 11, 4, 2),)),
        (True, (Conv(3, 64, 192, 5, 1, 2),)),
        (True, (Conv(6, 192, 384),)),
        (False, (Conv(8, 384, 256),)),
        (False, (Conv(10, 256, 256),)),
    ),
    3,
    31,
)
VGG16 = Backbone(
    "VGG-16",
    (
        _vgg_stage(0, 3, 64, 2),
        _vgg_stage(5, 64, 128, 2),
        _vgg_stage(10, 128, 256, 3),
        _vgg_stage(17, 256, 512, 3),
        _vgg_stage(24, 512, 512, 3),
    ),
    2,
    16,
)


class LPIPS(nn.Module):
    """Learned perceptual image patch similarity, version 0.1, with AlexNet or VGG-16, whichever the file holds.

    Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018.

    Args:
        backbone: ``ALEXNET`` or ``VGG16``.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, backbone: Backbone = ALEXNET) -> None:
        super().__init__()
        self.backbone = backbone
        convs = [conv for _, stage in backbone.stages for conv in stage]
        self.features = nn.ModuleDict(
            {str(c.number): nn.Conv2d(c.c_in, c.c_out, c.kernel, c.stride, c.padding) for c in convs}
        )
        for n, (_, stage) in enumerate(backbone.stages):
            head = nn.ModuleDict({"1": nn.Conv2d(stage[-1].c_out, 1, 1, bias=False)})
            self.add_module(f"lin{n}", nn.ModuleDict({"model": head}))
        self.register_buffer("shift", torch.tensor(SHIFT, device="cpu")[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE, device="cpu")[:, None, None], persistent=False)

    @classmethod
    def load(cls, file: Path) -> LPIPS:
        """The network with its weights; which backbone, the file says.

        Args:
            file: safetensors file with ``features.N.weight|bias`` of the backbone (N = 0, 3, 6, 8, 10, or for VGG-16 0,
                2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28) and the heads ``lin0.model.1.weight`` to ``lin4...``.

        Raises:
            InputError: the file cannot be used.
        """
        first = shapes(file, "LPIPS weights").get("features.0.weight")
        known = {(64, 3, 11, 11): ALEXNET, (64, 3, 3, 3): VGG16}
        if first not in known:
            raise InputError(
                f"LPIPS weights '{file}' are of no known network: 'features.0.weight' has 64x3x11x11 in AlexNet and "
                "64x3x3x3 in VGG-16, and docs/metrics.md shows how such a file is made."
            )
        with torch.device("meta"):
            network = cls(known[first])
        fill(network, file, "LPIPS weights")
        return network

    def stages(self, image: Tensor) -> list[Tensor]:
        """The five feature maps of a picture (B, 3, H, W) in [0, 1], each of unit length at every place."""
        x, out = (2 * image - 1 - self.shift) / self.scale, []
        for pooled, convs in self.backbone.stages:
            if pooled:
                x = F.max_pool2d(x, self.backbone.pool, 2)
            for conv in convs:
                x = F.relu(self.features[str(conv.number)](x))
            out.append(x / (x.square().sum(1, keepdim=True).sqrt() + EPS))
        return out

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Distances (B,) of pictures (B, 3, H, W) in [0, 1], at least ``backbone.least`` pixels a side."""
        total = torch.zeros(len(first), dtype=first.dtype, device=first.device)
        for n, (a, b) in enumerate(zip(self.stages(first), self.stages(second), strict=True)):
            weigh = self.get_submodule(f"lin{n}.model.1")
            total = total + weigh((a - b).square()).mean((1, 2, 3))
        return total
