"""Operations that paint pixels: strokes, outlines and fills, each to the very pixel."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from analogon.errors import OptionError
from analogon.layout.arrangement import BEHIND, Layout
from analogon.layout.operation import Name, Operation, Place, Whole
from analogon.layout.regions import Bools, Region, parts_of, polygon, stroke

Radius = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False, strict=True)]


class _Painting(Operation):
    """Pixels that become a class, or are added to an object, or are taken from one with ``erase``.

    Pixels of ``locked`` classes stay what they are.
    """

    paint: Name | None = None
    of: Name | None = None
    erase: bool = False
    fill: Name = BEHIND
    locked: tuple[Name, ...] = ()

    def model_post_init(self, _: Any) -> None:
        """Either a class or an object is needed."""
        if (self.paint is None) == (self.of is None) or (self.erase and self.of is None):
            raise OptionError(
                f"The operation '{self.word()}' needs a class to paint or an object to add to or erase from (of), and "
                "not both: give one of them."
            )

    def _pixels(self, layout: Layout) -> Bools:
        raise NotImplementedError

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        mask = self._pixels(layout)
        for name in self.locked:
            mask &= layout.ids != layout.class_of(name).id
        if self.of is None:
            assert self.paint is not None
            return layout.painted(mask, layout.class_of(self.paint).id)
        members = layout.members(self.of)
        if self.erase:
            region = Region.of(mask & layout.seen(self.of))
            if not region.mask.size:
                return layout
            return layout.changed(lambda one: one.without(region), members, self.fill)
        if len(members) > 1:
            raise OptionError(f"'{self.of}' is a group, and only one object can be painted: name one, or ungroup it.")
        return layout.painted(mask, members[0].class_id, self.of)


class Brush(_Painting):
    """A stroke with a round brush; the radius, in pixels, is one for all or one for each point."""

    do: Literal["brush"] = "brush"
    points: Annotated[tuple[Place, ...], Field(min_length=1, max_length=100_000)]
    radius: Radius | tuple[Radius, ...]

    def model_post_init(self, context: Any) -> None:
        """As many radii as points, or one."""
        super().model_post_init(context)
        if isinstance(self.radius, tuple) and len(self.radius) != len(self.points):
            raise OptionError(
                f"The stroke has {len(self.points)} points and {len(self.radius)} radii: give one, or one for each."
            )

    def _pixels(self, layout: Layout) -> Bools:
        radii = self.radius if isinstance(self.radius, tuple) else (self.radius,) * len(self.points)
        return stroke(layout.shape, self.points, radii)


class Polygon(_Painting):
    """The inside of an outline: a polygon's corners, or the points of a lasso."""

    do: Literal["polygon"] = "polygon"
    points: Annotated[tuple[Place, ...], Field(min_length=3, max_length=100_000)]

    def _pixels(self, layout: Layout) -> Bools:
        return polygon(layout.shape, self.points)


class Fill(_Painting):
    """All pixels of the class of one pixel that are connected with it, or with ``contiguous=False`` all there are."""

    do: Literal["fill"] = "fill"
    row: Whole
    column: Whole
    contiguous: bool = True

    def _pixels(self, layout: Layout) -> Bools:
        height, width = layout.shape
        if not (0 <= self.row < height and 0 <= self.column < width):
            raise OptionError(
                f"Row {self.row} and column {self.column} lie outside the label map of {width}x{height} pixels: start "
                "the fill inside."
            )
        same: Bools = layout.ids == layout.ids[self.row, self.column]
        if not self.contiguous:
            return same
        numbers, _ = parts_of(same, layout.connectivity)
        found: Bools = numbers == numbers[self.row, self.column]
        return found


class Spans(_Painting):
    """Any set of pixels, as stretches of rows: row, first column, and one past the last column of each."""

    do: Literal["spans"] = "spans"
    spans: Annotated[tuple[tuple[Whole, Whole, Whole], ...], Field(min_length=1)]

    def _pixels(self, layout: Layout) -> Bools:
        mask = np.zeros(layout.shape, bool)
        for row, start, stop in self.spans:
            if 0 <= row < len(mask):
                mask[row, max(start, 0) : max(stop, 0)] = True
        return mask
