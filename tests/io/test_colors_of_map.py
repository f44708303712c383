"""What is computed on small windows and on runs of equal pixels, against slower ways to the same."""

import numpy as np
import pytest
from scipy import ndimage

from analogon.io import snapping
from analogon.io.colors_of_map import color_table, range_in_block, same_in_block

SHAPES = [(1, 1), (1, 7), (6, 1), (2, 2), (9, 14), (40, 33)]


def painted(shape: tuple[int, int], levels: int) -> np.ndarray:
    """Random levels, with places that are flat."""
    values = np.random.default_rng(levels).integers(0, levels, shape).astype(np.uint8)
    values[shape[0] // 3 :, : shape[1] // 2] = 1
    return values


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("levels", [1, 2, 5, 256])
def test_blocks_are_those_of_filters(shape, levels):
    values = painted(shape, levels)
    high, low = (f(values, 3, mode="nearest") for f in (ndimage.maximum_filter, ndimage.minimum_filter))
    assert (range_in_block(values) == high - low).all()
    for kind in (np.uint8, np.int16, np.int32):
        assert (same_in_block(values.astype(kind)) == (high == low)).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("levels", [1, 3, 256])
def test_the_table_gives_the_picture_back(shape, levels):
    rgb = np.stack([painted(shape, levels), painted(shape[::-1], levels).T, painted(shape, levels)], -1)
    known = painted(shape, 3) < 2
    table = color_table(rgb, known)
    assert (table.colors[table.index] == rgb).all()
    colors, counts = np.unique(rgb.reshape(-1, 3), axis=0, return_counts=True)
    assert (table.colors == colors).all()
    assert (np.bincount(table.index.ravel()) == counts).all()
    assert (table.counts == np.bincount(table.index[known], minlength=len(colors))).all()


@pytest.mark.parametrize("most", [0, snapping.FEW], ids=["all at once", "one by one"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.95])
def test_unknown_pixels_take_the_nearest_known_one_and_of_several_the_leftmost(monkeypatch, most, share):
    monkeypatch.setattr(snapping, "FEW", most)
    rng = np.random.default_rng(int(100 * share))
    for shape in [(1, 30), (30, 1), (17, 23), (25, 16)]:
        known = rng.random(shape) < share
        known[-1, -1] = True
        values = np.arange(known.size).reshape(shape)
        filled = snapping.fill_from_nearest(values, known)
        places = np.argwhere(known)
        for row, column in np.ndindex(shape):
            away = ((places - (row, column)) ** 2).sum(1)
            nearest = min(places[away == away.min()].tolist(), key=lambda place: (place[1], place[0]))
            assert filled[row, column] == values[tuple(nearest)]


def test_where_all_or_nothing_is_known_nothing_is_filled():
    values = np.arange(12).reshape(3, 4)
    for known in (np.ones((3, 4), bool), np.zeros((3, 4), bool)):
        assert snapping.fill_from_nearest(values, known) is values
