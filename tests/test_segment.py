import numpy as np
import pytest

from analogon import first_labels
from analogon.data.color import color_distances
from analogon.errors import OptionError


def textured(levels, seed=0):
    """Levels (h, w, 3) in 0 to 1, with a little noise."""
    noise = np.random.default_rng(seed).normal(0, 0.015, levels.shape)
    return np.clip(levels + noise, 0, 1).astype(np.float32)


def scene(height=96, width=128):
    """A sky with a smooth gradient, ground, a sun, and one tree twice; and the true class of each pixel."""
    rows, columns = np.mgrid[0:height, 0:width] / height
    truth = np.where(rows < 0.6, 0, 1)
    sun = (rows - 0.2) ** 2 + (columns - 0.3) ** 2 < 0.11**2
    trees = (rows > 0.3) & (rows < 0.8) & ((abs(columns - 0.75) < 0.06) | (abs(columns - 1.15) < 0.06))
    truth = np.where(sun, 2, truth)
    truth = np.where(trees, 3, truth)
    colors = np.array([[0.45, 0.65, 0.95], [0.55, 0.45, 0.25], [0.98, 0.9, 0.4], [0.1, 0.35, 0.12]])
    levels = colors[truth]
    levels = np.where((truth == 0)[..., None], levels * (0.75 + 0.4 * rows[..., None]), levels)
    return textured(levels), truth


def agreement(labels, truth):
    """Share of pixels whose class is the one that most of the pixels of their region have."""
    return sum(np.bincount(truth[labels.ids == i]).max() for i in labels.present()) / truth.size


def test_the_parts_of_a_scene_are_found():
    image, truth = scene()
    labels = first_labels(image, 4)
    assert labels.shape == truth.shape
    assert agreement(labels, truth) > 0.96
    for true_class in range(4):
        region = np.bincount(labels.ids[truth == true_class]).argmax()
        assert (labels.ids[truth == true_class] == region).mean() > 0.9
    # One class for both trees, which do not touch; and one for the whole sky in spite of its gradient.
    assert len({np.bincount(labels.ids[truth == i]).argmax() for i in range(4)}) == 4


def test_classes_are_numbered_by_size_and_named():
    labels = first_labels(scene()[0], 4)
    assert labels.palette.ids == tuple(range(1, len(labels.palette) + 1))
    assert labels.palette.names == tuple(f"region {i}" for i in labels.palette.ids)
    shares = [labels.share(i) for i in labels.palette.ids]
    assert shares == sorted(shares, reverse=True)
    assert min(shares) > 0


@pytest.mark.parametrize("classes", [2, 3, 6, 20])
def test_never_more_classes_than_asked_for(classes):
    labels = first_labels(scene()[0], classes)
    assert 2 <= len(labels.palette) <= classes


def test_more_classes_give_a_finer_map():
    image, _ = scene()
    assert len(first_labels(image, 8).palette) > len(first_labels(image, 3).palette)


def test_an_even_picture_is_one_class():
    labels = first_labels(np.full((40, 50, 3), 0.4, np.float32), 6)
    assert len(labels.palette) == 1


def test_the_same_picture_gives_the_same_map():
    image, _ = scene()
    first, second = first_labels(image, 6), first_labels(image.copy(), 6)
    assert (first.ids == second.ids).all()
    assert first.palette == second.palette


def test_colors_are_easy_to_tell_apart():
    labels = first_labels(textured(np.random.default_rng(1).random((12, 12, 3)).repeat(12, 0).repeat(12, 1)), 20)
    distances = color_distances(labels.palette.colors, labels.palette.colors)
    assert len(labels.palette) == 20
    assert distances[~np.eye(20, dtype=bool)].min() > 0.1


def test_outlines_of_a_large_picture_follow_the_object():
    rows, columns = np.mgrid[0:900, 0:1400]
    disc = (rows - 450) ** 2 + (columns - 600) ** 2 < 250**2
    image = np.where(disc[..., None], [0.9, 0.3, 0.2], [0.2, 0.3, 0.5]).astype(np.float32)
    labels = first_labels(image, 2)
    assert labels.shape == (900, 1400)
    assert agreement(labels, disc.astype(int)) > 0.998


@pytest.mark.parametrize("shape", [(16, 16), (16, 40), (200, 17)])
def test_odd_sizes(shape):
    image = np.random.default_rng(0).random((*shape, 3)).astype(np.float32)
    assert first_labels(image, 5).shape == shape


def test_specks_are_left_out():
    image, _ = scene()
    image[5, 5] = image[6, 5] = [1.0, 0.0, 1.0]
    assert first_labels(image, 8).ids[5, 5] == first_labels(image, 8).ids[20, 5]


@pytest.mark.parametrize("classes", [0, 1, 65])
def test_a_number_of_classes_out_of_range(classes):
    with pytest.raises(OptionError, match=f"2 to 64 classes, not {classes}"):
        first_labels(scene()[0], classes)
