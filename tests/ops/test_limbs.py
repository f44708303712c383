import numpy as np
import pytest
from scipy import ndimage as ndi

from analogon import Exemplar, LabelMap
from analogon.ops import limbs, outlines

from .test_arrange import arranged_surely, shifts
from .test_outlines import animal, region
from .textures import PAIR, pictured, render, texture


def corners(inside: np.ndarray) -> np.ndarray:
    part, box = region(inside)
    return outlines.trace(part) + np.array(box[:2], np.int32)


def with_leg(left: int = 68, *, foot: int = 0) -> np.ndarray:
    inside = animal()
    inside[70:104, left : left + 10] = True
    inside[98:104, left - foot : left] = True
    return inside


def humped() -> np.ndarray:
    """With a hump that is like no other part, on a stalk."""
    inside = animal()
    rows, cols = np.indices(inside.shape)
    inside |= (rows - 22) ** 2 + (cols - 70) ** 2 <= 144
    inside[30:42, 64:76] = True
    return inside


def test_a_new_leg_is_told_from_the_rest():
    mine, theirs = corners(with_leg()), corners(animal())
    (stretch,) = limbs.added(theirs, mine)
    assert limbs.added(mine, theirs) == []
    y, x = mine[stretch].T
    assert (y >= 70).all() and (x >= 68).all() and (x <= 78).all()
    assert len(stretch) > 0.9 * (34 + 10 + 34)
    assert (np.abs(np.diff(mine[stretch], axis=0)).sum(1) == 1).all()


def test_a_new_leg_whose_foot_comes_near_another_is_one_part():
    mine = corners(with_leg(62, foot=6))  # two pixels from the hind leg
    (stretch,) = limbs.added(corners(animal()), mine)
    assert len(stretch) > 0.8 * (34 + 16 + 34 + 6)


@pytest.mark.parametrize("change", [{"foreleg": 66}, {"head": (40, 130)}, {}])
def test_what_has_only_moved_is_not_new(change):
    mine, theirs = corners(animal(**change)), corners(animal())
    assert limbs.added(theirs, mine) == limbs.added(mine, theirs) == []


def test_an_animal_that_moves_may_grow_a_leg():
    mine, theirs = corners(with_leg()) + np.array((-7, 9), np.int32), corners(animal())
    shift = limbs.shift_of(theirs, mine)
    assert shift == (7, -9)
    assert len(limbs.added(theirs, mine + np.array(shift, np.int32))) == 1


def test_outlines_that_share_little_have_no_new_parts():
    disc = np.hypot(*(np.indices((120, 160)) - np.array([60, 80])[:, None, None])) < 20
    assert limbs.added(corners(disc), corners(animal())) == []
    assert limbs.added(corners(animal()), corners(disc)) == []


def followed(source: np.ndarray, target: np.ndarray, cell: int = 2) -> outlines.Cells:
    found = outlines.followed(region(source), region(target), (source.shape, target.shape), 1, cell)
    assert found is not None
    return found


def test_a_new_leg_is_a_copy_of_a_leg_and_the_rest_stays():
    cells = followed(animal(), with_leg())
    leg = (cells.rows >= 39) & (cells.cols >= 34) & (cells.cols < 39)
    assert cells.copied[leg].all()
    moves = cells.moves[leg]
    assert min(np.abs(moves - (0, 44 - 68)).max(), np.abs(moves - (0, 92 - 68)).max()) < 3
    assert not cells.copied[(cells.rows < 34) | (cells.cols < 33) | (cells.cols > 39)].any()
    assert np.abs(cells.moves[~cells.copied]).max() < 3


def test_where_a_leg_has_gone_the_rest_stays():
    cells = followed(with_leg(), animal())
    assert not cells.copied.any()
    assert np.abs(cells.moves).max() < 3


def test_nothing_is_known_of_a_part_that_is_like_no_other():
    cells = followed(animal(), humped())
    assert not ((cells.rows < 14) & (np.abs(cells.cols - 35) < 5)).any()
    assert ((cells.rows > 22) & (np.abs(cells.cols - 35) < 5)).any()
    assert np.abs(cells.moves).max() < 4


def striped(seed: int) -> tuple[Exemplar, np.ndarray]:
    """An animal, three times as large, with upright stripes, level ones on its legs and a dark rim; depths in it."""
    inside = np.repeat(np.repeat(animal(), 3, 0), 3, 1)
    depth = ndi.distance_transform_edt(inside)
    y, x = np.indices(inside.shape)
    stripes = np.where(y < 205, np.sin((x + 0.35 * y) / 3.2), np.sin(y / 2.2 + seed)) > 0
    coat = np.where(depth < 4, 0.1, np.where(stripes, 0.85, 0.15))
    image = np.where(inside[..., None], coat[..., None], (0.4, 0.7, 0.3)) + 0.2 * (texture(inside.shape, seed) - 0.5)
    labels = LabelMap(np.where(inside, 2, 4), PAIR)
    return Exemplar(np.clip(image, 0, 1).astype(np.float32), labels), depth


@pytest.mark.parametrize("seed", [0, 2])
def test_a_new_leg_of_a_picture_is_a_copy_and_no_rim_crosses_its_join(seed):
    exemplar, depth = striped(seed)
    target = np.repeat(np.repeat(with_leg(), 3, 0), 3, 1)
    places = render(exemplar, LabelMap(np.where(target, 2, 4), PAIR), keep="none").provenance.places
    leg = shifts(places)[target & (exemplar.labels.ids == 4)]
    assert max((np.abs(leg - (0, across)).max(-1) <= 2).mean() for across in (72, -72)) > 0.95
    join = np.zeros(target.shape, bool)
    join[180:222, 198:240] = True
    join &= ndi.distance_transform_edt(target) > 5
    assert (depth[places[join][:, 0], places[join][:, 1]] < 4).mean() < 0.01


def test_pieces_say_what_is_a_copy():
    before, target = (LabelMap(np.where(inside, 2, 4), PAIR) for inside in (animal(), with_leg()))
    places, sure = arranged_surely(pictured(before), target)
    moved = shifts(places)
    assert sure[76:104, 68:78].all()
    assert not sure[:66].any()
    assert not sure[:, :64].any() and not sure[:, 82:].any()
    assert (np.abs(np.abs(moved[78:102, 70:76]) - (0, 24)).max(-1) <= 3).mean() > 0.95
