"""Random pictures of one kind judged together, and copies seen in pictures alone."""

import json

import numpy as np
import pytest
from scipy import ndimage as ndi

import analogon
from analogon.metrics import METRICS
from analogon.metrics.copying import copied

RNG = np.random.default_rng(3)


def texture(seed, shape=(48, 60)):
    noise = np.random.default_rng(seed).normal(size=(*shape, 3))
    smooth = ndi.gaussian_filter(noise, (2, 2, 0))
    return np.clip(0.5 + smooth * 0.15 / smooth.std(), 0, 1).astype(np.float32)


SOURCE = texture(0)


def test_pieces_of_the_source_are_copies_and_others_are_none():
    assert copied(SOURCE, SOURCE) == 1
    swapped = np.concatenate([SOURCE[:, 30:], SOURCE[:, :30]], 1)
    assert 0.5 < copied(swapped, SOURCE) < 1
    assert copied(texture(1), SOURCE) == 0
    half = SOURCE.copy()
    half[:, 30:] = texture(1)[:, 30:]
    assert 0.2 < copied(half, SOURCE) < 0.6


def test_rounding_is_no_difference_and_blur_is():
    assert copied(np.round(SOURCE * 255).astype(np.float32) / 255, SOURCE) == 1
    assert copied(ndi.gaussian_filter(SOURCE, (2, 2, 0)), SOURCE) < 0.1


def test_what_is_flat_does_not_count():
    flat = np.full((40, 40, 3), 0.5, np.float32)
    assert copied(flat, SOURCE) is None
    assert copied(SOURCE[:10], SOURCE) is None
    half = np.concatenate([flat, SOURCE[:40]], 1)
    assert copied(half, SOURCE) > 0.6


def test_copies_and_noise_are_told_apart_by_reading_all_figures():
    copies = analogon.assess(SOURCE, [SOURCE, SOURCE]).together
    others = analogon.assess(SOURCE, [texture(1), texture(2)]).together
    noise = [RNG.random(SOURCE.shape, np.float32) for _ in range(2)]
    noisy = analogon.assess(SOURCE, noise).together
    assert copies["copied@1"] == 1 and copies["diversity"] == 0 and copies["coherence@1"] < 0.2
    assert others["copied@1"] < 0.1 and others["diversity"] > 0.3
    assert noisy["diversity"] > 0.3 and noisy["coherence@1"] > 2 * others["coherence@1"]
    assert noisy["wasserstein"] > others["wasserstein"]


def test_what_is_not_usable_of_the_source_is_not_missed():
    usable = np.ones(SOURCE.shape[:2], bool)
    usable[:, 40:] = False
    image = SOURCE.copy()
    image[:, 40:] = RNG.random((48, 20, 3), np.float32)
    labels = analogon.load_exemplar(image).labels
    some, every = (
        analogon.assess(analogon.Exemplar(image, labels, part), [SOURCE[:, :40]]).together for part in (usable, None)
    )
    assert some["completeness@1"] < 1 < every["completeness@1"]


def test_an_assessment_is_saved_with_what_it_means(tmp_path, exemplar, copying):
    results = analogon.vary(exemplar.resize((30, 40)), 2, method="copying")
    assessment = analogon.assess(exemplar.resize((30, 40)), results)
    assert all(0 < one["used"] <= 1 for one in assessment.pictures)
    assessment.save(tmp_path / "report.json")
    told = json.loads((tmp_path / "report.json").read_text())
    assert set(told["meanings"]) == set(told["together"]) <= set(METRICS)
    assert len(told["pictures"]) == 2
    assert any("SIFID" in note for note in told["notes"])


def test_pictures_of_several_sizes_have_no_diversity(sentence):
    assessment = analogon.assess(SOURCE, [SOURCE, SOURCE[:44]])
    assert "diversity" not in assessment.together and any("several" in note for note in assessment.notes)
    with pytest.raises(analogon.InputError) as error:
        analogon.assess(SOURCE, [])
    sentence(error.value)
