"""The sliced Wasserstein distance between two sets of patches."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def directions(count: int, patch: int, draws: torch.Generator) -> Tensor:
    """Random unit filters (count, 3, patch, patch)."""
    filters = torch.randn(count, 3, patch, patch, generator=draws)
    return F.normalize(filters.flatten(1)).view_as(filters)


def responses(image: Tensor, filters: Tensor, stride: int = 1, first: tuple[int, int] = (0, 0)) -> Tensor:
    """What each filter says of the patches of a picture (1, 3, h, w): (filters, patches), row by row.

    Args:
        stride: rows and columns from one patch to the next.
        first: row and column of the first patch's corner.
    """
    return F.conv2d(image[..., first[0] :, first[1] :], filters, stride=stride)[0].flatten(1)


def sliced_wasserstein(
    made: Tensor,
    given: Tensor,
    draws: torch.Generator,
    *,
    squared: bool = False,
    groups: Iterable[tuple[Tensor, Tensor]] | None = None,
) -> Tensor:
    """Mean distance of sorted responses, over filters and patches: 0 for equal sets in any order.

    In each row it is the Wasserstein distance of two sets of numbers of one size (its square with ``squared``); of
    two sizes the smaller set is filled up by random members of it.

    Args:
        made: (F, N), gets the gradient. given: (F, M).
        draws: for filling up, on the CPU.
        groups: pairs of columns (indices) of both that are compared by themselves; None compares all with all.
            A group counts by its columns in ``made``; one that is empty on either side is left out.
    """
    if groups is None:
        groups = [(torch.arange(made.shape[1]), torch.arange(given.shape[1]))]
    total, count = 0 * made.sum(), 0
    for ours, theirs in groups:
        if not (len(ours) and len(theirs)):
            continue
        size = max(len(ours), len(theirs))
        mine = made[:, _filled(ours, size, draws).to(made.device)]
        difference = mine - _of_equal_rank(mine.detach(), given[:, _filled(theirs, size, draws).to(given.device)])
        each = difference.square() if squared else difference.abs()
        total = total + each.mean() * len(ours)
        count += len(ours)
    return total / max(count, 1)


def _filled(columns: Tensor, size: int, draws: torch.Generator) -> Tensor:
    """The columns, and random ones of them again up to the size."""
    missing = size - len(columns)
    if not missing:
        return columns
    return torch.cat([columns, columns[torch.randint(len(columns), (missing,), generator=draws)]])


def _of_equal_rank(made: Tensor, given: Tensor) -> Tensor:
    """For each response (F, N) the given one (F, N) of the same rank in its row."""
    if made.device.type != "cpu":
        return torch.empty_like(given).scatter_(1, made.argsort(1), given.sort(1).values)
    # on a CPU NumPy sorts in a twentieth of torch's time
    order, values = torch.from_numpy(np.argsort(made.numpy(), axis=1)), torch.from_numpy(np.sort(given.numpy(), axis=1))
    return torch.empty_like(values).scatter_(1, order, values)
