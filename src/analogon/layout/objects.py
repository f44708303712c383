"""The objects of a layout: pieces of the label map with all that has been done to them.

Shapes are not drawn anew from what was drawn before: an object keeps the pixels that it began with and every step
since, and each of its pixels is looked up there by the inverse of all steps. Turned forth and back it is what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analogon.errors import OptionError
from analogon.layout.regions import Region
from analogon.layout.warps import Affine, Pair, Points, Warp, pixels

#: No pixel of an object lies farther from the first one of the frame than this many times the frame's longer side.
FARTHEST = 4
#: Pixels of the box of an object, at most.
LARGEST = 1 << 26
#: Pixels that are looked up at once.
BAND = 1 << 18


@dataclass(frozen=True, eq=False)
class Cut:
    """A step that takes the pixels of ``region`` away."""

    region: Region


@dataclass(frozen=True, eq=False)
class Part:
    """Pixels of an object that share their past.

    Attributes:
        region: the pixels at the beginning.
        source: rows and columns from there to the same place in the source; None for what has none, such as a stroke.
        steps: what has happened since.
    """

    region: Region
    source: tuple[int, int] | None = None
    steps: tuple[Warp | Cut, ...] = ()

    def warped(self, warp: Warp) -> Part:
        """The part after one more step."""
        if isinstance(warp, Affine):
            if self.steps and isinstance(last := self.steps[-1], Affine):
                return replace(self, steps=self.steps[:-1]).warped(last.then(warp))
            if not self.steps and (shift := warp.whole()) is not None:
                down, right = shift
                source = None if self.source is None else (self.source[0] - down, self.source[1] - right)
                return replace(self, region=self.region.moved(down, right), source=source)
            if warp.whole() == (0, 0):
                return self
        return replace(self, steps=(*self.steps, warp))

    def without(self, region: Region) -> Part:
        """The part less these pixels."""
        if not self.steps:
            return replace(self, region=self.region.without(region))
        if isinstance(last := self.steps[-1], Cut):
            return replace(self, steps=(*self.steps[:-1], Cut(last.region.joined(region))))
        return replace(self, steps=(*self.steps, Cut(region)))

    def origins(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> tuple[NDArray[np.bool_], Points]:
        """Which pixels it has now, and for these where their centres lay at the beginning."""
        points = np.stack([rows, columns], -1).astype(np.float64) + 0.5
        if not self.steps:
            there = self.region.at(rows, columns)
            return there, points[there]
        there = np.ones(len(points), bool)
        for step in reversed(self.steps):
            if isinstance(step, Cut):
                at = pixels(points)
                there &= ~step.region.at(at[:, 0], at[:, 1])
            else:
                points = step.inverse(points)
        at = pixels(points)
        there &= self.region.at(at[:, 0], at[:, 1])
        return there, points[there]

    def now(self, limit: int, name: str) -> Region:
        """The pixels that it has now, as a part of the object ``name``.

        Raises:
            OptionError: a side of it, or its distance from the frame, is over ``limit``.
        """
        top, left, bottom, right = (float(edge) for edge in self.region.box)
        for step in self.steps:
            if not isinstance(step, Cut) and self.region.mask.size:
                top, left, bottom, right = step.box((top, left, bottom, right))
                if not max(abs(top), abs(left), abs(bottom), abs(right)) <= limit:
                    break
        if not max(abs(top), abs(left), abs(bottom), abs(right)) <= limit:
            raise OptionError(
                f"'{name}' would get too large or lie too far outside the frame (over {limit} pixels): take a smaller "
                "factor or a shorter way."
            )
        if not self.steps:
            return self.region
        first_row, first_column = int(np.floor(top)) - 1, int(np.floor(left)) - 1
        height, width = int(np.ceil(bottom)) + 1 - first_row, int(np.ceil(right)) + 1 - first_column
        if height * width > LARGEST:
            raise OptionError(f"'{name}' would get {width}x{height} pixels large: take a smaller factor.")
        mask = np.empty((height, width), bool)
        band = max(BAND // width, 1)
        for start in range(0, height, band):
            rows, columns = np.indices((min(band, height - start), width))
            there, _ = self.origins(rows.ravel() + first_row + start, columns.ravel() + first_column)
            mask[start : start + band] = there.reshape(rows.shape)
        return Region.of(mask, first_row, first_column)


@dataclass(frozen=True, eq=False)
class LayoutObject:
    """One object of a layout.

    Attributes:
        id: its number, which no other object of the layout ever gets.
        name: how people call it: its class, with a number if it is not the first ("tree 2").
        class_id: id of its class in the palette.
        pivot: (row, column) that it is turned and scaled about: the middle of its box at the beginning, taken along.
        parts: what it is made of, the later before the earlier where they overlap.
        region: its pixels, also where other objects cover them and outside the frame.
        arranged: whether somebody has chosen its depth.
    """

    id: int
    name: str
    class_id: int
    pivot: Pair
    parts: tuple[Part, ...]
    region: Region
    arranged: bool = False

    @classmethod
    def begun(
        cls, number: int, name: str, class_id: int, region: Region, source: tuple[int, int] | None = None
    ) -> LayoutObject:
        """A new object of these pixels."""
        return cls(number, name, class_id, middle(region), (Part(region, source),), region)

    def warped(self, warp: Warp, limit: int) -> LayoutObject:
        """The object after one more step; OptionError where it gets over ``limit``."""
        parts = tuple(part.warped(warp) for part in self.parts)
        pivot = warp.forward(np.array([self.pivot]))[0]
        return self._with(parts, limit, (float(pivot[0]), float(pivot[1])))

    def without(self, region: Region) -> LayoutObject:
        """The object less these pixels."""
        parts = tuple(part.without(region) for part in self.parts)
        return replace(self, parts=tuple(p for p in parts if p.region.mask.size), region=self.region.without(region))

    def joined(self, region: Region) -> LayoutObject:
        """The object with further pixels, which have no place in the source."""
        old = next((part for part in self.parts if part.source is None and not part.steps), None)
        added = Part(region if old is None else old.region.joined(region))
        return replace(
            self,
            parts=(*(part for part in self.parts if part is not old), added),
            region=self.region.joined(region),
        )

    def _with(self, parts: tuple[Part, ...], limit: int, pivot: Pair) -> LayoutObject:
        region = Region(0, 0, np.zeros((0, 0), bool))
        for part in parts:
            region = region.joined(part.now(limit, self.name))
        return replace(self, parts=parts, region=region, pivot=pivot)

    def places(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.bool_], Points | None]]:
        """For each part, which of these pixels it has, and their places in the source, if it has any."""
        for part in self.parts:
            there, points = part.origins(rows, columns)
            yield there, None if part.source is None else points + part.source


@dataclass(frozen=True)
class ObjectGroup:
    """Several objects that are handled as one; ``pivot`` is theirs together."""

    name: str
    members: tuple[int, ...]
    pivot: Pair


def middle(region: Region) -> Pair:
    """The middle of the box of a region."""
    top, left, bottom, right = region.box
    return (top + bottom) / 2, (left + right) / 2
