"""Joint picture and layout warps: flip, thin-plate spline, zoom. The sampled parameters are a value."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Warp:
    """One drawn augmentation, applied in the order flip, spline, zoom.

    Attributes:
        flip: mirror left and right.
        bend: (9, 2) shifts of a 3x3 control grid as shares of the height and width, (row, col); None for no spline.
        zoom: magnification about the centre, >= 1.
    """

    flip: bool
    bend: Tensor | None
    zoom: float


def draw(strength: float, generator: torch.Generator, *, bend: float = 0.02, zoom: float = 0.2) -> Warp:
    """Draw a warp at ``strength`` in [0, 1] (the released code's progressive schedule and ranges)."""
    u = torch.rand(3, generator=generator)
    shifts = (torch.rand(9, 2, generator=generator) * 2 - 1) * bend * strength
    return Warp(
        flip=bool(u[0] < 0.5 * strength),
        bend=shifts if u[1] < 0.5 else None,
        zoom=1 + float(u[2]) * zoom * strength,
    )


def grid(warp: Warp, size: tuple[int, int]) -> Tensor:
    """Sampling grid (1, h, w, 2) for ``grid_sample(align_corners=True)``: (x, y) in [-1, 1]."""
    h, w = size
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    points = torch.stack([y, x], -1) / warp.zoom
    if warp.bend is not None:
        points = points + _spline(points.reshape(-1, 2), 2 * warp.bend).reshape(h, w, 2)
    y, x = points.unbind(-1)
    return torch.stack([-x if warp.flip else x, y], -1)[None]


def apply_picture(image: Tensor, at: Tensor) -> Tensor:
    """Bilinear, reflected border: (1, C, H, W) -> (1, C, h, w)."""
    return F.grid_sample(image, at, mode="bilinear", padding_mode="reflection", align_corners=True)


def apply_layout(indices: Tensor, at: Tensor) -> Tensor:
    """Nearest, reflected border; ids are never blended: int64 (H, W) -> (h, w)."""
    # float64 holds every id exactly
    moved = F.grid_sample(
        indices[None, None].double(),
        at.double(),
        mode="nearest",
        padding_mode="reflection",
        align_corners=True,
    )
    return moved[0, 0].round().long()


def _spline(points: Tensor, shifts: Tensor) -> Tensor:
    """Thin-plate spline displacement (N, 2) at points (N, 2): a 3x3 grid is shifted, the corners are pinned.

    Solved in the normalised frame of each axis, so that a non-square picture bends the same both ways.
    """
    inner = torch.tensor([-0.5, 0.0, 0.5])
    control = torch.cat([torch.cartesian_prod(inner, inner), torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 2)])
    moved = torch.cat([shifts, torch.zeros(4, 2)]).double()
    n = len(control)

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        r2 = (a[:, None] - b[None]).square().sum(-1)
        return r2 * torch.log(r2.clamp_min(1e-12))

    def affine(a: Tensor) -> Tensor:
        return torch.cat([torch.ones(len(a), 1, dtype=a.dtype), a], 1)

    c = control.double()
    system = torch.zeros(n + 3, n + 3, dtype=torch.float64)
    system[:n, :n], system[:n, n:], system[n:, :n] = kernel(c, c), affine(c), affine(c).T
    solved = torch.linalg.solve(system, torch.cat([moved, torch.zeros(3, 2, dtype=torch.float64)])).float()
    bent: Tensor = kernel(points, control) @ solved[:n] + affine(points) @ solved[n:]
    return bent
