"""Which part of a source region each part of a target region is, by their outlines: heads go where heads are.

Both outlines are walked at once, with leave to halt on either (dynamic time warping around closed curves, as
Maes, "On a cyclic string-to-string correction problem", IPL 1990, does it for strings), so that places of like shape
meet: a leg meets the leg, though it stands elsewhere. Inside the region displacements follow the outline near by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.kernels import kernel
from analogon.ops import limbs
from analogon.ops.moves import Region

Points = NDArray[np.float64]

#: Points of an outline that are matched.
POINTS = 96
#: The outline is looked at as far as these numbers of points to both sides.
SCALES = (2, 5, 11)
#: What bends of the outline count, its directions in the picture, and places of points in the region.
BEND, DIRECTION, PLACE = 1.0, 0.5, 1.0
#: What it costs to halt on one outline while the other goes on, and how many points one may be ahead.
HALT, AHEAD = 0.15, 24
#: Walks begin at each point by this stride, and then at each about the best of these.
STRIDE = 4
#: Share of a region's outline that may lie on the frame, and the least share of the picture that is looked at.
MOST_CUT, SMALLEST = 0.03, 0.01
#: Outlines that differ by more have nothing to do with each other.
UNLIKE = 1.0
#: A new part whose outline differs by less from another part's may be a copy of that.
ALIKE = 0.5
#: Displacements inside a region go by their squared distances to the outline to this power.
SHARPNESS = 2
#: Cells beside its expected place that a map may lead to, what each further one costs, and the most that is counted.
NEAR, PULL, ASTRAY = 2.0, 0.07, 1.0
#: Most shifts that are proposed for a region.
MOST_PARTS = 24


@dataclass(frozen=True, eq=False)
class Match:
    """Points of a target outline and the points of a source outline that are theirs.

    Attributes:
        target, source: float64 (n, 2), rows and columns, counted from the upper left corner of the first pixel.
        difference: what the outlines differ by, per point; 0 for the same outline.
    """

    target: Points
    source: Points
    difference: float


@kernel()
def trace(part):  # type: ignore[no-untyped-def]
    """The outer outline of a region that reaches the first row: corners of pixels int32 (n, 2), clockwise.

    Pixels that touch at a corner belong together. Holes are passed by.
    """
    height, width = part.shape
    x = 0
    while not part[0, x]:
        x += 1
    y, first = 0, x
    out = np.empty((4 * part.size, 2), np.int32)
    way, n = 0, 0  # to the right, down, left, up; the region is to the right of the way
    while n == 0 or y != 0 or x != first or way != 0:
        out[n, 0], out[n, 1] = y, x
        n += 1
        y += (0, 1, 0, -1)[way]
        x += (1, 0, -1, 0)[way]
        # the pixels ahead on both sides of the way
        ly, lx = y - (1, 0, 0, 1)[way], x - (0, 0, 1, 1)[way]
        ry, rx = y - (0, 0, 1, 1)[way], x - (0, 1, 1, 0)[way]
        if 0 <= ly < height and 0 <= lx < width and part[ly, lx]:
            way = (way + 3) % 4
        elif not (0 <= ry < height and 0 <= rx < width and part[ry, rx]):
            way = (way + 1) % 4
    return out[:n].copy()


def outline(corners: NDArray[np.int32], count: int = POINTS) -> Points:
    """So many points at even distances of the outline through these corners, smoothed: float64 (count, 2)."""
    width = max(2, len(corners) // count)
    sums = np.zeros((len(corners) + width, 2))
    sums[1:] = np.cumsum(np.concatenate([corners, corners[: width - 1]]), 0)
    smooth = (sums[width:] - sums[:-width]) / width
    closed = np.concatenate([smooth, smooth[:1]])
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.arange(count) * along[-1] / count
    return np.stack([np.interp(at, along, closed[:, axis]) for axis in (0, 1)], -1)


def _looks(points: Points) -> Points:
    """What an outline looks like about each point, wherever that is: (points, k)."""
    parts = []
    for scale in SCALES:
        ahead, behind = np.roll(points, -scale, 0) - points, points - np.roll(points, scale, 0)
        a, b = (v[:, 0] + 1j * v[:, 1] for v in (ahead, behind))
        for weight, way in ((BEND, a * b.conj()), (DIRECTION, a + b)):
            unit = weight * way / np.maximum(np.abs(way), 1e-9)
            parts += [unit.real, unit.imag]
    looks: Points = np.stack(parts, -1) / np.sqrt(len(SCALES))
    return looks


def _differences(ours: Points, theirs: Points) -> Points:
    """Squared distances of all of ours to all of theirs; no BLAS, which would depend on the number of threads."""
    squares: Points = sum((a[:, None] - b[None]) ** 2 for a, b in zip(ours.T, theirs.T, strict=True))
    return squares


@kernel()
def walk(differences, halt, ahead, stride):  # type: ignore[no-untyped-def]
    """The cheapest way around two closed outlines at once: int32 (n, 2) points of both, and its cost per point.

    Args:
        differences: (m, 2 m) of the points of the first and, twice over, of the second outline.
        halt: cost of leaving one outline where it is for a step.
        ahead: the most points by which one may be ahead of the other.
        stride: see STRIDE.
    """
    count = len(differences)
    span = 2 * ahead + 1
    least, start, middle = np.inf, 0, 0
    steps = np.empty((count, span), np.uint8)
    line = np.empty(span)
    coarse = -(-count // stride)
    last = coarse + 2 * stride - 1
    for turn in range(last + 1):
        if turn < coarse:
            offset = turn * stride
        elif turn < last:
            if turn == coarse:
                middle = start
            offset = (middle + turn - coarse - stride + 1) % count
        else:  # the best once more, to note its steps
            offset = start
        line[:] = np.inf
        for i in range(count):
            before = np.inf
            for s in range(span):
                j = i + s - ahead
                if j < 0 or j >= count:
                    line[s], before = np.inf, np.inf
                    continue
                d = differences[i, j + offset]
                best, step = line[s], 0
                if i == 0 and j == 0:
                    best = 0.0
                if s + 1 < span and line[s + 1] + halt < best:
                    best, step = line[s + 1] + halt, 1
                if before + halt < best:
                    best, step = before + halt, 2
                best += d
                line[s], before = best, best
                if turn == last:
                    steps[i, s] = step
        if line[ahead] < least:
            least, start = line[ahead], offset
    out = np.empty((2 * count, 2), np.int32)
    i, j, n = count - 1, count - 1, 2 * count
    while True:
        n -= 1
        out[n, 0], out[n, 1] = i, (j + start) % count
        if i == 0 and j == 0:
            break
        step = steps[i, j - i + ahead]
        if step != 2:
            i -= 1
        if step != 1:
            j -= 1
    return out[n:].copy(), least / count


def matched(source: Points, target: Points) -> Match:
    """Match two outlines, as :func:`outline` gives them.

    Places of points are told by where they are in the picture, from the middle of the outline's box or from its
    centre, whichever lets the outlines fit best: of an object that was edited in one part the rest has stayed.
    """
    looks = _differences(_looks(target), _looks(source))
    ours, theirs = _size(target), _size(source)
    placed = [(target / ours, source / ours)]
    for middle in (_box_middle, _centre):
        placed.append(((target - middle(target)) / ours, (source - middle(source)) / theirs))
    best: Match | None = None
    for a, b in placed:
        differences = looks + PLACE * _differences(a, b)
        steps, difference = walk(np.concatenate([differences, differences], 1), HALT, AHEAD, STRIDE)
        if best is None or difference < best.difference:
            best = Match(target[steps[:, 0]], source[steps[:, 1]], float(difference))
    assert best is not None  # there are three to choose from
    return best


def _box_middle(points: Points) -> Points:
    middle: Points = (points.min(0) + points.max(0)) / 2
    return middle


def _centre(points: Points) -> Points:
    centre: Points = points.mean(0)
    return centre


def _size(points: Points) -> float:
    """The square root of the area inside an outline, at least a pixel."""
    after = np.roll(points, -1, 0)
    area = abs(float((points[:, 0] * after[:, 1] - points[:, 1] * after[:, 0]).sum())) / 2
    return max(1.0, float(np.sqrt(area)))


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of a target region of which an outline tells where they come from.

    Attributes:
        rows, cols: where they are.
        moves: float64 (n, 2), by how many pixels they are displaced.
        copied: bool (n,), those of new parts, which are copies of others.
        match: of the outlines but for new parts, in rows and columns of the maps that were compared.
    """

    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    moves: Points
    copied: NDArray[np.bool_]
    match: Match


