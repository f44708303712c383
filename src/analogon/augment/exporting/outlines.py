"""Masks as other programs take them: run lengths and outlines, both exact to the pixel.

An outline runs along the edges of pixels: the corner of the first pixel of a picture is (0, 0), that of the last
(width, height). So pixel (row, column) is the square from (column, row) to (column + 1, row + 1), which is what COCO's
polygons mean, and what its own reader gives back without an error of a single pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from analogon.layout.regions import Region, parts_of

#: Corners (n, 2) of one closed outline, x and y of each.
Outline = NDArray[np.int64]


def run_lengths(region: Region, shape: tuple[int, int]) -> list[int]:
    """Lengths of the runs of 0 and 1 by turns, column by column through the whole frame; the first is of 0."""
    height, width = shape
    top, left, bottom, right = region.box
    columns = np.zeros((right - left, height), np.bool_)
    columns[:, top:bottom] = region.mask.T
    changes = np.flatnonzero(np.diff(columns.ravel(), prepend=False, append=False)) + left * height
    lengths: list[int] = np.diff(changes, prepend=0, append=height * width).tolist()
    return lengths[:-1] if changes.size and changes[-1] == height * width else lengths


def packed(lengths: Sequence[int]) -> str:
    """Run lengths as the short text that COCO's files have.

    From the third on each is written as its difference from the one before the last, in groups of five bits, the lowest
    first, a sixth bit telling that more follow; each group is a character from "0" on.
    """
    text = []
    for place, length in enumerate(lengths):
        value = length - lengths[place - 2] if place > 2 else length
        more = True
        while more:
            group = value & 0x1F
            value >>= 5
            more = value != -1 if group & 0x10 else value != 0
            text.append(chr((group | 0x20 if more else group) + 48))
    return "".join(text)


def outlines(region: Region) -> list[Outline]:
    """One outline for each connected part of a mask; where the part has holes, the outline goes in and around them.

    The way into a hole and back out of it is the same line, so that it encloses nothing. Parts that only meet at a
    corner are two.
    """
    return [_with_holes(outer, holes) for outer, holes in _loops(region)]


def joined(parts: Sequence[Outline]) -> Outline:
    """All parts in one outline: from one to the next and back along the same line, between their nearest corners."""
    from scipy.spatial import cKDTree

    whole, rest = parts[0], list(parts[1:])
    while rest:
        tree = cKDTree(whole)
        reaches = [tree.query(part) for part in rest]
        chosen = min(range(len(rest)), key=lambda n: float(reaches[n][0].min()))
        distances, places = reaches[chosen]
        start = int(distances.argmin())
        at, part = int(places[start]), rest.pop(chosen)
        loop = np.concatenate([part[start:], part[: start + 1]])
        whole = np.concatenate([whole[: at + 1], loop, whole[at:]])
    return whole


def _loops(region: Region) -> Iterator[tuple[Outline, list[Outline]]]:
    """The outer outline of each part, and those of its holes, in the frame's coordinates."""
    parts, count = parts_of(region.mask, 4)
    framed = np.pad(parts, 1)
    outer: list[Outline | None] = [None] * (count + 1)
    holes: list[list[Outline]] = [[] for _ in range(count + 1)]
    offset = np.array([region.left, region.top])
    for loop in _closed(region.mask):
        following = np.roll(loop, -1, axis=0)
        area = int((loop[:, 0] * following[:, 1] - following[:, 0] * loop[:, 1]).sum())
        x, y = loop[np.lexsort((loop[:, 0], loop[:, 1]))[0]]
        # the upper left corner of an outline has the part below it, that of a hole above
        below, above = int(framed[y + 1, x + 1]), int(framed[y, x + 1])
        if below:
            outer[below] = (loop if area > 0 else loop[::-1]) + offset
        else:
            holes[above].append((loop if area < 0 else loop[::-1]) + offset)
    for around, inside in zip(outer[1:], holes[1:], strict=True):
        assert around is not None
        yield around, inside


def _closed(mask: NDArray[np.bool_]) -> Iterator[Outline]:
    """Every closed line between a mask and what it is not, as its corners.

    Lines turn at corners alone, and along each row of corners those belong together two by two, as do those along each
    column; so the lines are found by sorting corners. Where two pixels meet at a corner, it is two corners, each with
    the lines of one pixel.
    """
    framed = np.pad(mask, 1).astype(np.int8)
    upper_left, upper_right = framed[:-1, :-1], framed[:-1, 1:]
    lower_left, lower_right = framed[1:, :-1], framed[1:, 1:]
    odd = (upper_left + upper_right + lower_left + lower_right) % 2 == 1
    falling = (upper_left & lower_right & ~upper_right & ~lower_left) == 1
    rising = (upper_right & lower_left & ~upper_left & ~lower_right) == 1
    y, x = np.nonzero(np.stack([odd | falling | rising, falling | rising], axis=-1).any(-1))
    double = (falling | rising)[y, x]
    # the second of two corners at one place has the line to the right, and the one down or up
    second = np.concatenate([np.zeros(len(y), np.int64), np.ones(int(double.sum()), np.int64)])
    below = np.concatenate([rising[y, x].astype(np.int64), falling[y[double], x[double]].astype(np.int64)])
    y, x = np.concatenate([y, y[double]]), np.concatenate([x, x[double]])
    across, down = (np.empty(len(y), np.int64) for _ in range(2))
    for partner, order in ((across, np.lexsort((second, x, y))), (down, np.lexsort((below, y, x)))):
        partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    points, left = np.stack([x, y], axis=-1), np.ones(len(y), np.bool_)
    beside, under = across.tolist(), down.tolist()
    for start in range(len(points)):
        if not left[start]:
            continue
        way, here = list[int](), start
        while not way or here != start:
            way += [here, beside[here]]
            here = under[beside[here]]
        left[way] = False
        yield points[way]


def _with_holes(outer: Outline, holes: Sequence[Outline]) -> Outline:
    """One outline that goes around the holes as well, straight up from the first corner of each."""
    line = outer
    for hole in sorted(holes, key=lambda loop: (int(loop[:, 1].min()), int(loop[:, 0].min()))):
        start = int(np.lexsort((hole[:, 0], hole[:, 1]))[0])
        x, y = hole[start]
        ends = np.roll(line, -1, axis=0)
        level = line[:, 1]
        over = (level == ends[:, 1]) & (level < y)
        over &= (np.minimum(line[:, 0], ends[:, 0]) <= x) & (np.maximum(line[:, 0], ends[:, 0]) >= x)
        at = int(np.flatnonzero(over)[level[over].argmax()])
        entry = np.array([[x, level[at]]])
        around = np.concatenate([hole[start:], hole[: start + 1]])
        line = np.concatenate([line[: at + 1], entry, around, entry, line[at + 1 :]])
    return line
