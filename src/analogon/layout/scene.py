"""A layout as a graph: its objects, and how they lie to each other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analogon.layout.arrangement import Layout

#: Each relation with what it is from the other side.
OPPOSITE = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
    "inside": "surrounding",
    "surrounding": "inside",
    "touching": "touching",
    "in front of": "behind",
    "behind": "in front of",
}
#: Objects that are told of, the largest of them, how many neighbours of each, and of one that is asked for.
TOLD, NEIGHBOURS, NEAR = 40, 2, 6


@dataclass(frozen=True)
class Relation:
    """How one object lies to another: "tree left of house"."""

    subject: str
    predicate: str
    object: str

    def __str__(self) -> str:
        """As people say it."""
        return f"{self.subject} {self.predicate} {self.object}"


@dataclass(frozen=True)
class Thing:
    """An object or a group as it is seen in the frame.

    Attributes:
        name: of the object or the group.
        classes: names of its classes.
        box: top, left, bottom, right of what is seen of it; the last two are one past the last pixel.
        center: (row, column) of the mean of these pixels.
        share: of the frame that it takes, 0 to 1.
        members: the objects of a group.
    """

    name: str
    classes: tuple[str, ...]
    box: tuple[int, int, int, int]
    center: tuple[float, float]
    share: float
    members: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Scene:
    """Objects and groups of a layout that are seen, and their relations; members of groups are not told of alone.

    Of two things one lies *inside* the other if its box does, or else left of it, right of it, above or below, by the
    direction between their centres. They are *touching* if pixels of them lie side by side, and one is *in front of*
    the other if it hides some of it.
    """

    layout: Layout

    @cached_property
    def things(self) -> tuple[Thing, ...]:
        """What is seen, the back first."""
        grouped = {i for group in self.layout.groups for i in group.members}
        names = [one.name for one in self.layout.objects if one.id not in grouped]
        return tuple(
            thing
            for name in [*names, *(group.name for group in self.layout.groups)]
            if (thing := self._thing(name)) is not None
        )

    def _thing(self, name: str) -> Thing | None:
        """What can be said of an object or a group, None where nothing is seen of it."""
        members = self.layout.members(name)
        numbers = [one.id for one in members if one.id in self._boxes]
        if not numbers:
            return None
        boxes = np.array([self._boxes[i] for i in numbers])
        counts = np.array([self._counts[i] for i in numbers], float)
        centers = np.array([self._centers[i] for i in numbers])
        row, column = (counts[:, None] * centers).sum(0) / counts.sum()
        (top, left), (bottom, right) = boxes[:, :2].min(0), boxes[:, 2:].max(0)
        palette = self.layout.source.palette
        return Thing(
            name,
            tuple(dict.fromkeys(palette.get(one.class_id).name for one in members)),
            (int(top), int(left), int(bottom), int(right)),
            (float(row), float(column)),
            float(counts.sum()) / self.layout.owners.size,
            () if self.layout.group(name) is None else tuple(one.name for one in members),
        )

    @cached_property
    def _boxes(self) -> dict[int, tuple[int, int, int, int]]:
        boxes = {}
        for one in self.layout.objects:
            window, _ = one.region.in_frame(self.layout.shape)
            seen = self.layout.owners[window] == one.id
            rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
            if len(rows):
                top, left = window[0].start, window[1].start
                boxes[one.id] = top + int(rows[0]), left + int(columns[0]), top + int(rows[-1]) + 1, left + int(
                    columns[-1]
                ) + 1  # fmt: skip
        return boxes

    @cached_property
    def _counts(self) -> dict[int, int]:
        counts = np.bincount(self.layout.owners.ravel(), minlength=self.layout.following)
        return {one.id: int(counts[one.id]) for one in self.layout.objects}

    @cached_property
    def _centers(self) -> dict[int, tuple[float, float]]:
        flat, count = self.layout.owners.ravel(), self.layout.following
        sums = [np.bincount(flat, axis.ravel() + 0.5, count) for axis in np.indices(self.layout.shape)]
        return {i: (float(sums[0][i]) / n, float(sums[1][i]) / n) for i, n in self._counts.items() if n}

    @cached_property
    def _touching(self) -> set[tuple[int, int]]:
        owners = self.layout.owners
        pairs = [(owners[1:], owners[:-1]), (owners[:, 1:], owners[:, :-1])]
        found = np.concatenate([np.stack([a[a != b], b[a != b]], -1) for a, b in pairs])
        return {(min(a, b), max(a, b)) for a, b in np.unique(found, axis=0).tolist()}

    def get(self, name: str) -> Thing | None:
        """What is seen of an object or a group, None if nothing is; OptionError where there is none of the name."""
        return self._thing(name)

    def between(self, subject: str, other: str) -> tuple[Relation, ...]:
        """How one thing lies to another, which are both seen; nothing if one of them is hidden or outside."""
        a, b = self.get(subject), self.get(other)
        if a is None or b is None or subject == other:
            return ()
        found = [place(a, b)]
        ours, theirs = ({one.id for one in self.layout.members(name)} for name in (subject, other))
        if any((min(i, j), max(i, j)) in self._touching for i in ours for j in theirs):
            found.append("touching")
        if (hides := self._hides(ours, theirs)) is not None:
            found.append("in front of" if hides else "behind")
        return tuple(Relation(subject, predicate, other) for predicate in found)

    def _hides(self, ours: set[int], theirs: set[int]) -> bool | None:
        """Whether the first lie before the others where both are: None where they nowhere are."""
        for n in range(len(self.layout.objects) - 1, -1, -1):
            front = self.layout.objects[n]
            if front.id not in ours | theirs:
                continue
            others = theirs if front.id in ours else ours
            if any(back.id in others and back.region.meets(front.region) for back in self.layout.objects[:n]):
                return front.id in ours
        return None

    def relations(self, names: Iterable[str] | None = None) -> tuple[Relation, ...]:
        """All relations between things, or between those named, each pair once, the smaller one as the subject."""
        things = list(self.things if names is None else filter(None, map(self.get, names)))
        things.sort(key=lambda thing: (thing.share, thing.name))
        return tuple(
            relation for n, a in enumerate(things) for b in things[n + 1 :] for relation in self.between(a.name, b.name)
        )

    def text(self) -> str:
        """Objects from the back to the front, then relations between those that lie near to each other."""
        lines = []
        for thing in self.things:
            top, left, bottom, right = thing.box
            what = "group of " + ", ".join(thing.members) if thing.members else ", ".join(thing.classes)
            size = f"{right - left}x{bottom - top} at row {top}, column {left}"
            lines.append(f"{thing.name}  ({what})  {size}  {100 * thing.share:.1f} %")
        seen = {thing.name for thing in self.things} | {m for thing in self.things for m in thing.members}
        lines += [f"{name}  not seen" for name in self.layout.handles() if name not in seen]
        lines += [f"  {relation}" for relation in self.told()]
        return "\n".join(lines)

    def told(self, name: str | None = None) -> tuple[Relation, ...]:
        """Relations of the largest things, or of the one of this name, with those that lie nearest to them.

        Raises:
            OptionError: there is none of the name.
        """
        known = sorted(self.things, key=lambda thing: (-thing.share, thing.name))[:TOLD]
        subjects = known[::-1]
        if name is not None:
            subjects = [] if (thing := self.get(name)) is None else [thing]
        found, said = list[Relation](), set[frozenset[str]]()
        for thing in subjects:
            others = [one for one in known if thing.name not in (one.name, *one.members)]
            others.sort(key=lambda one: (_gap(thing, one), one.name))
            for other in others[: NEIGHBOURS if name is None else NEAR]:
                pair = frozenset((thing.name, other.name))
                if pair not in said:
                    said.add(pair)
                    found += self.between(thing.name, other.name)
        return tuple(found)


def place(a: Thing, b: Thing) -> str:
    """Where the first lies, seen from the second."""
    if a.box != b.box:
        for one, other, word in ((a, b, "inside"), (b, a, "surrounding")):
            before = all(x >= y for x, y in zip(one.box[:2], other.box[:2], strict=True))
            if before and all(x <= y for x, y in zip(one.box[2:], other.box[2:], strict=True)):
                return word
    return direction(a.center[0] - b.center[0], a.center[1] - b.center[1])


def direction(down: float, right: float) -> str:
    """The side that a way leads to: of a way that is as long down as right, the one to left or right."""
    if abs(right) >= abs(down):
        return "left of" if right < 0 else "right of"
    return "above" if down < 0 else "below"


def _gap(a: Thing, b: Thing) -> float:
    """Distance between two boxes, then between the centres."""
    down = max(a.box[0] - b.box[2], b.box[0] - a.box[2], 0)
    right = max(a.box[1] - b.box[3], b.box[1] - a.box[3], 0)
    return math.hypot(down, right) * 1e6 + math.dist(a.center, b.center)