def followed(
    theirs: Region,
    ours: Region,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    every: int,
    cell: int,
    *,
    turned: bool = False,
) -> Cells | None:
    """The cells of a target region, and by how much its outline displaces them; none of parts that are like no other.

    None where the region is small, cut by the frame, unlike the source region or more like its mirror image.

    Args:
        theirs, ours: regions cut out of maps of every ``every``-th row and column, which have these ``shapes``.
        cell: pixels along a cell.
        turned: whether it may be the mirror image of the source region.
    """
    part, (top, left, _, _) = ours
    if part.sum() < SMALLEST * shapes[1][0] * shapes[1][1]:
        return None
    corners = []
    for (region, box), shape in zip((theirs, ours), shapes, strict=True):
        corners.append(trace(region) + np.array(box[:2], np.int32))
        # where the frame cuts a region, that is not its outline
        if ((corners[-1] == 0) | (corners[-1] == shape)).any(1).mean() > MOST_CUT:
            return None
    shift = np.array(limbs.shift_of(*corners), np.int32)
    new = limbs.added(corners[0], corners[1] + shift)
    gone = limbs.added(corners[1] + shift, corners[0])
    # what only one of them has would lead the walk astray
    found = [
        outline(np.delete(points, np.concatenate(parts), 0) if parts else points)
        for points, parts in zip(corners, (gone, new), strict=True)
    ]
    match = matched(*found)
    if match.difference > UNLIKE:
        return None
    if turned and matched(found[0][::-1] * (1, -1), found[1]).difference < match.difference:
        return None
    ys, xs = np.nonzero(part)
    ys, xs = (ys + top) * every // cell, (xs + left) * every // cell
    touched = np.zeros((ys[-1] + 1, xs.max() + 1), bool)
    touched[ys, xs] = True
    rows, cols = np.nonzero(touched)
    middles = (np.stack([rows, cols], -1) + 0.5) * cell / every
    moves = displaced(match, rows, cols, every, cell)
    known, copied = np.ones(len(rows), bool), np.zeros(len(rows), bool)
    for stretch in new:
        apart = _differences(middles, match.target).min(1)
        inside = _differences(middles, corners[1][stretch].astype(float)).min(1) < apart
        if not inside.any():  # smaller than a cell
            continue
        copy = _copied(corners[0], corners[1], stretch, theirs, middles[inside])
        if copy is None:
            known[inside] = False
        else:
            moves[inside], copied[inside] = copy * every, True
    return Cells(rows[known], cols[known], moves[known], copied[known], match)


