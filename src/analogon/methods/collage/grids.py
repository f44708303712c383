"""The planes of :mod:`planes` in operations that can be exported, for layouts of any size.

Distances are not scanned but looked up: along each row the next border pixel on both sides, and over those rows the
nearest. Regions are not walked through but joined: each cell points to a cell of its region, and pointers meet.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from analogon.methods.collage.planes import DEEPEST, OCTAVES, REACHES, SMALLEST

#: Rounds in which pointers within a region meet; spirals and mazes of 102x102 cells, the largest grid, take 7 at most.
ROUNDS = 10
#: No border within reach.
FAR = 1e6


def grid_of(size: int, cell: int) -> int:
    """Cells along so many pixels."""
    return (size + cell - 1) // cell


def planes_of(ids: Tensor, cell: int, classes: int) -> tuple[Tensor, Tensor]:
    """What :func:`analogon.methods.collage.planes.layout_of` says of a layout.

    Args:
        ids: int64 (h, w), classes counted from 0.
        cell: pixels along a cell, an even number.
        classes: their number.

    Returns:
        planes (C, gh, gw) and the main class of each cell, int64 (gh, gw).
    """
    height, width = grid_of(ids.shape[0], cell), grid_of(ids.shape[1], cell)
    rows, cols = (
        torch.arange(n * cell, device=ids.device).clamp(max=size - 1)
        for n, size in zip((height, width), ids.shape, strict=True)
    )
    whole = ids[rows][:, cols]
    inside = whole == torch.arange(classes, device=ids.device)[:, None, None]
    shares = F.avg_pool2d(inside.float()[None], cell // 2)[0]
    quarters = torch.stack([shares[:, y::2, x::2] for y in (0, 1) for x in (0, 1)], 1)
    main = F.avg_pool2d(shares[None], 2)[0].argmax(0)
    middle = inside[:, cell // 2 :: cell, cell // 2 :: cell]
    sign = torch.where(middle, 1.0, -1.0)
    away = _distances(inside, cell)
    distances = torch.stack([sign * (away / (reach * cell)).clamp(max=1) for reach in REACHES], 1)
    of_classes = torch.cat([quarters, distances], 1).flatten(0, 1)
    return torch.cat([of_classes, _waves(main), _in_regions(main, classes)]), main


def _distances(inside: Tensor, cell: int) -> Tensor:
    """Chamfer distances in pixels of the cells' middles to the border of each class: (K, h, w) -> (K, gh, gw)."""
    reach, half = min(DEEPEST, int(REACHES[-1] * cell)), cell // 2
    down, across = inside[:, 1:] != inside[:, :-1], inside[:, :, 1:] != inside[:, :, :-1]
    beside = F.pad(down, (0, 0, 0, 1)) | F.pad(down, (0, 0, 1, 0)) | F.pad(across, (0, 1)) | F.pad(across, (1, 0))
    # the next border pixel of the same row on either side of each middle
    cols = torch.arange(inside.shape[2], device=inside.device, dtype=torch.float32)
    left, right = F.pad(cols.where(beside, -FAR), (reach, 0), value=-FAR), (-cols).where(beside, -FAR)
    left = F.max_pool2d(left[:, :, half:], (1, reach + 1), (1, cell))
    right = F.max_pool2d(F.pad(right[:, :, half:], (0, reach), value=-FAR), (1, reach + 1), (1, cell))
    gap = torch.minimum(cols[half::cell] - left, -right - cols[half::cell])
    # and over the rows within reach the nearest: rows beyond the frame repeat its edge, where they are not nearer
    steps = torch.arange(-reach, reach + 1, device=inside.device)
    rows = torch.arange(half, inside.shape[1], cell, device=inside.device)[:, None] + steps
    gaps = gap[:, rows.clamp(0, inside.shape[1] - 1)]
    apart = steps.abs()[:, None]
    nearest = torch.maximum(3 * apart + gaps, apart + 3 * gaps).amin(2) + 3
    none = ~beside.flatten(1).any(1)[:, None, None]
    return torch.where(none, REACHES[-1] * cell, nearest.clamp(max=3 * reach) / 3)


def _waves(main: Tensor) -> Tensor:
    """Frame coordinates in [-1, 1], and their sines and cosines at several octaves: (2 + 4 OCTAVES, gh, gw)."""
    axes = (2 * torch.arange(n, device=main.device) / max(n - 1, 1) - 1 for n in main.shape)
    places = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    out = [places]
    for octave in range(OCTAVES):
        angles = torch.pi * 2**octave * places
        out.append(torch.stack([angles.sin(), angles.cos()], 1).flatten(0, 1))
    return torch.cat(out)


def regions_of(main: Tensor, classes: int) -> Tensor:
    """Numbers of connected regions (8 neighbours) of cells (gh, gw): each that of a cell of it, int64 (gh, gw)."""
    numbers = torch.arange(main.shape[0] * main.shape[1], device=main.device).view_as(main)
    own = main == torch.arange(classes, device=main.device)[:, None, None]
    for _ in range(ROUNDS):
        # the least number beside each cell in its class: the largest negative one
        least = F.max_pool2d((-numbers.float()).where(own, -FAR)[None], 3, 1, 1)[0]
        least = -least.gather(0, main[None]).flatten().long()
        # what a cell has met is told to the cell that it points to, and pointers are followed twice
        flat = numbers.flatten()
        flat = torch.minimum(flat.scatter_reduce(0, flat, least, "amin"), least)
        flat = flat[flat]
        numbers = flat[flat].view_as(main)
    return numbers


def _in_regions(main: Tensor, classes: int) -> Tensor:
    """How each cell lies in its connected region: (IN_REGION, gh, gw)."""
    region = regions_of(main, classes).flatten()
    nothing = torch.zeros(region.shape[0], device=main.device)
    area = nothing.scatter_add(0, region, nothing + 1)
    large = area >= SMALLEST
    boxed, massed, sizes = [], [], []
    axes = (torch.arange(n, device=main.device, dtype=torch.float32) for n in main.shape)
    for v, size in zip(torch.meshgrid(*axes, indexing="ij"), main.shape, strict=True):
        flat = v.flatten()
        low = (nothing + size).scatter_reduce(0, region, flat, "amin").where(large, 0)
        high = (nothing - 1).scatter_reduce(0, region, flat, "amax").where(large, size - 1)
        long = high - low + 1
        boxed.append(2 * (flat + 0.5 - low[region]) / long[region] - 1)
        mean = nothing.scatter_add(0, region, flat) / area.clamp(min=1)
        off = flat - mean[region]
        spread = (nothing.scatter_add(0, region, off * off) / area.clamp(min=1)).clamp(min=1).sqrt()
        massed.append((off / (2 * spread[region])).clamp(-2, 2))
        sizes.append(long[region] / size)
    return torch.stack([*boxed, *massed, *sizes]).view(-1, *main.shape)
