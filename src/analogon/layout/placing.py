"""Where to move an object so that it lies to another one as it should."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analogon.errors import OptionError
from analogon.layout.arrangement import NOBODY, Layout, composed
from analogon.layout.moving import Move
from analogon.layout.regions import Bools
from analogon.layout.scene import Scene
from analogon.layout.sorting import Arrange

#: Relations that a move can make true.
PLACED = ("left of", "right of", "above", "below", "inside", "touching")
#: An object that reaches as many sides of the frame as this is ground (sky, grass), which may be covered.
GROUND_SIDES = 2
#: What an object leaves may go to the other one and change its place: the way is corrected so often.
TRIES = 4


def solved(layout: Layout, name: str, predicate: str, other: str, fill: str, *, fresh: bool = False) -> Move | None:
    """The shortest move after which a relation is true, None where it is so already.

    A ``fresh`` copy is moved all the same if it covers anything.

    As little as possible of other things is covered, then the way is as short as possible. The object stays wholly in
    the frame, and for a side wholly on that side of the other's box.

    Raises:
        OptionError: there is no such object, one of them is not seen, or there is no such place.
    """
    layout.members(other)
    if set(layout.members(name)) & set(layout.members(other)):
        raise OptionError(f"'{name}' cannot lie {predicate} '{other}': name another object.")
    # a copy lies over what it was copied from
    now = Arrange(of=name, to="back").apply(layout) if fresh else layout
    scene, down, right = Scene(now), 0, 0
    for hidden in (other,) if fresh else (name, other):
        if scene.get(hidden) is None:
            raise OptionError(f"Nothing is seen of '{hidden}': move it into the frame or to the front first.")
    if not fresh and _true(layout, name, predicate, other):
        return None
    for _ in range(TRIES):
        way = _way(now, name, predicate, other)
        if way is None:
            break
        down, right = down + way[0], right + way[1]
        move = Move(of=name, right=right, down=down, fill=fill)
        now = move.apply(layout)
        if _true(now, name, predicate, other):
            return move if (down, right) != (0, 0) else None
    raise OptionError(
        f"There is no place {predicate} '{other}' where '{name}' is wholly seen: make it smaller or move it by numbers."
    )


def _true(layout: Layout, name: str, predicate: str, other: str) -> bool:
    """Whether one is seen to lie to the other as it should, and for a side beyond the other's box."""
    scene = Scene(layout)
    a, b = scene.get(name), scene.get(other)
    if a is None or b is None or predicate not in [relation.predicate for relation in scene.between(name, other)]:
        return False
    return predicate not in _SIDES or (_beyond(a.box, b.box, predicate) and layout.region(name).area > 0)


_SIDES = ("left of", "right of", "above", "below")


def _beyond(a: tuple[int, int, int, int], b: tuple[int, int, int, int], side: str) -> bool:
    return {"left of": a[3] <= b[1], "right of": a[1] >= b[3], "above": a[2] <= b[0], "below": a[0] >= b[2]}[side]


def _way(layout: Layout, name: str, predicate: str, other: str) -> tuple[int, int] | None:
    """Rows and columns to move by, None where there is no place."""
    height, width = layout.shape
    region, scene = layout.region(name), Scene(layout)
    tall, wide = region.mask.shape
    b = scene.get(other)
    if tall > height or wide > width or b is None:
        return None
    # every place of the first pixel of the object's box, so that the box lies in the frame
    tops, lefts = np.ogrid[0 : height - tall + 1, 0 : width - wide + 1]
    rows, columns = np.nonzero(region.mask)
    down = tops + float(rows.mean()) + 0.5 - b.center[0]
    right = lefts + float(columns.mean()) + 0.5 - b.center[1]
    top, left, bottom, end = b.box
    onto, theirs = np.zeros((1, 1), np.int64), layout.seen(other)
    if predicate == "inside":
        possible = (tops >= top) & (tops + tall <= bottom) & (lefts >= left) & (lefts + wide <= end)
        onto = _sums(~(theirs | layout.seen(name)), region.mask)
    elif predicate == "touching":
        beside = np.zeros_like(theirs)
        for axis in (0, 1):
            for step in (-1, 1):
                shifted = np.roll(theirs, step, axis)
                shifted[(slice(None),) * axis + (0 if step == 1 else -1,)] = False
                beside |= shifted
        possible = (_sums(beside & ~theirs, region.mask) > 0) & (_sums(theirs, region.mask) == 0)
    elif predicate in ("left of", "right of"):
        away = lefts + wide <= left if predicate == "left of" else lefts >= end
        possible = away & (np.abs(right) >= np.abs(down))
    else:
        away = tops + tall <= top if predicate == "above" else tops >= bottom
        possible = away & (np.abs(down) > np.abs(right))
    if not possible.any():
        return None
    covered = _sums(_things(layout, scene, name, other if predicate == "inside" else None), region.mask) + onto
    far = (tops - region.top) ** 2 + (lefts - region.left) ** 2
    # least covered first, and of these the nearest
    least = covered == covered[possible].min()
    best = int(np.argmin(np.where(possible & least, far, np.iinfo(np.int64).max)))
    row, column = np.unravel_index(best, far.shape)
    return int(row) - region.top, int(column) - region.left


def _things(layout: Layout, scene: Scene, name: str, without: str | None) -> Bools:
    """Pixels of what should not be covered: all but the object itself, the ground, and one other."""
    own = {one.id for one in layout.members(name)}
    if without is not None:
        own |= {one.id for one in layout.members(without)}
    height, width = layout.shape
    ground = []
    for one in layout.objects:
        thing = scene.get(one.name)
        if thing is not None:
            top, left, bottom, right = thing.box
            if (top == 0) + (left == 0) + (bottom == height) + (right == width) >= GROUND_SIDES:
                ground.append(one.id)
    # as if the object itself were not there: it may hide what it was copied from
    owners = composed((one for one in layout.objects if one.id not in own), layout.shape)
    return ~np.isin(owners, [NOBODY, *ground])


def _sums(field: Bools, mask: Bools) -> NDArray[np.int64]:
    """How many pixels of a field (h, w) a mask (h', w') lies on, at each of its (h - h' + 1, w - w' + 1) places."""
    height, width = field.shape
    sides = tuple(1 << (n - 1).bit_length() for n in field.shape)
    product = np.fft.rfft2(field.astype(np.float64), sides) * np.conj(np.fft.rfft2(mask.astype(np.float64), sides))
    sums: NDArray[np.float64] = np.fft.irfft2(product, sides)
    return np.rint(sums[: height - mask.shape[0] + 1, : width - mask.shape[1] + 1]).astype(np.int64)
