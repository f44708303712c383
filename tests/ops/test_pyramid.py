import numpy as np
import pytest

from analogon.ops.pyramid import centres, fill_margin, padded, sampled, shrunk


def test_shrinking_takes_rounded_means_of_whole_blocks():
    plane = np.random.default_rng(0).integers(0, 256, (11, 14, 4)).astype(np.uint8)
    small = shrunk(plane, 4)
    assert small.shape == (2, 3, 4) and small.dtype == np.uint8
    for y, x in np.ndindex(2, 3):
        block = plane[4 * y : 4 * y + 4, 4 * x : 4 * x + 4].reshape(16, 4).astype(float)
        assert (small[y, x] == np.floor(block.mean(0) + 0.5)).all()
    negative = np.full((4, 4, 1), -5, np.int16)
    assert (shrunk(negative, 2) == -5).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 40), (40, 3), (5, 7)])
@pytest.mark.parametrize("factor", [1, 2, 4, 8])
def test_pictures_and_maps_keep_one_size_however_small(shape, factor):
    plane = np.zeros((*shape, 3), np.uint8)
    ids = np.zeros(shape, np.uint16)
    assert shrunk(plane, factor).shape[:2] == sampled(ids, factor).shape
    assert min(sampled(ids, factor).shape) >= 1


def test_samples_come_from_the_middle_of_their_block():
    ids = np.arange(81).reshape(9, 9)
    assert (sampled(ids, 3) == ids[1::3, 1::3]).all()
    assert list(centres(3, 7, 4)) == [2, 6, 6]


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (9, 2), (12, 10)])
@pytest.mark.parametrize("radius", [0, 1, 4])
@pytest.mark.parametrize("wrap", [False, True])
def test_a_margin_is_filled_as_it_was_made(shape, radius, wrap):
    plane = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    expected = np.pad(plane, ((radius, radius), (radius, radius), (0, 0)), mode="wrap" if wrap else "edge")
    assert (padded(plane, radius, wrap=wrap) == expected).all()
    canvas = np.zeros_like(expected)
    canvas[radius : radius + shape[0], radius : radius + shape[1]] = plane
    fill_margin(canvas, radius, wrap=wrap)
    assert (canvas == expected).all()
