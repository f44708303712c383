import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from analogon import Exemplar
from analogon.metrics import patches
from analogon.metrics.patches import Basis, Patches, bidirectional, coherence, completeness, lab, nearest, weighted

from .conftest import noisy, soft


def compared(result: Exemplar, source: Exemplar, figure=coherence, seed: int = 0):
    own = Patches.of(source)
    return figure(Patches.of(result), own, Basis.of(own, 0), seed)


def both_ways(result: Exemplar, source: Exemplar) -> float:
    theirs, ours = (Patches(lab(each.image), each.labels.ids) for each in (source, result))
    return bidirectional(ours, theirs, Basis.of(theirs, 0))


@pytest.mark.parametrize("damage", [lambda image: image, soft, noisy, lambda image: 1 - image, lambda image: image**3])
def test_the_nearest_patch_is_the_nearest(scene, damage):
    own = Patches.of(scene.exemplar)
    queries = Patches.of(Exemplar(damage(scene.right), scene.target))
    asked = queries.at(queries.every[::37])
    among = own.every[3::2]
    every = sliding_window_view(scene.exemplar.image.astype(np.float64), (7, 7), (0, 1)).reshape(-1, 147)[among]
    true = [((every - one) ** 2).sum(1).min() for one in asked]
    assert np.abs(nearest(asked, own, among, Basis.of(own, 0)) - true).max() < 1.5 * patches.SLACK


def test_few_components_only_cost_time(scene, monkeypatch):
    own = Patches.of(scene.exemplar)
    asked = Patches.of(Exemplar(noisy(scene.right), scene.target)).at(np.arange(0, 4000, 61))
    full = nearest(asked, own, own.every, Basis.of(own, 0))
    monkeypatch.setattr(patches, "COMPONENTS", 2)
    monkeypatch.setattr(patches, "BLOCK", 100)
    assert np.allclose(nearest(asked, own, own.every, Basis.of(own, 0)), full, atol=2 * patches.SLACK)


def test_flat_pictures_are_as_far_apart_as_their_greys(flat):
    dark, light = flat(0.2), flat(0.6, (30, 17))
    for figure, count in ((coherence, 24 * 11), (completeness, 14 * 18)):
        ((number, (levels, patches_of)),) = compared(light, dark, figure).items()
        assert (number, patches_of) == (0, count)
        assert levels == pytest.approx(0.4 * 255, abs=0.01)
    lightness = [100 * lab(np.full((1, 1, 3), grey, np.float32))[0, 0, 0] for grey in (0.2, 0.6)]
    assert both_ways(light, dark) == pytest.approx(2 * (lightness[1] - lightness[0]) ** 2, rel=1e-3)


def test_a_copy_is_no_distance_away(scene):
    assert weighted(compared(scene.exemplar, scene.exemplar)) == 0
    assert weighted(compared(scene.exemplar, scene.exemplar, completeness)) == 0
    assert both_ways(scene.exemplar, scene.exemplar) == 0


def test_what_is_moved_with_its_layout_is_near(scene):
    moved = Exemplar(scene.right, scene.target)
    for figure in (coherence, completeness):
        assert weighted(compared(moved, scene.exemplar, figure)) < 0.6  # the columns where left meets right


@pytest.mark.parametrize("damage", [soft, noisy])
def test_blur_and_noise_are_far(scene, damage):
    good, bad = (Exemplar(image, scene.target) for image in (scene.right, damage(scene.right)))
    for figure in (coherence, completeness):
        assert weighted(compared(bad, scene.exemplar, figure)) > 2 + weighted(compared(good, scene.exemplar, figure))
    assert both_ways(bad, scene.exemplar) > 5 + both_ways(good, scene.exemplar)


def test_more_damage_is_farther(scene):
    values = [weighted(compared(Exemplar(noisy(scene.right, s), scene.target), scene.exemplar)) for s in (0, 0.03, 0.1)]
    assert values == sorted(values) and len(set(values)) == 3


