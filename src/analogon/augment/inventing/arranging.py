"""Objects moved about in an annotated picture, and brought in from others, as operations on its layout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import ndimage as ndi

from analogon.augment.inventing.values import Ground, Invention
from analogon.augment.statistics import SMALLEST_THING, Bools, Statistics, numbered
from analogon.augment.values import IntArray
from analogon.data import LabelMap
from analogon.data.exemplar import GAP
from analogon.errors import OptionError
from analogon.layout import (
    Deform,
    Delete,
    Duplicate,
    Flip,
    Group,
    Layout,
    LayoutObject,
    Move,
    Operation,
    Rotate,
    Scale,
    carried,
)
from analogon.layout.arrangement import NOBODY, composed
from analogon.layout.following import edited
from analogon.layout.regions import Region

#: Operations for each object, on average, and at most; places that are tried for each.
SHARE, MOST, TRIES = 0.5, 24, 12
#: Degrees, largest factor, and share of its box that an object is turned, scaled and bent by.
TURN, FACTOR, BEND = 8.0, 1.2, 0.08
#: How far up or down an object may go where places mean something, as a share of the height.
LEVEL = 0.03
#: Pixels around an object that say what it stands on; how much of that must be alike where it goes, and how much of
#: what it covers must be of these classes.
RING, ALIKE, COVERED = 4, 0.6, 0.97
#: Shares of the classes around an object below which one is there by accident.
RARE = 0.05
#: An object lies on another if so much of what is around it is that one; where its foot begins, as a share of its
#: height.
LIES_ON, FOOT = 0.6, 0.75
#: Pixels around an edit that are made anew, as a share of the diagonal, and at least.
REACH, LEAST_REACH = 0.015, 5
#: A copy is turned, scaled, bent or mirrored as well with this probability.
VARIED = 0.6
#: How often the next object comes from another picture, where there is one.
VISITS = 0.3


def arranged(ground: Ground, number: int, rng: np.random.Generator) -> Invention | None:
    """An annotated picture with objects moved, turned, scaled, bent, mirrored, copied, deleted and brought in.

    Objects never overlap, and stand on what they stood on before. None where there is no object to move.
    """
    base = ground.annotated(number)
    size = ground.size(base)
    whole = base.labels.shape
    if size[0] > whole[0] or size[1] > whole[1] or not base.things:
        return None
    top, left = (int(rng.integers(0, n - m + 1)) for n, m in zip(whole, size, strict=True))
    window = slice(top, top + size[0]), slice(left, left + size[1])
    ids = base.labels.ids[window]
    instances, _ = numbered(base.instances[window], ids)
    table = _Table.laid(Layout.split(LabelMap(ids, base.labels.palette), instances=instances), base)
    names = table.movable()
    if not names:
        return None
    others = [n for n in range(len(ground.sources.pictures)) if n != number and ground.annotated(n).things]
    guest = int(rng.choice(others)) if others and ground.pairs else None
    count = min(2 + int(rng.poisson(SHARE * len(names) * ground.settings.strength)), MOST)
    goals = _goals(ground, base)
    begun = len(table.done)
    for _ in range(count):
        if guest is not None and rng.random() < VISITS:
            _bring(table, ground, guest, (-top, whole[1] + GAP - left), rng)
        else:
            _change(table, goals, ground.settings.strength, rng)
    if len(table.done) == begun:
        return None
    recipe = {"window": [top, left, *size], "operations": table.done}
    donors = (number, guest) if guest is not None and table.guests else (number,)
    return _invention(table.layout, ground, donors, (top, left), recipe)


def _invention(
    layout: Layout, ground: Ground, donors: tuple[int, ...], origin: tuple[int, int], recipe: dict[str, Any]
) -> Invention:
    """What a render needs of a layout whose first pixel lies at ``origin`` in the first donor."""
    base = ground.annotated(donors[0])
    shapes = [ground.sources.pictures[n].exemplar.shape for n in donors]
    within = max(h for h, _ in shapes), sum(w for _, w in shapes) + GAP * (len(shapes) - 1)
    places = carried(layout, within, origin)
    if base.free:
        # objects are whole, and what lies around them is made anew
        own = np.isin(layout.owners, [one.id for one in layout.objects if one.class_id in base.things])
    else:
        own = np.ones(layout.shape, bool)
    changed = edited(layout)
    if changed.any():
        reach = max(LEAST_REACH, REACH * math.hypot(*layout.shape))
        own &= ndi.distance_transform_edt(~changed) > reach
    places[own] = (np.argwhere(own) + origin).astype(np.int32)
    numbers = np.zeros(layout.following + 1, np.int32)
    things = [one for one in layout.objects if one.class_id in base.things]
    numbers[[one.id for one in things]] = np.arange(1, len(things) + 1)
    instances, classes = numbered(numbers[layout.owners], layout.ids)
    return Invention("instances", layout.target, instances, classes, donors, recipe, places)


def _goals(ground: Ground, base: Statistics) -> dict[int, float]:
    """Share of the pixels that each class should have, by id."""
    named = {base.labels.palette.get(number).name: number for number in base.labels.palette.ids}
    return {**base.shares, **{named[name]: share for name, share in ground.settings.targets.items() if name in named}}


Shares = Mapping[int, float]


@dataclass
class _Table:
    """A layout that is being changed.

    Attributes:
        stands: by name of an object, or of a group of one with what lies on it: what it stood on at the beginning.
        done: the operations so far, as JSON values.
        guests: names of objects that came from another picture.
    """

    layout: Layout
    base: Statistics
    stands: dict[str, tuple[Shares, Shares]]
    done: list[dict[str, Any]] = field(default_factory=list)
    guests: set[str] = field(default_factory=set)

    @classmethod
    def laid(cls, layout: Layout, base: Statistics) -> _Table:
        """A layout whose objects are grouped with what lies on them."""
        things = {one.id: one for one in layout.objects if one.class_id in base.things}
        under = dict[int, int]()
        for number, one in things.items():
            owners = layout.owners[_ring(layout, one.region)[:2]]
            most = int(np.bincount(owners).argmax()) if len(owners) else number
            larger = most in things and things[most].region.area > one.region.area
            if larger and np.mean(owners == most) >= LIES_ON:
                under[number] = most
        roots = dict[int, list[str]]()
        for number, one in things.items():
            while number in under:
                number = under[number]
            roots.setdefault(number, []).append(one.name)
        table = cls(layout, base, {})
        for number, names in roots.items():
            name = things[number].name
            if len(names) > 1:
                group = Group(of=tuple(names), name=layout.free_name(f"{name} and what lies on it"))
                table.layout = group.apply(table.layout)
                table.done.append(group.record())
                name = group.name
            table.stands[name] = _around(table.layout, name)
        return table

    def movable(self) -> list[str]:
        """Names of the objects that lie wholly in the frame, are large enough and stand on something."""
        height, width = self.layout.shape
        found, there = [], set(self.layout.handles())
        for name, (around, _) in self.stands.items():
            if name in there and around:
                region = self.layout.region(name)
                top, left, bottom, right = region.box
                if top > 0 and left > 0 and bottom < height and right < width and region.area >= SMALLEST_THING:
                    found.append(name)
        return found

    def apply(self, operation: Operation, changed: str | None, like: str) -> bool:
        """Do an operation if the object that it changes then stands as ``like`` did; tell whether it was done."""
        try:
            layout = operation.apply(self.layout)
        except OptionError:
            return False
        if changed is not None and not self.fits(changed, self.stands[like], layout):
            return False
        self.layout = layout
        if changed is not None:
            self.stands.setdefault(changed, self.stands[like])
        self.done.append(operation.record())
        return True

    def fits(self, name: str, like: tuple[Shares, Shares], layout: Layout) -> bool:
        """Whether an object lies in the frame, on no other object, and on what it should stand on."""
        region, members = layout.region(name), layout.members(name)
        top, left, bottom, right = region.box
        if top < 0 or left < 0 or bottom > layout.shape[0] or right > layout.shape[1]:
            return False
        others = [one for one in layout.objects if one not in members]
        classes = np.full(layout.following + 2, NOBODY, np.int64)  # the last for nobody, whose number is -1
        for other in others:
            classes[other.id] = other.class_id
        under = classes[composed(others, layout.shape)[top:bottom, left:right][region.mask]]
        under = under[under != NOBODY]
        around, below = like
        allowed = [number for number, share in around.items() if share > RARE and number not in self.base.things]
        if len(under) and np.isin(under, allowed).mean() < COVERED:
            return False
        here, beneath = _around(layout, name)
        enough = _alike(around, here) >= ALIKE
        return enough and (self.base.free or _alike(below, beneath) >= ALIKE)


def _alike(first: Shares, second: Shares) -> float:
    return sum(min(share, second.get(number, 0.0)) for number, share in first.items())


def _ring(layout: Layout, region: Region) -> tuple[IntArray, IntArray, Bools]:
    """Rows and columns of the pixels of the frame around a region, and which of them are at its foot."""
    mask = np.pad(region.mask, RING)
    rows, columns = np.nonzero(ndi.binary_dilation(mask, iterations=RING) & ~mask)
    foot = rows >= RING + FOOT * region.mask.shape[0]
    rows, columns = rows + region.top - RING, columns + region.left - RING
    inside = (rows >= 0) & (columns >= 0) & (rows < layout.shape[0]) & (columns < layout.shape[1])
    return rows[inside].astype(np.int32), columns[inside].astype(np.int32), foot[inside]


def _around(layout: Layout, name: str) -> tuple[Shares, Shares]:
    """The other classes around an object, and at its foot, with their shares."""
    rows, columns, foot = _ring(layout, layout.region(name))
    own = max(layout.members(name), key=lambda one: one.region.area).class_id
    seen, found = layout.ids[rows, columns], list[Shares]()
    for chosen in (seen != own, (seen != own) & foot):
        numbers, counts = np.unique(seen[chosen], return_counts=True)
        found.append({int(n): float(c / counts.sum()) for n, c in zip(numbers, counts, strict=True)})
    return found[0], found[1]


def _change(table: _Table, goals: Mapping[int, float], strength: float, rng: np.random.Generator) -> None:
    """One operation more, of a random object; which depends on whether its class has too many pixels or too few."""
    names = table.movable()
    if not names:
        return
    name = str(rng.choice(names))
    class_id = _class_of(table.layout, name)
    share = float((table.layout.ids == class_id).mean())
    more = float(np.clip(goals.get(class_id, 0.0) / max(share, 1e-6), 0.1, 10))
    ways = {"copy": 1.5 * more, "delete": 1.0 / more if len(names) > 1 else 0.0, "move": 1.5, "vary": 1.0}
    chances = np.array(list(ways.values()))
    way = str(rng.choice(list(ways), p=chances / chances.sum()))
    if way == "delete":
        table.apply(Delete(of=name), None, name)
    elif way == "vary":
        table.apply(_varied(table, name, strength, rng), name, name)
    else:
        _placed(table, name, strength, rng, copy=way == "copy")


def _class_of(layout: Layout, name: str) -> int:
    return max(layout.members(name), key=lambda one: one.region.area).class_id


def _elsewhere(table: _Table, region: Region, rng: np.random.Generator) -> tuple[int, int]:
    """Rows and columns to a random place in the frame."""
    height, width = table.layout.shape
    top, left, bottom, right = region.box
    if table.base.free:
        down = int(rng.integers(0, max(height - (bottom - top), 1))) - top
    else:
        down = round(float(rng.uniform(-LEVEL, LEVEL)) * height)
    return down, int(rng.integers(0, max(width - (right - left), 1))) - left


def _placed(table: _Table, name: str, strength: float, rng: np.random.Generator, *, copy: bool) -> None:
    """An object, or a copy of it, at a random place where it may stand."""
    region, members = table.layout.region(name), table.layout.members(name)
    for _ in range(TRIES):
        down, right = _elsewhere(table, region, rng)
        if not _unoccupied(table, region.moved(down, right), () if copy else members):
            continue
        if not copy:
            if table.apply(Move(of=name, down=down, right=right, raised=True), name, name):
                return
            continue
        new = table.layout.free_name(table.layout.source.palette.get(_class_of(table.layout, name)).name)
        if table.apply(Duplicate(of=name, down=down, right=right, name=new, raised=True), new, name):
            if rng.random() < VARIED:
                table.apply(_varied(table, new, strength, rng), new, new)
            return


def _unoccupied(table: _Table, region: Region, without: Sequence[LayoutObject]) -> bool:
    """A quick look whether an object would lie in the frame there, and on no other object."""
    top, left, bottom, last = region.box
    if top < 0 or left < 0 or bottom > table.layout.shape[0] or last > table.layout.shape[1]:
        return False
    seen = table.layout.owners[top:bottom, left:last][region.mask]
    things = [one.id for one in table.layout.objects if one.class_id in table.base.things and one not in without]
    return not np.isin(seen, things).any()


def _varied(table: _Table, name: str, strength: float, rng: np.random.Generator) -> Operation:
    """A turn, another size, a bend or the mirror image."""
    free = table.base.free
    way = int(rng.integers(4))
    if way == 0:
        most = 180.0 if free else TURN * min(strength, 2.0)
        return Rotate(of=name, degrees=round(float(rng.uniform(-most, most)), 1))
    if way == 1:
        most = np.log(FACTOR) * min(strength, 2.0)
        factor, height = (round(float(np.exp(rng.uniform(-most, most))), 3) for _ in (0, 1))
        return Scale(of=name, factor=factor, height=height if free else None)
    if way == 2:
        top, left, bottom, right = table.layout.region(name).box
        tall, wide, bend = bottom - top, right - left, BEND * min(strength, 2.0)
        corners = [(top, left), (top, right), (bottom, left), (bottom, right), table.layout.pivot(name)]
        shifts = rng.normal(0, bend, (len(corners), 2)) * (tall, wide)
        handles = tuple(
            (float(y), float(x), round(float(y + dy), 2), round(float(x + dx), 2))
            for (y, x), (dy, dx) in zip(corners, shifts, strict=True)
        )
        return Deform(of=name, handles=handles)
    return Flip(of=name, axis="top-bottom" if free and rng.random() < 0.5 else "left-right")


def _bring(table: _Table, ground: Ground, guest: int, offset: tuple[int, int], rng: np.random.Generator) -> None:
    """An object of another picture more, where it stands on what it stood on there.

    Args:
        guest: the picture. offset: rows and columns from its pixels to the same in the joined pictures, as the layout
            counts them.
    """
    other = ground.annotated(guest)
    theirs = ground.sources.held(
        ("table", guest, ground.settings.things),
        lambda: _Table.laid(Layout.split(other.labels, instances=other.instances), other),
    )
    names = [name for name in theirs.movable() if _class_of(theirs.layout, name) in table.base.things]
    if not names:
        return
    chosen = str(rng.choice(names))
    region = theirs.layout.region(chosen)
    for _ in range(TRIES):
        down, right = _elsewhere(table, region, rng)
        if not _unoccupied(table, region.moved(down, right), ()):
            continue
        layout, added = table.layout, list[str]()
        for one in theirs.layout.members(chosen):
            name = layout.free_name(layout.source.palette.get(one.class_id).name)
            source = offset[0] - down, offset[1] - right
            new = LayoutObject.begun(layout.following, name, one.class_id, one.region.moved(down, right), source)
            layout, added = layout.with_object(new), [*added, name]
        name = added[0]
        if len(added) > 1:
            name = layout.free_name(f"{name} and what lies on it")
            layout = Group(of=tuple(added), name=name).apply(layout)
        if table.fits(name, theirs.stands[chosen], layout):
            table.layout = layout
            table.stands[name] = theirs.stands[chosen]
            table.guests.add(name)
            picture = ground.sources.pictures[guest].name
            record = {"do": "bring", "of": chosen, "from": picture, "down": down, "right": right, "as": name}
            table.done.append(record)
            return
