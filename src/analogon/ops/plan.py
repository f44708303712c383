"""Plans of new arrangements: where each part of a picture goes in another frame, at random or by the new size.

What is distinct moves as a whole, what is like its surroundings gives way (Wolf et al., "Non-homogeneous
content-driven video-retargeting", ICCV 2007): the squares of how much neighbours come apart or together, weighted by
how distinct they are, are minimised together with how far parts are from where they are drawn to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: How stiff what is not distinct is, beside what is; and how strongly parts are drawn, and the rim of the picture.
SOFT, DRAWN, RIM = 0.001, 0.0002, 10.0
#: How many times as strongly parts are drawn besides where they are free.
FREE = 1.0
#: Parts whose distinctness is this quantile of all count nothing, and from this one on all; but not less distinct ones
#: than half of this quantile, where a small thing stands alone.
PLAIN, FULL, RARE = 0.45, 0.8, 0.98
#: Weights that enclose what has less.
ENCLOSING = (0.2, 0.4, 0.6, 0.8)


def weights(distinct: Floats) -> Doubles:
    """How much it matters that cells stay together, 0 to 1, from their distinctness."""
    from scipy import ndimage as ndi

    low, high, highest = np.quantile(distinct, [PLAIN, FULL, RARE])
    high = max(high, highest / 2)
    share = np.clip((distinct - low) / max(high - low, 1e-6), 0, 1)
    share = ndi.maximum_filter(share, 3).astype(np.float64)
    # what is enclosed by something distinct is part of it, however plain
    for level in ENCLOSING:
        share = np.maximum(share, level * ndi.binary_fill_holes(share >= level))
    smooth: Doubles = ndi.gaussian_filter(share, 1)
    return smooth


def moved(
    weight: Doubles,
    cell: int,
    frame: tuple[int, int],
    size: tuple[int, int],
    drift: Doubles | None = None,
    freedom: float = 0.0,
) -> Doubles:
    """Where the middles of the source's cells go: (rows, cols, 2) in pixels of the target.

    Args:
        weight: (rows, cols), see :func:`weights`.
        cell: pixels along a cell.
        frame: height and width of the source; size: of the target.
        drift: (rows, cols, 2), what parts are drawn aside by, in pixels; None for nothing.
        freedom: 0 to 1, how much they follow that rather than stay together, and leave the rim at the sides.
    """
    from scipy.sparse import coo_array, diags_array
    from scipy.sparse.linalg import spsolve

    rows, cols = weight.shape
    number = np.arange(rows * cols).reshape(rows, cols)
    stiff = SOFT + weight.ravel() ** 1.5
    pairs = [(number[:, :-1].ravel(), number[:, 1:].ravel()), (number[:-1].ravel(), number[1:].ravel())]
    middles = np.stack(np.meshgrid(*((np.arange(n) + 0.5) * cell for n in (rows, cols)), indexing="ij"), -1)
    out = np.empty_like(middles)
    for axis in range(2):
        scale = size[axis] / frame[axis]
        goal = middles[..., axis] * scale + (drift[..., axis] if drift is not None else 0)
        pull = np.full((rows, cols), DRAWN * (1 + FREE * freedom))
        rim = RIM if axis == 0 else max(RIM * (1 - freedom) ** 2, pull[0, 0])
        for edge in (0, -1):  # the picture's rim goes to the target's
            at = (edge, slice(None)) if axis == 0 else (slice(None), edge)
            pull[at] = rim
            end = 0.5 * cell if edge == 0 else size[axis] - frame[axis] + middles[..., axis].flat[-1]
            goal[at] += (1 - freedom * axis) * (end - goal[at])
        diagonal, right = pull.ravel().copy(), (pull * goal).ravel()
        entries = []
        for way, (a, b) in enumerate(pairs):
            together = np.minimum(stiff[a], stiff[b])
            # pairs along the axis stand a cell apart, the others side by side
            apart = float(cell) if way == 1 - axis else 0.0
            np.add.at(diagonal, a, together)
            np.add.at(diagonal, b, together)
            np.add.at(right, a, -together * apart)
            np.add.at(right, b, together * apart)
            entries.append((a, b, -together))
        a, b, value = (np.concatenate(parts) for parts in zip(*entries, strict=True))
        matrix = coo_array((value, (a, b)), shape=(number.size, number.size))
        matrix = (matrix + matrix.T + diags_array(diagonal)).tocsc()
        out[..., axis] = spsolve(matrix, right).reshape(rows, cols)
    return out


def drift(grid: tuple[int, int], reach: tuple[float, float], length: float, rng: np.random.Generator) -> Doubles:
    """Random smooth displacements (grid, 2), in pixels, of about the given reach down and across.

    ``length`` is how far they are alike, as a share of the picture's longer side.
    """
    from scipy import ndimage as ndi

    rows, cols = grid
    spread = max(length * max(rows, cols), 1.0)
    margin = int(3 * spread) + 1
    noise = rng.standard_normal((2, rows + 2 * margin, cols + 2 * margin))
    smooth = np.stack([np.asarray(ndi.gaussian_filter(one, spread, mode="wrap"), np.float64) for one in noise], -1)
    unit = 2 * np.sqrt(np.pi) * spread
    part: Doubles = smooth[margin:-margin, margin:-margin] * unit * np.array(reach)
    return part


def expected(moved: Doubles, weight: Doubles, cell: int, grid: tuple[int, int]) -> tuple[Doubles, Doubles]:
    """The plan seen from the target: where the middle of each of its cells should come from, and how distinct that is.

    Of parts that come to lie over each other the most distinct is seen; where none comes the nearest goes on.

    Args:
        moved: (rows, cols, 2), see :func:`moved`.
        weight: (rows, cols).
        grid: rows and columns of the target's cells.

    Returns:
        Places (grid, 2) in pixels of the source, and the weights there (grid).
    """
    from scipy import ndimage as ndi

    rows, cols = weight.shape
    at = np.stack(np.meshgrid(*((np.arange(2 * n) + 0.5) / 2 for n in (rows, cols)), indexing="ij"), -1)
    # a finer raster than the cells, so that what is spread out leaves few holes
    middles = np.stack(np.meshgrid(*((np.arange(n) + 0.5) * cell for n in (rows, cols)), indexing="ij"), -1)
    finer = at * cell + sampled(moved - middles, at - 0.5)
    heavy = np.repeat(np.repeat(weight, 2, 0), 2, 1)
    order = np.argsort(heavy.ravel(), kind="stable")
    places, theirs = (at * cell).reshape(-1, 2)[order], finer.reshape(-1, 2)[order]
    ys, xs = (np.floor(theirs[:, k] / cell).astype(int) for k in (0, 1))
    inside = (ys >= 0) & (xs >= 0) & (ys < grid[0]) & (xs < grid[1])
    ys, xs, places, theirs = ys[inside], xs[inside], places[inside], theirs[inside]
    middle = np.stack([ys + 0.5, xs + 0.5], -1) * cell
    wanted, known = np.zeros((*grid, 2)), np.zeros(grid, bool)
    wanted[ys, xs], known[ys, xs] = places + middle - theirs, True
    told = np.zeros(grid)
    told[ys, xs] = heavy.ravel()[order][inside]
    if not known.all():
        near = ndi.distance_transform_edt(~known, return_distances=False, return_indices=True)
        here = np.stack(np.meshgrid(*(np.arange(n) for n in grid), indexing="ij"), -1)
        wanted = wanted[near[0], near[1]] + (here - np.moveaxis(near, 0, -1)) * cell
    return wanted, told


def sampled(field: Doubles, at: Doubles) -> Doubles:
    """A field (rows, cols, 2) between its values: at (..., 2), row and column."""
    from scipy import ndimage as ndi

    return np.stack(
        [ndi.map_coordinates(field[..., k], np.moveaxis(at, -1, 0), order=1, mode="nearest") for k in (0, 1)], -1
    )
