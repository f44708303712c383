"""What is removed, what comes in its place, and what stays."""

import numpy as np
import pytest

import analogon
from analogon import Exemplar, LabelClass, LabelMap, Palette
from analogon.removing import planned, remove

BALL, WALL, FLOOR = 7, 0, 3


def test_the_nearest_classes_take_the_place(exemplar):
    asked = planned(exemplar, ["ball"])
    assert BALL not in asked.target.present()
    assert (asked.gone == (exemplar.labels.ids == BALL)).all()
    assert (asked.target.ids[~asked.gone] == exemplar.labels.ids[~asked.gone]).all()
    assert set(np.unique(planned(exemplar, ["ball"], fill="floor").target.ids[asked.gone])) == {FLOOR}
    assert set(np.unique(planned(exemplar, ["ball"], fill="behind").target.ids[asked.gone])) <= {WALL, FLOOR}


def test_one_object_of_several_goes(make_exemplar):
    ids = np.zeros((24, 40), np.int64)
    ids[4:10, 4:12] = ids[14:20, 30:34] = 1
    palette = Palette((LabelClass(0, "wall", (0, 0, 200)), LabelClass(1, "ball", (200, 0, 0))))
    exemplar = Exemplar(np.full((24, 40, 3), 0.5, np.float32), LabelMap(ids, palette))
    small = planned(exemplar, ["ball 2"])
    assert small.gone.sum() == 24 and small.gone[14:20, 30:34].all()
    both = planned(exemplar, ["ball"])
    assert both.gone.sum() == 24 + 48


def test_the_reach_is_what_is_made_anew(exemplar):
    near, far = planned(exemplar, ["ball"], reach=0), planned(exemplar, ["ball"], reach=3)
    assert (near.open == near.gone).all()
    assert far.open.sum() > near.open.sum() and (far.open | ~near.open).all()


def test_nothing_is_made_of_what_goes(exemplar):
    asked = planned(exemplar, ["ball"], reach=2)
    for masked in (True, False):
        source = asked.source(exemplar, masked=masked)
        source.check_target(LabelMap(asked.target.ids, source.labels.palette))
        (own,) = set(source.labels.present()) - {WALL, FLOOR}
        assert ((source.labels.ids == own) == asked.open).all()
        assert (source.usable is not None) == masked
    assert not (asked.source(exemplar, masked=True).usable & asked.open).any()


def test_a_class_that_is_only_near_is_still_there(make_exemplar):
    ids = np.zeros((24, 40), np.int64)
    ids[8:16, 10:18] = 1
    ids[16:18, 10:18] = 2  # the shadow of what goes
    names = ("wall", "ball", "shadow")
    palette = Palette(tuple(LabelClass(n, name, (n * 90, 0, 0)) for n, name in enumerate(names)))
    exemplar = Exemplar(np.full((24, 40, 3), 0.5, np.float32), LabelMap(ids, palette))
    asked = planned(exemplar, ["ball"], reach=4)
    source = asked.source(exemplar, masked=True)
    source.check_target(LabelMap(asked.target.ids, source.labels.palette))
    assert (source.labels.ids == 2).sum() == 16


@pytest.mark.parametrize("method", ["patch", "gpnn"])
def test_what_is_away_stays_bit_for_bit_with_any_method(method, exemplar):
    """Patch is told what to keep; GPNN renders all of it."""
    result = remove(exemplar, of=["ball"], method=method, reach=2, device="cpu")
    asked = planned(exemplar, ["ball"], reach=2)
    assert (result.image[~asked.open] == exemplar.image[~asked.open]).all()
    ball, wall = (exemplar.image[exemplar.labels.ids == n].mean(0) for n in (BALL, WALL))
    made = result.image[asked.gone].mean(0)
    assert np.abs(made - wall).sum() < np.abs(made - ball).sum()
    assert (result.labels.ids == asked.target.ids).all()
    assert result.image.min() >= 0 and result.image.max() <= 1
    if result.provenance is not None:
        assert np.abs(result.apply_to(exemplar.image, tone=True) - result.image).max() < 1e-6


def test_a_mask_that_cannot_be_used(exemplar, sentence):
    for mask, named in (
        (np.zeros((24, 32), bool), "empty"),
        (np.ones((24, 32), bool), "white all over"),
        (np.ones((24, 30), bool), "30x24"),
    ):
        with pytest.raises(analogon.InputError) as error:
            planned(exemplar, mask=mask)
        sentence(error.value, "mask", named)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"of": ["ball"], "fill": "ball"}, "same class"),
        ({"mask": True, "fill": "ball"}, "'ball'"),
        ({"of": ["ball"], "reach": "3"}, "--reach"),
    ],
)
def test_what_cannot_take_its_place(exemplar, sentence, asked, named):
    if "mask" in asked:
        asked = {**asked, "mask": exemplar.labels.ids == BALL}
    with pytest.raises(analogon.OptionError) as error:
        planned(exemplar, **asked)
    sentence(error.value, named)


def test_a_model_is_not_told_how_to_fit(exemplar, copying, sentence):
    with pytest.raises(analogon.OptionError) as error:
        remove(analogon.fit(exemplar, "copying"), of=["ball"], shift=0)
    sentence(error.value, "--shift")


def test_a_seed_of_a_picture_and_the_picture_alone(exemplar, copying):
    mask = exemplar.labels.ids == BALL
    one, other = (remove(exemplar.image, mask=mask, method="copying", seed=seed) for seed in (0, 1))
    assert (one.image != other.image).any()
    assert one.job["removed"]["share"] == pytest.approx(mask.mean(), abs=1e-6)
