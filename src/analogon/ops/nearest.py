"""Nearest windows of a picture by a tree over their main components.

A window is all values of some planes around a pixel, each with a weight. The weighted difference of two windows is at
least the squared distance of their projections on an orthonormal basis, with the length of what the basis leaves of
each as one more coordinate. So what a tree over the projections rules out is ruled out for the windows too; the few
that it finds nearest are compared in full.

The tree is looked through best first (Beis and Lowe, "Shape indexing using approximate nearest-neighbour search in
high-dimensional spaces", CVPR 1997): given enough leaves it is exact in the projected distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analogon.kernels import kernel
from analogon.ops.parallel import bands, spread

#: Children of a node, and points of a leaf at most.
FAN, LEAF = 8, 64
#: Main components that windows are projected on.
DIMS = 24
#: Windows that the main components are computed from.
SAMPLES = 2048
#: How often their span is brought nearer: any span will do, a good one rules out more.
TURNS = 8
#: More than any distance.
FAR = np.float32(1e30)

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Window:
    """What is compared around each pixel (y, x) of planes: the window whose middle is (y, x) >> ``halvings``.

    Attributes:
        planes: float32 (h, w, C), padded by the radius of the window.
        weights: float32 (size, size, C).
        halvings: how often the planes are halved.
    """

    planes: Floats
    weights: Floats
    halvings: int = 0

    def at(self, pixels: NDArray[np.intp]) -> Floats:
        """The weighted windows of pixels (n, 2), as rows."""
        size = len(self.weights)
        if size == 0:
            return np.empty((len(pixels), 0), np.float32)
        views = sliding_window_view(self.planes, (size, size), (0, 1))
        found = views[tuple(pixels.T >> self.halvings)]  # (n, C, size, size)
        rows: Floats = (np.moveaxis(found, 1, -1) * np.sqrt(self.weights)).reshape(len(pixels), -1)
        return rows


def bases(windows: list[Window], pixels: NDArray[np.intp]) -> list[Floats]:
    """For each window the basis float32 (size, size, C, dims), weights included, from those of these pixels (n, 2).

    Of many pixels a sample is taken, always the same.
    """
    rng = np.random.default_rng(0)
    if len(pixels) > SAMPLES:
        pixels = pixels[np.sort(rng.choice(len(pixels), SAMPLES, replace=False))]
    rows = np.concatenate([window.at(pixels) for window in windows], 1)
    start = rng.normal(size=(min(DIMS, rows.shape[1]), rows.shape[1]))
    vectors = _main_components(np.ascontiguousarray(rows), start).T
    made, at = [], 0
    for window in windows:
        part = vectors[at : at + window.weights.size].reshape(*window.weights.shape, vectors.shape[1])
        made.append(np.ascontiguousarray(part * np.sqrt(window.weights)[..., None], np.float32))
        at += window.weights.size
    return made


@kernel()
def _main_components(rows, vectors):  # type: ignore[no-untyped-def]
    """Orthonormal vectors (dims, D) that span nearly all of the rows (n, D): orthogonal iteration from a start.

    Not by LAPACK, whose threads take turns in an order of their own.
    """
    count, size = rows.shape
    moments = np.zeros((size, size))
    for n in range(count):
        row = rows[n]
        for a in range(size):
            if row[a] != 0:
                value, into = np.float64(row[a]), moments[a]
                for b in range(size):
                    into[b] += value * row[b]
    for _ in range(TURNS):
        turned = np.zeros(vectors.shape)
        for k in range(len(vectors)):
            for a in range(size):
                value, row = vectors[k, a], moments[a]
                for b in range(size):
                    turned[k, b] += value * row[b]
        for k in range(len(vectors)):
            mine = turned[k]
            for _again in range(2):  # once leaves rounding errors
                for other in range(k):
                    along = 0.0
                    for b in range(size):
                        along += mine[b] * turned[other, b]
                    for b in range(size):
                        mine[b] -= along * turned[other, b]
                length = 0.0
                for b in range(size):
                    length += mine[b] * mine[b]
                length = np.sqrt(length)
                for b in range(size):
                    mine[b] = mine[b] / length if length > 1e-30 else 0.0
        vectors = turned
    return vectors


def projected(windows: list[Window], bases: list[Floats], shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Projections (h, w, dims) of the windows of all pixels, and their squared lengths (h, w)."""
    out = np.zeros((*shape, bases[0].shape[-1]), np.float32)
    lengths = np.zeros(shape, np.float32)
    for window, basis in zip(windows, bases, strict=True):
        given = window.planes, window.weights, basis, window.halvings
        spread(_project, [(*given, first, last, out, lengths) for first, last in bands(shape[0])])
    return out, lengths


