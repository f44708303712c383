"""Operations that change what objects are, how deep they lie and what belongs together."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from analogon.errors import OptionError
from analogon.layout.arrangement import Layout
from analogon.layout.objects import ObjectGroup, middle
from analogon.layout.operation import Name, Operation
from analogon.layout.regions import parts_of


class Relabel(Operation):
    """An object becomes another class, and gets a name of that class."""

    do: Literal["relabel"] = "relabel"
    of: Name
    to: Name

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        label, objects, names = layout.class_of(self.to), list(layout.objects), set(layout.names)
        for one in layout.members(self.of):
            if one.class_id != label.id:
                name = layout.free_name(label.name, names)
                names.add(name)
                objects[layout.objects.index(one)] = replace(one, class_id=label.id, name=name)
        return replace(layout, objects=tuple(objects), names=frozenset(names))


class Merge(Operation):
    """All of a class becomes another class; what is connected by that becomes one object."""

    do: Literal["merge"] = "merge"
    classes: Annotated[tuple[Name, ...], Field(min_length=1, max_length=256)]
    into: Name

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        label = layout.class_of(self.into)
        merged = {layout.class_of(name).id for name in self.classes} - {label.id}
        done = layout
        for one in layout.objects:
            if one.class_id in merged:
                done = Relabel(of=one.name, to=self.into).apply(done)
        numbers, count = parts_of(done.ids == label.id, done.connectivity)
        grouped = {i for group in done.groups for i in group.members}
        for number in range(1, count + 1):
            ids = {int(i) for i in np.unique(done.owners[numbers == number])} - grouped
            if len(ids) > 1:
                done = done.joined(ids)
        return done


class Arrange(Operation):
    """An object elsewhere in the order of depth.

    At the ``front`` or the ``back`` of all, one step ``forward`` or ``backward`` (past the next one that it meets), or
    right ``before`` or ``behind`` another one.
    """

    do: Literal["arrange"] = "arrange"
    of: Name
    to: Literal["front", "back", "forward", "backward", "before", "behind"]
    other: Name | None = None

    def model_post_init(self, _: Any) -> None:
        """Another object is needed where one is meant."""
        if (self.to in ("before", "behind")) != (self.other is not None) or self.other == self.of:
            raise OptionError(f"'{self.of}' goes before or behind another object, or else there is none: give both.")

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        chosen = layout.members(self.of)
        layout = replace(
            layout, objects=tuple(replace(one, arranged=True) if one in chosen else one for one in layout.objects)
        )
        members, order = layout.members(self.of), {one.id: n for n, one in enumerate(layout.objects)}
        rest = [one for one in layout.objects if one not in members]
        first, last = order[members[0].id], order[members[-1].id]
        if self.other is not None:
            others = [n for n, one in enumerate(rest) if one in layout.members(self.other)]
            if not others:
                raise OptionError(f"'{self.other}' is part of '{self.of}': name an object outside it.")
            place = others[-1] + 1 if self.to == "before" else others[0]
        elif self.to in ("front", "back"):
            place = len(rest) if self.to == "front" else 0
        else:
            region, ahead = layout.region(self.of), self.to == "forward"
            passed = [n for n, one in enumerate(rest) if (order[one.id] > last if ahead else order[one.id] < first)]
            passed = passed if ahead else passed[::-1]
            met = [n for n in passed if rest[n].region.meets(region)] or passed
            if not met:
                return layout
            place = met[0] + 1 if ahead else met[0]
        return layout.ordered([*rest[:place], *members, *rest[place:]])


class Group(Operation):
    """Several objects, or groups, become one group with a name."""

    do: Literal["group"] = "group"
    of: Annotated[tuple[Name, ...], Field(min_length=1, max_length=10_000)]
    name: Name

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        if self.name in layout.names or not self.name.isprintable():
            raise OptionError(f"A group cannot be called {self.name!r}: give it a name that is not taken.")
        ids = sorted({one.id for name in self.of for one in layout.members(name)})
        if len(ids) < 2:
            raise OptionError(f"The group '{self.name}' would hold one object: name at least two.")
        left = (replace(g, members=tuple(i for i in g.members if i not in ids)) for g in layout.groups)
        region = layout.region(self.of[0])
        for name in self.of[1:]:
            region = region.joined(layout.region(name))
        groups = (*(g for g in left if len(g.members) > 1), ObjectGroup(self.name, tuple(ids), middle(region)))
        return replace(layout, groups=groups, names=layout.names | {self.name})


class Ungroup(Operation):
    """A group is undone; its objects stay."""

    do: Literal["ungroup"] = "ungroup"
    of: Name

    def apply(self, layout: Layout) -> Layout:
        """The layout after it; see :meth:`Operation.apply`."""
        layout.members(self.of)
        group = layout.group(self.of)
        if group is None:
            raise OptionError(f"'{self.of}' is no group: name one to ungroup.")
        return replace(layout, groups=tuple(one for one in layout.groups if one is not group))
