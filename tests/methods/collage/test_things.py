"""Objects and limbs of known shapes."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from analogon.methods.collage import things as module
from analogon.methods.collage.things import LEAST_LIMB, MOST_LIMB, Thing, things_of

from .scenes import BEAST, SHAPE, bands, comb, cut_off, elbow, plain, squares, tiny


def only(ids: np.ndarray, seed: int = 0) -> Thing:
    (thing,) = things_of(ids, np.random.default_rng(seed))
    return thing


def test_an_object_is_its_pixels():
    thing = only(elbow())
    assert thing.class_ == BEAST
    assert (thing.mask == (elbow() == BEAST)).all()
    assert thing.box == (6, 22, 38, 47)
    assert thing.touches == (False,) * 4


@pytest.mark.parametrize("make", [elbow, comb])
@pytest.mark.parametrize("seed", range(3))
def test_limbs_hang_together_and_belong_to_their_object(make, seed):
    thing = only(make(), seed)
    assert thing.limbs
    for limb in thing.limbs:
        assert LEAST_LIMB <= limb.own.sum() <= MOST_LIMB * thing.mask.sum()
        assert not (limb.own & ~thing.mask).any()
        assert ndi.label(limb.own, np.ones((3, 3)))[1] == 1
        drawn = np.zeros_like(thing.mask)
        top, left, bottom, right = limb.box
        drawn[top:bottom, left:right] = limb.drawn
        assert not (limb.own & ~drawn).any() and not (drawn & ~thing.mask).any()
        # what lies about the joint hides the gap that a turn opens
        assert (drawn & ~limb.own).any()
        rows, cols = np.nonzero(drawn)
        assert limb.box == (rows.min(), cols.min(), rows.max() + 1, cols.max() + 1)


@pytest.mark.parametrize("seed", range(3))
def test_both_arms_of_an_elbow_are_limbs(seed):
    """Each with its joint towards the other and its way out away from it."""
    limbs = only(elbow(), seed).limbs
    upright = [limb for limb in limbs if limb.own[6, 26] and not limb.own[33:, :].any()]
    foot = [limb for limb in limbs if limb.own[34, 46] and not limb.own[:28, :].any()]
    assert upright and foot
    assert not any(limb.own[6, 26] and limb.own[34, 46] for limb in limbs)
    for limb in upright:
        rows = np.nonzero(limb.own)[0]
        assert limb.out[0] < 0
        assert limb.joint[0] > rows.mean() and abs(limb.joint[1] - 26) < 4
    for limb in foot:
        assert limb.out[1] > 0
        assert limb.joint[1] < np.nonzero(limb.own)[1].mean()
    # of the longest ones that is the way that they lead
    assert max(upright, key=lambda limb: limb.own.sum()).out[0] < -0.95
    assert max(foot, key=lambda limb: limb.own.sum()).out[1] > 0.9
    for limb in limbs:
        assert np.linalg.norm(limb.out) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_every_tooth_of_a_comb_is_a_limb(seed):
    limbs = only(comb(), seed).limbs
    tips = [(9, col + 3) for col in (5, 21, 37, 53)]
    for tip in tips:
        alone = [limb for limb in limbs if limb.own[tip] and sum(limb.own[other] for other in tips) == 1]
        assert alone
        longest = max(alone, key=lambda limb: limb.own.sum())
        # most of the tooth, and its joint at the bar
        assert longest.own[:32].sum() > 0.6 * 24 * 6
        assert longest.joint[0] > 16


def test_the_same_draws_find_the_same_limbs_and_others_others():
    same, again, other = (only(comb(), seed).limbs for seed in (0, 0, 1))
    assert len(same) == len(again)
    assert all((a.own == b.own).all() and (a.joint == b.joint).all() for a, b in zip(same, again, strict=True))
    assert len(same) != len(other) or any((a.own != b.own).any() for a, b in zip(same, other, strict=True))


def test_objects_that_touch_the_frame():
    found = things_of(cut_off(), np.random.default_rng(0))
    assert {(thing.class_, thing.box, thing.touches) for thing in found} == {
        (1, (30, 20, 48, 36), (False, False, True, False)),
        (1, (5, 0, 16, 12), (False, True, False, False)),
        (2, (0, 46, 14, 64), (True, False, False, True)),
    }


def test_what_is_no_object():
    """The ground, what is as long as the frame, and specks."""
    assert not things_of(plain(), np.random.default_rng(0))
    assert not things_of(bands(), np.random.default_rng(0))
    ids = np.zeros(SHAPE, np.uint16)
    ids[40:] = 1
    assert not things_of(ids, np.random.default_rng(0))
    ids = np.zeros(SHAPE, np.uint16)
    ids[10:12, 10:13] = 1
    assert ids.mean() < module.SMALLEST
    assert not things_of(ids, np.random.default_rng(0))


def test_small_maps_and_many_classes():
    blot = only(tiny())
    assert blot.box == (5, 4, 11, 12)
    found = things_of(squares(), np.random.default_rng(0))
    assert [thing.class_ for thing in found] == list(range(25))
    assert sum(int(thing.mask.sum()) for thing in found) == SHAPE[0] * SHAPE[1]
    assert sum(not any(thing.touches) for thing in found) == 9


def test_parts_of_one_class_are_objects_of_their_own():
    ids = elbow(col=4) | elbow(col=36)
    assert [thing.box for thing in things_of(ids, np.random.default_rng(0))] == [(6, 4, 38, 29), (6, 36, 38, 61)]
