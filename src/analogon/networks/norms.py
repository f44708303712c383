"""Norms without anything learnt, and batch norm over all processes that train together."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

Kind = Literal["batch", "instance"]
EPSILON = 1e-5
#: Share of a new batch in the running averages of batch norm.
MOMENTUM = 0.1


class PlainNorm(nn.Module):
    """Each channel to mean 0 and variance 1: over the batch, or over each picture by itself.

    ``"batch"`` takes the mean and variance of the batches of all processes while it trains, and running averages of
    them in evaluation. ``"instance"`` is the same in both; a single pixel has no variance and becomes 0.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, kind: Kind, channels: int) -> None:
        super().__init__()
        self.kind = kind
        if kind == "batch":
            self.register_buffer("mean", torch.zeros(channels))
            self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) to the same, in float32 whatever the precision."""
        x = x.float()
        if self.kind == "instance":
            middle = x.mean((2, 3), keepdim=True)
            spread = (x - middle).square().mean((2, 3), keepdim=True)
            return (x - middle) * torch.rsqrt(spread + EPSILON)
        if self.training and dist.is_initialized() and dist.get_world_size() > 1:
            return self._together(x)
        if self.training and x.numel() == x.shape[1]:
            return x * 0  # a single number for each channel: it is its mean
        return F.batch_norm(x, self.mean, self.variance, training=self.training, momentum=MOMENTUM, eps=EPSILON)

    def _together(self, x: Tensor) -> Tensor:
        number = x.numel() // x.shape[1] * dist.get_world_size()
        middle = _sum(x.sum((0, 2, 3))) / number
        centred = x - middle[:, None, None]
        spread = _sum(centred.square().sum((0, 2, 3))) / number
        with torch.no_grad():
            self.mean.lerp_(middle, MOMENTUM)
            self.variance.lerp_(spread * (number / max(number - 1, 1)), MOMENTUM)
        return centred * torch.rsqrt(spread + EPSILON)[:, None, None]


def _sum(x: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(x)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    """The sum over all processes, whose gradient is the sum of all their gradients."""

    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> Tensor:
        x = x.contiguous().clone()
        dist.all_reduce(x)
        return x

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous().clone()
        dist.all_reduce(gradient)
        return gradient
