"""Exemplars with masks, guides and wishes; plain exemplars and targets are in test_api.py."""

import numpy as np
import pytest
from PIL import Image

import analogon
from analogon import Guide, InputError, LabelError, LabelMap, OptionError
from analogon.loading import load_wishes

RNG = np.random.default_rng(0)


@pytest.fixture
def mask(exemplar):
    mask = np.ones(exemplar.shape, bool)
    mask[:9, :11] = False
    return mask


def test_an_exemplar_takes_a_mask_from_anything(exemplar, mask, tmp_path, sentence):
    picture = Image.fromarray(mask)
    picture.save(tmp_path / "mask.png")
    for given in (mask, picture, tmp_path / "mask.png", mask * 255.0 / 255):
        made = analogon.load_exemplar(exemplar.image, exemplar.labels, given)
        assert (made.usable == mask).all()
    with pytest.raises(LabelError, match="32x24 and its mask 31x24") as error:
        analogon.load_exemplar(exemplar.image, exemplar.labels, mask[:, :-1])
    sentence(error.value)
    with pytest.raises(InputError, match="no pixel to use"):
        analogon.load_exemplar(exemplar.image, exemplar.labels, np.zeros_like(mask))


def test_a_target_with_the_palette_of_the_exemplar_is_taken_as_it_is(exemplar, target):
    assert analogon.load_target(exemplar, target) is target
    other = LabelMap(target.ids, analogon.Palette(tuple(reversed(target.palette.classes))))
    assert analogon.load_target(exemplar, other).palette == exemplar.labels.palette


def test_guides_come_from_pictures(tmp_path):
    grey = RNG.integers(0, 256, (2, 20, 30)).astype(np.uint8)
    color = RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8)
    Image.fromarray(grey[0]).save(tmp_path / "edges.png")
    guide = analogon.load_guide(grey[1], tmp_path / "edges.png", 0.5)
    assert (guide.name, guide.weight) == ("edges.png", 0.5)
    assert (guide.source == grey[1] / np.float32(255)).all() and (guide.target == grey[0] / np.float32(255)).all()
    mixed = analogon.load_guide(color, grey[0], name="mixed")
    assert mixed.name == "mixed"
    assert mixed.source.shape == mixed.target.shape == (20, 30, 3)


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_guide_has_the_sizes_of_source_and_target(exemplar, make_target, side, sentence):
    target = make_target((30, 40))
    sizes = {"source": (24, 32), "target": (30, 40)}
    fitting = Guide("edges", *(np.zeros(size) for size in sizes.values()))
    assert load_wishes(exemplar, target, guides=[fitting]).guides == (fitting,)
    sizes[side] = (25, 32)
    with pytest.raises(InputError) as error:
        load_wishes(exemplar, target, guides=[Guide("edges", *(np.zeros(size) for size in sizes.values()))])
    sentence(error.value, "'edges'", f"The {side}", "32x25", "32x24" if side == "source" else "40x30")


def test_what_to_keep_is_a_word_or_a_mask(exemplar, target, mask, tmp_path):
    Image.fromarray(mask).save(tmp_path / "keep.png")
    assert load_wishes(exemplar, target).keep == "auto"
    assert load_wishes(exemplar, target, keep="none").keep == "none"
    for given in (mask, tmp_path / "keep.png", str(tmp_path / "keep.png")):
        assert (load_wishes(exemplar, target, keep=given).keep == mask).all()


def test_masks_that_cannot_be_kept(exemplar, target, make_target, mask, tmp_path, sentence):
    masked = analogon.load_exemplar(exemplar.image, exemplar.labels, mask)
    load_wishes(masked, target, keep=mask)
    for source, wanted, keep, kind, words in (
        (exemplar, target, mask[1:], InputError, ["--keep", "32x23", "32x24"]),
        (exemplar, target, tmp_path / "missing.png", InputError, [tmp_path / "missing.png"]),
        (exemplar, make_target((25, 32)), np.ones((25, 32), bool), OptionError, ["--keep", "32x25", "32x24"]),
        (masked, target, ~mask, OptionError, ["--keep", "--mask"]),
    ):
        with pytest.raises(kind) as error:
            load_wishes(source, wanted, keep=keep)
        sentence(error.value, *words)


def test_of_several_pictures_the_first_is_kept(exemplar, target, make_exemplar, mask):
    joined = analogon.Exemplar.join([exemplar, make_exemplar((40, 30))])
    assert (load_wishes(joined, target, keep=mask).keep == mask).all()


def test_places_are_whole_numbers_of_the_targets_size_within_the_source(exemplar, target, mask, tmp_path, sentence):
    given = np.full((*target.shape, 2), -1)
    assert load_wishes(exemplar, target, places=given).places is None  # nothing is asked for
    given[3, 4], given[5, 6] = (20, 30), (-1, 7)
    np.save(tmp_path / "places.npy", given)
    for one in (given, tmp_path / "places.npy", str(tmp_path / "places.npy")):
        read = load_wishes(exemplar, target, places=one).places
        assert read.dtype == np.int32 and (read >= 0).sum() == 2 and read[3, 4].tolist() == [20, 30]
    outside = given.copy()
    outside[3, 4] = 24, 30
    masked = analogon.load_exemplar(exemplar.image, exemplar.labels, mask)
    left_out = given.copy()
    left_out[3, 4] = np.argwhere(~mask)[0]
    for source, wrong, kind, words in (
        (exemplar, given.astype(float), InputError, ["--places", "float64"]),
        (exemplar, given[1:], InputError, ["--places", "(23, 32, 2)"]),
        (exemplar, outside, InputError, ["--places", "32x24"]),
        (exemplar, tmp_path / "missing.npy", InputError, [tmp_path / "missing.npy"]),
        (masked, left_out, OptionError, ["--places", "--mask"]),
    ):
        with pytest.raises(kind) as error:
            load_wishes(source, target, places=wrong)
        sentence(error.value, *words)
