import numpy as np
import pytest
from scipy import stats

from analogon import Exemplar, LabelMap
from analogon.metrics import wasserstein as module
from analogon.metrics.patches import Basis, Patches, coherence, completeness, weighted
from analogon.metrics.wasserstein import directions, projections, wasserstein

from .conftest import PALETTE, noisy, soft, texture

ALONG = directions(0)


def distance(result: Exemplar, source: Exemplar) -> dict[int, float]:
    return wasserstein(*(projections(Patches.of(each), ALONG) for each in (result, source)))


def test_directions_have_one_length_and_come_from_the_seed():
    assert np.allclose(np.linalg.norm(ALONG, axis=0), 1, atol=1e-6)
    assert (directions(0) == ALONG).all() and not np.allclose(directions(1), ALONG)


def test_flat_pictures(flat):
    assert distance(flat(0.5), flat(0.2)) == {
        0: pytest.approx(0.3 * 255 * float(np.abs(ALONG.sum(0)).mean()), rel=1e-4)
    }


def test_one_direction_is_scipys_distance(scene):
    ours, theirs = (
        projections(Patches.of(each), ALONG) for each in (Exemplar(soft(scene.right), scene.target), scene.exemplar)
    )
    for number, distances in wasserstein(ours, theirs).items():
        true = [stats.wasserstein_distance(a, b) for a, b in zip(ours[number], theirs[number], strict=True)]
        assert distances == pytest.approx(255 * np.mean(true), rel=0.01)


def test_unequal_numbers_of_patches():
    ours, theirs = np.array([[1.0, 2.0]], np.float32), np.array([[1, 1, 1, 2, 2, 5]], np.float32)
    assert wasserstein({4: ours}, {4: theirs, 5: ours})[4] == pytest.approx(255 * 3 / 6)
    assert wasserstein({4: theirs}, {4: ours}).keys() == {4}


def test_a_copy_and_what_is_rearranged(scene):
    assert distance(scene.exemplar, scene.exemplar) == {0: 0, 3: 0, 7: 0}
    moved = distance(Exemplar(scene.right, scene.target), scene.exemplar)
    for damage in (soft, noisy):
        damaged = distance(Exemplar(damage(scene.right), scene.target), scene.exemplar)
        assert all(damaged[number] > 2 * moved[number] for number in moved)


def test_it_sees_repetition_that_coherence_and_completeness_do_not():
    """Two textures, half and half; the result has all of one and a strip of the other again and again."""
    shape = (60, 120)
    left, right = texture(shape, 1, 1.0, (0.3, 0.3, 0.3), 0.05), texture(shape, 2, 1.0, (0.7, 0.6, 0.6), 0.05)
    labels = LabelMap(np.zeros(shape, np.int64), PALETTE)
    both = np.concatenate([left[:, :60], right[:, :60]], 1)
    tiled = np.concatenate([both[:, :12], *[both[:, 60:]] * 2], 1)[:, :120]
    tiled = np.concatenate([both, both[:, 60:], both[:, 60:]], 1)
    source = Exemplar(both.astype(np.float32), labels)
    result = Exemplar(tiled.astype(np.float32), LabelMap(np.zeros(tiled.shape[:2], np.int64), PALETTE))
    own, ours = Patches.of(source), Patches.of(result)
    basis = Basis.of(own, 0)
    assert weighted(coherence(ours, own, basis)) < 2 and weighted(completeness(ours, own, basis)) == 0
    assert distance(result, source)[0] > 10


def test_many_patches_are_thinned_out(scene, monkeypatch):
    full = distance(Exemplar(soft(scene.right), scene.target), scene.exemplar)
    monkeypatch.setattr(module, "MOST", 500)
    some = projections(Patches.of(scene.exemplar), ALONG)
    assert all(250 < lines.shape[1] <= 500 for lines in some.values())
    for number, value in distance(Exemplar(soft(scene.right), scene.target), scene.exemplar).items():
        assert value == pytest.approx(full[number], rel=0.15)
