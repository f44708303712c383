"""Inception-v3 as the Fréchet inception distance uses it, from a weights file that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.errors import OptionError
from analogon.features.stored import fill, shapes

#: How many features a picture has, by the part of the network that they come from: after the first and the second
#: pooling, before the auxiliary classifier, and after the last pooling.
Dims = Literal[64, 192, 768, 2048]
#: Side of the pictures that the network was trained on.
SIDE = 299
#: Classes of the network that FID uses; other releases have 1000, and pool otherwise.
CLASSES = 1008

Kernel = int | tuple[int, int]
TALL, WIDE = (7, 1), (1, 7)
#: One convolution: name, channels, kernel, stride.
Step = tuple[str, int, Kernel, int]
#: Convolutions of one input, joined by channel; stages one after the other are a branch.
Stage = tuple[Step, ...]


class Unit(nn.Module):
    """Convolution without bias (``conv``), batch norm (``bn``), ReLU."""

    def __init__(self, c_in: int, c_out: int, kernel: Kernel, stride: int = 1, padding: Kernel = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(c_out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Mixed(nn.Module):
    """Branches of convolutions side by side, joined by channel.

    Args:
        c_in: channels of the input.
        branches: each a chain of stages.
        pool: channels of the branch that pools, keeps the size and convolves; 0: pooling alone, halving the size.
        mean: it pools by the mean of the pixels that are there (padding does not count), else by the maximum.
    """

    def __init__(self, c_in: int, branches: Sequence[Sequence[Stage]], pool: int, *, mean: bool = True) -> None:
        super().__init__()
        self.mean, self.chains = mean, [[[step[0] for step in stage] for stage in branch] for branch in branches]
        for branch in branches:
            channels = c_in
            for stage in branch:
                for name, c_out, kernel, stride in stage:
                    high, wide = kernel if isinstance(kernel, tuple) else (kernel, kernel)
                    padding = 0 if stride > 1 else (high // 2, wide // 2)
                    self.add_module(name, Unit(channels, c_out, kernel, stride, padding))
                channels = sum(step[1] for step in stage)
        if pool:
            self.branch_pool = Unit(c_in, pool, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, channels, H, W), or half that size."""
        joined = []
        for chain in self.chains:
            y = x
            for names in chain:
                y = torch.cat([self.get_submodule(name)(y) for name in names], 1)
            joined.append(y)
        if "branch_pool" not in self._modules:
            joined.append(F.max_pool2d(x, 3, 2))
        elif self.mean:
            joined.append(self.branch_pool(F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)))
        else:
            joined.append(self.branch_pool(F.max_pool2d(x, 3, 1, 1)))
        return torch.cat(joined, 1)


class InceptionV3(nn.Module):
    """Inception-v3 up to one of its poolings; nothing above is built or read.

    Sources: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016; Heusel et al.,
    "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", NeurIPS 2017, whose network
    pools by the mean of the pixels that are there, and in its last block by the maximum.

    Args:
        dims: how many features are asked for.
    """

    def __init__(self, dims: Dims = 2048) -> None:
        super().__init__()
        self.dims = dims
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = Unit(3, 32, 3, 2), Unit(32, 32, 3)
        self.Conv2d_2b_3x3 = Unit(32, 64, 3, padding=1)
        if dims > 64:
            self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = Unit(64, 80, 1), Unit(80, 192, 3)
        blocks = _blocks(dims)
        self.mixed = list(blocks)
        for name, block in blocks.items():
            self.add_module(name, block)

    @classmethod
    def load(cls, file: Path, dims: Dims = 2048) -> InceptionV3:
        """The network with its weights.

        Args:
            file: safetensors file with the tensors of the common releases, ``Conv2d_1a_3x3.conv.weight`` and so on.
            dims: as above; tensors above are not needed.

        Raises:
            InputError: the file cannot be used.
        """
        with torch.device("meta"):
            network = cls(dims)
        fill(network, file, "Inception weights")
        return network

    def before_second_pooling(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1], at its own size, to (B, 192, h, w), h and w about a quarter; ``dims`` > 64."""
        x = F.max_pool2d(self._first(image), 3, 2)
        seen: Tensor = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        return seen

    def _first(self, image: Tensor) -> Tensor:
        x = 2 * image - 1
        for unit in (self.Conv2d_1a_3x3, self.Conv2d_2a_3x3, self.Conv2d_2b_3x3):
            x = unit(x)
        return x

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, dims): resized to 299x299 (bilinear), and the mean over the places."""
        image = F.interpolate(image, (SIDE, SIDE), mode="bilinear", align_corners=False)
        if self.dims == 64:
            x = F.max_pool2d(self._first(image), 3, 2)
        else:
            x = F.max_pool2d(self.before_second_pooling(image), 3, 2)
        for name in self.mixed:
            x = self.get_submodule(name)(x)
        return x.mean((2, 3))


