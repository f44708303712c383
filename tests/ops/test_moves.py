import numpy as np
import pytest

from analogon.ops.moves import positions


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
