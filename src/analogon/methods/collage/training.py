"""Learning one picture: cross-entropy against the known places of invented layouts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analogon.methods.collage.config import Config
from analogon.methods.collage.invent import KNOWN, Inventor
from analogon.methods.collage.network import Attention
from analogon.methods.collage.planes import Ids, count_planes, layout_of
from analogon.training.state import gather, scatter

#: Planes that only the source has: the colours of the quarters of its cells.
COLOURS = 12
#: Share of the asked cells that belong to objects, where there are enough.
OF_THINGS = 0.6
#: Spread of the soft truth, in cells.
SPREAD = 0.6
#: What it counts to know that a cell has no place in the source.
WEIGHT_OF_NONE = 0.2
#: The last learning rate as a share of the first, and steps of the warm-up.
LAST_RATE, WARM_UP = 0.005, 40


@dataclass(frozen=True, eq=False)
class Source:
    """A picture on a grid of cells.

    Attributes:
        planes: (1, C, gh, gw) of its layout.
        colours: (1, COLOURS, gh, gw) about 0.
        main: int64 (gh gw), the class of each cell; -1 for one with a pixel that must not be used.
        grid: (gh, gw).
    """

    planes: Tensor
    colours: Tensor
    main: Tensor
    grid: tuple[int, int]

    @staticmethod
    def of(image: NDArray[np.float32], ids: Ids, usable: NDArray[np.bool_] | None, classes: int, cell: int) -> Source:
        """The picture (h, w, 3) with classes (h, w) from 0, on cells of an even number of pixels."""
        layout = layout_of(ids, cell, classes)
        grid = (layout.main.shape[0], layout.main.shape[1])
        around = [(0, g * cell - n) for g, n in zip(grid, ids.shape, strict=True)]
        whole, half = np.pad(image, [*around, (0, 0)], mode="edge"), cell // 2
        small = whole.reshape(2 * grid[0], half, 2 * grid[1], half, 3).mean((1, 3))
        colours = np.concatenate([small[y::2, x::2] for y in (0, 1) for x in (0, 1)], -1).transpose(2, 0, 1)
        main = layout.main.copy()
        if usable is not None:
            all_usable = np.pad(usable, around, mode="edge").reshape(grid[0], cell, grid[1], cell).all((1, 3))
            main[~all_usable] = -1
        return Source(
            torch.from_numpy(layout.planes)[None],
            torch.from_numpy(np.ascontiguousarray(colours, np.float32) - 0.5)[None],
            torch.from_numpy(main.ravel()),
            grid,
        )

    def to(self, device: torch.device) -> Source:
        """The same on a device."""
        return Source(self.planes.to(device), self.colours.to(device), self.main.to(device), self.grid)


@dataclass(frozen=True, eq=False)
class Questions:
    """Cells of invented layouts whose place in the source is asked for.

    Attributes:
        planes: (B, C, gh, gw) of the layouts.
        cells: int64 (n), numbers of the cells in the batch.
        main: int64 (n), their classes.
        rows, cols: (n), where in the source they come from, in cells.
        known: bool (n); the others come from nowhere.
    """

    planes: Tensor
    cells: Tensor
    main: Tensor
    rows: Tensor
    cols: Tensor
    known: Tensor


class Trainer:
    """A network, what it learns from, and its optimiser (a :class:`analogon.training.driver.Trainable`).

    Args:
        source: the picture.
        ids: (h, w), its classes from 0, at the size that layouts are invented at.
        classes: their number.
        cell: pixels of ``ids`` along a cell, even.
    """

    def __init__(
        self, source: Source, ids: Ids, classes: int, cell: int, config: Config, *, seed: int, device: torch.device
    ) -> None:
        self.config, self.steps, self.seed, self.device = config, config.steps, seed, device
        self.classes, self.cell = classes, cell
        self.inventor = Inventor(ids, np.random.default_rng(seed))
        self.source = source.to(device)
        self.places = [torch.nonzero(self.source.main == c)[:, 0] for c in range(classes)]
        self.position = torch.zeros_like(self.source.main)
        for own in self.places:
            self.position[own] = torch.arange(len(own), device=device)
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(seed)
            self.network = Attention(count_planes(classes), COLOURS).to(device)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )

    def step(self, n: int) -> dict[str, float]:
        """Step n: fresh layouts, of which some cells are asked for."""
        share = n / max(self.steps, 1)
        rate = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(share, 1)))
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * rate * min(1, (n + 1) / WARM_UP)
        asked = self._questions(np.random.default_rng((self.seed, n)))
        queries, none = self.network.queries(asked.planes)
        queries, none = queries.flatten(0, 1)[asked.cells], none.flatten()[asked.cells]
        keys = self.network.keys(self.source.planes, self.source.colours)
        of_known, of_none = torch.zeros((), device=self.device), torch.zeros((), device=self.device)
        errors = [torch.zeros(0, device=self.device)]
        for c, own in enumerate(self.places):
            # only source cells of the class are compared
            of_class = asked.main == c
            if not len(own) or not of_class.any():
                continue
            logits = queries[of_class] @ keys[own].T
            every = torch.logaddexp(torch.logsumexp(logits, -1), none[of_class])
            known = asked.known[of_class]
            fits, off = self._fit(logits[known], c, asked.rows[of_class][known], asked.cols[of_class][known])
            of_known = of_known + (every[known] - fits).sum()
            of_none = of_none + (every - none[of_class])[~known].sum()
            errors.append(off)
        error = torch.cat(errors)
        of_known = of_known / max(len(error), 1)
        of_none = of_none / max(int((~asked.known).sum()), 1)
        loss = of_known + WEIGHT_OF_NONE * of_none
        self.optimiser.zero_grad(set_to_none=True)
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimiser.step()
        near = float((error < 1.5).float().mean()) if len(error) else 0.0
        return {"place": float(of_known.detach()), "none": float(of_none.detach()), "near": near}

    def state(self) -> dict[str, Tensor]:
        """See :class:`analogon.training.driver.Trainable`."""
        return gather({"network": self.network}, {"network": self.optimiser})

    def load(self, state: Mapping[str, Tensor]) -> None:
        """See :class:`analogon.training.driver.Trainable`."""
        scatter(state, {"network": self.network}, {"network": self.optimiser})

    def _fit(self, logits: Tensor, c: int, rows: Tensor, cols: Tensor) -> tuple[Tensor, Tensor]:
        """Mean logits under the truth, spread over the nine cells about it that have the class; errors in cells."""
        height, width = self.source.grid
        step = torch.arange(-1, 2, device=self.device)
        near_y = rows.round()[:, None] + step.repeat_interleave(3)
        near_x = cols.round()[:, None] + step.repeat(3)
        weights = torch.exp(-0.5 * ((near_y - rows[:, None]) ** 2 + (near_x - cols[:, None]) ** 2) / SPREAD**2)
        inside = (near_y >= 0) & (near_x >= 0) & (near_y < height) & (near_x < width)
        flat = (near_y.clamp(0, height - 1) * width + near_x.clamp(0, width - 1)).long()
        weights = weights * (inside & (self.source.main[flat] == c))
        weights = weights / weights.sum(-1, keepdim=True).clamp_min(1e-6)
        fits = (weights * logits.gather(1, self.position[flat].clamp_max(logits.shape[1] - 1))).sum(-1)
        with torch.no_grad():
            best = self.places[c][logits.argmax(-1)]
            errors = torch.hypot(best // width - rows, best % width - cols)
        return fits, errors

    def _questions(self, rng: np.random.Generator) -> Questions:
        planes, parts = [], []
        height, width = self.inventor.ids.shape
        things = [thing.class_ for thing in self.inventor.things]
        ours = self.source.main.cpu().numpy().reshape(self.source.grid)
        for n in range(self.config.batch):
            made = self.inventor.invent(rng)
            layout = layout_of(made.ids, self.cell, self.classes)
            grid, main = layout.main.shape, layout.main.ravel()
            middles = (np.minimum(np.arange(g) * self.cell + self.cell // 2, size - 1)
                       for g, size in zip(grid, (height, width), strict=True))  # fmt: skip
            at = np.ix_(*middles)
            state = np.where(made.ids[at] == layout.main, made.state[at], 0).ravel()
            true = ((made.places[at] + 0.5) / self.cell - 0.5).reshape(-1, 2)
            nearest = np.clip(np.rint(true), 0, np.array(grid) - 1).astype(np.int64)
            state[(ours[nearest[:, 0], nearest[:, 1]] != main) & (state == KNOWN)] = 0
            of_stuff = ~np.isin(main, things)
            share = np.where(
                of_stuff, (1 - OF_THINGS) / max(of_stuff.sum(), 1), OF_THINGS / max((~of_stuff).sum(), 1)
            ) * (state > 0)
            count = min(self.config.asked, int((share > 0).sum()))
            pick = rng.choice(len(share), count, replace=False, p=share / share.sum()) if count else np.zeros(0, int)
            planes.append(torch.from_numpy(layout.planes))
            parts.append((pick + n * main.size, main[pick], true[pick, 0], true[pick, 1], state[pick] == KNOWN))
        cells, mains, rows, cols, known = (
            torch.from_numpy(np.concatenate(p)).to(self.device) for p in zip(*parts, strict=True)
        )
        return Questions(torch.stack(planes).to(self.device), cells, mains, rows.float(), cols.float(), known)
