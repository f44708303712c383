"""Where in the source the cells of a target should lead to, as the things that moved tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.ops import outlines
from analogon.ops.moves import Moved, Region, cut_out
from analogon.ops.surroundings import Plane, at_feet, is_whole, middles, most_of

Cells = tuple[NDArray[np.intp], NDArray[np.intp]]

#: Ground at feet is offered the shift of those cells that are at least so near, as a share of the nearest.
NEAREST = 0.5


@dataclass(frozen=True, eq=False)
class Expected:
    """Where in the source the cells of a target should lead to.

    Attributes:
        cell: pixels along a cell.
        places: float32 (grid, 4), see :func:`analogon.ops.labelling.rate`.
        sure: bool (grid), cells of new parts that are copies of others.
        ground: the class that most of a cell has, -1 where a thing stands: (grid).
    """

    cell: int
    places: Plane
    sure: NDArray[np.bool_]
    ground: NDArray[np.intp]

    @staticmethod
    def of(target_ids: NDArray[np.uint16], cell: int, standing: NDArray[np.bool_]) -> Expected:
        """Nothing is expected yet; ``standing`` (grid): where things are."""
        ground = np.where(standing, -1, most_of(target_ids, cell))
        places = np.full((*standing.shape, 4), -1, np.float32)
        return Expected(cell, places, np.zeros(standing.shape, bool), ground)

    def follow(
        self, c: int, found: outlines.Cells, region: Region, every: int, shape: tuple[int, ...]
    ) -> Iterator[tuple[int, float, float]]:
        """A region of class ``c`` follows its outline, and the ground at its feet goes with it.

        The region is one of a map of this ``shape``, which has every ``every``-th row and column.

        Yields:
            Classes and shifts (down, across): those that serve most of its own cells, one for each ground.
        """
        self.tell(c, (found.rows, found.cols), found.moves, 1.0)
        self.sure[found.rows[found.copied], found.cols[found.copied]] = True
        for down, across in outlines.frequent(found.moves, self.cell):
            yield c, down, across
        for other, cells, near in self.at_feet(c, region, every, shape):
            moves = outlines.displaced(found.match, *cells, every, self.cell)
            self.tell(other, cells, moves, near)
            # more than one would crowd out what else fits there
            down, across = outlines.frequent(moves[near >= NEAREST * near.max()], self.cell)[0]
            yield other, down, across

    def go_with(self, move: Moved) -> Iterator[int]:
        """The ground at the feet of a region that has only been moved goes with it: the classes of that ground."""
        shift = np.array([[move.down, move.across]], np.float64)
        for c, cells, near in self.at_feet(move.class_, cut_out(move.region), move.every, move.region.shape):
            self.tell(c, cells, shift, near)
            yield c

    def tell(self, c: int, cells: Cells, moves: outlines.Points, weight: Plane | float) -> None:
        """Cells (n) of a class are displaced by so many pixels (n, 2), which counts so much."""
        self.places[*cells, 0] = c
        self.places[*cells, 1:3] = (np.stack(cells, -1) + 0.5) * self.cell + moves
        self.places[*cells, 3] = weight

    def at_feet(self, c: int, region: Region, every: int, shape: tuple[int, ...]) -> Iterator[tuple[int, Cells, Plane]]:
        """Other classes at the feet of a region of class ``c``: each with its cells and how near those are.

        The region is as for :meth:`follow`.
        """
        if not is_whole(region, shape):
            return
        near, _ = at_feet(region, every, self.cell, self.ground.shape)
        near[self.ground == c] = 0
        for other in map(int, np.unique(self.ground[near > 0])):
            if other >= 0:
                rows, cols = np.nonzero((near > 0) & (self.ground == other))
                yield other, (rows, cols), near[rows, cols]

    def or_else(self, fallback: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where each cell's middle should lead, by the fallback (h, w, 2) where nothing is expected: (grid, 2)."""
        at = middles(fallback.shape[:2], self.cell)
        return np.where(self.places[..., :1] >= 0, self.places[..., 1:3], fallback[at])
