"""What a render is told besides the label map: checked on the maps, and on what the patch engine makes of them."""

import numpy as np
import pytest
from scipy import ndimage as ndi

import analogon
from analogon import Exemplar, LabelClass, LabelError, LabelMap, Layout, OptionError, Palette
from analogon.layout import (
    Brush,
    Delete,
    Duplicate,
    Flip,
    Move,
    Rotate,
    Scale,
    carried,
    guides,
    keep_mask,
    places,
    save_carried,
)

from .drawn import drawn

SCENE = ".......... ...tt..hh. ...tt..hh. ,,,,,,,,,, ,,,,,,,,,b"


def followed(*operations) -> Layout:
    layout = Layout.split(drawn(SCENE))
    for operation in operations:
        layout = operation.apply(layout)
    return layout


def test_what_has_not_moved_has_its_own_place():
    where = places(followed())
    assert where.dtype == np.float32 and (where == np.stack(np.indices((5, 10)), -1)).all()


def test_places_follow_their_objects():
    where = places(followed(Move(of="tree", right=2), Delete(of="boat")))
    assert where[1, 5].tolist() == [1, 3] and where[2, 6].tolist() == [2, 4]
    assert np.isnan(where[1, 3]).all() and np.isnan(where[4, 9]).all()
    assert where[1, 7].tolist() == [1, 7]
    assert places(followed(Flip(of="tree")))[1, 3].tolist() == [1, 4]
    assert places(followed(Rotate(of="tree", degrees=90)))[1, 4].tolist() == [1, 3]
    assert places(followed(Duplicate(of="tree", right=-3)))[2, 0].tolist() == [2, 3]
    assert places(followed(Scale(of="tree", factor=2)))[0, 2].tolist() == [0.75, 2.75]
    painted = places(followed(Brush(of="tree", points=((0.5, 3.5),), radius=0), Move(of="tree", down=1)))
    assert np.isnan(painted[1, 3]).all() and painted[2, 3].tolist() == [1, 3]


def test_the_keep_mask_ends_where_an_edit_is_near():
    assert keep_mask(followed()).all()
    kept = keep_mask(followed(Delete(of="boat")), reach=2)
    wanted = np.hypot(*(np.indices((5, 10)) - np.array([4, 9])[:, None, None])) > 2
    assert (kept == wanted).all()
    # an object that looks the same in the label map has moved all the same
    turned = followed(Rotate(of="tree", degrees=180))
    assert (turned.ids == turned.source.ids).all()
    assert not keep_mask(turned, reach=0)[1:3, 3:5].any() and keep_mask(turned, reach=0).sum() == 46
    # what came back has not
    assert keep_mask(followed(Move(of="tree", right=2), Move(of="tree", right=-2))).all()
    with pytest.raises(OptionError, match="reach"):
        keep_mask(turned, reach=-1)


def test_guides_say_where_an_objects_pixels_come_from():
    assert guides(followed()) == () and guides(followed(Delete(of="tree"))) == ()
    (guide,) = guides(followed(Flip(of="tree"), Move(of="tree", right=1)), weight=3)
    assert guide.weight == 3
    assert guide.source[1:3, 3:5].tolist() == [[[0, 0], [0, 0.5]], [[0.5, 0], [0.5, 0.5]]]
    assert guide.target[1:3, 4:6].tolist() == [[[0, 0.5], [0, 0]], [[0.5, 0.5], [0.5, 0]]]
    for one, count in ((guide.source, 4), (guide.target, 4)):
        assert (one != -1).any(-1).sum() == count  # of the rest it says nothing


