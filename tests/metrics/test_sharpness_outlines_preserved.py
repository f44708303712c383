import math

import numpy as np
import pytest

from analogon import Exemplar, LabelMap
from analogon.metrics import outlines, preserved
from analogon.metrics.sharpness import detail, sharpness

from .conftest import PALETTE, SHAPE, noisy, soft, texture

ONE_CLASS = LabelMap(np.zeros(SHAPE, np.int64), PALETTE)


def compared(image: np.ndarray, target: LabelMap, source: Exemplar):
    return sharpness(detail(Exemplar(image, target)), detail(source))


def test_sharpness_of_the_same_of_blur_and_of_noise(scene):
    figure, classes = compared(scene.right, scene.target, scene.exemplar)
    assert figure == pytest.approx(1, abs=0.05) and classes.keys() == {0, 3, 7}
    assert compared(soft(scene.right), scene.target, scene.exemplar)[0] < 0.6
    assert compared(noisy(scene.right), scene.target, scene.exemplar)[0] > 1.5


def test_sharpness_is_the_ratio_of_fine_detail_and_a_level():
    image = np.clip(texture(SHAPE, 1, 0.7, (0.5,) * 3, 0.08), 0, 1).astype(np.float32)
    source = Exemplar(image, ONE_CLASS)
    ((mean, pixels),) = detail(source).values()
    assert pixels == SHAPE[0] * SHAPE[1] and mean > 4
    figure, classes = compared(0.5 + (image - 0.5) / 2, ONE_CLASS, source)
    assert figure == pytest.approx((mean / 2 + 1) / (mean + 1), rel=1e-3)
    assert classes == {0: pytest.approx(figure)}


def test_classes_count_by_area_and_outlines_do_not(scene):
    assert sharpness({0: (3, 300), 7: (1, 100)}, {0: (1, 9), 7: (3, 9)})[0] == pytest.approx((2**3 / 2) ** (1 / 4))
    assert sharpness({0: (3.0, 300)}, {7: (3.0, 300)}) == (None, {})
    steps = Exemplar(np.where(scene.target.ids[..., None] == 7, 0.9, 0.1).repeat(3, 2).astype(np.float32), scene.target)
    assert all(mean < 0.1 for mean, _ in detail(steps).values())


def test_detail_leaves_out_what_is_not_usable_and_what_is_too_small(scene):
    usable = scene.exemplar.labels.ids != 7
    masked = Exemplar(scene.exemplar.image, scene.exemplar.labels, usable)
    assert detail(masked).keys() == {0, 3}
    image, half = np.full((*SHAPE, 3), 0.5, np.float32), np.ones(SHAPE, bool)
    image[:, 60:], half[:, 60:] = noisy(image[:, 60:], 0.3), False
    assert detail(Exemplar(image, ONE_CLASS, half))[0][0] < 0.01  # nor does what is beside it count
    dots = np.zeros(SHAPE, np.int64)
    dots[::9, ::9] = 7
    assert detail(Exemplar(scene.right, LabelMap(dots, PALETTE))).keys() == {0}


def test_ghosts(scene):
    ids, target = scene.exemplar.labels.ids, scene.target.ids
    clean = outlines.ghost(scene.right, ids, target)
    assert clean == pytest.approx(1, abs=0.15)
    assert outlines.ghost(scene.exemplar.image, ids, target) > 2
    drawn = scene.right.copy()
    rim = outlines._outline(np.where(ids == 7, 1, 0))
    values = []
    for strength in (0.05, 0.1, 0.2):
        drawn[rim] = np.clip(scene.right[rim] + strength, 0, 1)
        values.append(outlines.ghost(drawn, ids, target))
    assert clean + 0.1 < values[0] < values[1] < values[2]
    assert outlines.ghost(soft(drawn, 1.0), ids, target) > 1.3  # a soft one is one too


def test_a_ghost_that_is_only_colour_shows(scene):
    ids, target = scene.exemplar.labels.ids, scene.target.ids
    drawn = scene.right.copy()
    drawn[outlines._outline(np.where(ids == 7, 1, 0))] += np.array([0.2, -0.2, 0], np.float32)
    assert outlines.ghost(np.clip(drawn, 0, 1), ids, target) > 1.3


