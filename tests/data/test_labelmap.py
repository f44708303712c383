import numpy as np
import pytest

from analogon.data import LabelClass, LabelMap, Palette
from analogon.errors import LabelError

PALETTE = Palette(
    (LabelClass(200, "a", (255, 0, 0)), LabelClass(3, "b", (0, 255, 0)), LabelClass(70000, "c", (0, 0, 9)))
)
IDS = np.array([[200, 3, 3], [70000, 3, 200]])


def random_map(shape: tuple[int, int], seed: int = 0) -> LabelMap:
    return LabelMap(np.random.default_rng(seed).choice(PALETTE.ids, shape), PALETTE)


def test_indices_and_one_hot_follow_the_palette() -> None:
    labels = LabelMap(IDS, PALETTE)
    assert labels.indices().tolist() == [[0, 1, 1], [2, 1, 0]]
    planes = labels.one_hot()
    assert planes.dtype == np.float32
    assert planes.shape == (2, 3, 3)
    assert (planes.sum(-1) == 1).all()
    assert (planes.argmax(-1) == labels.indices()).all()


def test_colors_shares_and_present_classes() -> None:
    labels = LabelMap(np.array([[3, 3, 200, 3]]), PALETTE)
    assert labels.colors().tolist() == [[[0, 255, 0], [0, 255, 0], [255, 0, 0], [0, 255, 0]]]
    assert labels.share(3) == 0.75
    assert labels.share(70000) == 0
    assert labels.present() == (200, 3)
    with pytest.raises(LabelError, match="id 4"):
        labels.share(4)


def test_the_array_is_copied_and_read_only() -> None:
    source = IDS.astype(np.int32)
    labels = LabelMap(source, PALETTE)
    source[:] = 3
    assert labels.ids.dtype == np.int64
    assert (labels.ids == IDS).all()
    with pytest.raises(ValueError, match="read-only"):
        labels.ids[0, 0] = 3


@pytest.mark.parametrize("array", [IDS.astype(float), IDS[0], np.zeros((0, 3), int), IDS > 3, np.zeros((2, 2, 3), int)])
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(LabelError, match="two-dimensional array of integer ids"):
        LabelMap(array, PALETTE)


@pytest.mark.parametrize("wrong", [4, 0, 10**6, -1])
def test_ids_outside_the_palette_are_refused(wrong: int) -> None:
    with pytest.raises(LabelError, match=f"id {wrong}:"):
        LabelMap(np.where(IDS == 3, wrong, IDS), PALETTE)


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (37, 11), (200, 3)])
def test_resizing_never_makes_an_id(shape: tuple[int, int]) -> None:
    labels = random_map((17, 23))
    resized = labels.resize(shape)
    assert resized.shape == shape
    assert set(np.unique(resized.ids)) <= set(np.unique(labels.ids))


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_enlarging_and_shrinking_by_a_whole_factor_is_the_identity(factor: int) -> None:
    labels = random_map((9, 14))
    enlarged = labels.resize((9 * factor, 14 * factor))
    assert (enlarged.ids == np.kron(labels.ids, np.ones((factor, factor), int))).all()
    assert (enlarged.resize((9, 14)).ids == labels.ids).all()


def test_resizing_takes_the_pixel_under_the_centre() -> None:
    labels = LabelMap(np.array([[200, 3, 70000, 3, 200]]), PALETTE)
    # Centres at 1/6, 1/2 and 5/6 of five pixels: the first, third and fifth.
    assert labels.resize((1, 3)).ids.tolist() == [[200, 70000, 200]]
    # A centre on a border takes the later pixel.
    assert labels.resize((1, 1)).ids.tolist() == [[70000]]
    assert LabelMap(np.array([[200, 3]]), PALETTE).resize((1, 1)).ids.tolist() == [[3]]


def test_resizing_to_nothing_is_refused() -> None:
    with pytest.raises(LabelError, match="cannot be resized to 0"):
        random_map((4, 4)).resize((0, 4))


@pytest.mark.parametrize("ids", [(3, 0, 65535), (3, 0, 65536), (7, 2**31 - 1, 1)])
def test_indices_are_the_same_by_table_and_by_search(ids) -> None:
    palette = Palette(tuple(LabelClass(i, f"class {i}", (0, 0, 0)) for i in ids))
    places = np.random.default_rng(0).integers(0, 3, (7, 9))
    assert (LabelMap(np.array(ids)[places], palette).indices() == places).all()
    for wrong in (max(ids) + 1, 2, -1, -(2**62), 2**62):
        spoilt = np.array(ids)[places]
        spoilt[3, 4] = wrong
        if wrong not in ids:
            with pytest.raises(LabelError, match=f"id {wrong}:"):
                LabelMap(spoilt, palette)
