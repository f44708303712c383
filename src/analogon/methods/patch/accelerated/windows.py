"""Patches of planes on a device, compared as whole numbers: every device finds the same to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Bytes that the patches compared, and the votes counted, at a time may take on the CPU and on other devices.
CPU_BYTES, DEVICE_BYTES = 1 << 22, 1 << 28
#: Bytes for one value of a patch while two are compared, and for one vote while all are counted.
VALUE_BYTES, VOTE_BYTES = 16, 64


def parts(indices: Tensor, bytes_each: int) -> tuple[Tensor, ...]:
    """Rows of indices as they are taken at a time if each needs so many bytes. Results never depend on it."""
    most = CPU_BYTES if indices.device.type == "cpu" else DEVICE_BYTES
    return torch.split(indices, max(1, most // bytes_each))


def moved(array: NDArray[Any], device: torch.device) -> Tensor:
    """A copy on the device; uint16 comes as int16, which keeps unequal what is unequal."""
    array = np.require(array, requirements=("C", "W"))  # torch warns of what it may not write to
    return torch.from_numpy(array.view(np.int16) if array.dtype == np.uint16 else array).to(device, copy=True)


@dataclass(frozen=True, eq=False)
class Windows:
    """All patches of a padded plane, without a copy of any.

    Attributes:
        view: (n, size, size * C); the patch around pixel (y, x) of the bare plane is ``y * pitch + x``.
        pitch: width of the padded plane.
        channels: C.
    """

    view: Tensor
    pitch: int
    channels: int

    @staticmethod
    def of(padded: Tensor, size: int) -> Windows:
        """Of a contiguous plane (h, w) or (h, w, C); later changes of the plane are seen."""
        rows, pitch = padded.shape[:2]
        channels = padded.shape[2] if padded.dim() == 3 else 1
        count = (rows - size) * pitch + pitch - size + 1
        view = padded.as_strided((count, size, size * channels), (channels, pitch * channels, 1))
        return Windows(view, pitch, channels)

    def around(self, pixels: Tensor) -> Tensor:
        """The patches around pixels (n, 2): (n, size, size * C)."""
        return self.view[pixels[:, 0].long() * self.pitch + pixels[:, 1]]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both sides' patches."""

    source: Windows
    target: Windows
    source_ids: Windows
    target_ids: Windows

    @staticmethod
    def of(source: Tensor, target: Tensor, source_ids: Tensor, target_ids: Tensor, size: int) -> Comparison:
        """Of padded planes."""
        return Comparison(*(Windows.of(plane, size) for plane in (source, target, source_ids, target_ids)))

    def parts(self, indices: Tensor) -> tuple[Tensor, ...]:
        """As many of the rows at a time as may be compared at once."""
        size, values = self.source.view.shape[1:]
        return parts(indices, size * (size + values) * VALUE_BYTES)

    def differences(self, places: Tensor, pixels: Tensor, class_weight: float) -> Tensor:
        """What the patches around source places and target pixels, both (n, 2), differ by: float32 (n).

        Added up row by row, in the order of the compiled search: sums of floats depend on it.
        """
        offset = self.source.around(places).int() - self.target.around(pixels)
        squares = offset.square_().sum(-1, dtype=torch.int32).float()
        wrong = (self.source_ids.around(places) != self.target_ids.around(pixels)).sum(-1, dtype=torch.int32)
        by_row = squares + wrong.float() * class_weight
        total = by_row[:, 0]
        for row in range(1, by_row.shape[1]):
            total = total + by_row[:, row]
        return total
