"""The search of :mod:`analogon.ops.search` for many pixels at once.

Candidates, costs and decisions are the same; the order is not. A scan hands a match from pixel to pixel along its
way. Here every fourth pixel, one of each 2 x 2, looks at its neighbours at once, then the next fourth. No pixel looks
at one that moves in the same turn (but over the rim of a tile with odd sides), and the use of the source is counted
anew after each turn. Looking farther, as jump flooding does, finds cheaper matches in more pieces: pictures are no
better, and it takes several times longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from analogon.methods.patch.accelerated.windows import Comparison
from analogon.ops.search import CELL

#: Pixels that are visited at a time.
PIECE = 1 << 20
_WORD = 0xFFFFFFFF


@dataclass(eq=False)
class Scan:
    """One round of searching, changed by it: the matches, what they differ by, and what is used how often.

    Attributes:
        patches: both sides' patches.
        places: int32 (h, w, 2).
        errors: float32 (h, w), right for the places of all pixels that are visited.
        usage: int32 (cell rows, cell columns).
        price: float32 (h, w), what one earlier use of a cell costs each pixel.
        source_shape: (rows, cols).
        class_weight: what a wrong class counts.
        thin: bool (h, w), pixels that never leave their class once they have it.
        source_ids, target_ids: the classes.
        wrap: whether the target continues on its other side.
    """

    patches: Comparison
    places: Tensor
    errors: Tensor
    usage: Tensor
    price: Tensor
    source_shape: Tensor
    class_weight: float
    thin: Tensor
    source_ids: Tensor
    target_ids: Tensor
    wrap: bool

    def compare(self, pixels: Tensor) -> None:
        """Bring ``errors`` of pixels (n, 2) up to date."""
        for part in self.patches.parts(pixels):
            at = part[:, 0], part[:, 1]
            self.errors[at] = self.patches.differences(self.places[at], part, self.class_weight)

    def sweep(self, pixels: Tensor, leaps: Tensor | None, reluctance: float, tries: int, seed: int) -> None:
        """Visit pixels (n, 2).

        Args:
            pixels: what is visited.
            leaps: int32 (n, 2), a place for each, negative for none; or None for none at all.
            reluctance: by which factor a leap must be better.
            tries: number of random places.
            seed: what they depend on.
        """
        turns = (pixels % 2 * pixels.new_tensor((2, 1))).sum(-1)
        for turn in range(4):
            changes = []
            for part in torch.split(torch.nonzero(turns == turn)[:, 0], PIECE):
                given = None if leaps is None else leaps[part]
                changes += self._visit(pixels[part], given, reluctance, tries, seed)
            for cells, change in changes:
                self.usage.view(-1).index_add_(0, cells, torch.full_like(cells, change, dtype=torch.int32))

    def _visit(
        self, pixels: Tensor, leaps: Tensor | None, reluctance: float, tries: int, seed: int
    ) -> list[tuple[Tensor, int]]:
        """The same for pixels that do not look at each other; the cells given up and taken, with -1 and 1."""
        errors = self.errors[pixels[:, 0], pixels[:, 1]]
        pixels = pixels[errors > 0]
        at = pixels[:, 0], pixels[:, 1]
        leaps = None if leaps is None else leaps[errors > 0]
        errors = errors[errors > 0]
        old = self.places[at]
        best, unit = old.clone(), self.price[at]
        costs = errors + unit * (self._used(best) - 1)
        thin, own = self.thin[at], self.target_ids[at]
        for there in self._candidates(pixels, best, leaps, tries, seed):
            factor = reluctance if there is leaps else 1.0
            possible = ((there >= 0) & (there < self.source_shape)).all(-1) & (there != best).any(-1)
            within = torch.where(possible[:, None], there, best)
            possible &= ~thin | (self._class(best) != own) | (self._class(within) == own)
            use = unit * self._used(within)
            limit = costs - use
            if factor != 1:
                # by a tensor: some devices multiply by the reciprocal of a plain number
                limit = limit / torch.full_like(limit, factor)
            for part in self.patches.parts(torch.nonzero(possible & (limit > 0))[:, 0]):
                found = self.patches.differences(within[part], pixels[part], self.class_weight)
                better = found < limit[part]
                won, found = part[better], found[better]
                best[won], errors[won], costs[won] = within[won], found, found * factor + use[won]
        self.places[at], self.errors[at] = best, errors
        moved = (best != old).any(-1)
        return [(self._cells(old[moved]), -1), (self._cells(best[moved]), 1)]

    def _candidates(
        self, pixels: Tensor, best: Tensor, leaps: Tensor | None, tries: int, seed: int
    ) -> Iterator[Tensor]:
        """Places int32 (n, 2), maybe outside the source: of four neighbours, leaps, and random ones around ``best``."""
        shape = pixels.new_tensor(tuple(self.places.shape[:2]))
        for y, x in ((0, -1), (-1, 0), (0, 1), (1, 0)):
            near = pixels + pixels.new_tensor((y, x))
            if self.wrap:
                near = near.remainder(shape)
            outside = ((near < 0) | (near >= shape)).any(-1, keepdim=True)
            near = near.clamp(min=0).minimum(shape - 1)
            yield (self.places[near[:, 0], near[:, 1]] - best.new_tensor((y, x))).masked_fill(outside, -1)
        if leaps is not None:
            yield leaps
        rows, cols = self.source_shape.tolist()
        for k in range(5, 5 + tries):
            reach = max(rows, cols) >> (k - 5)
            if reach < 1:
                break
            noise = _mixed(_mixed(_mixed(pixels.new_tensor(seed)) + pixels[:, 0]) + pixels[:, 1] * 64 + k)
            step = torch.stack([noise & 0xFFFF, noise >> 16], -1) % (2 * reach + 1) - reach
            yield best + step.int()

    def _class(self, places: Tensor) -> Tensor:
        return self.source_ids[places[:, 0], places[:, 1]]

    def _cells(self, places: Tensor) -> Tensor:
        """Flat cells of the usage."""
        cell = torch.div(places, CELL, rounding_mode="floor").long()
        return cell[:, 0] * self.usage.shape[1] + cell[:, 1]

    def _used(self, places: Tensor) -> Tensor:
        """float32: exact below 2^24 uses."""
        return self.usage.view(-1)[self._cells(places)].float()


def _mixed(value: Tensor) -> Tensor:
    """The hash of the compiled search, of 32 bits in an int64."""
    value = value & _WORD
    value = (value ^ (value >> 16)) * 0x85EBCA6B & _WORD
    value = (value ^ (value >> 13)) * 0xC2B2AE35 & _WORD
    return value ^ (value >> 16)
