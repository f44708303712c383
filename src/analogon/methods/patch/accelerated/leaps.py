"""The exhaustive comparison of :mod:`analogon.ops.leaps` as products of matrices."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analogon.methods.patch.accelerated.windows import Windows, moved, parts
from analogon.ops.leaps import SHAPE, UNIT, Dictionary

#: Bytes that one query takes for its patch and, for each source patch, for the difference from it.
QUERY_BYTES, SCORE_BYTES = 2048, 24


class DeviceDictionary:
    """The source patches of one level, by class, on a device.

    Whole numbers in 64-bit floats are exact, so that what is found is the best but for ties; on devices without
    them (MPS) it is the best up to rounding.
    """

    def __init__(self, dictionary: Dictionary, device: torch.device) -> None:
        self._size = dictionary.size
        self._cols = dictionary.cols
        self._bounds = [int(n) for n in dictionary.start_of]
        self._kind = torch.float32 if device.type == "mps" else torch.float64
        self._basis = torch.from_numpy(dictionary.basis).to(device, self._kind)
        self._described = torch.from_numpy(dictionary.described).to(device, self._kind)
        self._squares = self._described.square().sum(0)
        self._cells = moved(dictionary.cells, device)
        self._places = moved(dictionary.places_of, device)

    def nearest(
        self, canvas: Windows, ids: Windows, pixels: Tensor, classes: Tensor, usage: Tensor, price: NDArray[np.float32]
    ) -> Tensor:
        """For each pixel (n, 2) the source pixel of its class that fits best with the cost of using it: int32 (n, 2).

        (-1, -1) where the source lacks the class.
        """
        found = torch.full((len(pixels), 2), -1, dtype=torch.int32, device=pixels.device)
        for c in range(len(price)):
            first, end = self._bounds[c], self._bounds[c + 1]
            asked = torch.nonzero(classes == c)[:, 0]
            if first == end or not len(asked):
                continue
            described, cells = self._described[:, first:end], self._cells[first:end]
            costs = (usage.view(-1)[cells].float() * float(price[c])).to(self._kind) + self._squares[first:end]
            for part in parts(asked, QUERY_BYTES * self._size + SCORE_BYTES * (end - first)):
                mine = self._describe(canvas, ids, pixels[part])
                best = torch.addmm(costs[None], mine, described, alpha=-2).argmin(1)  # of equals the first
                flat = self._places[first + best]
                row = torch.div(flat, self._cols, rounding_mode="floor")
                found[part] = torch.stack([row, flat - row * self._cols], -1).int()
        return found

    def _describe(self, canvas: Windows, ids: Windows, pixels: Tensor) -> Tensor:
        """Coefficients (n, coefficients) of the patches around pixels."""
        colours = canvas.around(pixels).view(len(pixels), self._size, self._size, canvas.channels)
        classes = ids.around(pixels)
        own = classes[:, self._size // 2, self._size // 2]
        shape = (classes == own[:, None, None])[..., None] * int(SHAPE)
        values = torch.cat([colours.to(self._kind), shape.to(self._kind)], -1).flatten(1)
        return torch.floor(values @ self._basis / UNIT)
