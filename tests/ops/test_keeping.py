import numpy as np
import pytest
from scipy import ndimage as ndi

from analogon.ops.keeping import LEAST_REACH, REACH, unconcerned


def ids(shape: tuple[int, int]) -> np.ndarray:
    return np.zeros(shape, np.uint16)


def test_nothing_changed_keeps_all():
    assert unconcerned(ids((9, 12)), ids((9, 12))).all()


@pytest.mark.parametrize("shape", [(60, 80), (400, 500)])
def test_what_is_far_from_an_edit_is_kept_and_what_is_near_is_not(shape):
    target = ids(shape)
    target[20:30, 30:44] = 1
    kept = unconcerned(ids(shape), target)
    far = ndi.distance_transform_edt(target == 0)
    reach = max(LEAST_REACH, REACH * float(np.hypot(*shape)))
    assert not kept[far <= reach - 1].any()
    assert kept[far > 1.2 * reach + 3].all()


def test_a_border_that_wanders_by_a_pixel_is_no_edit():
    source, target = ids((40, 50)), ids((40, 50))
    source[20:], target[20:] = 1, 1
    target[19, 5:30], target[20, 33:40] = 1, 0
    assert unconcerned(source, target).all()
    target[18:20, 5:30] = 1
    assert not unconcerned(source, target)[18:20, 5:30].any()


def test_a_new_line_of_one_pixel_is_an_edit():
    target = ids((40, 50))
    target[10] = 2
    kept = unconcerned(ids((40, 50)), target)
    assert not kept[3:18].any() and kept[22:].all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (3, 100)])
def test_any_shape(shape):
    target = ids(shape)
    target[0, 0] = 1
    kept = unconcerned(ids(shape), target)
    far = np.hypot(*np.indices(shape))
    assert not kept[far <= LEAST_REACH - 1].any() and kept[far > LEAST_REACH + 5].all()
    assert not unconcerned(ids(shape), np.ones(shape, np.uint16)).any()


def test_a_line_of_one_pixel_that_is_gone_is_an_edit():
    before = ids((60, 80))
    before[30] = 1
    assert not unconcerned(before, ids((60, 80)))[30].any()
