"""One level: the pixels of a picture are moved until its patches are distributed as the source's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage as ndi
from torch import Tensor

from analogon.data import Exemplar
from analogon.methods.gpdm.config import Config
from analogon.methods.gpdm.distance import directions, responses, sliced_wasserstein


class Level:
    """The source at one size, and the classes of the picture that is to be made.

    Args:
        source: (h', w').
        indices: the picture's classes (h, w), as places in the palette.
        device: where to compute.
    """

    def __init__(self, source: Exemplar, indices: NDArray[np.int64], config: Config, device: torch.device) -> None:
        self.config, self.device = config, device
        self.given = to_tensor(source.image, device)
        self._kinds = tuple(_kinds(plane, config.patch) for plane in (indices, source.labels.indices()))
        most = max(indices.size, source.labels.ids.size)
        #: Rows and columns from one patch that is compared to the next.
        self.stride = max(1, math.ceil(math.sqrt(most / config.samples)))

    def matched(
        self, image: Tensor, free: Tensor, steps: int, draws: torch.Generator, told: Callable[[], None]
    ) -> Tensor:
        """The picture (1, 3, h, w) in [-1, 1] after so many steps, clipped.

        Args:
            free: (1, 1, h, w), 1 where pixels may move, else 0.
            told: called after each step.
        """
        pixels = image.clone().requires_grad_(True)
        optimiser = torch.optim.Adam([pixels], self.config.rate)
        for n in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = self.config.rate * (1 + (self.config.last_rate - 1) * n / steps)
            optimiser.zero_grad()
            self.distance(pixels, draws).backward()  # type: ignore[no-untyped-call]
            pixels.grad = free * pixels.grad if pixels.grad is not None else None
            optimiser.step()
            told()
        return pixels.detach().clamp(-1, 1)

    def distance(self, image: Tensor, draws: torch.Generator) -> Tensor:
        """The distance to the source in new random directions, at patches in a new raster."""
        filters = directions(self.config.filters, self.config.patch, draws).to(self.device)
        # one raster for both, so that what is equal has no distance
        first = self._first(image, draws)
        made = responses(image, filters, self.stride, first)
        with torch.no_grad():
            given = responses(self.given, filters, self.stride, first)
        groups = self._groups(first) if self.config.classes else None
        return sliced_wasserstein(made, given, draws, squared=self.config.distance == "squared", groups=groups)

    def _first(self, image: Tensor, draws: torch.Generator) -> tuple[int, int]:
        """Where the raster begins: a random place within its first cell that leaves a patch in both pictures."""
        rows, columns = (min(image.shape[k], self.given.shape[k]) - self.config.patch + 1 for k in (-2, -1))
        row, column = (int(torch.randint(min(self.stride, n), (), generator=draws)) for n in (rows, columns))
        return row, column

    def _groups(self, first: tuple[int, int]) -> list[tuple[Tensor, Tensor]]:
        """The patches of each class, by the class at their centres, in the picture and in the source.

        Those inside a class and those that reach into another are told apart: where there is less outline than in the
        source, the inside would be given bits of the neighbour else.
        """
        ours, theirs = (kinds[first[0] :: self.stride, first[1] :: self.stride].ravel() for kinds in self._kinds)
        groups = []
        for kind in np.unique(ours):
            there = theirs == kind
            if not there.any():  # then with any patch of the class
                there = theirs // 2 == kind // 2
            groups.append((_columns(ours == kind), _columns(there)))
        return groups


def _kinds(indices: NDArray[np.int64], patch: int) -> NDArray[np.int64]:
    """For each patch (h - patch + 1, w - patch + 1) twice the class at its centre, and 1 more if it has others too."""
    radius = patch // 2
    mixed = ndi.minimum_filter(indices, patch) != ndi.maximum_filter(indices, patch)
    inner = slice(radius, indices.shape[0] - radius), slice(radius, indices.shape[1] - radius)
    kinds: NDArray[np.int64] = 2 * indices[inner] + mixed[inner]
    return kinds


def _columns(which: NDArray[np.bool_]) -> Tensor:
    return torch.from_numpy(np.flatnonzero(which))


def to_tensor(image: NDArray[np.float32], device: torch.device) -> Tensor:
    """A picture (h, w, 3) in [0, 1] as (1, 3, h, w) in [-1, 1]."""
    return torch.from_numpy(image * 2 - 1).permute(2, 0, 1)[None].contiguous().to(device)
