"""What a network is told of a layout, by known answers."""

import numpy as np
import pytest

from analogon.methods.collage.planes import IN_REGION, OCTAVES, REACHES, count_planes, layout_of

from .scenes import bands, comb, cut_off, plain, squares, strip, tiny

#: Planes of a class: shares of the four quarters of a cell, and distances.
OF_CLASS = 4 + len(REACHES)


def rectangle(rows: slice, cols: slice, shape=(32, 64)) -> np.ndarray:
    ids = np.zeros(shape, np.uint16)
    ids[rows, cols] = 1
    return ids


def in_regions(ids: np.ndarray, cell: int = 4) -> np.ndarray:
    """The last planes of two classes."""
    return layout_of(ids, cell, 2).planes[-IN_REGION:]


@pytest.mark.parametrize("classes", [1, 2, 5])
def test_the_number_of_planes(classes):
    assert layout_of(plain(), 4, classes).planes.shape == (count_planes(classes), 12, 16)


def test_shares_of_quarters():
    ids = np.zeros((4, 8), np.uint16)
    ids[0, 0] = 1  # a quarter of the first cell's upper left quarter
    ids[:2, 6:] = 1  # the second cell's upper right quarter
    ids[3, 4:7] = 1  # half of its lower left quarter, a quarter of its lower right one
    planes = layout_of(ids, 4, 2).planes
    expected = np.array([[0.25, 0], [0, 1], [0, 0.5], [0, 0.25]], np.float32)[:, None]
    assert (planes[OF_CLASS : OF_CLASS + 4] == expected).all()
    assert (planes[:4] == 1 - expected).all()


@pytest.mark.parametrize("make", [comb, squares, cut_off, strip, tiny])
@pytest.mark.parametrize("cell", [2, 4, 8])
def test_shares_of_all_classes_add_up(make, cell):
    ids = make()
    classes = int(ids.max()) + 1
    planes = layout_of(ids, cell, classes).planes
    shares = np.stack([planes[c * OF_CLASS : c * OF_CLASS + 4] for c in range(classes)])
    assert np.allclose(shares.sum(0), 1)
    assert shares.min() >= 0


def test_distances_are_signed_and_end():
    ids = np.zeros((16, 64), np.uint16)
    ids[:, 30:] = 1
    planes = layout_of(ids, 4, 2).planes
    middles = np.arange(16) * 4 + 2
    away = np.where(middles >= 30, middles - 29, 30 - middles)
    for n, reach in enumerate(REACHES):
        expected = np.where(middles >= 30, 1, -1) * np.minimum(away / (4 * reach), 1)
        assert np.allclose(planes[OF_CLASS + 4 + n], expected, atol=1e-6)
        assert np.allclose(planes[4 + n], -expected, atol=1e-6)
    near, far = planes[OF_CLASS + 4], planes[OF_CLASS + 5]
    assert (np.abs(near) == 1).mean() > (np.abs(far) == 1).mean() > 0


@pytest.mark.parametrize("cell", [2, 4, 16])
def test_a_class_that_is_nowhere_and_one_that_is_everywhere(cell):
    planes = layout_of(plain(), cell, 2).planes
    assert (planes[:OF_CLASS] == 1).all()
    assert (planes[OF_CLASS : OF_CLASS + 4] == 0).all()
    assert (planes[OF_CLASS + 4 : 2 * OF_CLASS] == -1).all()


def test_frame_coordinates():
    waves = layout_of(plain(), 4, 1).planes[OF_CLASS:-IN_REGION]
    assert np.allclose(waves[0], np.linspace(-1, 1, 12)[:, None], atol=1e-6)
    assert np.allclose(waves[1], np.linspace(-1, 1, 16)[None], atol=1e-6)
    for octave in range(OCTAVES):
        there = waves[2 + 4 * octave : 6 + 4 * octave]
        for n, v in enumerate(waves[:2]):
            assert np.allclose(there[2 * n], np.sin(np.pi * 2**octave * v), atol=1e-5)
            assert np.allclose(there[2 * n + 1], np.cos(np.pi * 2**octave * v), atol=1e-5)


