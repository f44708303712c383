import numpy as np
import pytest

from analogon.methods.singan.masks import around, blended, within


def test_what_may_change_fades_inside_and_nothing_shows_outside():
    mask = np.zeros((250, 200), bool)
    mask[100:160, :90] = True
    shown = within(mask)
    assert not shown[~mask].any() and (shown[mask] > 0).all()
    assert shown[130, 0] == shown[130, 40] == 1  # the frame is no edge
    assert shown[100, 40] < shown[104, 40] < shown[110, 40]
    assert (within(np.ones((20, 20), bool)) == 1).all()
    thin = np.zeros((50, 50), bool)
    thin[25, 10:40] = True
    assert (within(thin)[thin] > 0.5).all()


@pytest.mark.parametrize("reach", [7, 20])
def test_surroundings_fade_to_nothing(reach):
    mask = np.zeros((250, 200), bool)
    mask[120:130, 90:100] = True
    shown = around(mask, reach)
    assert (shown[mask] == 1).all()
    line = shown[125, 100:]
    assert (np.diff(line) <= 0).all() and line[reach - 1] > 0 and not line[reach + 1 :].any()
    # radii grow with the picture
    large = around(np.kron(mask, np.ones((2, 2), bool)), reach)
    assert abs((large > 0).sum() / (shown > 0).sum() - 4) < 0.4


def test_what_does_not_show_stays_bit_for_bit():
    rng = np.random.default_rng(0)
    picture, made = (rng.random((9, 9, 3)).astype(np.float32) for _ in range(2))
    shown = np.zeros((9, 9), np.float32)
    shown[2:5, 2:5] = 1
    out = blended(picture, made, shown)
    assert out.dtype == np.float32
    assert (out[shown == 0] == picture[shown == 0]).all()
    assert np.allclose(out[2:5, 2:5], made[2:5, 2:5], atol=1e-6)
