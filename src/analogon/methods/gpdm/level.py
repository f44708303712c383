"""One level: the pixels of a picture are moved until its patches are distributed as the source's."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage as ndi
from torch import Tensor

from analogon.data import Exemplar
from analogon.methods.gpdm.config import Config
from analogon.methods.gpdm.distance import directions, responses, sliced_wasserstein


@dataclass(frozen=True, eq=False)
class Crude:
    """The carried picture at the size of a level.

    Attributes:
        image: float32 (h, w, 3) in [0, 1].
        indices: its classes (h, w), as places in the palette.
        free: bool (h, w), pixels that may move.
        places: int64 (h, w, 2), the (row, col) of the source at its size that each pixel was taken from.
        shift: float32 (h, w, 3), what was added to its colours.
    """

    image: NDArray[np.float32]
    indices: NDArray[np.int64]
    free: NDArray[np.bool_]
    places: NDArray[np.int64]
    shift: NDArray[np.float32]


class Level:
    """The source at one size, and what is known of the picture that is to be made.

    Args:
        source: (h', w').
        crude: what the picture starts from, (h, w).
        device: where to compute.
    """

    def __init__(self, source: Exemplar, crude: Crude, config: Config, device: torch.device) -> None:
        self.config, self.device, self.crude = config, device, crude
        self.given = to_tensor(source.image, device)
        self._kinds = tuple(_kinds(plane, config.patch) for plane in (crude.indices, source.labels.indices()))
        self._moving = ndi.maximum_filter(crude.free, config.patch)[_inner(crude.free.shape, config.patch)]
        most = max(crude.indices.size, source.labels.ids.size)
        #: Rows and columns from one patch that is compared to the next.
        self.stride = max(1, math.ceil(math.sqrt(most / config.samples)))

    def matched(self, image: Tensor, steps: int, draws: torch.Generator, told: Callable[[], None]) -> Tensor:
        """The picture (1, 3, h, w) in [-1, 1] after so many steps, clipped.

        Args:
            told: called after each step.
        """
        free = torch.from_numpy(self.crude.free.astype(np.float32))[None, None].to(self.device)
        pixels = image.clone().requires_grad_(True)
        optimiser = torch.optim.Adam([pixels], self.config.rate)
        for n in range(steps):
            if self._moving.any():
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
        ours, theirs = (kinds[first[0] :: self.stride, first[1] :: self.stride] for kinds in self._kinds)
        groups = None
        if self.config.origins:
            moving, origins, shift = self._origins(first, theirs.shape)
            colours = filters.sum((2, 3)) @ torch.from_numpy(2 * shift.T).to(self.device)
            made, given = made[:, _columns(moving.ravel()).to(self.device)], given[:, origins.to(self.device)] + colours
            ours, theirs = ours[moving], theirs.ravel()[origins.numpy()]
        if self.config.classes:
            groups = _groups(ours.ravel(), theirs.ravel())
        return sliced_wasserstein(made, given, draws, squared=self.config.distance == "squared", groups=groups)

    def _first(self, image: Tensor, draws: torch.Generator) -> tuple[int, int]:
        """Where the raster begins: a random place within its first cell that leaves a patch in both pictures."""
        rows, columns = (min(image.shape[k], self.given.shape[k]) - self.config.patch + 1 for k in (-2, -1))
        row, column = (int(torch.randint(min(self.stride, n), (), generator=draws)) for n in (rows, columns))
        return row, column

    def _origins(
        self, first: tuple[int, int], shape: tuple[int, ...]
    ) -> tuple[NDArray[np.bool_], Tensor, NDArray[np.float32]]:
        """Which patches of the raster move, and for each of them the source's that was taken there, and its shift.

        Args:
            shape: rows and columns of the source's raster.
        """
        inner = _inner(self.crude.free.shape, self.config.patch)
        thin = slice(first[0], None, self.stride), slice(first[1], None, self.stride)
        moving = self._moving[thin]
        nearest = (
            self.crude.places[inner][thin][moving] - self.config.patch // 2 - first + self.stride // 2
        ) // self.stride
        rows, columns = np.clip(nearest, 0, np.array(shape) - 1).T
        return moving, torch.from_numpy(rows * shape[1] + columns), self.crude.shift[inner][thin][moving]


def _groups(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> list[tuple[Tensor, Tensor]]:
    """Columns of each class, by the class at the patches' centres, in the picture and in the source.

    Those inside a class and those that reach into another are told apart: where there is less outline than in the
    source, the inside would be given bits of the neighbour else.
    """
    groups = []
    for kind in np.unique(ours):
        there = theirs == kind
        if not there.any():  # then with any patch of the class
            there = theirs // 2 == kind // 2
        groups.append((_columns(ours == kind), _columns(there)))
    return groups


def _inner(shape: tuple[int, ...], patch: int) -> tuple[slice, slice]:
    """Where the centres of patches lie."""
    radius = patch // 2
    return slice(radius, shape[0] - radius), slice(radius, shape[1] - radius)


def _kinds(indices: NDArray[np.int64], patch: int) -> NDArray[np.int64]:
    """For each patch (h - patch + 1, w - patch + 1) twice the class at its centre, and 1 more if it has others too."""
    mixed = ndi.minimum_filter(indices, patch) != ndi.maximum_filter(indices, patch)
    inner = _inner(indices.shape, patch)
    kinds: NDArray[np.int64] = 2 * indices[inner] + mixed[inner]
    return kinds


def _columns(which: NDArray[np.bool_]) -> Tensor:
    return torch.from_numpy(np.flatnonzero(which))


def to_tensor(image: NDArray[np.float32], device: torch.device) -> Tensor:
    """A picture (h, w, 3) in [0, 1] as (1, 3, h, w) in [-1, 1]."""
    return torch.from_numpy(image * 2 - 1).permute(2, 0, 1)[None].contiguous().to(device)
