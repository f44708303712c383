import math

import numpy as np
import pytest
from scipy import ndimage

from analogon import InputError, LabelClass, LabelMap, Palette
from analogon.metrics.truth import LIGHT, TRUTH, TRUTH_CLASSES, against_truth, colour_errors, texture_errors

SHAPE = (60, 80)
PALETTE = Palette(
    (LabelClass(4, "sky", (0, 0, 255)), LabelClass(2, "wood", (90, 50, 0)), LabelClass(9, "sea", (0, 90, 90)))
)


@pytest.fixture
def target():
    ids = np.full(SHAPE, 4)
    ids[20:] = 2
    return LabelMap(ids, PALETTE)


@pytest.fixture
def truth():
    """Even sky above grained wood."""
    image = np.full((*SHAPE, 3), 0.5, np.float32)
    image[20:] += np.random.default_rng(0).normal(0, 0.1, (40, 80, 1))
    return image.clip(0, 1)


def test_the_true_picture_is_perfect(truth, target):
    scores = against_truth(truth, truth, target)
    assert scores.figures == {"true_psnr": math.inf, "true_ssim": pytest.approx(1), "true_colour": 0, "true_texture": 0}
    assert scores.classes == {name: {"true_colour": 0, "true_texture": 0} for name in ("sky", "wood")}
    assert scores.notes == ()
    assert set(scores.figures) == set(TRUTH) and set(scores.classes["sky"]) == set(TRUTH_CLASSES)


def test_a_shift_of_one_channel_of_one_class(truth, target):
    """20 levels of green: 20 / sqrt(3) for the class, a third of that by area; texture does not see it."""
    image = truth.copy()
    image[:20, :, 1] += 20 / 255
    scores = against_truth(image, truth, target)
    assert scores.classes["sky"]["true_colour"] == pytest.approx(20 / math.sqrt(3), rel=1e-4)
    assert scores.classes["wood"]["true_colour"] == 0
    assert scores.figures["true_colour"] == pytest.approx(20 / math.sqrt(3) / 3, rel=1e-4)
    assert scores.figures["true_texture"] == pytest.approx(0, abs=1e-4)
    assert scores.figures["true_psnr"] == pytest.approx(-10 * math.log10((20 / 255) ** 2 / 9), rel=1e-4)


def test_a_ramp_answers_with_its_slope():
    """n levels a pixel from left to right: no answer along rows, n times the first moment of the other filters."""
    whole = LabelMap(np.full(SHAPE, 4), PALETTE)
    even = np.zeros((*SHAPE, 3), np.float32)
    squares = 0.0
    for width in (0.5, 1, 2, 4):
        x = np.arange(-round(2 * width), round(2 * width) + 1)
        bell = np.exp(-(x**2) / (2 * width**2))
        across = 2 * (x**2 * bell)[x > 0].sum() / (x * bell)[x > 0].sum()
        sides = np.add.outer(x, x) * np.multiply.outer(bell, bell)
        diagonal = (x**2 * bell).sum() * bell.sum() / sides[sides > 0].sum()
        squares += across**2 + 2 * diagonal**2
    for slope in (1, 2):
        ramp = np.zeros_like(even)
        ramp[:] = (slope * np.arange(80) / 255)[None, :, None]
        wide = np.pad(ramp, ((20, 20), (20, 20), (0, 0)), mode="reflect", reflect_type="odd")
        inner = LabelMap(np.pad(whole.ids, 20, constant_values=2), PALETTE)
        error = texture_errors(wide, np.zeros_like(wide), inner)[4]
        assert error == pytest.approx(slope * math.sqrt(squares / 16) * sum(LIGHT), rel=1e-4)


def test_a_step_answers_with_its_height():
    """Along the step's normal; the largest answer of each width is the height, straight or diagonal."""
    from analogon.metrics.truth import _answers

    rows, columns = np.mgrid[:41, :41]
    for direction, step in enumerate((rows > 20, columns > 20, rows + columns > 40, rows - columns > 0)):
        for width in (0.5, 1.0, 2.0, 4.0):
            answers = np.abs(_answers(100.0 * step, width))[:, 10:31, 10:31]
            assert answers[direction].max() == pytest.approx(100)
            assert answers.max() == pytest.approx(100)


