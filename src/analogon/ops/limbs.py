"""Parts that were added to an object, or taken from it, told by outlines of which all else has stayed.

A new limb is no part of the old outline, so that it says nothing of where the others came from; and it may be a copy
of one of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.int32]

#: Outlines that are this many pixels apart along rows and columns are the same.
SAME = 2
#: What is new must be longer than this many times of what has gone in its place and elsewhere.
MUCH = 2
#: What it shares with the old outline in between must be shorter than what is new on both sides by this factor.
CROSSING = 4
#: Smallest share of an outline that is looked at.
LEAST = 0.05


def shift_of(theirs: Corners, ours: Corners) -> tuple[int, int]:
    """What most of our outline's corners (row, col) are changed by to lie on theirs: of edges and middles of boxes."""
    near, origin = _near(theirs)
    choices = [{0}, {0}]
    for axis in (0, 1):
        a, b = theirs[:, axis], ours[:, axis]
        first, last = int(a.min()) - int(b.min()), int(a.max()) - int(b.max())
        choices[axis] |= {first, last, (first + last) // 2}
    every = [(down, across) for down in sorted(choices[0]) for across in sorted(choices[1])]
    # of equals the shortest
    every.sort(key=lambda shift: abs(shift[0]) + abs(shift[1]))
    shared = [_on(near, origin, ours + np.array(shift, np.int32)).sum() for shift in every]
    return every[int(np.argmax(shared))]


def added(theirs: Corners, ours: Corners) -> list[NDArray[np.intp]]:
    """Stretches of our outline that theirs has nothing like, as positions of corners in order.

    None if as much has gone of theirs: then something has moved. Both are clockwise and lie where they have most in
    common.
    """
    apart = ~_on(*_near(theirs), ours)
    gone = int((~_on(*_near(ours), theirs)).sum())
    least = LEAST * len(ours)
    if 2 * gone > len(theirs) or apart.sum() < MUCH * gone + least:
        return []
    start = int(np.argmin(apart))
    found = []
    for first, end in _runs(np.roll(apart, -start)):
        a, b = (int(np.abs(theirs - ours[(n + start) % len(ours)]).sum(1).argmin()) for n in (first - 1, end))
        if end - first >= least and end - first > MUCH * ((b - a) % len(theirs)):
            found.append((np.arange(first, end) + start) % len(ours))
    return found


def _runs(apart: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and end of what is apart; an outline that it only crosses does not part it."""
    steps = np.diff(np.concatenate([[0], apart.astype(np.int8), [0]]))
    runs: list[tuple[int, int]] = []
    for first, end in zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True):
        while runs and CROSSING * (first - runs[-1][1]) < min(end - first, runs[-1][1] - runs[-1][0]):
            first = runs.pop()[0]
        runs.append((first, end))
    return runs


def _near(corners: Corners) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """What lies near an outline, and which corner (row, col) is the first of it."""
    low, high = corners.min(0) - SAME, corners.max(0) + SAME
    near = np.zeros(high - low + 1, bool)
    ys, xs = (corners - low).T
    for dy in range(-SAME, SAME + 1):
        for dx in range(-SAME, SAME + 1):
            near[ys + dy, xs + dx] = True
    return near, low


def _on(near: NDArray[np.bool_], origin: NDArray[np.int32], corners: Corners) -> NDArray[np.bool_]:
    at = corners - origin
    inside = ((at >= 0) & (at < near.shape)).all(1)
    on = np.zeros(len(corners), bool)
    on[inside] = near[at[inside, 0], at[inside, 1]]
    return on
