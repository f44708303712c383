import numpy as np

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.tone import TONE_SIDE, carried, class_tones, tone_shift
from analogon.transport import transport

PALETTE = Palette((LabelClass(0, "sky", (0, 0, 255)), LabelClass(1, "tower", (255, 0, 0))))


def evening(shape=(60, 90), tower=(20, 30, 40, 12)):
    """A sky that brightens from left to right, and a dark tower."""
    ids = np.zeros(shape, np.int64)
    top, left, height, width = tower
    ids[top : top + height, left : left + width] = 1
    sky = np.broadcast_to(np.linspace(0.2, 0.9, shape[1])[None, :, None], (*shape, 3))
    image = np.where((ids == 1)[..., None], 0.05, sky)
    return Exemplar(image.astype(np.float32), LabelMap(ids, PALETTE)), sky


def test_tones_follow_the_class_and_bridge_its_holes():
    exemplar, sky = evening()
    tones = class_tones(exemplar)
    assert tones.shape == (2, 60, 90, 3)
    # away from the frame, where the average is one-sided
    assert np.abs(tones[0] - sky)[:, 8:-8].max() < 0.05
    assert np.allclose(tones[1], 0.05, atol=1e-3)


def test_a_filled_hole_takes_the_tone_of_its_place():
    exemplar, sky = evening()
    target = LabelMap(np.zeros(exemplar.shape, np.int64), PALETTE)
    way = transport(exemplar.labels, target)
    rows, cols = np.rint(way.field).astype(int).transpose(2, 0, 1)
    plain = exemplar.image[rows, cols]
    shifted = plain + tone_shift(class_tones(exemplar), exemplar, way, target.indices())
    hole = exemplar.labels.ids == 1
    before, after = np.abs(plain - sky)[hole].mean(), np.abs(shifted - sky)[hole].mean()
    assert before > 0.09
    assert after < 0.25 * before


def test_what_stayed_or_moved_is_left_alone():
    exemplar, _ = evening()
    target = evening(tower=(20, 60, 40, 12))[0].labels
    way = transport(exemplar.labels, target)
    shift = tone_shift(class_tones(exemplar), exemplar, way, target.indices())
    assert not shift[~way.filled].any()
    assert way.filled.any() and (target.ids == 1).any() and not shift[target.ids == 1].any()


def test_large_pictures_have_small_tones():
    exemplar, _ = evening(shape=(40, 2 * TONE_SIDE), tower=(10, 30, 30, 12))
    assert max(class_tones(exemplar).shape[1:3]) == TONE_SIDE


def test_a_class_without_pixels_has_no_tone():
    ids = np.zeros((16, 16), np.int64)
    exemplar = Exemplar(np.full((16, 16, 3), 0.5, np.float32), LabelMap(ids, PALETTE))
    tones = class_tones(exemplar)
    assert np.allclose(tones[0], 0.5) and not tones[1].any()


def test_an_equal_layout_carries_the_picture_as_it_is():
    exemplar, _ = evening()
    edit = carried(exemplar, exemplar.labels)
    assert np.abs(edit.image - exemplar.image).max() < 1e-6
    assert not edit.torn.any()


def test_a_carried_picture_has_the_moved_object_and_knows_where_it_is_torn():
    exemplar, sky = evening()
    target = evening(tower=(20, 60, 40, 12))[0].labels
    edit = carried(exemplar, target)
    assert edit.image.dtype == np.float32 and edit.image.shape == (60, 90, 3)
    hole, tower = exemplar.labels.ids == 1, target.ids == 1
    assert np.allclose(edit.image[tower], 0.05, atol=1e-5)
    assert np.abs(edit.image - sky)[hole].mean() < 0.03  # in the tone of its place
    assert edit.torn[hole].all() and not edit.torn[:, :20].any()
    rows, columns = np.moveaxis(np.floor(edit.field + 0.5).astype(int), -1, 0)
    assert (exemplar.labels.ids[rows, columns] == target.ids).all()
    taken = exemplar.image[rows, columns] + edit.shift
    assert np.abs(edit.image - np.clip(taken, 0, 1))[hole].max() < 1e-5
    assert np.abs(edit.shift[hole]).max() > 0.01 and not edit.shift[tower].any()
