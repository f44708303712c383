"""The layout map: a source place for every target pixel, in pieces as large and with seams as quiet as possible.

Many simple maps are proposed for each class (staying, moved, mirrored, scaled; a region's left part moved as its
left edge moved, its top as its top did, its limbs as its outline shows), and belief propagation chooses one for each
cell of a coarse grid: by classes and depths that fit, by how near a map leads to where the outline expects the cell,
for ground by how near a thing's foot is, for water by what it shows, and by seams that do not show. A picture that
must change its shape is thus cut into pieces that keep theirs. A mirrored map is only a start: the search rebuilds it
of patches as they are in the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analogon.ops import labelling, outlines, surroundings
from analogon.ops.expected import Expected
from analogon.ops.moves import Box, Moved, Region, beside, regions_of
from analogon.ops.parallel import bands, spread
from analogon.ops.reflections import Water

Places = NDArray[np.int32]
Ids = NDArray[np.uint16]

#: The grid has about this many cells along the longest side; cells have a power of two of pixels.
GRID = 72
#: Regions are compared on maps of at most this many rows and columns.
SMALL = 256
#: Smallest share of the target that a shift of the fallback field must carry to be proposed for other places too.
SMALLEST_SHIFT, MOST_SHIFTS = 0.001, 12
#: A region that fits a source region this well (IoU) is it; others may be mirror images.
SURE = 0.6
#: Costs per cell: of being aligned by an edge, of coming from a shift of the fallback, and of being scaled (beside
#: the logarithms of its scales).
ALIGNED, SHIFTED, SCALED = 0.02, 0.03, 1.0
#: What any other map costs where a region has only been moved.
ELSEWHERE = 1.0

Row = tuple[float, float, float, float, float, float]
Maps = NDArray[np.float32]


class Advice(Protocol):
    """What knows more of which map belongs where.

    Attributes:
        seam: cost of any seam at a cell that one of its own maps carries.
    """

    seam: float

    def __call__(self, maps: Maps, cell: int, places: NDArray[np.float32]) -> tuple[Maps, NDArray[np.float32]]:
        """Maps (n, 8) with more behind them, and what each costs at each cell (m, grid).

        Args:
            maps: those that the layouts propose.
            cell: pixels along a cell.
            places: (grid, 2), where in the source the middle of each cell is expected without advice.
        """


def cell_size(shape: tuple[int, ...]) -> int:
    """Pixels along a cell of the grid for a target of this shape: 1, 2, 4, 8, ..."""
    return 1 << max(0, round(float(np.log2(max(shape) / GRID))))


def arrange(
    source: NDArray[np.uint8],
    source_ids: Ids,
    target_ids: Ids,
    fallback: NDArray[np.float32],
    *,
    frame: tuple[int, int],
    unusable: int | None = None,
    fixed: NDArray[np.bool_],
    moved: Sequence[Moved] = (),
    waters: Sequence[Water] = (),
    things: Set[int] = frozenset(),
    stuff: Set[int] = frozenset(),
    advice: Advice | None = None,
) -> tuple[Places, NDArray[np.bool_]]:
    """Source places (row, col) for every target pixel, and which of them are sure to belong together.

    Sure are pixels of a new part that is a copy of another, and those that the advice's own maps carry.

    Args:
        source: (h', w', 3 or more) the picture.
        source_ids, target_ids: (h', w') and (h, w), classes counted from 0; ids that only the source has are unusable.
        fallback: (h, w, 2) places for pixels that no chosen map serves; its frequent shifts are proposed too.
        frame: size of the part of the source (at its top left) that the target is an edit of.
        unusable: what stands in ``source_ids`` for pixels that belong to no picture.
        fixed: bool (h, w), pixels that stay where they are; only where the target has the frame's size.
        moved: regions that have only been moved.
        waters: classes that show what is above them, above which something has changed.
        things, stuff: classes whose regions always move as wholes, and never.
        advice: knows more of which map belongs where.
    """
    cell = cell_size(target_ids.shape)
    height, width = target_ids.shape
    grid = (-(-height // cell), -(-width // cell))
    # what is unusable is no thing either
    without = stuff | ({unusable} if unusable is not None else set())
    every = -(-max(*frame, *target_ids.shape) // SMALL)
    theirs, _ = surroundings.nearness(source_ids, every, cell, without, frame[0] * frame[1])
    ours, standing = surroundings.nearness(target_ids, every, cell, without, target_ids.size)
    context = surroundings.SHADOW * theirs[None], np.where(standing, -1, surroundings.SHADOW * ours)[None]
    expected = Expected.of(target_ids, cell, standing)
    for water in waters:
        context = water.beside(context)
    rows = _maps(
        source_ids,
        target_ids,
        fallback,
        expected,
        frame=frame,
        unusable=unusable,
        moved=moved,
        things=things,
        stuff=stuff,
    )
    maps = np.pad(np.array(list(rows), np.float32), ((0, 0), (0, 2)))
    for water in waters:
        maps = water.maps(maps, cell)
    prior, plain = np.zeros((0, *grid), np.float32), len(maps)
    if advice is not None:
        maps, prior = advice(maps, cell, expected.or_else(fallback))
    own = slice(plain, len(maps))
    deepest = labelling.DEPTH * max(1, cell // 8)
    depth_of = [labelling.depths(ids, min(deepest, 85)) for ids in (source_ids, target_ids)]
    chosen = np.empty((*grid, labelling.MOST), np.int32)
    costs = np.empty((*grid, labelling.MOST), np.float32)
    astray = np.array([outlines.NEAR * cell, outlines.PULL / cell, outlines.ASTRAY], np.float32)
    parts = bands(grid[0])
    spread(
        labelling.rate,
        [
            (
                source_ids,
                target_ids,
                *depth_of,
                maps,
                prior,
                expected.places,
                astray,
                context,
                cell,
                min(deepest, 85),
                a,
                b,
                chosen,
                costs,
            )
            for a, b in parts
        ],
    )
    _follow(moved, maps, cell, chosen, costs)
    maps = _hold(fixed, maps, cell, chosen, costs)
    seam = np.full(len(maps), labelling.SEAM, np.float32)
    if advice is not None:
        seam[own] = advice.seam
    seams = np.zeros((2, *grid, labelling.MOST, labelling.MOST), np.float32)
    spread(labelling.seam_costs, [(source, maps, chosen, cell, seam, a, b, seams) for a, b in parts])
    best = labelling.agree(costs, seams)
    chosen = np.ascontiguousarray(np.take_along_axis(chosen, best[..., None], 2)[..., 0])
    places = np.empty((height, width, 2), np.int32)
    spread(
        labelling.carry,
        [(source_ids, target_ids, maps, chosen, cell, fallback, a, b, places) for a, b in bands(height)],
    )
    if fixed.any():
        ys, xs = np.nonzero(fixed)
        places[ys, xs, 0], places[ys, xs, 1] = ys, xs
    sure = expected.sure | (chosen >= own.start) & (chosen < own.stop)
    return places, sure.repeat(cell, 0).repeat(cell, 1)[:height, :width]


def _follow(
    moved: Sequence[Moved], maps: NDArray[np.float32], cell: int, chosen: NDArray[np.int32], costs: NDArray[np.float32]
) -> None:
    """Make all other maps dear for the cells of a region that has only been moved.

    Where such an object covers its own old place, staying would fit its class as well.
    """
    for move in moved:
        rows, cols = (
            np.minimum((np.arange(n) * cell + cell // 2) // move.every, m - 1)
            for n, m in zip(chosen.shape[:2], move.region.shape, strict=True)
        )
        cells = move.region[np.ix_(rows, cols)]
        own = np.flatnonzero(
            (maps[:, [0, 1, 2, 3, 4, 6, 7]] == (move.class_, 1, move.down, 1, move.across, 0, 0)).all(1)
        )
        costs[cells] += np.where(np.isin(chosen[cells], own), 0, ELSEWHERE).astype(np.float32)


def _hold(
    fixed: NDArray[np.bool_],
    maps: Maps,
    cell: int,
    chosen: NDArray[np.int32],
    costs: NDArray[np.float32],
) -> Maps:
    """Leave cells in which all pixels are fixed no map but staying, so that their neighbours' seams fit to them.

    Returns:
        The maps, and behind them staying for those classes of fixed cells that it was not proposed for.
    """
    height, width = fixed.shape
    whole = np.ones((chosen.shape[0] * cell, chosen.shape[1] * cell), bool)
    whole[:height, :width] = fixed
    held = whole.reshape(chosen.shape[0], cell, chosen.shape[1], cell).all((1, 3))
    if not held.any():
        return maps
    stays = (maps[:, [1, 2, 3, 4, 6, 7]] == (1, 0, 1, 0, 0, 0)).all(1)
    first = {int(maps[k, 0]): k for k in np.flatnonzero(stays)[::-1]}
    classes = maps[chosen[held][:, 0], 0].astype(int).tolist()
    lacking = sorted(set(classes) - set(first))
    first |= {c: len(maps) + n for n, c in enumerate(lacking)}
    chosen[held] = -1
    costs[held] = 1e6
    at = np.flatnonzero(held.ravel())
    chosen.reshape(-1, chosen.shape[2])[at, 0] = [first[c] for c in classes]
    costs.reshape(-1, costs.shape[2])[at, 0] = 0
    return np.concatenate([maps, np.array([(c, 1, 0, 1, 0, 0, 0, 0) for c in lacking], np.float32).reshape(-1, 8)])


def _maps(
    source_ids: Ids,
    target_ids: Ids,
    fallback: NDArray[np.float32],
    expected: Expected,
    *,
    frame: tuple[int, int],
    unusable: int | None,
    moved: Sequence[Moved],
    things: Set[int],
    stuff: Set[int],
) -> Iterator[Row]:
    """All maps that are proposed, plain ones first, each once; where cells should lead to is told to ``expected``."""
    seen: set[tuple[float, ...]] = set()
    for row in _all_maps(source_ids, target_ids, fallback, expected, frame, unusable, moved, things, stuff):
        key = (row[0], *(round(value, 3) for value in row[1:5]))
        if key not in seen:
            seen.add(key)
            yield row


def _all_maps(
    source_ids: Ids,
    target_ids: Ids,
    fallback: NDArray[np.float32],
    expected: Expected,
    frame: tuple[int, int],
    unusable: int | None,
    moved: Sequence[Moved],
    things: Set[int],
    stuff: Set[int],
) -> Iterator[Row]:
    down, across = (m / n for m, n in zip(frame, target_ids.shape, strict=True))
    every = -(-max(*frame, *target_ids.shape) // SMALL)
    target = np.ascontiguousarray(target_ids[::every, ::every])
    source = np.ascontiguousarray(source_ids[::every, ::every])
    # what stands beside the picture makes none of its regions too small
    theirs, ours = regions_of(source, frame[0] * frame[1] // every**2), regions_of(target)
    for c in map(int, np.flatnonzero(np.bincount(target_ids.ravel()))):
        regions = [] if c in stuff else ours.get(c, [])
        pairs = [(_most_alike(theirs.get(c, []), region[0]), region) for region in regions]
        if c not in things or not any(pair for pair, _ in pairs):
            staying = 0.0 if down == across == 1 else SCALED
            yield float(c), down, 0.5 * down - 0.5, across, 0.5 * across - 0.5, staying
        for pair, region in pairs:
            if pair is not None:
                origin, mirrored, alike = pair
                a, b = _scaled_box(origin[1], every), _scaled_box(region[1], every)
                for flip in (mirrored,) if alike > SURE else (False, True):
                    yield from _aligned(float(c), a, b, flip, expected.cell)
                yield from _stretched(float(c), a, b, mirrored)
                shapes = source.shape, target.shape
                found = outlines.followed(origin, region, shapes, every, expected.cell, turned=mirrored)
                if found is not None and not beside(origin, source, unusable):
                    for other, down, across in expected.follow(c, found, region, every, target.shape):
                        yield float(other), 1.0, down, 1.0, across, SHIFTED
        yield from _frequent(c, target_ids, fallback)
    for move in moved:
        if move.class_ not in stuff:
            for other in expected.go_with(move):
                yield float(other), 1.0, float(move.down), 1.0, float(move.across), SHIFTED


def _most_alike(theirs: list[Region], region: NDArray[np.bool_]) -> tuple[Region, bool, float] | None:
    """The source region whose shape, at the same or the region's size, mirrored or not, is most like a region's."""
    best: tuple[Region, bool, float] | None = None
    for part, origin in theirs:
        for mirrored in (False, True):
            shape = part[:, ::-1] if mirrored else part
            for alike in (_overlap_at_foot(shape, region), _overlap_stretched(shape, region)):
                # ties go to what is larger and not mirrored, which comes first
                if best is None or alike > best[2] + 1e-6:
                    best = ((part, origin), mirrored, alike)
    return best


def _overlap_at_foot(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """IoU of two cut-outs with their lower edges and centre lines put together: objects stand on something."""
    height, width = max(a.shape[0], b.shape[0]), max(a.shape[1], b.shape[1])
    both = np.zeros((2, height, width), bool)
    for canvas, part in zip(both, (a, b), strict=True):
        left = (width - part.shape[1]) // 2
        canvas[height - part.shape[0] :, left : left + part.shape[1]] = part
    return float((both[0] & both[1]).sum() / (both[0] | both[1]).sum())


def _overlap_stretched(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """IoU of two cut-outs, the first brought to the second's size."""
    rows = np.arange(b.shape[0]) * a.shape[0] // b.shape[0]
    cols = np.arange(b.shape[1]) * a.shape[1] // b.shape[1]
    stretched = a[np.ix_(rows, cols)]
    return float((stretched & b).sum() / (stretched | b).sum())


