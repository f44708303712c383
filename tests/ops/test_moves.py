import numpy as np
import pytest

from analogon.ops.moves import beside, positions, regions_of


def test_positions_are_counted_in_the_box_of_each_region():
    ids = np.zeros((40, 60), np.uint16)
    ids[5:15, 10:30] = ids[20:30, 40:44] = 1
    found = positions(ids)
    assert (found[ids == 0] == 0.5).all()
    for box in (np.s_[5:15, 10:30], np.s_[20:30, 40:44]):
        height, width = found[box].shape[:2]
        assert found[box][:, 0, 0] == pytest.approx((np.arange(height) + 0.5) / height)
        assert found[box][0, :, 1] == pytest.approx((np.arange(width) + 0.5) / width)


@pytest.mark.parametrize("shape", [(1, 1), (1, 8), (8, 1)])
def test_positions_in_the_smallest_maps(shape):
    assert (positions(np.zeros(shape, np.uint16)) == 0.5).all()


def test_a_region_may_stand_beside_what_is_no_picture():
    ids = np.zeros((20, 30), np.uint16)
    ids[5:10, 20:25] = 1
    region = regions_of(ids)[1][0]
    assert beside(region, ids, 0) and not beside(region, ids, 7) and not beside(region, ids, None)
    ids[12, 22] = 7
    assert not beside(region, ids, 7)
    ids[10, 22] = 7
    assert beside(region, ids, 7)
    ids[0:3, 0:3] = 2
    assert beside(regions_of(ids)[2][0], ids, 0)


def test_regions_are_small_beside_a_picture_of_so_many_pixels():
    ids = np.zeros((100, 100), np.uint16)
    ids[5:8, 5:10] = 1
    assert 1 not in regions_of(ids) and 1 in regions_of(ids, 5000)
