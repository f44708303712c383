"""Tears, votes and the last vote of :mod:`analogon.ops.votes` for all pixels at once, with the very same results.

``places`` is int32 (h, w, 2) here, ``pixels`` int64 (n, 2), the (row, col) of active pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from analogon.methods.patch.accelerated.windows import VOTE_BYTES, parts
from analogon.ops.votes import DOUBT, OWN, WRONG_AT_BORDER, WRONG_CLASS


def torn(places: Tensor, source_ids: Tensor, target_ids: Tensor, radius: int, *, wrap: bool) -> Tensor:
    """What lies within ``radius`` of a tear or a wrong class: bool (h, w)."""
    out = source_ids[places[..., 0].long(), places[..., 1].long()] != target_ids
    for axis in (0, 1):
        step = places.new_tensor((1 - axis, axis))
        apart = (places.roll(-1, axis) - places != step).any(-1)
        if not wrap or apart.shape[axis] == 1:
            apart.select(axis, apart.shape[axis] - 1).fill_(False)
        out = out | apart
    for axis in (0, 1):
        near, length = out.clone(), out.shape[axis]
        for shift in range(1, radius + 1):
            if wrap:
                near |= out.roll(shift, axis) | out.roll(-shift, axis)
            elif shift < length:
                near.narrow(axis, shift, length - shift).logical_or_(out.narrow(axis, 0, length - shift))
                near.narrow(axis, 0, length - shift).logical_or_(out.narrow(axis, shift, length - shift))
        out = near
    return out


def painted(source: Tensor, places: Tensor, pixels: Tensor, radius: int, *, wrap: bool) -> Tensor:
    """The picture (h, w, 3) of these places; the mean of all patches over each of ``pixels``."""
    colours = source[..., :3]
    out = colours[places[..., 0].long(), places[..., 1].long()]
    if radius == 0:
        return out
    for part in parts(pixels, (2 * radius + 1) ** 2 * VOTE_BYTES):
        named, counts = _ballots(places, part, radius, source.shape[:2], wrap=wrap)
        votes = colours[named[..., 0], named[..., 1]].int() * counts[..., None]
        total, number = votes.sum(1, dtype=torch.int32), counts.sum(1, dtype=torch.int32)[:, None]
        mean = torch.div(total + torch.div(number, 2, rounding_mode="floor"), number, rounding_mode="floor")
        out[part[:, 0], part[:, 1]] = mean.to(out.dtype)
    return out


def settled(
    places: Tensor,
    errors: Tensor,
    pixels: Tensor,
    strict: Tensor,
    source_ids: Tensor,
    target_ids: Tensor,
    radius: int,
    *,
    wrap: bool,
) -> Tensor:
    """Places in which each of ``pixels`` is the source pixel that most patches over it agree on."""
    out = places.clone()
    own = (2 * radius + 1) ** 2 // 2
    trust = torch.ones_like(errors) / (1 + errors * float(DOUBT))
    for part in parts(pixels, (2 * radius + 1) ** 2 * VOTE_BYTES):
        named, counts = _ballots(places, part, radius, source_ids.shape, wrap=wrap)
        weights = trust[_around(part, radius, places.shape[:2], wrap=wrap)[0]]
        wrong = source_ids[named[..., 0], named[..., 1]] != target_ids[part[:, 0], part[:, 1]][:, None]
        loss = torch.where(strict[part[:, 0], part[:, 1]], float(WRONG_CLASS), float(WRONG_AT_BORDER))[:, None]
        weights = torch.where(wrong, weights * loss, weights)
        weights[:, own] *= float(OWN)
        weights[~counts] = 0
        flat = named[..., 0] * source_ids.shape[1] + named[..., 1]
        flat[~counts] = -1
        # who names the same pixel adds up in the order of the ballots: sums of floats depend on it
        sums = torch.zeros_like(weights)
        for n in range(flat.shape[1]):
            sums += torch.where(flat[:, n : n + 1] == flat, weights[:, n : n + 1], 0)
        first = sums.argmax(1)  # of equals the first
        out[part[:, 0], part[:, 1]] = named[torch.arange(len(part), device=part.device), first].int()
    return out


def _around(pixels: Tensor, radius: int, shape: torch.Size, *, wrap: bool) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Rows and columns (n, size²) of the pixels around each, and which of them there are; the others are moved in."""
    reach = torch.arange(-radius, radius + 1, device=pixels.device)
    steps = torch.cartesian_prod(reach, reach).view(-1, 2)
    near = pixels[:, None] + steps
    limit = pixels.new_tensor(tuple(shape))
    if wrap:
        inside = torch.ones_like(near[..., 0], dtype=torch.bool)
        near = near.remainder(limit)
    else:
        inside = ((near >= 0) & (near < limit)).all(-1)
        near = near.clamp_(min=0).minimum(limit - 1)
    return (near[..., 0], near[..., 1]), inside


def _ballots(
    places: Tensor, pixels: Tensor, radius: int, source_shape: torch.Size, *, wrap: bool
) -> tuple[Tensor, Tensor]:
    """The source pixels (n, size², 2) that the patches over each pixel name for it, and which of them count.

    Those that do not count are (0, 0).
    """
    near, inside = _around(pixels, radius, places.shape[:2], wrap=wrap)
    reach = torch.arange(-radius, radius + 1, device=pixels.device)
    named = places[near].long() - torch.cartesian_prod(reach, reach).view(-1, 2)
    counts = inside & ((named >= 0) & (named < pixels.new_tensor(tuple(source_shape)))).all(-1)
    return named * counts[..., None], counts
