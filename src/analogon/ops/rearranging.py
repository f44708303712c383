"""A picture's parts arranged anew: at random, or for another size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.ops import jigsaw, plan
from analogon.ops.arrange import cell_size
from analogon.ops.distinct import distinctness
from analogon.ops.engine import synthesize
from analogon.ops.enlarging import resized
from analogon.ops.level import Places
from analogon.ops.synthesis import Settings
from analogon.provenance import Provenance
from analogon.rendering import Rendering, Wishes
from analogon.run import Run

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Size = tuple[int, int]

#: How far parts drift at random when all may differ, down and across, as shares of the picture; and how far they drift
#: alike.
REACH, ALIKE = (0.1, 0.5), 0.14
#: A target has no more cells than this: each takes some 12 kB.
CELLS = 16_000
#: A frame of a sequence follows from the one before if no side changes by more than this share.
GRADUAL = 0.1
#: Frames that follow from another are only mended: coarse levels would put them together anew.
COARSEST_FOLLOWING = 2
#: What each pixel costs that a cell of such a frame is away from where it should be.
ASTRAY_FOLLOWING = 0.02
_ONE = Palette((LabelClass(0, "picture", (128, 128, 128)),))


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a sequence.

    Attributes:
        moved: its plan.
        owed: (grid, 2), by how many pixels its cells have yet to move to be where the plan has them.
    """

    rendering: Rendering
    moved: Doubles
    owed: Doubles


class Parts:
    """A picture, and what of it belongs together.

    Attributes:
        exemplar: of one class, for what parts a picture has is found here without labels; its frame is the picture.
        tone: fade tones at seams.
        cell: pixels along a cell, as many as the largest target allows.
    """

    def __init__(self, exemplar: Exemplar, settings: Settings, *, tone: bool, largest: Size = (1, 1)) -> None:
        height, width = exemplar.frame
        usable = exemplar.usable[:height, :width] if exemplar.usable is not None else None
        self.exemplar = Exemplar(exemplar.image[:height, :width], one_class((height, width)), usable)
        self.settings, self.tone = settings, tone
        self.cell = cell_size((height, width))
        while np.prod(self.grid(largest)) > CELLS:
            self.cell *= 2

    @cached_property
    def weight(self) -> Doubles:
        """How much each cell must stay beside its neighbours, 0 to 1."""
        return plan.weights(distinctness(self.exemplar.image, self.cell))

    @cached_property
    def _forbidden(self) -> Doubles:
        """The same, where cells that must not be used are worse than any."""
        weight = self.weight.copy()
        if self.exemplar.usable is not None:
            cells = self.exemplar.usable[:: self.cell, :: self.cell]
            weight[~cells] = 100
        return weight

    def planned(self, size: Size, difference: float, seed: int) -> Doubles:
        """Where each cell of the picture goes: see :func:`analogon.ops.plan.moved`."""
        drift = None
        if difference > 0:
            reach = [share * n * difference for share, n in zip(REACH, size, strict=True)]
            rng = np.random.default_rng(seed)
            drift = plan.drift(self.weight.shape, (reach[0], reach[1]), ALIKE, rng)
        return plan.moved(self.weight, self.cell, self.exemplar.shape, size, drift, difference)

    def pieces(self, size: Size, moved: Doubles) -> Places:
        """Places (h, w, 2) for a plan."""
        wanted, firm = plan.expected(moved, self.weight, self.cell, self.grid(size))
        source = np.rint(self.exemplar.image * 255).astype(np.uint8)
        return jigsaw.chosen_places(source, size, wanted, firm, self._forbidden, self.cell, self.cell)

    def following(self, size: Size, frame: Frame, moved: Doubles) -> tuple[Places, Doubles]:
        """Places (h, w, 2) of a frame that follows from another as their plans differ, and what it owes to its own."""
        assert frame.rendering.provenance is not None
        wanted, firm = plan.expected(moved, self.weight, self.cell, self.grid(size))
        height, width = frame.rendering.provenance.shape
        earlier = plan.sampled(frame.moved, wanted / self.cell - 0.5)
        earlier += plan.sampled(frame.owed, earlier / self.cell - 0.5)
        # what a frame shows at its rim the next one does
        earlier = np.clip(earlier, 0.5 * self.cell, (height - 0.5 * self.cell, width - 0.5 * self.cell))
        shown = np.rint(frame.rendering.image * 255).astype(np.uint8)
        free = np.zeros(self.grid((height, width)))
        chosen = jigsaw.chosen_places(
            shown, size, earlier, firm, free, self.cell, 1, slack=0, astray=ASTRAY_FOLLOWING * self.cell
        )
        at = [
            np.minimum(np.arange(n) * self.cell + self.cell // 2, m - 1) for n, m in zip(firm.shape, size, strict=True)
        ]
        shown_at = chosen[np.ix_(*at)] + (self.cell / 2 - self.cell // 2)
        owed = np.clip(earlier - shown_at, -self.cell, self.cell)
        return frame.rendering.provenance.places[chosen[..., 0], chosen[..., 1]], owed

    def joined(self, size: Size, places: Places, run: Run, settings: Settings | None = None) -> Rendering:
        """The picture of these places, mended."""
        return synthesize(
            self.exemplar,
            one_class(size),
            run,
            settings=settings or self.settings,
            wishes=Wishes(keep="none"),
            start=places,
            tone=self.tone,
        )

    def grid(self, size: Size) -> Size:
        """Rows and columns of the cells of a picture."""
        return -(-size[0] // self.cell), -(-size[1] // self.cell)


def varied(parts: Parts, size: Size, difference: float, run: Run) -> Rendering:
    """A picture of the same kind at random; see :class:`analogon.jobs.Vary`."""
    return parts.joined(size, parts.pieces(size, parts.planned(size, difference, run.seed)), run)


def retargeted(parts: Parts, sizes: Sequence[Size], run: Run) -> Iterator[Rendering]:
    """The picture at other sizes, as the frames of a sequence; see :class:`analogon.jobs.Retarget`."""
    before: Frame | None = None
    mending = replace(parts.settings, coarsest=COARSEST_FOLLOWING, leaps=0)
    for size in sizes:
        moved = parts.planned(size, 0, run.seed)
        if before is not None and _gradual(before.rendering.image.shape, size):
            places, owed = parts.following(size, before, moved)
            before = Frame(parts.joined(size, places, run, mending), moved, owed)
        else:
            rendering = parts.joined(size, parts.pieces(size, moved), run)
            before = Frame(rendering, moved, np.zeros((*parts.grid(size), 2)))
        yield before.rendering


def _gradual(shape: tuple[int, ...], size: Size) -> bool:
    return all(abs(n - m) <= GRADUAL * m for n, m in zip(size, shape, strict=False))


def one_class(size: Size) -> LabelMap:
    """The labels of a picture of which nothing is known."""
    return LabelMap(np.zeros(size, np.int64), _ONE)


def resized_only(image: Floats, size: Size) -> Rendering:
    """The picture itself, stretched where the size differs."""
    if image.shape[:2] == size:
        here = np.moveaxis(np.indices(size, np.int32), 0, -1)
        return Rendering(image.copy(), Provenance(here, size))
    return Rendering(np.clip(resized(image, size), 0, 1))
