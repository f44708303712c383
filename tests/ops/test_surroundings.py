import numpy as np
import pytest

from analogon import Exemplar, LabelMap
from analogon.ops import surroundings
from analogon.ops.moves import regions_of
from analogon.ops.surroundings import at_feet, is_whole, middles, most_of, nearness

from .textures import PAIR, render, texture

SHAPE = (120, 160)


def ball(col: int, row: int = 50, height: int = 40, width: int = 40) -> tuple[LabelMap, np.ndarray]:
    """A ball, which need not be round, and its shadow, a bar of darkness below it."""
    rows, cols = np.indices(SHAPE)
    inside = ((rows - row) * 2 / height) ** 2 + ((cols - col) * 2 / width) ** 2 <= 1
    below = (abs(rows - row - height // 2 - 3) <= 4) & (abs(cols - col) <= width // 2)
    return LabelMap(np.where(inside, 2, 4), PAIR), below & ~inside


def lit(labels: LabelMap, shadow: np.ndarray) -> Exemplar:
    picture = np.where((labels.ids == 2)[..., None], texture(SHAPE, 1, mean=0.7), texture(SHAPE, 2, mean=0.5))
    return Exemplar((picture * np.where(shadow, 0.4, 1)[..., None]).astype(np.float32), labels)


@pytest.mark.parametrize(
    ("given", "share"), [((110, 50), 0.9), ((50, 66), 0.9), ((50, 50, 60), 0.7), ((100, 60, 50, 30), 0.7)]
)
def test_a_shadow_goes_with_its_thing(given, share):
    labels, before = ball(50)
    target, after = ball(*given)
    places = render(lit(labels, before), target, keep="none").provenance.places
    shadow = before[places[..., 0], places[..., 1]]
    assert shadow[after].mean() > share
    assert (shadow & ~after).sum() < 0.15 * before.sum()


def test_the_shadow_of_a_thing_that_is_gone_goes_too():
    """Where nothing is fixed; what an edit does not concern stays, whatever falls on it."""
    labels, before = ball(50)
    other, beside = ball(120)
    both = LabelMap(np.where((labels.ids == 2) | (other.ids == 2), 2, 4), PAIR)
    exemplar = lit(both, before | beside)
    places = render(exemplar, other, keep="none").provenance.places
    shadow = (before | beside)[places[..., 0], places[..., 1]]
    assert shadow[before].mean() < 0.1 and shadow[beside].mean() > 0.9
    result = render(exemplar, other)
    kept = np.zeros(SHAPE, bool)
    kept[90:] = kept[:, 100:] = True
    assert (result.image[kept] == exemplar.image[kept]).all()


def test_what_the_frame_cuts_is_not_whole():
    ids = np.zeros((60, 80), np.uint16)
    ids[20:40, 30:50] = 1
    for n, part in enumerate((np.s_[0:10, 10:20], np.s_[-5:, 60:70], np.s_[50:55, :3], np.s_[5:9, -1:]), 2):
        ids[part] = n
    found = {c: is_whole(regions[0], ids.shape) for c, regions in regions_of(ids, 1).items()}
    assert found == {c: c == 1 for c in range(6)}


@pytest.mark.parametrize(("every", "cell"), [(1, 2), (2, 4), (1, 4)])
def test_feet_are_below_and_fade(every, cell):
    ids = np.zeros((96, 128), np.uint16)
    ids[24:56, 48:80] = 1
    (region,) = regions_of(ids[::every, ::every])[1]
    near, inside = at_feet(region, every, cell, (96 // cell, 128 // cell))
    assert (inside == (ids[::cell, ::cell] == 1)).all()
    below = near[56 // cell :, 64 // cell]
    assert below[0] == 1 and (np.diff(below) <= 0).all()
    reach = surroundings.REACH * 32 / cell
    assert abs((below > 0).sum() - reach) <= 1
    assert (near[: 40 // cell] == 0).all()
    assert 0 < near[48 // cell, 80 // cell] < 1


def test_nearness_is_of_all_things_but_those_of_some_classes():
    ids = np.zeros((96, 128), np.uint16)
    ids[24:48, 16:40], ids[24:48, 80:104] = 1, 2
    near, inside = nearness(ids, 1, 4, set(), ids.size)
    left, _ = nearness(ids, 1, 4, {2}, ids.size)
    right, standing = nearness(ids, 1, 4, {1}, ids.size)
    assert (near == np.maximum(left, right)).all() and left.any() and right.any() and (left != right).any()
    assert (inside == (ids[2::4, 2::4] > 0)).all() and (standing == (ids[2::4, 2::4] == 2)).all()
    assert not nearness(ids, 1, 4, {0, 1, 2}, ids.size)[0].any()
    assert not nearness(ids, 1, 4, set(), 1000 * ids.size)[0].any()


@pytest.mark.parametrize("cell", [1, 2, 8])
def test_the_class_that_most_of_a_cell_has(cell):
    ids = np.random.default_rng(0).integers(0, 3, (5, 7)).repeat(8, 0).repeat(8, 1).astype(np.uint16)
    ids = ids[:37, :50]
    assert (most_of(ids, cell) == ids[::cell, ::cell]).all()


def test_the_middles_of_cells_those_that_the_edge_cuts_too():
    rows, cols = middles((8, 13), 4)
    assert rows.shape == (2, 1) and rows.ravel().tolist() == [2, 6]
    assert cols.shape == (1, 4) and cols.ravel().tolist() == [2, 6, 10, 12]
    assert [at.ravel().tolist() for at in middles((2, 3), 1)] == [[0, 1], [0, 1, 2]]