def test_what_texture_sees_and_what_not(truth, target):
    wood = lambda image: texture_errors(image, truth, target)[2]  # noqa: E731
    moved = truth.copy()
    moved[20:] = np.roll(truth[20:], 33, axis=1)
    assert wood(moved) < 1
    blurs = [wood(np.concatenate([truth[:20], ndimage.gaussian_filter(truth[20:], (s, s, 0))])) for s in (0.5, 1, 2)]
    grains = [wood(truth + np.random.default_rng(1).normal(0, s, (60, 80, 1))) for s in (0.05, 0.1, 0.2)]
    for worse in (blurs, grains):
        assert 1 < worse[0] < worse[1] < worse[2]
    stripes = np.repeat((0.5 + 0.2 * np.sin(np.arange(80)))[None, :, None], 60, 0).repeat(3, 2).astype(np.float32)
    turned = np.repeat((0.5 + 0.2 * np.sin(np.arange(60)))[:, None, None], 80, 1).repeat(3, 2).astype(np.float32)
    assert texture_errors(stripes, turned, target)[2] > 10  # as much energy, in another direction
    assert texture_errors(stripes, turned, target) == pytest.approx(texture_errors(turned, stripes, target))


def test_outlines_are_no_texture(target):
    """Another colour of one class changes the outline between both; a class too thin for filters is taken whole."""
    flat = np.full((*SHAPE, 3), 0.3, np.float32)
    other = flat.copy()
    other[:20] = 0.9
    assert texture_errors(other, flat, target) == pytest.approx({4: 0, 2: 0}, abs=1e-6)
    ids = np.array(target.ids)
    ids[40, 10:30] = 9
    thin = LabelMap(ids, PALETTE)
    line = flat.copy()
    line[40, 10:30] = 0.9
    errors = texture_errors(line, flat, thin)
    assert errors[9] > 5 and errors[2] == errors[4] == pytest.approx(0, abs=1e-6)


def test_damage_moves_every_figure_the_right_way(truth, target):
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 1, truth.shape)
    tint = np.array([0.1, -0.05, 0.0])
    for name, damage in (
        ("noise", lambda k: truth + 0.05 * k * noise),
        ("blur", lambda k: ndimage.gaussian_filter(truth, (k, k, 0))),
        ("tint", lambda k: truth + k * tint),
    ):
        figures = [against_truth(damage(k).clip(0, 1).astype(np.float32), truth, target).figures for k in (0, 1, 2)]
        for figure, metric in TRUTH.items():
            values = [metric.badness(f[figure]) for f in figures]
            if (figure, name) not in (("true_colour", "noise"), ("true_colour", "blur"), ("true_texture", "tint")):
                assert values[0] < values[1] < values[2], (figure, name)


def test_colour_is_the_mean_of_a_class_wherever_it_is(truth, target):
    moved = truth.copy()
    moved[20:] = truth[20:][:, ::-1]
    assert colour_errors(moved, truth, target) == pytest.approx({4: 0, 2: 0}, abs=1e-4)
    assert 0 < colour_errors(truth + 0.1 * (target.ids == 2)[..., None], truth, target)[2] < 255


def test_pictures_too_small_and_of_other_sizes(truth, target, sentence):
    small = LabelMap(np.full((5, 6), 4), PALETTE)
    scores = against_truth(truth[:5, :6], truth[:5, :6], small)
    assert scores.figures["true_ssim"] is None
    sentence(scores.notes[0], "SSIM")
    for image, other in ((truth[1:], truth), (truth, truth[:, 1:]), (truth[..., 0], truth)):
        with pytest.raises(InputError) as error:
            against_truth(image, other, target)
        sentence(error.value, "(60, 80)")
    for wrong in (np.rint(truth * 255).astype(np.uint8), truth * 2):
        with pytest.raises(InputError):
            against_truth(truth, wrong, target)
