"""Learning pictures: cross-entropy against the known places of invented layouts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call, vmap
from torch.nn.utils.rnn import pad_sequence

from analogon.methods.collage.config import Config
from analogon.methods.collage.lessons import COLOURS, Lesson, Questions
from analogon.methods.collage.network import (
    WHOLE,
    Attention,
    Levels,
    UpperLeft,
    levels_of,
    stacked,
    with_planes,
)
from analogon.methods.collage.planes import count_planes
from analogon.training.state import gather, scatter

#: Spread of the soft truth, in cells.
SPREAD = 0.6
#: What it counts to know that a cell has no place in the source.
WEIGHT_OF_NONE = 0.2
#: The last learning rate as a share of the first, and steps of the warm-up.
LAST_RATE, WARM_UP = 0.005, 40
#: Logit of what is no cell: nothing beside any other.
NO_CELL = -1e4


class Trainer:
    """A network for each picture, and their optimiser (a :class:`analogon.training.driver.Trainable`).

    One program trains all networks, with their weights side by side: what an accelerator does for one picture hardly
    keeps it busy. Each learns as it would alone, up to the order of sums: pictures and layouts
    lie in the upper left corner of a common canvas, whose rest they never see (:class:`~.network.UpperLeft`); planes of
    classes that a picture does not have are zero, so their weights get no gradient and stay zero; places that fill up
    a shorter list of cells have no say in the softmax, and cells that do so have no weight in the loss. Gradients are
    clipped for each network.
    """

    def __init__(self, lessons: Sequence[Lesson], config: Config, *, seed: int, device: torch.device) -> None:
        self.lessons, self.config, self.steps, self.seed, self.device = lessons, config, config.steps, seed, device
        grids = [lesson.source.grid for lesson in lessons]
        self.canvas = max(grid[0] for grid in grids), max(grid[1] for grid in grids)
        self.planes = [count_planes(lesson.classes) for lesson in lessons]
        networks = [_untrained(planes, seed) for planes in self.planes]
        widest = networks[int(np.argmax(self.planes))]
        weights = [
            with_planes(network.state_dict(), planes, max(self.planes))
            for network, planes in zip(networks, self.planes, strict=True)
        ]
        self.network = stacked(weights, widest).to(device)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        levels: Levels = {}
        if len(set(grids)) > 1:
            each = [levels_of(grid, self.canvas) for grid in grids]
            levels = {
                size: tuple(torch.stack(parts).to(device) for parts in zip(*(one[size] for one in each), strict=True))
                for size in each[0]
            }
        self.levels = levels
        self.source = self._laid([lesson.source.planes for lesson in lessons])
        self.colours = torch.stack([self._padded(lesson.source.colours) for lesson in lessons]).to(device)
        #: For each picture the rank of each class, by its cells: common ones are compared beside common ones, so that
        #: little is filled up.
        self.ranks = [_ranks(lesson.source.main, lesson.classes) for lesson in lessons]
        #: (P, H W), the rank of the class of each cell of the canvas; -1 for one that is no place.
        mains = [
            self._padded(ranks[one.source.main].view(one.source.grid) + 1).flatten() - 1
            for ranks, one in zip(self.ranks, lessons, strict=True)
        ]
        self.main = torch.stack(mains).to(device)
        #: For each rank the cells that have it, (P, M), and which of them are not there to fill up.
        self.places: list[tuple[Tensor, Tensor]] = []
        #: For each rank the pictures that have a place of it.
        self.having: list[list[bool]] = []
        self.position = torch.zeros_like(self.main)
        for rank in range(max(lesson.classes for lesson in lessons)):
            own = [torch.nonzero(main == rank)[:, 0] for main in mains]
            cells = pad_sequence(own, batch_first=True).to(device)
            there = pad_sequence([torch.ones_like(one, dtype=torch.bool) for one in own], batch_first=True).to(device)
            self.places.append((cells, there))
            self.having.append([len(one) > 0 for one in own])
            for position, one in zip(self.position, own, strict=True):
                position[one.to(device)] = torch.arange(len(one), device=device)

    def step(self, n: int, share: float = 0.0) -> dict[str, float]:
        """Step n, when a share of the budget is spent: fresh layouts, of which some cells are asked for.

        Returns means over the pictures.
        """
        rate = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * share))
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * rate * min(1, (n + 1) / WARM_UP)
        asked = self.asked(n)
        queries, none, keys = self._attend(self._laid([one.planes for one in asked]))
        # rows of all pictures behind each other, to be picked by one number each
        first_query, first_key = (
            torch.arange(len(asked), device=self.device)[:, None] * x.shape[1] for x in (none, keys)
        )
        queries, none, keys = queries.flatten(0, 1), none.flatten(), keys.flatten(0, 1)
        of_known, of_none, near = (torch.zeros(len(asked), device=self.device) for _ in range(3))
        count = torch.zeros(len(asked), device=self.device)
        for rank, (own, there) in enumerate(self.places):
            # only source cells of the class are compared
            cells, (rows, cols, known, absent) = self._of_rank(asked, rank)
            if not cells.shape[1]:
                continue
            cells = cells + first_query
            logits = _picked(queries, cells) @ _picked(keys, own + first_key).mT
            if len(asked) > 1:
                logits.masked_fill_(~there[:, None], NO_CELL)
            lost = _picked(none, cells)
            every = torch.logaddexp(torch.logsumexp(logits, -1), lost)
            fits, off = self._fit(logits, rank, rows, cols)
            of_known = of_known + (known * (every - fits)).sum(1)
            of_none = of_none + (absent * (every - lost)).sum(1)
            near, count = near + (known * (off < 1.5)).sum(1), count + known.sum(1)
        absent = torch.tensor([float((~one.known).sum()) for one in asked], device=self.device)
        of_known, of_none, near = (
            of_known / count.clamp_min(1),
            of_none / absent.clamp_min(1),
            near / count.clamp_min(1),
        )
        loss = (of_known + WEIGHT_OF_NONE * of_none).sum()
        self.optimiser.zero_grad(set_to_none=True)
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
            self._clip()
            self.optimiser.step()
        means = torch.stack([of_known, of_none, near]).detach().mean(1).tolist()
        return dict(zip(("place", "none", "near"), means, strict=True))

    def asked(self, n: int) -> list[Questions]:
        """What is asked of each picture in step n: what is asked of it alone."""
        return [lesson.questions(np.random.default_rng((self.seed, n))) for lesson in self.lessons]

    def weights(self, number: int) -> dict[str, Tensor]:
        """Those of the network of one picture."""
        own = {name: value[number] for name, value in self.network.state_dict().items()}
        return with_planes(own, max(self.planes), self.planes[number])

    def state(self) -> dict[str, Tensor]:
        """See :class:`analogon.training.driver.Trainable`."""
        return gather({"network": self.network}, {"network": self.optimiser})

    def load(self, state: Mapping[str, Tensor]) -> None:
        """See :class:`analogon.training.driver.Trainable`."""
        scatter(state, {"network": self.network}, {"network": self.optimiser})

    def _attend(self, asked: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (P, B H W, LENGTH), logits of none (P, B H W), and keys (P, H W, LENGTH)."""

        def one(
            weights: dict[str, Tensor], asked: Tensor, planes: Tensor, colours: Tensor, levels: Levels
        ) -> tuple[Tensor, Tensor, Tensor]:
            frame = UpperLeft(levels) if levels else WHOLE
            queries, none, keys = functional_call(self.network, weights, (asked, planes, colours, frame))
            return queries.flatten(0, 1), none.flatten(), keys

        weights: dict[str, Tensor] = dict(self.network.named_parameters())
        answers: tuple[Tensor, Tensor, Tensor] = vmap(one)(weights, asked, self.source, self.colours, self.levels)
        return answers

    def _of_rank(self, asked: Sequence[Questions], rank: int) -> tuple[Tensor, Tensor]:
        """The asked cells of the class of a rank, on the canvas (P, N), and (4, P, N) what is known of them.

        That is rows, columns, whether they are known, and whether not; cells that fill up are neither. Where a picture
        has no place of the class nothing is asked.
        """
        cells, facts = [], []
        for one, ranks, lesson, has in zip(asked, self.ranks, self.lessons, self.having[rank], strict=True):
            chosen = torch.nonzero((ranks[one.main] == rank) & has)[:, 0]
            height, width = lesson.source.grid
            at = one.cells[chosen]
            layout, row, col = at // (height * width), at // width % height, at % width
            cells.append((layout * self.canvas[0] + row) * self.canvas[1] + col)
            facts.append(torch.stack([one.rows, one.cols, one.known.float(), (~one.known).float()], 1)[chosen])
        every = pad_sequence(facts, batch_first=True).to(self.device)
        return pad_sequence(cells, batch_first=True).to(self.device), every.permute(2, 0, 1)

    def _fit(self, logits: Tensor, rank: int, rows: Tensor, cols: Tensor) -> tuple[Tensor, Tensor]:
        """Mean logits under the truth, spread over the nine cells about it that have the class; errors in cells."""
        height, width = self.canvas
        step = torch.arange(-1, 2, device=self.device)
        near_y = rows.round()[..., None] + step.repeat_interleave(3)
        near_x = cols.round()[..., None] + step.repeat(3)
        weights = torch.exp(-0.5 * ((near_y - rows[..., None]) ** 2 + (near_x - cols[..., None]) ** 2) / SPREAD**2)
        inside = (near_y >= 0) & (near_x >= 0) & (near_y < height) & (near_x < width)
        flat = (near_y.clamp(0, height - 1) * width + near_x.clamp(0, width - 1)).long()
        main, position = (x.gather(1, flat.flatten(1)).view_as(flat) for x in (self.main, self.position))
        weights = weights * (inside & (main == rank))
        weights = weights / weights.sum(-1, keepdim=True).clamp_min(1e-6)
        fits = (weights * logits.gather(2, position.clamp_max(logits.shape[2] - 1))).sum(-1)
        with torch.no_grad():
            best = self.places[rank][0].gather(1, logits.argmax(-1))
            errors = torch.hypot(best // width - rows, best % width - cols)
        return fits, errors

    def _clip(self) -> None:
        """Gradients of each picture's network to a norm of 1, as :func:`torch.nn.utils.clip_grad_norm_` has it."""
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        norms = torch.stack([g.view(len(g), -1).norm(dim=1) for g in gradients]).norm(dim=0)
        for g in gradients:
            g.mul_((1 / (norms + 1e-6)).clamp_max(1).view(-1, *[1] * (g.ndim - 1)))

    def _padded(self, x: Tensor) -> Tensor:
        """A plane or planes (..., h, w) on the canvas."""
        return F.pad(x, (0, self.canvas[1] - x.shape[-1], 0, self.canvas[0] - x.shape[-2]))

    def _laid(self, planes: Sequence[Tensor]) -> Tensor:
        """Planes (B, C, h, w) of each picture on the canvas, as many as the widest has: (P, B, C', H, W)."""
        most = max(self.planes)
        padded = [F.pad(self._padded(one), (0, 0, 0, 0, 0, most - one.shape[1])) for one in planes]
        return torch.stack(padded).to(self.device)


def _untrained(planes: int, seed: int) -> Attention:
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        return Attention(planes, COLOURS)


def _ranks(main: Tensor, classes: int) -> Tensor:
    """The rank of each class from 0, by how many cells have it; -1, the last one, of no class."""
    counts = torch.bincount(main[main >= 0], minlength=classes)
    ranks = counts.sort(descending=True, stable=True).indices.argsort()
    return torch.cat([ranks, torch.tensor([-1])])


def _picked(values: Tensor, numbers: Tensor) -> Tensor:
    """Rows of values (n, ...) by their numbers (P, N): (P, N, ...)."""
    return values.index_select(0, numbers.flatten()).view(*numbers.shape, *values.shape[1:])
