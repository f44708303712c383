"""Compiled: the classes, connected regions and depths of label maps.

Label maps are int16 (h, w) of places in one palette, with one more place for ids that it lacks. A region is an
8-connected set of pixels of one class, kept as its horizontal runs. Depths are squared distances to the nearest
pixel of another class.
"""

from __future__ import annotations

import numpy as np

from analogon.kernels import kernel


@kernel(error_model="numpy")
def classes_of(ids, known, positions):  # type: ignore[no-untyped-def]
    """Places of ids in a palette: int16 (h, w), K for an id that is not among the K ``known`` (sorted) ones."""
    classes = np.empty(ids.shape, np.int16)
    last, place = known[0], positions[0]
    for r in range(ids.shape[0]):
        for c in range(ids.shape[1]):
            value = ids[r, c]
            if value != last:
                low, high = 0, len(known)
                while low < high:
                    middle = (low + high) // 2
                    if known[middle] < value:
                        low = middle + 1
                    else:
                        high = middle
                place = positions[low] if low < len(known) and known[low] == value else len(known)
                last = value
            classes[r, c] = place
    return classes


@kernel(error_model="numpy")
def _root(parents, n):  # type: ignore[no-untyped-def]
    while parents[n] != n:
        parents[n] = parents[parents[n]]
        n = parents[n]
    return n


@kernel(error_model="numpy")
def regions_of(classes):  # type: ignore[no-untyped-def]
    """Connected regions of a map, numbered by their first pixel; pixels below 0 belong to none.

    Returns:
        runs int32 (n, 3) of row, first and last-plus-one column; the region of each int32 (n,); boxes int32 (m, 4)
        of top, left, bottom, right; areas int64 (m,); classes int16 (m,).
    """
    h, w = classes.shape
    count = 0
    for r in range(h):
        count += classes[r, 0] >= 0
        for c in range(1, w):
            count += (classes[r, c] != classes[r, c - 1]) & (classes[r, c] >= 0)
    runs, parents = np.empty((count, 3), np.int32), np.arange(count).astype(np.int32)
    n = above = 0
    for r in range(h):
        first, c = n, 0
        while c < w:
            start, value = c, classes[r, c]
            c += 1
            while c < w and classes[r, c] == value:
                c += 1
            if value < 0:
                continue
            runs[n, 0], runs[n, 1], runs[n, 2] = r, start, c
            while above < first and runs[above, 2] < start:
                above += 1
            other = above
            while other < first and runs[other, 1] <= c:
                if classes[r - 1, runs[other, 1]] == value:
                    a, b = _root(parents, n), _root(parents, other)
                    parents[max(a, b)] = min(a, b)
                other += 1
            n += 1
        above = first
    number, regions = np.empty(count, np.int32), 0
    for n in range(count):
        root = _root(parents, n)
        if root == n:
            number[n] = regions
            regions += 1
        else:
            number[n] = number[root]
    boxes, areas, kinds = np.empty((regions, 4), np.int32), np.zeros(regions, np.int64), np.empty(regions, np.int16)
    for n in range(count):
        k, r, start, stop = number[n], runs[n, 0], runs[n, 1], runs[n, 2]
        if areas[k] == 0:
            boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3], kinds[k] = r, start, r + 1, stop, classes[r, start]
        boxes[k, 1], boxes[k, 2], boxes[k, 3] = min(boxes[k, 1], start), max(boxes[k, 2], r + 1), max(boxes[k, 3], stop)
        areas[k] += stop - start
    return runs, number, boxes, areas, kinds


@kernel(error_model="numpy")
def paint(shape, runs, number):  # type: ignore[no-untyped-def]
    """The region of each pixel: int32 (h, w), -1 for none."""
    painted = np.full(shape, -1, np.int32)
    for n in range(len(runs)):
        for c in range(runs[n, 1], runs[n, 2]):
            painted[runs[n, 0], c] = number[n]
    return painted


@kernel(error_model="numpy")
def depths_of(classes, radius):  # type: ignore[no-untyped-def]
    """Squared distance to the nearest pixel of another class, at most radius squared: uint16 (h, w).

    Exact: the nearest pixel of another class always lies beside the class itself, so that only pixels at borders
    are spread. The frame is no border.
    """
    h, w = classes.shape
    depths = np.full((h, w), radius * radius, np.uint16)
    for r in range(h):
        for c in range(w):
            own = classes[r, c]
            inner = (r == 0 or classes[r - 1, c] == own) and (r == h - 1 or classes[r + 1, c] == own)
            if inner and (c == 0 or classes[r, c - 1] == own) and (c == w - 1 or classes[r, c + 1] == own):
                continue
            for y in range(max(r - radius + 1, 0), min(r + radius, h)):
                for x in range(max(c - radius + 1, 0), min(c + radius, w)):
                    if classes[y, x] != own:
                        depths[y, x] = min(depths[y, x], (y - r) ** 2 + (x - c) ** 2)
    return depths


@kernel(error_model="numpy")
def deepest_of(classes, depths, count):  # type: ignore[no-untyped-def]
    """Largest squared depth of each class: int64 (count,), 0 for an absent one."""
    deepest = np.zeros(count, np.int64)
    for r in range(classes.shape[0]):
        for c in range(classes.shape[1]):
            k = classes[r, c]
            if k >= 0 and depths[r, c] > deepest[k]:
                deepest[k] = depths[r, c]
    return deepest
