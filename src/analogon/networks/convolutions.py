"""Convolutions, with spectral norm or without, and how they start."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Standard deviation of initial weights, as a multiple of Xavier's.
GAIN = 0.02
#: Of leaky ReLU where it is not 1.
SLOPE = 0.2


def start(layer: nn.Conv2d | nn.Linear) -> None:
    """Xavier normal weights with a small gain, and no bias; nothing on the meta device, which is slow to pretend."""
    if layer.weight.is_meta:
        return
    nn.init.xavier_normal_(layer.weight, GAIN)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class Conv(nn.Conv2d):
    """A convolution with zero padding; its weights start small."""

    def __init__(
        self,
        given: int,
        made: int,
        side: int = 3,
        *,
        stride: int = 1,
        padding: int | None = None,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        """``padding`` is such that an odd side with stride 1 keeps the size, where it is None."""
        super().__init__(given, made, side, stride, side // 2 if padding is None else padding, groups=groups, bias=bias)

    def reset_parameters(self) -> None:
        """Draw the initial weights."""
        start(self)


class SpectralConv(Conv):
    """A convolution whose weights are divided by their largest singular value.

    The singular vectors are followed by :func:`refresh`, once for each step of training and not in the forward pass:
    using the network changes nothing, and all passes of a step agree. Source: Miyato et al., "Spectral Normalization
    for Generative Adversarial Networks", ICLR 2018. With groups, the matrix is that of all filters, as there.
    """

    u: Tensor
    v: Tensor

    def __init__(self, given: int, made: int, side: int = 3, **more: int | bool | None) -> None:
        super().__init__(given, made, side, **more)  # type: ignore[arg-type]
        rows = self.weight.flatten(1)
        # weights are drawn alike in all directions, so that any start will do
        self.register_buffer("u", torch.ones(rows.shape[0]))
        self.register_buffer("v", torch.ones(rows.shape[1]))
        if not rows.is_meta:
            self.refresh(15)

    @torch.no_grad()
    def refresh(self, times: int = 1) -> None:
        """Power iterations towards the largest singular value."""
        rows = self.weight.flatten(1)
        for _ in range(times):
            self.v.copy_(F.normalize(rows.T @ self.u, dim=0))
            self.u.copy_(F.normalize(rows @ self.v, dim=0))

    def forward(self, x: Tensor) -> Tensor:
        """(B, given, h, w) to (B, made, h', w')."""
        with torch.autocast(x.device.type, enabled=False):
            largest = self.u @ (self.weight.flatten(1) @ self.v)
        made: Tensor = self._conv_forward(x, self.weight / largest, self.bias)
        return made


class KeepingConv(Conv):
    """A convolution whose weights start at a size that keeps that of features, where no norm follows.

    Source: He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """

    def reset_parameters(self) -> None:
        """Draw the initial weights."""
        super().reset_parameters()
        if not self.weight.is_meta:
            nn.init.kaiming_normal_(self.weight, SLOPE)


def refresh(network: nn.Module) -> None:
    """One power iteration of every convolution with spectral norm."""
    for module in network.modules():
        if isinstance(module, SpectralConv):
            module.refresh()
