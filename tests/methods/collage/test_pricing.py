"""What maps cost, against a slow reference."""

import numpy as np
import pytest

from analogon.methods.collage.pricing import price


def slow(log_p, ours, theirs, maps, cell, window, worst) -> np.ndarray:
    """Cell by cell and pixel by pixel."""
    centre = (cell - 1) / 2
    single = np.full((len(maps), *ours.shape), np.nan)
    for k, (_, down, row, across, col, _, row_turn, col_turn) in enumerate(maps.astype(float)):
        for y, x in np.argwhere(ours >= 0):
            py, px = cell * y + centre, cell * x + centre
            place = (down * py + row + row_turn * px, across * px + col + col_turn * py)
            qy, qx = (int(np.floor((v - centre) / cell + 0.5)) for v in place)
            single[k, y, x] = worst
            if 0 <= qy < theirs.shape[0] and 0 <= qx < theirs.shape[1] and theirs[qy, qx] >= 0:
                single[k, y, x] = min(worst, -log_p[ours[y, x], theirs[qy, qx]])
    out = np.zeros_like(single)
    for k, y, x in np.ndindex(out.shape):
        near = single[k, max(y - window, 0) : y + window + 1, max(x - window, 0) : x + window + 1]
        out[k, y, x] = near[~np.isnan(near)].mean() if (~np.isnan(near)).any() else 0
    return out


def numbered(shape: tuple[int, int], share: float, rng: np.random.Generator) -> np.ndarray:
    """Numbers of the cells of a class, -1 for others."""
    inside = rng.random(shape) < share
    numbers = np.full(shape, -1, np.int32)
    numbers[inside] = np.arange(inside.sum())
    return numbers


@pytest.mark.parametrize("cell", [1, 2, 8])
@pytest.mark.parametrize("window", [0, 1, 2])
@pytest.mark.parametrize("grids", [((7, 9), (8, 6)), ((1, 1), (3, 3)), ((2, 12), (1, 5))], ids=str)
def test_prices_are_those_of_the_reference(cell, window, grids):
    rng = np.random.default_rng(cell)
    ours, theirs = (numbered(grid, 0.7, rng) for grid in grids)
    log_p = np.log(rng.dirichlet(np.ones(theirs.max() + 2), max(ours.max() + 1, 1))[:, 1:]).astype(np.float32)
    maps = np.zeros((14, 8), np.float32)
    maps[:, 1] = maps[:, 3] = 1
    maps[:, [2, 4]] = cell * rng.integers(-3, 4, (14, 2))
    maps[5:8, 3], maps[5:8, 4] = -1, cell * 5 - 1  # mirrored
    angle = rng.uniform(-2, 2, 4)
    maps[8:12, 1], maps[8:12, 3], maps[8:12, 6], maps[8:12, 7] = (
        np.cos(angle), np.cos(angle), -np.sin(angle), np.sin(angle)
    )  # fmt: skip
    maps[12:, [1, 3]] = 0.61, 1.37  # scaled
    out = np.full((len(maps), *grids[0]), np.nan, np.float32)
    worst = np.float32(4)
    for first, last in ((0, 6), (6, 14)):
        price(log_p, ours, theirs, maps, cell, window, worst, first, last, out)
    assert np.allclose(out, slow(log_p, ours, theirs, maps, cell, window, worst), atol=1e-4)
    assert out.max() <= worst + 1e-4


def test_only_the_maps_asked_for_are_priced():
    ours = np.zeros((1, 1), np.int32)
    maps = np.tile(np.array([0, 1, 0, 1, 0, 0, 0, 0], np.float32), (3, 1))
    out = np.full((3, 1, 1), -1, np.float32)
    price(np.array([[-0.5]], np.float32), ours, ours, maps, 4, 1, np.float32(8), 1, 2, out)
    assert out.ravel().tolist() == [-1, 0.5, -1]