def test_rows_beside_an_old_outline_do_not_hide_it():
    """Strong lines that run across the outline; the edge itself is weaker than they are."""
    rows, columns = np.mgrid[0:90, 0:120]
    source, target = np.where(columns < 60, 0, 7), np.zeros((90, 120), int)
    lines = 0.5 + 0.2 * np.sin(rows * 0.9)
    image = np.repeat(lines[..., None], 3, 2).astype(np.float32)
    assert outlines.ghost(image, source, target) == pytest.approx(1, abs=0.05)
    image[:, 60:] += 0.08
    assert outlines.ghost(image, source, target) > 2


@pytest.mark.parametrize("turns", range(4))
def test_a_layout_without_any_outline(turns):
    """Wherever the old outline is, also in the corner where row and column are 0."""
    source, even = np.zeros((40, 40), int), np.zeros((40, 40), int)
    source[:8] = 7
    source[:, :8] = 7
    image = np.where(source[..., None] == 7, 0.7, 0.4).repeat(3, 2).astype(np.float32)
    image[4:12, 4:12] = 0.4  # nothing is left over in the corner
    value = outlines.ghost(np.rot90(image, turns), np.rot90(source, turns), even)
    assert value == pytest.approx(outlines.ghost(image[::-1, ::-1], source[::-1, ::-1], even), rel=1e-3) and value > 2


def test_only_what_is_gone_is_compared_with_what_is_beside_it():
    """Two old outlines, of which the layout keeps one; what lies about that one does not matter."""
    columns = np.mgrid[0:60, 0:160][1]
    source, target = np.where((columns < 40) | (columns >= 120), 7, 0), np.where(columns < 120, 0, 7)
    image = np.where(columns < 40, 0.4, 0.45)[..., None].repeat(3, 2).astype(np.float32)
    alone = outlines.ghost(image, source, target)
    image[:, 100:] = noisy(image[:, 100:])
    assert outlines.ghost(image, source, target) == pytest.approx(alone) and alone > 2


def test_outlines_near_those_of_the_layout_are_none_that_are_left_over(scene):
    columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]][1]
    source = np.where(columns < 60, 0, 7)
    assert outlines.ghost(scene.right, source, np.where(columns < 64, 0, 7)) is None
    assert outlines.ghost(scene.right, source, np.where(columns < 70, 0, 7)) is not None


def test_nothing_is_left_over_where_no_outline_is_gone(scene):
    assert outlines.ghost(scene.right, scene.target.ids, scene.target.ids) is None
    even = np.zeros(SHAPE, np.int64)
    assert outlines.ghost(scene.right, even, scene.target.ids) is None


def test_what_lies_away_from_every_change():
    source = np.zeros((100, 100), int)
    target = source.copy()
    assert preserved.unchanged(source, target).all()
    target[40:60, 10:20] = 1
    where = preserved.unchanged(source, target)
    assert not where[50, 2:28].any() and where[50, 29:].all()
    target[40:60] = 1
    target[:, 90] = 3
    assert preserved.unchanged(source, target)[0, 85:].all()  # a line of one pixel is no change
    target[20:80] = 1
    assert preserved.unchanged(source, target).sum() == 2 * 12 * 100
    target[9:91] = 1
    assert preserved.unchanged(source, target).sum() == 200
    target[9] = target[8] = target[91] = 1
    assert preserved.unchanged(source, target) is None


def test_what_was_kept(scene):
    source = scene.exemplar.image * np.float32(0.8)
    where = np.zeros(SHAPE, bool)
    where[:40] = True
    assert preserved.psnr(source, source, where) == math.inf and preserved.ssim(source, source, where) == 1
    assert preserved.psnr(source + np.float32(0.1), source, where) == pytest.approx(20, abs=1e-3)
    elsewhere = source.copy()
    elsewhere[50:] = 0
    assert preserved.psnr(elsewhere, source, where) == math.inf and preserved.ssim(elsewhere, source, where) == 1
    values = [preserved.ssim(damage, source, where) for damage in (noisy(source, 0.02), noisy(source), 1 - source)]
    assert 1 > values[0] > values[1] > values[2]
    assert preserved.psnr(noisy(source, 0.02), source, where) > preserved.psnr(noisy(source), source, where) > 15
    assert preserved.ssim(source[:6], source[:6], where[:6]) is None