def test_box_coordinates():
    place = in_regions(rectangle(np.s_[8:24], np.s_[12:44]))[:, 2:6, 3:11]
    assert np.allclose(place[0], np.array([-0.75, -0.25, 0.25, 0.75])[:, None])
    assert np.allclose(place[1], (np.arange(8) + 0.5) / 4 - 1)
    assert np.allclose(place[4], 4 / 8) and np.allclose(place[5], 8 / 16)


def test_coordinates_by_mass():
    place = in_regions(rectangle(np.s_[8:24], np.s_[12:44]))[:, 2:6, 3:11]
    rows, cols = np.arange(4) - 1.5, np.arange(8) - 3.5
    assert np.allclose(place[2], (rows / (2 * np.std(rows)))[:, None], atol=1e-4)
    assert np.allclose(place[3], (cols / (2 * np.std(cols)))[None], atol=1e-4)


def test_an_object_is_told_the_same_of_itself_wherever_it_is():
    here = in_regions(rectangle(np.s_[4:20], np.s_[8:24]))[:, 1:5, 2:6]
    there = in_regions(rectangle(np.s_[12:28], np.s_[40:56]))[:, 3:7, 10:14]
    assert np.allclose(here, there, atol=1e-4)


def test_two_objects_of_one_class_have_their_own_boxes():
    ids = rectangle(np.s_[4:12], np.s_[4:12]) | rectangle(np.s_[4:28], np.s_[36:44])
    place = in_regions(ids)
    assert np.allclose(place[0, 1:3, 1], [-0.5, 0.5])
    assert np.allclose(place[0, 1:7, 9], (np.arange(6) + 0.5) / 3 - 1)
    assert np.allclose(place[4, 1, 1], 2 / 8) and np.allclose(place[4, 1, 9], 6 / 8)


def test_a_single_cell_has_the_box_of_the_frame():
    place = in_regions(rectangle(np.s_[8:12], np.s_[20:24]))[:, 2, 5]
    assert np.allclose(place[:2], (2 * 2.5 / 8 - 1, 2 * 5.5 / 16 - 1))
    assert np.allclose(place[4:], 1)


def test_the_main_class_is_that_of_most_pixels():
    ids = np.random.default_rng(0).integers(0, 3, (19, 30)).astype(np.uint16)
    main = layout_of(ids, 4, 3).main
    whole = np.pad(ids, ((0, 1), (0, 2)), mode="edge")
    for y, x in np.ndindex(main.shape):
        counts = np.bincount(whole[4 * y : 4 * y + 4, 4 * x : 4 * x + 4].ravel(), minlength=3)
        assert counts[main[y, x]] == counts.max()


def test_ids_beyond_the_classes_are_none_of_them():
    planes = layout_of(rectangle(np.s_[8:24], np.s_[12:44]) * np.uint16(2), 4, 2).planes
    assert (planes[:4, 2:6, 3:11] == 0).all() and (planes[OF_CLASS : OF_CLASS + 4] == 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 2), (5, 90), (47, 61), (16, 16), (17, 3)], ids=str)
@pytest.mark.parametrize("cell", [2, 4, 8])
def test_any_shape(shape, cell):
    ids = np.random.default_rng(1).integers(0, 3, shape).astype(np.uint16)
    layout = layout_of(ids, cell, 3)
    grid = tuple(-(-n // cell) for n in shape)
    assert layout.main.shape == grid and layout.main.dtype == np.int64
    assert layout.planes.shape == (count_planes(3), *grid) and layout.planes.dtype == np.float32
    assert np.isfinite(layout.planes).all() and np.abs(layout.planes).max() <= 2


def test_cells_that_reach_beyond_the_frame_repeat_its_edge():
    """So that a border at the frame is none."""
    ids = bands()
    cut, whole = (layout_of(one, 8, 2).planes[: 2 * OF_CLASS] for one in (ids[:, :61], ids))
    assert (cut == whole).all()