def check_fid(file: Path) -> None:
    """Refuse weights of another Inception-v3 than FID's: with them the figures are no FID.

    Raises:
        OptionError: it is another. InputError: the file cannot be read.
    """
    head = shapes(file, "Inception weights").get("fc.weight", (CLASSES,))
    if head[0] != CLASSES:
        raise OptionError(
            f"Inception weights '{file}' are those of a network with {head[0]} classes and not FID's, which has "
            f"{CLASSES}: name FID's, or else no distance is comparable to others."
        )


def _blocks(dims: int) -> dict[str, nn.Module]:
    """The blocks behind the second pooling that are needed, by name."""
    blocks: dict[str, nn.Module] = {}
    if dims >= 768:
        for name, c_in, pool in (("Mixed_5b", 192, 32), ("Mixed_5c", 256, 64), ("Mixed_5d", 288, 64)):
            blocks[name] = _small(c_in, pool)
        halved = [*_chain("branch3x3dbl", (64, 1), (96, 3)), (("branch3x3dbl_3", 96, 3, 2),)]
        blocks["Mixed_6a"] = Mixed(288, [[(("branch3x3", 384, 3, 2),)], halved], 0)
        for name, c in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
            blocks[name] = _separated(c)
    if dims == 2048:
        short = [(("branch3x3_1", 192, 1, 1),), (("branch3x3_2", 320, 3, 2),)]
        crossed = [*_chain("branch7x7x3", (192, 1), (192, WIDE), (192, TALL)), (("branch7x7x3_4", 192, 3, 2),)]
        blocks["Mixed_7a"] = Mixed(768, [short, crossed], 0)
        blocks["Mixed_7b"], blocks["Mixed_7c"] = _forked(1280, mean=True), _forked(2048, mean=False)
    return blocks


def _small(c_in: int, pool: int) -> Mixed:
    branches: list[list[Stage]] = [
        [(("branch1x1", 64, 1, 1),)],
        _chain("branch5x5", (48, 1), (64, 5)),
        _chain("branch3x3dbl", (64, 1), (96, 3), (96, 3)),
    ]
    return Mixed(c_in, branches, pool)


def _separated(c: int) -> Mixed:
    branches: list[list[Stage]] = [
        [(("branch1x1", 192, 1, 1),)],
        _chain("branch7x7", (c, 1), (c, WIDE), (192, TALL)),
        _chain("branch7x7dbl", (c, 1), (c, TALL), (c, WIDE), (c, TALL), (192, WIDE)),
    ]
    return Mixed(768, branches, 192)


def _forked(c_in: int, *, mean: bool) -> Mixed:
    def fork(name: str) -> Stage:
        return (f"{name}a", 384, (1, 3), 1), (f"{name}b", 384, (3, 1), 1)

    branches: list[list[Stage]] = [
        [(("branch1x1", 320, 1, 1),)],
        [(("branch3x3_1", 384, 1, 1),), fork("branch3x3_2")],
        [*_chain("branch3x3dbl", (448, 1), (384, 3)), fork("branch3x3dbl_3")],
    ]
    return Mixed(c_in, branches, 192, mean=mean)


def _chain(name: str, *steps: tuple[int, Kernel]) -> list[Stage]:
    return [((f"{name}_{n}", channels, kernel, 1),) for n, (channels, kernel) in enumerate(steps, 1)]