def _scaled_box(box: Box, by: int) -> Box:
    return box[0] * by, box[1] * by, box[2] * by, box[3] * by


def _aligned(c: float, source: Box, target: Box, mirrored: bool, cell: int) -> Iterator[Row]:
    """The nine shifts that bring edges or centres of two boxes together.

    Shifts are whole cells, so that pieces are exact copies at every level of the pyramid.
    """
    rows = (source[0] - target[0], source[2] - target[2], (source[0] + source[2] - target[0] - target[2]) / 2)
    if mirrored:
        edges = (source[3] + target[1], source[1] + target[3])
        cols = (*edges, sum(edges) / 2)
    else:
        cols = (source[1] - target[1], source[3] - target[3], (source[1] + source[3] - target[1] - target[3]) / 2)
    for row in rows:
        for col in cols:
            down, across = round(row / cell) * cell, round(col / cell) * cell
            # a mirror image of whole cells starts on their last pixel
            yield c, 1.0, float(down), -1.0 if mirrored else 1.0, float(across - 1 if mirrored else across), ALIGNED


def _stretched(c: float, source: Box, target: Box, mirrored: bool) -> Iterator[Row]:
    """The map of one box to the other."""
    down = (source[2] - source[0]) / (target[2] - target[0])
    across = (source[3] - source[1]) / (target[3] - target[1])
    cost = abs(float(np.log(down))) + abs(float(np.log(across)))
    if cost < 0.01:
        return
    rows = source[0] + 0.5 * down - 0.5 - down * target[0]
    if mirrored:
        yield c, down, rows, -across, source[3] - 0.5 - across * (0.5 - target[1]), SCALED + cost
    else:
        yield c, down, rows, across, source[1] + 0.5 * across - 0.5 - across * target[1], SCALED + cost


def _frequent(c: int, target_ids: Ids, fallback: NDArray[np.float32]) -> Iterator[Row]:
    """Shifts, plain and mirrored, by which the fallback field carries large parts of a class."""
    every = max(1, max(target_ids.shape) // (2 * SMALL))
    target = target_ids[::every, ::every]
    rows, cols = np.nonzero(target == c)
    if not len(rows):  # too thin for this grid
        return
    places = np.floor(fallback[::every, ::every][rows, cols] + 0.5).astype(np.int64)
    rows, cols = rows * every, cols * every
    for sign in (1, -1):
        # one number for both parts of a shift sorts much faster than rows of two
        down, across = places[:, 0] - rows, places[:, 1] - sign * cols
        lowest, span = int(across.min()), int(across.max() - across.min()) + 1
        distinct, counts = np.unique(down * span + (across - lowest), return_counts=True)
        for n in np.argsort(-counts, kind="stable")[:MOST_SHIFTS]:
            if counts[n] < SMALLEST_SHIFT * target.size:
                break
            yield float(c), 1.0, float(distinct[n] // span), float(sign), float(distinct[n] % span + lowest), SHIFTED
