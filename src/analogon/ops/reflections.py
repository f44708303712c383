"""Reflections: what lies below a level line and repeats, upside down, what stands above it.

A label map says where water is, not what it shows. Where a picture below such a line is like its mirror image, each
place of the water is best copied from one that shows the same class as it does, so that reflections go where the
things above go, and go with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.ops import waterlines
from analogon.ops.keeping import changes
from analogon.ops.surroundings import middles
from analogon.ops.waterlines import Picture

Ids = NDArray[np.uint16]
Plane = NDArray[np.float32]
Shown = NDArray[np.int32]

#: What it costs to show another class than what stands above.
PRICE = 1.0
#: What maps cost that are proposed for water: dear enough for what need not change to stay.
PROPOSED = 0.08
#: At most so many shifts along the line are proposed, each for at least so many cells.
MOST, LEAST = 4, 4
#: What shows nothing: no water, or what it would show lies outside.
NOTHING = -1


@dataclass(frozen=True, eq=False)
class Water:
    """A class that shows what is above it.

    Attributes:
        class_: its place in the palette.
        theirs, ours: the class that each cell of the source and of the target should show, -1 for none: (grid).
        changed: bool (grid of the target), cells that should show something else than before.
    """

    class_: int
    theirs: Shown
    ours: Shown
    changed: NDArray[np.bool_]

    def beside(self, context: tuple[Plane, Plane]) -> tuple[Plane, Plane]:
        """The context of cells, see :func:`analogon.ops.labelling.rate`, and behind it what they show."""
        # what no water of the source shows cannot be asked for
        classes = np.intersect1d(self.theirs, self.ours[self.ours != NOTHING])
        both = self.theirs, self.ours
        source, target = ((shown == classes[:, None, None]) * np.float32(PRICE / 2) for shown in both)
        target[:, ~np.isin(self.ours, classes)] = -1
        return np.concatenate([context[0], source]), np.concatenate([context[1], target])

    def maps(self, maps: Plane, cell: int) -> Plane:
        """Maps (n, 8), and behind them those that are proposed for the water."""
        plain = maps[(maps[:, [1, 3, 6, 7]] == (1, 1, 0, 0)).all(1)]
        own = plain[:, 0] == self.class_
        known = set(map(tuple, plain[own][:, [2, 4]].tolist()))
        # a thing that goes up takes its image down
        more = [(-down, across) for down, across in plain[~own][:, [2, 4]].tolist()]
        more += [(0.0, float(across * cell)) for across in self._along()]
        new = [shift for shift in dict.fromkeys(more) if shift not in known]
        rows = [(self.class_, 1, down, 1, across, PROPOSED, 0, 0) for down, across in new]
        return np.concatenate([maps, np.array(rows, np.float32).reshape(-1, 8)])

    def _along(self) -> Iterator[int]:
        """Shifts along the line, in cells, that lead most of what has changed to what shows the right class."""
        height, width = self.ours[: len(self.theirs)].shape
        theirs, ours, left = self.theirs[:height], self.ours[:height], self.changed[:height].copy()
        wide = theirs.shape[1]
        for _ in range(MOST):
            most, best = LEAST - 1, None
            for shift in range(1 - width, wide):
                at = slice(max(0, -shift), min(width, wide - shift))
                fits = left[:, at] & (theirs[:, at.start + shift : at.stop + shift] == ours[:, at])
                if (count := int(fits.sum())) > most:
                    most, best = count, (shift, at, fits)
            if best is None:
                return
            left[:, best[1]] &= ~best[2]
            yield best[0]


def waters(source: Picture, source_ids: Ids, target_ids: Ids, cell: int, frame: tuple[int, int]) -> list[Water]:
    """The classes that show what is above them, above which something has changed.

    Args:
        source: (h', w', 3 or more) the picture.
        source_ids, target_ids: (h', w') and (h, w), classes counted from 0.
        cell: pixels along a cell.
        frame: size of the part of the source (at its top left) that the target is an edit of.
    """
    image, ids = source[: frame[0], : frame[1]], source_ids[: frame[0], : frame[1]]
    found = []
    for c in map(int, np.unique(target_ids[-1])):  # what does not reach the lower frame is not looked at
        if (line := waterlines.line_of(ids, c, cell)) is None:
            continue
        before, theirs, ours = (_shown(each, c, cell) for each in (ids, source_ids, target_ids))
        rows, cols = (np.arange(n) * m // n for n, m in zip(ours.shape, before.shape, strict=True))
        changed = changes(before[np.ix_(rows, cols)], ours) & (ours != NOTHING)
        if changed.any() and waterlines.mirrors(image, ids == c, line, cell):
            found.append(Water(c, theirs, ours, changed))
    return found


def concerned(waters: list[Water], cell: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels that should show something else than before: bool of this shape."""
    out = np.zeros(shape, bool)
    for water in waters:
        out |= np.repeat(np.repeat(water.changed, cell, 0), cell, 1)[: shape[0], : shape[1]]
    return out


def _shown(ids: Ids, water: int, cell: int) -> Shown:
    """What the cells of a class should show: the class as far above its part of a column as they are below; or -1."""
    rows, cols = (axis.ravel() for axis in middles(ids.shape, cell))
    columns = ids[:, cols].astype(np.int32)
    begins = np.zeros(columns.shape, np.int32)
    begins[1:] = np.where(columns[1:] != columns[:-1], np.arange(1, len(ids))[:, None], 0)
    at = 2 * np.maximum.accumulate(begins, 0)[rows] - 1 - rows[:, None]
    shown = np.take_along_axis(columns, np.maximum(at, 0), 0)
    out: Shown = np.where((columns[rows] == water) & (at >= 0) & (shown != water), shown, NOTHING)
    return out
