"""Operations that move, bend, copy and delete objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from analogon.errors import OptionError
from analogon.layout.arrangement import BEHIND, Layout
from analogon.layout.objects import LayoutObject, ObjectGroup
from analogon.layout.operation import Name, Number, Operation, Place, Whole
from analogon.layout.warps import Affine, ThinPlate, Warp

Factor = Annotated[float, Field(ge=1 / 64, le=64, allow_inf_nan=False, strict=True)]


class _Warping(Operation):
    """An operation that moves the pixels of an object, and may leave a hole behind."""

    of: Name
    fill: Name = BEHIND

    def _warped(self, layout: Layout, warp: Warp) -> Layout:
        members = layout.members(self.of)
        groups = layout.groups
        if (group := layout.group(self.of)) is not None:
            pivot = warp.forward(np.array([group.pivot]))[0]
            taken = replace(group, pivot=(float(pivot[0]), float(pivot[1])))
            groups = tuple(taken if one is group else one for one in groups)
        done = layout.changed(lambda one: one.warped(warp, layout.limit), members, self.fill, groups)
        for one in members:
            if one.id not in {left.id for left in done.objects}:
                raise OptionError(f"Nothing would be left of '{one.name}': take a larger factor, or delete it.")
        return done


class Move(_Warping):
    """An object elsewhere, by whole pixels.

    ``raised`` also brings it before what it would slide under, unless somebody has chosen its depth, or that of what
    lies before it.
    """

    do: Literal["move"] = "move"
    right: Whole = 0
    down: Whole = 0
    raised: bool = False

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        done = self._warped(layout, Affine.translation(self.down, self.right))
        return done.raised({one.id for one in done.members(self.of)}) if self.raised else done


class Scale(_Warping):
    """An object larger or smaller, from 1/64 to 64 times; ``height`` is the factor of heights where it is another."""

    do: Literal["scale"] = "scale"
    factor: Factor
    height: Factor | None = None
    about: Place | None = None

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        tall = self.factor if self.height is None else self.height
        center = layout.pivot(self.of) if self.about is None else self.about
        return self._warped(layout, Affine.about(center, ((tall, 0.0), (0.0, self.factor))))


class Rotate(_Warping):
    """An object turned clockwise."""

    do: Literal["rotate"] = "rotate"
    degrees: Number
    about: Place | None = None

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        center = layout.pivot(self.of) if self.about is None else self.about
        return self._warped(layout, Affine.turn(center, self.degrees))


class Flip(_Warping):
    """An object mirrored: its left becomes its right, or its top its bottom."""

    do: Literal["flip"] = "flip"
    axis: Literal["left-right", "top-bottom"] = "left-right"
    about: Place | None = None

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        matrix = ((1.0, 0.0), (0.0, -1.0)) if self.axis == "left-right" else ((-1.0, 0.0), (0.0, 1.0))
        center = layout.pivot(self.of) if self.about is None else self.about
        return self._warped(layout, Affine.about(center, matrix))


class Deform(_Warping):
    """An object bent by handles (from row, from column, to row, to column); one that stays where it is is a pin."""

    do: Literal["deform"] = "deform"
    handles: Annotated[tuple[tuple[Number, Number, Number, Number], ...], Field(min_length=1, max_length=200)]

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        before, after = (tuple((h[n], h[n + 1]) for h in self.handles) for n in (0, 2))
        if len(set(before)) < len(before) or len(set(after)) < len(after):
            raise OptionError(f"Two handles of '{self.of}' begin or end at one point: leave one of them out.")
        return self._warped(layout, ThinPlate(before, after))


class Duplicate(Operation):
    """A copy of an object or a group, right before it, with a name of its own unless one is given.

    ``raised`` is as for :class:`Move`.
    """

    do: Literal["duplicate"] = "duplicate"
    of: Name
    right: Whole = 0
    down: Whole = 0
    name: Name | None = None
    raised: bool = False

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        members, group = layout.members(self.of), layout.group(self.of)
        if self.name is not None and (self.name in layout.names or not self.name.isprintable()):
            raise OptionError(f"The copy of '{self.of}' cannot be called {self.name!r}: give a name that is not taken.")
        place = 1 + max(layout.objects.index(one) for one in members)
        warp, done, copies = Affine.translation(self.down, self.right), layout, list[LayoutObject]()
        for one in members:
            stem = layout.source.palette.get(one.class_id).name
            name = self.name if group is None and self.name is not None else done.free_name(stem)
            copy = replace(one, id=done.following, name=name).warped(warp, layout.limit)
            done = done.with_object(copy, place + len(copies))
            copies.append(copy)
        if group is not None:
            name = done.free_name(group.name) if self.name is None else self.name
            pivot = group.pivot[0] + self.down, group.pivot[1] + self.right
            added = ObjectGroup(name, tuple(copy.id for copy in copies), pivot)
            done = replace(done, groups=(*done.groups, added), names=done.names | {name})
        return done.raised({copy.id for copy in copies}) if self.raised else done


class Delete(Operation):
    """An object is gone."""

    do: Literal["delete"] = "delete"
    of: Name
    fill: Name = BEHIND

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        return layout.changed(lambda _: None, layout.members(self.of), self.fill)