def test_tiles_are_coherent_and_not_complete(scene):
    image = scene.right.copy()
    piece = scene.exemplar.image[64:84, 20:40]  # of the floor
    image[60:80] = np.tile(piece, (1, 6, 1))
    image[80:] = np.tile(piece[:8], (1, 6, 1))
    tiled, good = Exemplar(image, scene.target), Exemplar(scene.right, scene.target)
    floor = 3
    assert compared(tiled, scene.exemplar, completeness)[floor][0] > 5
    assert compared(good, scene.exemplar, completeness)[floor][0] < 1
    assert (
        compared(tiled, scene.exemplar, coherence)[floor][0] < compared(tiled, scene.exemplar, completeness)[floor][0]
    )


def test_classes_count_but_for_bidirectional_similarity(scene):
    """The source itself, for a layout that wants everything elsewhere."""
    wrong = Exemplar(scene.exemplar.image, scene.target)
    assert both_ways(wrong, scene.exemplar) == 0
    assert compared(wrong, scene.exemplar)[7][0] > 20
    assert weighted(compared(wrong, scene.exemplar)) > 5


def test_classes_count_by_their_patches(scene):
    figures = {0: (10.0, 30), 3: (20.0, 10)}
    assert weighted(figures) == 12.5
    assert weighted({}) is None
    found = compared(Exemplar(scene.right, scene.target), scene.exemplar)
    inner = scene.target.ids[3:-3, 3:-3]
    assert {number: count for number, (_, count) in found.items()} == {
        number: int((inner == number).sum()) for number in (0, 3, 7)
    }


def test_what_is_not_usable_answers_nothing(scene, flat):
    image = np.full((20, 40, 3), 0.2, np.float32)
    image[:, 20:] = 0.7
    usable = np.ones((20, 40), bool)
    usable[:, 20:] = False
    source = Exemplar(image, flat(0.2, (20, 40)).labels, usable)
    assert Patches.of(source).every.size == 14 * 14  # those with an unusable pixel are out
    assert weighted(compared(flat(0.7), source)) == pytest.approx(0.5 * 255, abs=0.01)
    assert weighted(compared(flat(0.2), source, completeness)) == 0


def test_small_classes_are_asked_as_well(scene, monkeypatch):
    monkeypatch.setattr(patches, "SAMPLES", 30)
    monkeypatch.setattr(patches, "LEAST_SAMPLES", 12)
    asked = []
    monkeypatch.setattr(patches, "nearest", lambda queries, *_: asked.append(len(queries)) or np.zeros(len(queries)))
    found = compared(Exemplar(scene.right, scene.target), scene.exemplar)
    total = sum(count for _, count in found.values())
    assert asked == [max(12, round(30 * count / total)) for _, count in found.values()]


def test_the_seed_draws_the_sample(scene, monkeypatch):
    monkeypatch.setattr(patches, "SAMPLES", 60)
    monkeypatch.setattr(patches, "LEAST_SAMPLES", 20)
    bad = Exemplar(noisy(scene.right), scene.target)
    first, again, other = (compared(bad, scene.exemplar, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert all(first[number] != other[number] for number in first)
    assert weighted(first) == pytest.approx(weighted(other), rel=0.1)


def test_samples_are_spread_over_the_picture(flat):
    every = Patches.of(flat(0.5, (86, 126)))  # 80 x 120 patches
    shares = []
    for seed in range(20):
        rows, columns = np.divmod(every.sample(every.every, 96, (seed,)), 120)
        assert len(set(zip(rows, columns, strict=True))) == 96
        shares.append(((rows < 20) & (columns < 40)).mean())  # a twelfth of it
    assert 0.01 > np.std(shares) > 0  # 0.028 if they were drawn from anywhere
    assert np.mean(shares) == pytest.approx(1 / 12, abs=0.01)
    assert (every.sample(every.every, 10**6, (0,)) == every.every).all()
