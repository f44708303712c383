"""The network's word on one layout, as the arrangement of pieces takes it (an ``Advice`` of analogon.ops.arrange)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from analogon.data import Exemplar
from analogon.methods.collage.lessons import Source
from analogon.methods.collage.network import Attention
from analogon.methods.collage.planes import Ids, Plane, layout_of
from analogon.methods.collage.proposals import Belief, agreement, propose
from analogon.ops.arrange import Maps
from analogon.ops.moves import of_things

#: Cost of a seam at a piece that the network proposed: fewer, larger pieces than where nothing is known of parts.
SEAM = 0.25
#: It is heard where it gives less than this probability to what is expected without it.
AGREED = 0.3
#: What its own maps cost elsewhere.
UNHEARD = 1e4
#: Places of each cell that propose maps.
BEST = 3


def source_of(exemplar: Exemplar, ids: Ids, cell: int) -> Source:
    """A picture with classes (h, w) from 0 as the network sees it, on cells of so many pixels."""
    fine, whole = divisible(ids, cell)
    image, _ = divisible(exemplar.image, cell)
    usable = None if exemplar.usable is None else divisible(exemplar.usable, cell)[0]
    return Source.of(image, fine, usable, len(exemplar.labels.palette), whole)


def divisible(plane: NDArray[Any], cell: int) -> tuple[NDArray[Any], int]:
    """A plane (h, w, ...), and the pixels along its cells: twice as large where those are single pixels."""
    # the network sees halves of cells
    return (plane.repeat(2, 0).repeat(2, 1), 2) if cell == 1 else (plane, cell)


class Keeper:
    """A trained network with the keys of its picture, on cells of any size."""

    def __init__(self, network: Attention, exemplar: Exemplar, ids: Ids, device: torch.device) -> None:
        self.network, self.exemplar, self.ids, self.device = network.to(device).eval(), exemplar, ids, device
        self.classes = len(exemplar.labels.palette)
        self._known: dict[int, tuple[Source, torch.Tensor]] = {}

    def source(self, cell: int) -> tuple[Source, torch.Tensor]:
        """The picture on cells of so many pixels, and their keys."""
        if cell not in self._known:
            source = source_of(self.exemplar, self.ids, cell).to(self.device)
            self._known[cell] = source, self.network.keys(source.planes, source.colours)
        return self._known[cell]

    @torch.inference_mode()
    def beliefs(self, target_ids: Ids, cell: int) -> tuple[NDArray[np.int64], tuple[int, int], list[Belief]]:
        """The main classes of a layout's cells (gh, gw), the source's grid, and what the network says of each class."""
        source, keys = self.source(cell)
        layout = layout_of(*divisible(target_ids, cell), self.classes)
        queries, none = self.network.queries(torch.from_numpy(layout.planes)[None].to(self.device))
        main, found = layout.main.ravel(), []
        for c in range(self.classes):
            ours, theirs = np.flatnonzero(main == c), torch.nonzero(source.main == c)[:, 0]
            if not len(ours) or not len(theirs):
                continue
            at = torch.from_numpy(ours).to(self.device)
            logits = queries[0, at] @ keys[theirs].T
            every = torch.logaddexp(torch.logsumexp(logits, -1), none[0, at])
            logits -= every[:, None]
            best = logits.topk(min(BEST, len(theirs)), dim=1).indices
            parts = (one.cpu().numpy() for one in (theirs, logits, none[0, at] - every, best))
            found.append(Belief(c, ours, *parts))
        return layout.main, source.grid, found


class Word:
    """What the network says of one layout: of things alone, and where it doubts what is expected without it."""

    seam = SEAM

    def __init__(self, keeper: Keeper, target_ids: Ids, *, trust: float, turns: int) -> None:
        self.keeper, self.target_ids, self.trust, self.turns = keeper, target_ids, trust, turns

    def __call__(self, maps: Maps, cell: int, places: Plane) -> tuple[Maps, Plane]:
        """The maps with likely ones of each class behind them, and what each costs at each cell."""
        main, source_grid, found = self.keeper.beliefs(self.target_ids, cell)
        grid = (main.shape[0], main.shape[1])
        of_thing = of_things(main.astype(np.uint16))
        every, prior = [maps], [np.zeros((len(maps), *grid), np.float32)]
        for belief in found:
            heard = of_thing & (main == belief.class_)
            heard &= agreement(belief, places, grid, source_grid, cell) < AGREED
            if not heard.any():
                continue
            own = np.flatnonzero(maps[:, 0] == belief.class_)
            more, costs = propose(belief, maps[own], grid, source_grid, cell, turns=self.turns)
            costs *= self.trust
            prior[0][own] = np.where(heard, costs[: len(own)], 0)
            every.append(more[len(own) :])
            prior.append(np.where(heard, costs[len(own) :], np.float32(UNHEARD)))
        return np.concatenate(every), np.concatenate(prior)