def test_the_engine_follows_an_object_that_grew():
    """The same target with and without a guide: with it, pixels come from their places, and the rest stays."""
    palette = Palette((LabelClass(0, "sky", (120, 180, 250)), LabelClass(2, "car", (200, 0, 0))))
    rows, columns = np.mgrid[0:48, 0:64]
    car = (abs(rows - 23) < 8) & (abs(columns - 24) < 13)
    image = np.repeat((0.8 - 0.3 * rows / 48)[..., None], 3, 2)
    pattern = np.stack([(columns - 8) / 32, (rows - 12) / 24, (rows // 4 + columns // 5) % 2 * 0.6 + 0.2], -1)
    image[car] = pattern[car]
    noise = np.random.default_rng(0).normal(0, 0.02, image.shape)
    exemplar = Exemplar(np.clip(image + noise, 0, 1).astype(np.float32), LabelMap(np.where(car, 2, 0), palette))
    layout = Scale(of="car", factor=1.4).apply(Layout.split(exemplar.labels))
    where, kept = places(layout), keep_mask(layout)
    known = (layout.ids == 2) & ~np.isnan(where[..., 0])
    model, near = analogon.fit(exemplar), []
    for given in ((), guides(layout)):
        result = model.render(layout.target, keep=kept, guides=given)
        assert kept.mean() > 0.2 and (result.image[kept] == exemplar.image[kept]).all()
        assert result.provenance is not None
        near.append((np.hypot(*np.moveaxis(result.provenance.places - where, -1, 0))[known] < 1.5).mean())
    assert near[1] > 0.95 and near[0] < near[1] - 0.2, near


def test_what_is_carried_is_what_moved_without_being_stretched(tmp_path):
    assert (carried(followed(Delete(of="boat"))) == -1).all()
    moved = carried(followed(Move(of="tree", right=2)))
    assert moved.dtype == np.int32 and (moved[..., 0] >= 0).sum() == 4
    assert moved[1, 5].tolist() == [1, 3] and moved[1, 3].tolist() == [-1, -1]
    assert carried(followed(Flip(of="house")))[2, 7].tolist() == [2, 8]
    assert (carried(followed(Rotate(of="tree", degrees=180)))[..., 0] >= 0).sum() == 4
    assert (carried(followed(Scale(of="tree", factor=2))) == -1).all()
    save_carried(followed(Flip(of="house")), tmp_path / "places.npy")
    assert (np.load(tmp_path / "places.npy") == carried(followed(Flip(of="house")))).all()


@pytest.mark.parametrize("turn", [Flip(of="car"), Rotate(of="car", degrees=30)], ids=["flip", "rotate"])
def test_the_engine_carries_an_object_that_was_turned(turn):
    palette = Palette((LabelClass(0, "sky", (120, 180, 250)), LabelClass(2, "car", (200, 0, 0))))
    rows, columns = np.mgrid[0:48, 0:64]
    car = (abs(rows - 23) < 9) & (abs(columns - 28) < 15)
    image = np.where(car, 0.7, 0.2)[..., None] + np.random.default_rng(0).uniform(-0.1, 0.1, (48, 64, 3))
    image[car, 0] = (columns[car] - 12) / 32
    exemplar = Exemplar(image.astype(np.float32), LabelMap(np.where(car, 2, 0), palette))
    layout = turn.apply(Layout.split(exemplar.labels))
    where, kept = carried(layout), keep_mask(layout)
    told, model = where[..., 0] >= 0, analogon.fit(exemplar)
    assert guides(layout) and not guides(layout, besides=where)
    result = model.render(layout.target, keep=kept, places=where)
    assert (result.image[kept] == exemplar.image[kept]).all()
    held = (result.provenance.places == where).all(-1)
    assert (held >= ndi.binary_erosion(told, np.ones((3, 3)))).all()
    assert (result.labels.ids == layout.ids).mean() > 0.98


def test_places_are_held_but_for_their_rim_and_where_the_class_is_another():
    palette = Palette((LabelClass(0, "left", (0, 0, 0)), LabelClass(1, "right", (9, 9, 9))))
    halves = LabelMap(np.arange(48) // 24 + np.zeros((40, 1), int), palette)
    image = 0.6 * halves.ids[..., None] + np.random.default_rng(1).uniform(0, 0.3, (40, 48, 3))
    exemplar = Exemplar(image.astype(np.float32), halves)
    given = np.full((40, 48, 2), -1)
    given[10:30, 4:40] = np.stack(np.indices((20, 36)), -1)  # from the top left, where all is of the class "left"
    places = analogon.fit(exemplar).render(exemplar.labels, places=given).provenance.places
    assert (places[11:29, 5:23] == given[11:29, 5:23]).all()
    assert (places[:, 25:, 1] >= 24).all()


def test_carried_pixels_of_a_part_of_a_larger_source():
    layout = Move(of="tree", right=1).apply(Layout.split(drawn(SCENE)))
    plain, larger = carried(layout), carried(layout, (90, 80), (40, 30))
    held = plain[..., 0] >= 0
    assert held.any()
    assert (larger[held] == plain[held] + [40, 30]).all() and (larger[~held] == -1).all()


def test_known_objects_are_apart_though_they_touch():
    labels = drawn(SCENE)
    numbers = np.zeros(labels.shape, np.int32)
    tree = labels.ids == next(c.id for c in labels.palette.classes if c.name == "tree")
    numbers[tree] = np.where(np.nonzero(tree)[1] == np.nonzero(tree)[1].min(), 5, 9)
    whole, split = Layout.split(labels), Layout.split(labels, instances=numbers)
    assert len(split.objects) == len(whole.objects) + 1
    assert {tuple(np.unique(numbers[split.seen(name)])) for name in ("tree", "tree 2")} == {(5,), (9,)}
    assert (split.ids == labels.ids).all()
    with pytest.raises(LabelError, match="differ in size"):
        Layout.split(labels, instances=numbers[:-1])
