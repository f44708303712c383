import numpy as np
import pytest

from analogon import Exemplar, LabelMap
from analogon.metrics.agreement import Classifier, accuracy, features, overlaps

from .conftest import PALETTE, SHAPE, noisy, texture


@pytest.fixture(scope="module")
def classifier(scene):
    return Classifier(scene.exemplar)


def test_the_overlap_of_each_class():
    seen, asked = np.array([[0, 0, 3, 3], [0, 7, 7, 3]]), np.array([[0, 0, 0, 3], [0, 3, 3, 3]])
    assert overlaps(seen, asked) == {0: 3 / 4, 3: 2 / 5}
    assert accuracy(seen, asked) == 5 / 8
    assert overlaps(asked, asked) == {0: 1, 3: 1} and accuracy(asked, asked) == 1


def test_the_right_picture_and_the_wrong_one(classifier, scene):
    right, wrong = classifier.classes_of(scene.right), classifier.classes_of(scene.exemplar.image)
    asked = scene.target.ids
    assert accuracy(right, asked) > 0.97 > 0.85 > accuracy(wrong, asked)
    ours, theirs = overlaps(right, asked), overlaps(wrong, asked)
    assert min(ours.values()) > 0.9
    assert theirs[7] < 0.5  # the ball is elsewhere
    assert theirs[3] > 0.9  # the floor is not


def test_classes_of_one_colour_are_told_by_their_texture():
    ids = np.zeros(SHAPE, np.int64)
    ids[:, 60:] = 7
    fine, coarse = texture(SHAPE, 1, 0.6, (0.5,) * 3, 0.06), texture(SHAPE, 2, 3.0, (0.5,) * 3, 0.06)
    image = np.where((ids == 7)[..., None], coarse, fine)
    known = Classifier(Exemplar(np.clip(image, 0, 1).astype(np.float32), LabelMap(ids, PALETTE)))
    new = np.where((ids == 0)[..., None], coarse[::-1], fine[::-1])  # exchanged
    seen = known.classes_of(np.clip(new, 0, 1).astype(np.float32))
    assert (seen[:, :54] == 7).mean() > 0.9 and (seen[:, 66:] == 0).mean() > 0.9


def test_features_do_not_know_the_place(scene):
    there = features(scene.exemplar.image).reshape(*SHAPE, -1)
    moved = features(np.roll(scene.exemplar.image, 10, 0)).reshape(there.shape)
    assert np.allclose(there[36:46], moved[46:56], atol=1e-4)
    assert there.shape[-1] == 36 and np.isfinite(there).all()


def test_what_is_not_usable_is_not_learnt(scene):
    usable = scene.exemplar.labels.ids != 7
    blind = Classifier(Exemplar(scene.exemplar.image, scene.exemplar.labels, usable))
    assert set(np.unique(blind.classes_of(scene.right))) <= {0, 3}


def test_threads_change_nothing_and_seeds_do(scene, classifier, monkeypatch):
    from analogon.metrics import agreement

    monkeypatch.setattr(agreement, "BLOCK", 1000)
    unclear = noisy(scene.right, 0.2)
    seen = classifier.classes_of(unclear)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert (Classifier(scene.exemplar).classes_of(unclear) == seen).all()
    assert (Classifier(scene.exemplar, seed=1).classes_of(unclear) != seen).any()
