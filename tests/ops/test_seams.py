import numpy as np
import pytest

from analogon.ops import seams


def joined(source: np.ndarray, *, left: int, right: int, shape: tuple[int, int] = (32, 40)) -> np.ndarray:
    """Places: the left half from column ``left`` on, the right half from column ``right`` on."""
    rows, cols = np.indices(shape)
    half = shape[1] // 2
    return np.stack([rows, np.where(cols < half, left + cols, right + cols - half)], -1).astype(np.int32)


def correction(source, places, *, ids=None, fixed=None, levels=6) -> np.ndarray:
    shape = places.shape[:2]
    ids = np.zeros(shape, np.uint16) if ids is None else ids
    fixed = np.zeros(shape, bool) if fixed is None else fixed
    own = np.where(fixed, seams.FIRM, 1 / seams.REACH**2).astype(np.float32)
    return seams.membrane(source, places, ids, own, levels)


def step(source: np.ndarray, places: np.ndarray, change: np.ndarray | float) -> np.ndarray:
    """Mean step across the middle, per colour."""
    picture = source[places[..., 0], places[..., 1]].astype(float) + change
    half = picture.shape[1] // 2
    return (picture[:, half] - picture[:, half - 1]).mean(0)


@pytest.fixture
def flat() -> np.ndarray:
    """100 on the left, and on the right 8, 4 and -6 more."""
    source = np.full((32, 90, 3), 100, np.uint8)
    source[:, 45:] = (108, 104, 94)
    return source


def test_the_step_between_two_flat_pieces_goes(flat):
    places = joined(flat, left=5, right=60)
    change = correction(flat, places)
    assert (step(flat, places, 0) == (8, 4, -6)).all()
    assert (np.abs(step(flat, places, change)) < 0.5).all()
    # both sides give way, and less so away from the seam
    assert change[16, 19, 0] > 2 and change[16, 20, 0] < -2
    assert (np.abs(change[:, 0]) < np.abs(change[:, 19])).all()


def test_a_copy_is_not_changed(flat):
    assert (correction(flat, joined(flat, left=25, right=45)) == 0).all()


def test_an_edge_is_no_seam(flat):
    flat[:, 45:] = 250
    assert (correction(flat, joined(flat, left=5, right=60)) == 0).all()


def test_texture_hides_seams(flat):
    rough = flat + (np.indices(flat.shape).sum(0) % 2 * 24).astype(np.uint8)
    assert (correction(rough, joined(rough, left=5, right=60)) == 0).all()


def test_classes_are_not_joined(flat):
    ids = np.zeros((32, 40), np.uint16)
    ids[:, 20:] = 1
    assert (correction(flat, joined(flat, left=5, right=60), ids=ids) == 0).all()


def test_fixed_pixels_stay_and_the_other_side_does_all(flat):
    places = joined(flat, left=5, right=60)
    fixed = np.zeros((32, 40), bool)
    fixed[:, :20] = True
    change = correction(flat, places, fixed=fixed)
    assert (change[:, :20] == 0).all()
    assert (np.abs(step(flat, places, change)) < 0.7).all()
    assert change[16, 20, 0] < -7


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 30), (30, 1), (3, 5), (17, 33)])
def test_any_shape_converges(shape):
    """The correction solves its equation: its own gradient is that of the seams, however odd the sides are."""
    source = np.full((40, 90, 3), 100, np.uint8)
    source[:, 45:] = 106
    rows, cols = np.indices(shape)
    places = np.stack([rows, np.where(cols < shape[1] // 2, cols, 50 + cols)], -1).astype(np.int32)
    change = correction(source, places, levels=1 + int(np.log2(min(seams.REACH, *shape))))
    assert np.isfinite(change).all()
    if shape[1] > 1:
        assert (np.abs(step(source, places, change)) < 1).all()
    else:
        assert (change == 0).all()
