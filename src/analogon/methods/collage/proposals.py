"""Maps that the network finds likely, shifts and turned ones, and what each costs at each cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.methods.collage.pricing import price
from analogon.ops.arrange import Maps
from analogon.ops.parallel import bands, spread

Plane = NDArray[np.float32]
Cells = NDArray[np.int64]

#: Cells on each side over which -log p of one map is averaged, and the largest -log p.
WINDOW, WORST = 2, np.float32(8)
#: What an unlikely map costs beyond -log p of there being no place in the source, and at most beyond the likeliest map,
#: and what it costs more if it is the network's own: all in units of -log p.
SPARE, MARGIN, DEARER = 1.0, 3.0, 0.5
#: Most and fewest shifts that are proposed for a class. Cost of being turned or mirrored, for each cell.
MOST, FEWEST, TURNED = 200, 40, 0.1
#: Probability that the cells of a mirrored map must have together.
MIRRORED = 3.0
#: Cells on each side that a turned map is fitted to; least angle, steps of angles and of offsets that are told apart.
FITTED, LEAST_TURN, TURN_STEP, OFFSET_STEP = 2, 0.15, 0.12, 0.5
#: Cells on each side of a place that count as the same place; least probability of there being a source place.
AGREES, LEAST = 2, 1e-3
#: Cells that must agree on a turned map, and by how many cells their places may be off.
TOGETHER, OFF = 2.0, 1.0


@dataclass(frozen=True, eq=False)
class Belief:
    """What the network says of one class.

    Attributes:
        class_: the class.
        ours, theirs: flat numbers of target and source cells of the class.
        log_p: (ours, theirs); p sums to 1 with ``none``.
        none: (ours), log p of there being no source place.
        best: (ours, 3 or fewer) columns of the largest log p, largest first.
    """

    class_: int
    ours: Cells
    theirs: Cells
    log_p: Plane
    none: Plane
    best: Cells


def propose(
    belief: Belief,
    others: Maps,
    grid: tuple[int, int],
    source_grid: tuple[int, int],
    cell: int,
    *,
    turns: int,
) -> tuple[Maps, Plane]:
    """Maps (n, 8) in pixels of the belief's class, the ``others`` first, and -log p (n, gh, gw) of them.

    Args:
        others: maps of the class; see :mod:`analogon.ops.labelling`.
        grid, source_grid: rows and columns of cells of the target and the source.
        cell: pixels along a cell.
        turns: most turned maps.
    """
    y, x = belief.ours // grid[1], belief.ours % grid[1]
    shifts, mirrored = (_frequent(belief, y, x, sign, grid, source_grid, MOST) for sign in (1, -1))
    turned = _turned(belief, grid, source_grid, turns) if turns else np.zeros((0, 3))
    still = np.column_stack([np.zeros(len(shifts) + len(mirrored)), np.concatenate([shifts, mirrored])])
    signs = np.repeat([1, -1, 1], [len(shifts), len(mirrored), len(turned)])
    own = _in_pixels(np.concatenate([still, turned]), signs, cell)
    own[:, 0] = belief.class_
    own[len(shifts) :, 5] = TURNED
    maps = np.concatenate([others, own]).astype(np.float32)
    ours, theirs = (np.full(shape, -1, np.int32) for shape in (grid, source_grid))
    ours.ravel()[belief.ours] = np.arange(len(belief.ours))
    theirs.ravel()[belief.theirs] = np.arange(len(belief.theirs))
    planes = np.empty((len(maps), *grid), np.float32)
    spread(
        price,
        [
            (belief.log_p, ours, theirs, maps, cell, WINDOW, WORST, first, last, planes)
            for first, last in bands(len(maps))
        ],
    )
    # where the network is at a loss, or nothing that it knows is likely, anything goes
    limit = np.full(grid[0] * grid[1], WORST, np.float32)
    limit[belief.ours] = np.minimum(WORST, SPARE - belief.none)
    limit = _averaged(limit.reshape(1, *grid), ours >= 0, WINDOW)[0]
    limit = np.minimum(limit, planes.min(0) + MARGIN)
    planes[: len(others)] = np.minimum(planes[: len(others)], limit)
    planes[len(others) :] = np.minimum(planes[len(others) :], limit + DEARER)
    return maps, planes


def agreement(belief: Belief, places: Plane, grid: tuple[int, int], source_grid: tuple[int, int], cell: int) -> Plane:
    """How probable the network finds given places, about each cell: (gh, gw), in [0, 1], where they have its class.

    Of cells that have a source place. A place within AGREES cells of the given one counts as it; one beside the
    picture, where turned copies stand, is known better than the network knows it, and counts as certain.

    Args:
        places: (gh, gw, 2), a source place in pixels for the middle of each cell.
        grid, source_grid, cell: as for :func:`propose`.
    """
    rows, cols = source_grid
    column = np.full((rows + 2 * AGREES, cols + 2 * AGREES), -1)
    inner = column[AGREES : AGREES + rows, AGREES : AGREES + cols]
    inner[np.divmod(belief.theirs, cols)] = np.arange(len(belief.theirs))
    at = np.floor(places.reshape(-1, 2)[belief.ours] / cell).astype(np.int64)
    beside = (at < 0).any(1) | (at >= source_grid).any(1)
    at[beside] = 0
    near = np.arange(2 * AGREES + 1)
    columns = column[at[:, 0, None, None] + near[:, None], at[:, 1, None, None] + near].reshape(len(at), -1)
    p = np.where(columns >= 0, np.exp(np.take_along_axis(belief.log_p, np.maximum(columns, 0), 1)), 0).sum(1)
    out = np.zeros(grid, np.float32)
    out.ravel()[belief.ours] = np.where(beside, 1, p / np.maximum(1 - np.exp(belief.none), LEAST))
    inside = np.zeros(grid, bool)
    inside.ravel()[belief.ours] = True
    agreed: Plane = _averaged(out[None], inside, WINDOW)[0]
    return agreed


def _in_pixels(rigid: Plane, signs: Cells, cell: int) -> Maps:
    """Maps (n, 8) of pixels from angles and offsets (n, 3) of cells, that are named by their centres.

    Where a sign is -1 columns are mirrored instead of turned.
    """
    cos, sin = np.cos(rigid[:, 0]), np.sin(rigid[:, 0])
    centre = (cell - 1) / 2
    maps = np.zeros((len(rigid), 8), np.float32)
    maps[:, 1], maps[:, 6], maps[:, 7], maps[:, 3] = cos, -sin, sin, signs * cos
    maps[:, 2] = cell * rigid[:, 1] + centre * (1 - cos + sin)
    maps[:, 4] = cell * rigid[:, 2] + centre * (1 - sin - signs * cos)
    return maps


def _frequent(
    belief: Belief,
    y: Cells,
    x: Cells,
    sign: int,
    grid: tuple[int, int],
    source_grid: tuple[int, int],
    most: int,
) -> Cells:
    """The shifts (n, 2) in cells that hold most of the probability of each cell's three best places.

    Mirrored ones, of ``sign`` -1, must hold as much as some cells.
    """
    weight = np.exp(np.take_along_axis(belief.log_p, belief.best, 1)).ravel()
    base = max(*grid, *source_grid)
    down = (belief.theirs[belief.best] // source_grid[1] - y[:, None]).ravel() + base
    across = (belief.theirs[belief.best] % source_grid[1] - sign * x[:, None]).ravel() + base
    codes, inverse = np.unique(down * 65536 + across, return_inverse=True)
    mass = np.bincount(inverse, weight)
    share = len(belief.ours) / (grid[0] * grid[1])
    wanted = max(FEWEST, round(most * share)) if sign > 0 else int((mass > MIRRORED).sum())
    kept = codes[np.argsort(-mass, kind="stable")[: min(wanted, most)]]
    return np.stack([kept // 65536 - base, kept % 65536 - base], 1)


def _turned(belief: Belief, grid: tuple[int, int], source_grid: tuple[int, int], turns: int) -> Plane:
    """Turned maps (n, 3): angle, row and column offset in cells, that neighbours' places have in common."""
    place, sure = _mean_places(belief, source_grid)
    at = (belief.ours // grid[1] + 1j * (belief.ours % grid[1])).astype(np.complex64)
    planes = np.zeros((5, grid[0] * grid[1]), np.complex64)
    planes[:, belief.ours] = sure, sure * at, sure * place, sure * place * at.conj(), sure * np.abs(at) ** 2
    side = 2 * FITTED + 1
    total, mean, to, cross, square = _box(planes.reshape(5, *grid), side).reshape(5, -1)[:, belief.ours]
    total = np.maximum(total.real, 1e-6)
    mean, to = mean / total, to / total
    spread = np.maximum(square.real / total - np.abs(mean) ** 2, 1e-3)
    turn = (cross / total - to * mean.conj()) / spread
    angle = np.angle(turn)
    good = (np.abs(angle) > LEAST_TURN) & (np.abs(turn) > 0.6) & (np.abs(turn) < 1.6) & (total > 3)
    angle = np.rint(angle / TURN_STEP) * TURN_STEP
    offset = to - np.exp(1j * angle) * mean
    keys = np.column_stack([angle, offset.real, offset.imag])[good]
    if not len(keys):
        return np.zeros((0, 3), np.float32)
    keys[:, 1:] = np.rint(keys[:, 1:] / OFFSET_STEP) * OFFSET_STEP
    distinct = np.unique(keys, axis=0)
    # of those that the most cells lie on, each next one for cells that no former one serves
    gaps = np.abs(np.exp(1j * distinct[:, :1]) * at + (distinct[:, 1:2] + 1j * distinct[:, 2:3]) - place)
    serves = np.exp(-0.5 * (gaps / OFF) ** 2) * sure
    best, kept = np.zeros(len(at)), []
    for _ in range(turns):
        gain = np.maximum(serves - best, 0).sum(1)
        n = int(gain.argmax())
        if gain[n] < TOGETHER / 4:
            break
        kept.append(n)
        best = np.maximum(best, serves[n])
    return distinct[kept].astype(np.float32).reshape(-1, 3)


def _mean_places(belief: Belief, source_grid: tuple[int, int]) -> tuple[NDArray[np.complex64], Plane]:
    """Each cell's most likely place as row + i column, averaged over what is next to it, and its probability."""
    width = source_grid[1]
    position = np.full(source_grid[0] * width, -1, np.int64)
    position[belief.theirs] = np.arange(len(belief.theirs))
    top = belief.theirs[belief.best[:, 0]]
    around = np.array([(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
    rows, cols = top[:, None] // width + around[:, 0], top[:, None] % width + around[:, 1]
    inside = (rows >= 0) & (cols >= 0) & (rows < source_grid[0]) & (cols < width)
    at = position[np.where(inside, rows * width + cols, 0)]
    p = np.exp(belief.log_p[np.arange(len(top))[:, None], at]) * (inside & (at >= 0))
    sure = p.sum(1)
    return (p * (rows + 1j * cols)).sum(1) / np.maximum(sure, 1e-9), sure.astype(np.float32)


def _averaged(costs: Plane, inside: NDArray[np.bool_], window: int) -> Plane:
    """Means over square windows of those cells (h, w) that count: (n, h, w)."""
    if not window:
        return costs
    counts = _box(inside[None].astype(np.float32), 2 * window + 1)
    means: Plane = _box(costs * inside, 2 * window + 1) / np.maximum(counts, 1)
    return means


def _box(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Sums over square windows of an odd side, zero outside: (n, h, w)."""
    for axis in (1, 2):
        pad = [(0, 0)] * 3
        pad[axis] = (side // 2 + 1, side // 2)
        total = np.cumsum(np.pad(values, pad), axis=axis)
        n = values.shape[axis]
        values = total.take(np.arange(side, side + n), axis) - total.take(np.arange(n), axis)
    return values
