"""Sizes of scales, and places between them."""

import numpy as np
import pytest

from analogon.methods.patch_diffusion.scales import enlarged, scaled, sizes, within


def test_a_patch_sees_its_share_at_the_coarsest_scale():
    found = sizes(((380, 570), (380, 570)), 15, 0.45, 3, 50_000, 0.5)
    assert len(found) == 3 and found == sorted(found)
    assert 15 / scaled((380, 570), found[0])[0] == pytest.approx(0.45, rel=0.02)
    assert np.prod(scaled((380, 570), found[-1])) == pytest.approx(50_000, rel=0.01)
    assert found[1] / found[0] == pytest.approx(found[2] / found[1])


def test_the_finest_scale_is_limited_by_size_and_by_the_larger_picture():
    assert sizes(((200, 200), (200, 200)), 15, 0.45, 3, 50_000, 0.5)[-1] == 0.5
    assert sizes(((200, 200), (200, 200)), 15, 0.45, 3, 50_000, 1.0)[-1] == 1.0
    assert sizes(((200, 200), (1000, 1000)), 15, 0.45, 3, 50_000, 0.5)[-1] == pytest.approx(0.05**0.5)


def test_small_pictures_have_fewer_scales():
    assert sizes(((16, 16), (16, 16)), 15, 0.45, 3, 50_000, 0.5) == [1.0]
    assert len(sizes(((100, 100), (100, 100)), 15, 0.45, 8, 50_000, 0.5)) < 8


def test_pieces_keep_their_shift_when_places_are_enlarged():
    small = np.moveaxis(np.indices((10, 12), np.int32), 0, -1) + np.array([2, 3], np.int32)
    large = enlarged(np.ascontiguousarray(small), (20, 24), (14, 16), (28, 32))
    assert (large == np.moveaxis(np.indices((20, 24)), 0, -1) + np.array([4, 6])).all()
    odd = enlarged(np.ascontiguousarray(small), (31, 25), (14, 16), (43, 33))
    assert odd.shape == (31, 25, 2)
    assert odd.min() >= 0 and (odd < [43, 33]).all()


def test_a_mask_holds_what_it_covers_altogether():
    mask = np.zeros((8, 8), bool)
    mask[2:, 1:] = True
    assert (within(mask, (4, 4)) == [[False] * 4] + [[False, True, True, True]] * 3).all()