def points(projections: Floats, lengths: Floats) -> Floats:
    """Points (..., dims + 1) of a tree: projections with the length of what they leave."""
    rest = np.sqrt(np.maximum(lengths - np.einsum("...k,...k->...", projections, projections), 0))
    return np.concatenate([projections, rest[..., None]], -1)


@kernel()
def _project(planes, weights, basis, halvings, first, last, out, lengths):  # type: ignore[no-untyped-def]
    """Add to the projections and squared lengths of rows first..last."""
    size, dims = weights.shape[0], out.shape[2]
    for y in range(first, last):
        for x in range(out.shape[1]):
            mine = out[y, x]
            length = np.float32(0)
            for i in range(size):
                for j in range(size):
                    for c in range(weights.shape[2]):
                        value = planes[(y >> halvings) + i, (x >> halvings) + j, c]
                        if value != 0 and weights[i, j, c] != 0:
                            length += weights[i, j, c] * value * value
                            row = basis[i, j, c]
                            for k in range(dims):
                                mine[k] += value * row[k]
            lengths[y, x] += length


@kernel(inline=True)
def difference(source, target, weights, sy, sx, ty, tx, limit):  # type: ignore[no-untyped-def]
    """Weighted squared difference of two windows by their first rows and columns, or a part that reaches ``limit``."""
    total = np.float32(0)
    for i in range(weights.shape[0]):
        si, ti = np.uint64(sy + i), np.uint64(ty + i)
        for j in range(weights.shape[1]):
            sj, tj = np.uint64(sx + j), np.uint64(tx + j)
            for c in range(weights.shape[2]):
                d = source[si, sj, np.uint64(c)] - target[ti, tj, np.uint64(c)]
                total += weights[np.uint64(i), np.uint64(j), np.uint64(c)] * d * d
        if total >= limit:
            break
    return total


@dataclass(frozen=True, eq=False)
class Tree:
    """Points in boxes within boxes, eight in each.

    Attributes:
        order: int64 (n,), which point stands at each place of the leaves.
        leaves: float32 (leaves, dims, most points of one), the points, dimension by dimension.
        lows, highs: float32 (inner nodes, dims, 8), the boxes of each node's children. Child c of node k is node
            8 k + 1 + c.
    """

    order: NDArray[np.int64]
    leaves: Floats
    lows: Floats
    highs: Floats

    @staticmethod
    def of(points: Floats) -> Tree:
        """A tree over points (n, dims), n > 0."""
        count, dims = points.shape
        depth = 0
        while count > LEAF * FAN**depth:
            depth += 1
        order = np.arange(count)
        _arrange(np.ascontiguousarray(points), order, 3 * depth)
        inside = points[order]
        starts = [_starts(count, FAN**level) for level in range(depth + 1)]
        boxes = []
        for reduced in (np.minimum, np.maximum):
            rows = [reduced.reduceat(inside, begin[:-1], 0) for begin in starts[1:]]
            every = np.concatenate(rows) if rows else np.empty((0, dims), np.float32)
            boxes.append(np.ascontiguousarray(every.reshape(-1, FAN, dims).transpose(0, 2, 1)))
        begin = starts[-1]
        most = int(np.diff(begin).max())
        leaves = np.full((len(begin) - 1, dims, most), FAR, np.float32)
        for column in range(most):
            held = begin[:-1] + column < begin[1:]
            leaves[held, :, column] = inside[begin[:-1][held] + column]
        return Tree(order, leaves, *boxes)

    def eased(self, ease: Floats) -> tuple[Floats, Floats]:
        """Of what each point's distance is divided by, (n,): in the order of the leaves, and its most in each node."""
        inside = ease[self.order]
        rows, count = [], FAN
        while count <= len(self.leaves):
            rows.append(np.maximum.reduceat(inside, _starts(len(inside), count)[:-1]))
            count *= FAN
        most = np.concatenate(rows) if rows else np.empty(0, np.float32)
        return inside, most.reshape(-1, FAN)

    def plain(self) -> tuple[Any, ...]:
        """The arguments of :func:`seek` for a tree whose distances are divided by 1."""
        return self.arguments(np.ones(len(self.order), np.float32))

    def arguments(self, ease: Floats) -> tuple[Any, ...]:
        """The arguments of :func:`seek` for this tree."""
        return (self.order, self.leaves, self.lows, self.highs, *self.eased(ease))


