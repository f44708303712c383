"""A label map as objects in an order of depth, and the few changes that all operations are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelClass, LabelMap
from analogon.errors import LabelError, OptionError
from analogon.layout.objects import FARTHEST, LayoutObject, ObjectGroup, middle
from analogon.layout.regions import Bools, Region, grown, nearest, parts_of

#: Words for what fills a place that an object has left: what lies behind it and is nearest, or whatever is nearest.
BEHIND, AROUND = "behind", "around"
NOBODY = -1


@dataclass(frozen=True, eq=False)
class Layout:
    """A label map split into objects; operations make new layouts of it and leave it as it is.

    Every pixel of the frame belongs to one object that is seen there, the frontmost of those that have it. What lies
    under others or outside the frame is remembered.

    Attributes:
        source: the label map that it began as.
        objects: from the back to the front.
        groups: objects that are handled as one.
        connectivity: 8 or 4, which neighbours of a pixel make one region with it.
        owners: int32 (h, w), the id of the object that is seen at each pixel. Read-only.
        names: every name that an object or a group has or had: none is given twice.
        following: the id of the next new object.
    """

    source: LabelMap
    objects: tuple[LayoutObject, ...]
    groups: tuple[ObjectGroup, ...]
    connectivity: int
    owners: NDArray[np.int32]
    names: frozenset[str]
    following: int

    @classmethod
    def split(
        cls, labels: LabelMap, connectivity: Literal[4, 8] = 8, instances: NDArray[np.int32] | None = None
    ) -> Layout:
        """The connected regions of each class as objects.

        Large things tend to lie behind small ones, so objects begin in the order of the area that their class has, and
        within a class of their own area, the largest at the back. The largest of a class is called like the class,
        the others "tree 2", "tree 3" and so on.

        Args:
            connectivity: 8 or 4, which neighbours of a pixel make one region with it.
            instances: (h, w), numbers of objects that are known, 0 for none: what has one number and one class is one
                object, connected or not, and touching ones are apart.

        Raises:
            OptionError: ``connectivity`` is neither 4 nor 8. LabelError: the instances have another size.
        """
        if instances is not None and instances.shape != labels.shape:
            raise LabelError("The instances and the label map of a layout differ in size: give equal sizes.")
        if connectivity not in (4, 8):
            raise OptionError(f"The connectivity of a layout is 4 or 8 neighbours, not {connectivity!r}.")
        found: list[tuple[int, int, Region]] = []
        for label in labels.palette.classes:
            mask = labels.ids == label.id
            known = [] if instances is None else _regions(np.where(mask, instances, 0))
            numbers, _ = parts_of(mask if instances is None else mask & (instances == 0), connectivity)
            regions = known + _regions(numbers)
            total = sum(region.area for region in regions)
            found += [(total, label.id, region) for region in regions]
        found.sort(key=lambda one: (-one[0], one[1], -one[2].area, one[2].top, one[2].left))
        layout = cls(labels, (), (), connectivity, np.zeros(labels.shape, np.int32), frozenset(), 0)
        names, objects = set[str](), list[LayoutObject]()
        for number, (_, class_id, region) in enumerate(found):
            name = layout.free_name(labels.palette.get(class_id).name, names)
            names.add(name)
            objects.append(LayoutObject.begun(number, name, class_id, region, (0, 0)))
        return replace(
            layout,
            objects=tuple(objects),
            owners=composed(objects, labels.shape),
            names=frozenset(names),
            following=len(objects),
        )

    # What can be asked of it

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.source.shape

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """The class ids, int64 (h, w), read-only."""
        table = np.zeros(self.following + 1, np.int64)
        for one in self.objects:
            table[one.id] = one.class_id
        ids: NDArray[np.int64] = table[self.owners]
        ids.setflags(write=False)
        return ids

    @property
    def target(self) -> LabelMap:
        """The label map that the layout has become."""
        return LabelMap(self.ids, self.source.palette)

    def class_of(self, name: str) -> LabelClass:
        """The class with this name.

        Raises:
            OptionError: there is none.
        """
        for label in self.source.palette.classes:
            if label.name == name:
                return label
        raise OptionError(f"There is no class '{name}': {_known(name, self.source.palette.names)}")

    def handles(self) -> tuple[str, ...]:
        """Names of all objects and groups, the back first."""
        return (*(one.name for one in self.objects), *(group.name for group in self.groups))

    def members(self, name: str) -> tuple[LayoutObject, ...]:
        """The object of this name, or all of a group, from the back to the front.

        Raises:
            OptionError: there is none; the message has names that are like it.
        """
        for group in self.groups:
            if group.name == name:
                return tuple(one for one in self.objects if one.id in group.members)
        for one in self.objects:
            if one.name == name:
                return (one,)
        raise OptionError(f"There is no object '{name}': {_known(name, self.handles())}")

    def group(self, name: str) -> ObjectGroup | None:
        """The group of this name, if it is one."""
        return next((group for group in self.groups if group.name == name), None)

    def pivot(self, name: str) -> tuple[float, float]:
        """The point (row, column) that an object or a group is turned and scaled about."""
        group = self.group(name)
        return self.members(name)[0].pivot if group is None else group.pivot

    def region(self, name: str) -> Region:
        """All pixels of an object or a group, also where others cover them and outside the frame."""
        region = Region(0, 0, np.zeros((0, 0), bool))
        for one in self.members(name):
            region = region.joined(one.region)
        return region

    def seen(self, name: str) -> Bools:
        """Where an object or a group is seen: bool (h, w)."""
        return np.isin(self.owners, [one.id for one in self.members(name)])

    @property
    def limit(self) -> int:
        """How far from the frame's first pixel an object may be."""
        return FARTHEST * max(self.shape)

    def free_name(self, stem: str, taken: Collection[str] | None = None) -> str:
        """A name that nothing has had yet: the stem, or with the first free number from 2 on."""
        used = self.names if taken is None else taken
        classes = self.source.palette.names
        if stem not in used:
            return stem
        number = 2
        while f"{stem} {number}" in used or f"{stem} {number}" in classes:
            number += 1
        return f"{stem} {number}"

    # What operations are made of

    def changed(
        self,
        change: Callable[[LayoutObject], LayoutObject | None],
        of: Iterable[LayoutObject],
        fill: str = BEHIND,
        groups: tuple[ObjectGroup, ...] | None = None,
    ) -> Layout:
        """The layout with some objects changed (or deleted: None), and what they leave filled.

        What was remembered under them is seen again. Any other place that they leave goes to the nearest object that
        lies behind (``"behind"``; where none does: to the nearest), to the nearest (``"around"``), or gets the class
        of this name.

        Raises:
            OptionError: there is no such class. LabelError: nothing would be left.
        """
        chosen = None if fill in (BEHIND, AROUND) else self.class_of(fill).id
        touched = {one.id for one in of}
        objects = [new for one in self.objects if (new := change(one) if one.id in touched else one) is not None]
        owners = composed(objects, self.shape)
        draft = replace(self, objects=tuple(objects), owners=owners, groups=self.groups if groups is None else groups)
        empty = owners == NOBODY
        if empty.any():
            draft = draft._filled(empty, self, touched, fill, chosen)
        return draft._tidy()

    def _filled(self, empty: Bools, before: Layout, touched: set[int], fill: str, chosen: int | None) -> Layout:
        """The layout with empty places given to other objects; ``before`` says who was there and how deep."""
        depth = np.zeros(before.following + 1, np.int64)
        depth[[one.id for one in before.objects]] = np.arange(len(before.objects))
        others = ~empty & ~np.isin(self.owners, list(touched))
        draft = self
        for left in sorted({int(i) for i in np.unique(before.owners[empty])}, key=lambda i: int(depth[i])):
            hole = empty & (before.owners == left)
            if chosen is not None:
                draft = draft.given(hole, chosen, under=left)
                continue
            behind = others & (depth[self.owners] < depth[left]) if fill == BEHIND else others
            takers = self._nearest_owners(hole, behind)
            if takers is None:
                takers = self._nearest_owners(hole, others)
            rows, columns = np.nonzero(hole)
            if takers is None:
                if left not in {one.id for one in draft.objects}:
                    raise LabelError("Nothing would be left of the label map: keep an object or name a class to fill.")
                takers = np.full(len(rows), left, np.int32)
            for taker in np.unique(takers):
                mask = np.zeros(self.shape, bool)
                mine = takers == taker
                mask[rows[mine], columns[mine]] = True
                draft = draft._grown(int(taker), Region.of(mask), under=left)
        return draft

    def _nearest_owners(self, hole: Bools, among: Bools) -> NDArray[np.int32] | None:
        """Whose the nearest pixel ``among`` some is to each of a hole, in reading order; None where there are none."""
        seen = self.owners[among]
        if len(seen) and (seen == seen[0]).all():  # which of them is nearest need not be known, which takes longest
            return np.full(np.count_nonzero(hole), seen[0])
        places = nearest(hole, among)
        return None if places is None else self.owners[places[:, 0], places[:, 1]]

    def _grown(self, taker: int, region: Region, under: int) -> Layout:
        """The layout with a region given to an object, or to a new one of its class if it lies before ``under``."""
        order = [one.id for one in self.objects]
        if taker != under and under in order and order.index(taker) > order.index(under):
            class_id = self.objects[order.index(taker)].class_id
            return self.added(region, class_id, order.index(under))
        objects = tuple(one.joined(region) if one.id == taker else one for one in self.objects)
        return replace(self, objects=objects, owners=composed(objects, self.shape))

    def given(self, mask: Bools, class_id: int, under: int | None = None) -> Layout:
        """The layout with empty pixels (h, w) given to a class: to its object beside them, or to a new one.

        The object, or the new one, lies behind the object with the id ``under``.
        """
        order = [one.id for one in self.objects]
        place = order.index(under) if under in order else len(order)
        beside = self._beside(mask, class_id, {one.id for one in self.objects[:place]})
        if beside is None:
            return self.added(Region.of(mask), class_id, place)
        objects = tuple(one.joined(Region.of(mask)) if one.id == beside else one for one in self.objects)
        return replace(self, objects=objects, owners=composed(objects, self.shape))

    def _beside(self, mask: Bools, class_id: int, among: set[int] | None = None) -> int | None:
        """The id of the object of a class that has most pixels beside these, the first one of several."""
        ring = grown(mask) & ~mask & (self.owners != NOBODY)
        ids, counts = np.unique(self.owners[ring & (self.ids == class_id)], return_counts=True)
        found = [(-int(n), int(i)) for i, n in zip(ids, counts, strict=True) if among is None or int(i) in among]
        return min(found)[1] if found else None

    def added(
        self, region: Region, class_id: int, place: int | None = None, source: tuple[int, int] | None = None
    ) -> Layout:
        """The layout with a new object at a place in the order of depth, by default at the front."""
        name = self.free_name(self.source.palette.get(class_id).name)
        return self.with_object(LayoutObject.begun(self.following, name, class_id, region, source), place)

    def with_object(self, one: LayoutObject, place: int | None = None) -> Layout:
        """The layout with an object that has the next id."""
        objects = list(self.objects)
        objects.insert(len(objects) if place is None else place, one)
        return replace(
            self,
            objects=tuple(objects),
            owners=composed(objects, self.shape),
            names=self.names | {one.name},
            following=max(self.following, one.id + 1),
        )

    def painted(self, mask: Bools, class_id: int, of: str | None = None) -> Layout:
        """The layout with pixels (h, w) painted as a class.

        They become part of an object of the class: the one named, or one beside them, or else a new one at the front.
        What lies before it there loses these pixels; what lies behind it is remembered.
        """
        if of is None:
            mask = mask & (self.ids != class_id)
            beside = self._beside(mask, class_id)
        else:
            (one,) = self.members(of)
            beside = one.id
            mask = mask & (self.owners != beside)
        if not mask.any():
            return self
        region = Region.of(mask)
        if beside is None:
            return self.added(region, class_id)
        place = [one.id for one in self.objects].index(beside)
        objects = [one.without(region) if n > place and one.region.meets(region) else one
                   for n, one in enumerate(self.objects)]  # fmt: skip
        objects[place] = objects[place].joined(region)
        return replace(self, objects=tuple(objects), owners=composed(objects, self.shape))._tidy()

    def ordered(self, objects: Sequence[LayoutObject]) -> Layout:
        """The layout with the same objects in another order of depth."""
        return replace(self, objects=tuple(objects), owners=composed(objects, self.shape))

    def raised(self, ids: Collection[int]) -> Layout:
        """The layout with objects before all that lay before them, up to the first whose depth somebody has chosen.

        Where somebody has chosen theirs, they stay.
        """
        several = [one for one in self.objects if one.id in ids]
        if any(one.arranged for one in several):
            return self
        rest = [one for one in self.objects if one.id not in ids]
        ahead = self.objects[self.objects.index(several[-1]) + 1 :]
        place = next((rest.index(one) for one in ahead if one.arranged), len(rest))
        return self.ordered([*rest[:place], *several, *rest[place:]])

    def joined(self, ids: Collection[int]) -> Layout:
        """The layout with several objects of one class as one, which has id, name and depth of the largest."""
        several = [one for one in self.objects if one.id in ids]
        largest = max(several, key=lambda one: (one.region.area, -one.id))
        region = largest.region
        for one in several:
            region = region.joined(one.region)
        parts = tuple(part for one in [largest, *(o for o in several if o is not largest)] for part in one.parts)
        whole = replace(largest, parts=parts, region=region, pivot=middle(region))
        gone = {one.id for one in several} - {largest.id}
        objects = tuple(whole if one is largest else one for one in self.objects if one.id not in gone)
        return replace(self, objects=objects, owners=composed(objects, self.shape))._tidy()

    def _tidy(self) -> Layout:
        """Without objects that have no pixel left anywhere, and groups of less than two."""
        objects = tuple(one for one in self.objects if one.region.mask.size)
        kept = {one.id for one in objects}
        groups = (replace(g, members=tuple(i for i in g.members if i in kept)) for g in self.groups)
        return replace(self, objects=objects, groups=tuple(g for g in groups if len(g.members) > 1))


def composed(objects: Iterable[LayoutObject], shape: tuple[int, int]) -> NDArray[np.int32]:
    """The id of the frontmost object at each pixel, int32 (h, w), NOBODY where there is none."""
    owners = np.full(shape, NOBODY, np.int32)
    for one in objects:
        window, mask = one.region.in_frame(shape)
        np.copyto(owners[window], np.int32(one.id), where=mask)
    owners.setflags(write=False)
    return owners


def _regions(numbers: NDArray[np.int32]) -> list[Region]:
    """The pixels of each number, from 1 on."""
    from scipy import ndimage as ndi

    found = [(n, box) for n, box in enumerate(ndi.find_objects(numbers), start=1) if box is not None]
    return [Region.of(numbers[at] == n, at[0].start, at[1].start) for n, at in found]


def _known(wrong: str, names: Sequence[str]) -> str:
    """What to write in place of a name that nothing has."""
    near = get_close_matches(wrong, names, n=3)
    if near:
        return f"did you mean {_list(near)}?"
    return f"there {'is' if len(names) == 1 else 'are'} {_list(names[:12])}{' and others' if len(names) > 12 else ''}."


def _list(names: Sequence[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
