"""What critic and generator are judged by."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def critic_loss(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """Low where real patches score high and made ones low (WGAN)."""
    loss: Tensor = critic(fake).float().mean() - critic(real).float().mean()
    return loss


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, share: float) -> Tensor:
    """Mean squared deviation from 1 of the critic's gradient, its norm taken over the channels of each pixel.

    Args:
        real, fake: (1, 3, h, w). share: of ``real`` in the mixture at which the gradient is taken.
    """
    mixed = (share * real + (1 - share) * fake).detach().float().requires_grad_()
    with torch.autocast(mixed.device.type, enabled=False):
        (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    # a gradient of 0 has no direction to learn from
    norm = (gradient.square().sum(1) + 1e-16).sqrt()
    return (norm - 1).square().mean()


def adversarial_loss(critic: nn.Module, fake: Tensor) -> Tensor:
    """Low where made patches score high."""
    loss: Tensor = -critic(fake).float().mean()
    return loss


def reconstruction_loss(made: Tensor, real: Tensor) -> Tensor:
    """Mean squared error in [-1, 1]."""
    return F.mse_loss(made, real)
