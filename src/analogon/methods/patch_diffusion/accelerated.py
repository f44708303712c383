"""The denoiser on a torch device: all patches are compared with all."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analogon.methods.patch_diffusion.denoiser import CAP, Denoiser, Floats, Places

#: Pairs of patches whose distances are known at a time.
PAIRS = 1 << 25
#: Where there is little noise so many of the nearest patches are compared again: differences of large sums are not
#: exact enough.
AGAIN = 32
#: Values of patches that are compared again at a time.
VALUES = 1 << 26


class DeviceDenoiser(Denoiser):
    """The posterior mean, the sum over all patches of the source. Arrays come and go; in between all is on the device.

    Attributes:
        device: what computes.
    """

    device: torch.device

    @staticmethod
    def on(device: torch.device, work: Denoiser) -> DeviceDenoiser:
        """The same denoiser, computed elsewhere."""
        moved = DeviceDenoiser(work.source, work.conditions, work.open_, work.stride)
        moved.device = device
        return moved

    @torch.no_grad()
    def _compare(
        self, target: Floats, weights: Floats, pixels: Places, width: np.float32, means: Floats, matches: Places
    ) -> None:
        """See :class:`Denoiser`."""
        colours, conditions, allowed = self._known
        cols, size, weight = self.source.shape[1], self.source.search.patch, float(weights[-1])
        every = _patches(self._moved(target), size)
        asked = self._moved(pixels[:, 0].astype(np.int64) * self.open_.shape[1] + pixels[:, 1])
        parts = every[asked, :3].flatten(1), every[asked, 3:].flatten(1)
        step = max(1, PAIRS // len(colours))
        for first in range(0, len(asked), step):
            own, other = (part[first : first + step] for part in parts)
            far = _squares(own, colours) + weight * _squares(other, conditions)
            far = far.masked_fill(~allowed, torch.inf)
            if width >= 2 * CAP**2:
                best = far.argmin(1)
                mean = torch.softmax(-far / float(width), 1) @ colours
            else:
                near = far.topk(min(AGAIN, far.shape[1]), 1, largest=False).indices
                best, mean = self._again(own, other, near, weight, float(width))
            last = first + len(own)
            # patches have their colours first, the compiled ones last
            found = mean.reshape(-1, 3, size * size).transpose(1, 2).flatten(1)
            means[first:last] = found.cpu().numpy()
            matches[first:last] = torch.stack([best // cols, best % cols], 1).cpu().numpy()

    def _again(self, own: Tensor, other: Tensor, near: Tensor, weight: float, width: float) -> tuple[Tensor, Tensor]:
        """The best of some patches (n, k) each, and their mean (n, values)."""
        colours, conditions, allowed = self._known
        bests, means = [], []
        step = max(1, VALUES // (near.shape[1] * (colours.shape[1] + conditions.shape[1])))
        for a, b, there in zip(*(torch.split(rows, step) for rows in (own, other, near)), strict=True):
            known = colours[there]
            far = ((a[:, None] - known) ** 2).sum(2) + weight * ((b[:, None] - conditions[there]) ** 2).sum(2)
            far = far.masked_fill(~allowed[there], torch.inf)
            bests.append(there.gather(1, far.argmin(1, keepdim=True))[:, 0])
            means.append((torch.softmax(-far / width, 1)[..., None] * known).sum(1))
        return torch.cat(bests), torch.cat(means)

    @cached_property
    def _known(self) -> tuple[Tensor, Tensor, Tensor]:
        """Colours and conditions of all patches of the source, as rows, and which may be used."""
        every = _patches(self._moved(self.source.planes), self.source.search.patch)
        return every[:, :3].flatten(1), every[:, 3:].flatten(1), self._moved(self.source.allowed).flatten()

    def _moved(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


def _patches(planes: Tensor, size: int) -> Tensor:
    """All patches (n, C, size * size) of planes (h, w, C)."""
    views: Tensor = planes.permute(2, 0, 1).unfold(1, size, 1).unfold(2, size, 1)
    return views.permute(1, 2, 0, 3, 4).reshape(-1, planes.shape[2], size * size)


def _squares(rows: Tensor, others: Tensor) -> Tensor:
    """Squared distances of all rows (n, D) to all others (m, D)."""
    mean = others.mean(0)
    rows, others = rows - mean, others - mean
    return (rows**2).sum(1)[:, None] + (others**2).sum(1) - 2 * rows @ others.T