def _starts(count: int, parts: int) -> NDArray[np.int64]:
    """Where each of so many parts begins, and the end."""
    return np.arange(parts + 1) * count // parts


@kernel()
def _arrange(points, order, depth):  # type: ignore[no-untyped-def]
    """Bring the points into an order in which each part of 2^depth is a box, halved along its longest side."""
    count, dims = points.shape
    for level in range(depth):
        parts = 1 << level
        for part in range(parts):
            begin, end = part * count // parts, (part + 1) * count // parts
            middle = (2 * part + 1) * count // (2 * parts)
            axis, longest = 0, np.float32(-1)
            for k in range(dims):
                low, high = points[order[begin], k], points[order[begin], k]
                for n in range(begin + 1, end):
                    value = points[order[n], k]
                    low, high = min(low, value), max(high, value)
                if high - low > longest:
                    axis, longest = k, high - low
            left, right = begin, end - 1
            while left < right:  # Hoare's selection of the middle
                pivot = points[order[(left + right) // 2], axis]
                i, j = left, right
                while i <= j:
                    while points[order[i], axis] < pivot:
                        i += 1
                    while points[order[j], axis] > pivot:
                        j -= 1
                    if i <= j:
                        order[i], order[j] = order[j], order[i]
                        i += 1
                        j -= 1
                if middle <= j:
                    right = j
                elif middle >= i:
                    left = i
                else:
                    break


@kernel()
def seek(order, leaves, lows, highs, ease, easiest, query, limit, most, near, scores):  # type: ignore[no-untyped-def]
    """The points nearest to a query, best first: their numbers into ``near``, distances into ``scores``.

    Distances are squared and divided by the point's ease; none is found at ``limit`` or above (-1 stands in its
    place). At most ``most`` leaves are looked through, those with the nearest boxes.
    """
    wanted, dims, inner = len(near), len(query), lows.shape[0]
    near[:] = -1
    scores[:] = limit
    room = most * 32 + 64
    bounds, nodes = np.empty(room, np.float32), np.empty(room, np.int64)
    gaps = np.empty(max(leaves.shape[2], 8), np.float32)
    bounds[0], nodes[0], held = np.float32(0), 0, 1
    seen = 0
    while held > 0:
        bound, node = bounds[0], nodes[0]
        held -= 1
        last, moved = bounds[held], nodes[held]
        at = 0
        while 2 * at + 1 < held:
            child = 2 * at + 1
            if child + 1 < held and bounds[child + 1] < bounds[child]:
                child += 1
            if bounds[child] >= last:
                break
            bounds[at], nodes[at] = bounds[child], nodes[child]
            at = child
        bounds[at], nodes[at] = last, moved
        if bound >= scores[wanted - 1]:
            break
        if node < inner:
            low, high = lows[node], highs[node]
            for c in range(8):
                gaps[c] = 0
            for k in range(dims):
                own = query[k]
                lowest, highest = low[k], high[k]
                for c in range(8):
                    gap = max(max(lowest[c] - own, own - highest[c]), np.float32(0))
                    gaps[c] += gap * gap
            for c in range(8):
                bound = gaps[c] / easiest[node, c]
                if bound < scores[wanted - 1] and held < room:
                    at = held
                    held += 1
                    while at > 0 and bounds[(at - 1) // 2] > bound:
                        bounds[at], nodes[at] = bounds[(at - 1) // 2], nodes[(at - 1) // 2]
                        at = (at - 1) // 2
                    bounds[at], nodes[at] = bound, 8 * node + 1 + c
            continue
        leaf = node - inner
        begin, end = leaf * len(order) // leaves.shape[0], (leaf + 1) * len(order) // leaves.shape[0]
        count = end - begin
        own_gaps = gaps[:count]
        own_gaps[:] = 0
        for k in range(dims):
            own = query[k]
            row = leaves[leaf, k, :count]
            for s in range(count):
                d = row[s] - own
                own_gaps[s] += d * d
        for s in range(count):
            score = own_gaps[s] / ease[begin + s]
            if score < scores[wanted - 1]:
                at = wanted - 1
                while at > 0 and scores[at - 1] > score:
                    scores[at], near[at] = scores[at - 1], near[at - 1]
                    at -= 1
                scores[at], near[at] = score, order[begin + s]
        seen += 1
        if seen >= most:
            break
