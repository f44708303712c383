"""What is asked of a picture: cells of invented layouts, whose places in it are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analogon.methods.collage.config import Config
from analogon.methods.collage.invent import KNOWN, Inventor
from analogon.methods.collage.planes import Ids, layout_of
from analogon.ops.surroundings import middles

#: Planes that only the source has: the colours of the quarters of its cells.
COLOURS = 12
#: Share of the asked cells that belong to objects, where there are enough.
OF_THINGS = 0.6


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


class Lesson:
    """A picture, and layouts that are invented from its own.

    Args:
        source: the picture.
        ids: (h, w), its classes from 0, at the size that layouts are invented at.
        classes: their number.
        cell: pixels of ``ids`` along a cell, even.
    """

    def __init__(self, source: Source, ids: Ids, classes: int, cell: int, config: Config, *, seed: int) -> None:
        self.source, self.classes, self.cell, self.config = source, classes, cell, config
        self.inventor = Inventor(ids, np.random.default_rng(seed))

    def questions(self, rng: np.random.Generator) -> Questions:
        """Fresh layouts, of which some cells are asked for; the same for the same state of the generator."""
        planes, parts = [], []
        at = middles(self.inventor.ids.shape, self.cell)
        things = [thing.class_ for thing in self.inventor.things]
        ours = self.source.main.numpy().reshape(self.source.grid)
        for n in range(self.config.batch):
            made = self.inventor.invent(rng)
            layout = layout_of(made.ids, self.cell, self.classes)
            grid, main = layout.main.shape, layout.main.ravel()
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
        cells, mains, rows, cols, known = (torch.from_numpy(np.concatenate(p)) for p in zip(*parts, strict=True))
        return Questions(torch.stack(planes), cells, mains, rows.float(), cols.float(), known)