def displaced(match: Match, rows: NDArray[np.intp], cols: NDArray[np.intp], every: int, cell: int) -> Points:
    """By how many pixels the outline near by displaces each of these cells, in the region or beside it: (n, 2).

    The match is one of maps of every ``every``-th row and column; cells have ``cell`` pixels.
    """
    middles = (np.stack([rows, cols], -1) + 0.5) * cell / every
    weights = (_differences(middles, match.target) + (cell / every / 2) ** 2) ** -SHARPNESS
    moves: Points = np.einsum("ij,jk->ik", weights, match.source - match.target) / weights.sum(1)[:, None]
    return moves * every


def _copied(
    theirs: NDArray[np.int32], ours: NDArray[np.int32], stretch: NDArray[np.intp], region: Region, inside: Points
) -> Points | None:
    """The shift by which a new part, a ``stretch`` of our outline with places ``inside``, is a copy of one of theirs.

    Of parts that look like it the one that has most of its places in the ``region``. None where nothing is like it.
    """
    mine = outline(ours, max(1, round(POINTS * len(ours) / len(theirs))))
    of_part = np.isin(_differences(mine, ours.astype(float)).argmin(1), stretch)
    first = int(np.argmin(of_part))
    at = (np.flatnonzero(np.roll(of_part, -first)) + first) % len(mine)
    points = outline(theirs)
    to = (np.arange(POINTS)[:, None] + np.arange(len(at))) % POINTS
    unlike = _differences(_looks(mine)[at], _looks(points))[np.arange(len(at)), to].mean(1)
    part, box = region
    best: Points | None = None
    most = 0.0
    for start in np.flatnonzero(unlike < ALIKE):
        shift: Points = np.median(points[to[start]] - mine[at], 0)
        y, x = (np.floor(inside + shift).astype(int) - box[:2]).T
        within = (y >= 0) & (x >= 0) & (y < part.shape[0]) & (x < part.shape[1])
        share = float(part[y[within], x[within]].sum()) / len(inside)
        if share > most:
            best, most = shift, share
    return best


def frequent(moves: Points, cell: int) -> list[tuple[float, float]]:
    """The shifts by whole cells that serve most of these displacements (n, 2).

    Where there are many, none is beside another, so that pieces are large.
    """
    shifts, counts = np.unique(np.rint(moves / cell).astype(np.int64), axis=0, return_counts=True)
    served = counts.astype(np.float64)
    beside = np.abs(shifts[:, None] - shifts[None]).max(-1) <= (len(shifts) > MOST_PARTS)
    found: list[tuple[float, float]] = []
    while len(found) < MOST_PARTS and served.any():
        # the middle of a heap before its slopes
        best = int(np.argmax(np.where(served > 0, (beside * served).sum(1) + served / 2, 0)))
        found.append((float(shifts[best, 0] * cell), float(shifts[best, 1] * cell)))
        served[beside[best]] = 0
    return found
