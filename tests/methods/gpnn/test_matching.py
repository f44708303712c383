"""The patches of GPNN against brute force."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from tests.ops.textures import texture

from analogon.kernels.native import Native, supported
from analogon.methods.gpnn import matching
from analogon.methods.gpnn.matching import BELL, Search, fold
from analogon.ops import parallel

SIZE, ALL = 5, 100_000
KEYS, GUESS = texture((20, 23), 0), texture((17, 21), 1, grain=1.5)
WEIGHTS = np.full(3, 1 / (3 * SIZE**2), np.float32)


def rows(planes: np.ndarray) -> np.ndarray:
    """All patches as rows, in the order of their first pixels."""
    views = sliding_window_view(planes.astype(float), (SIZE, SIZE), (0, 1))
    return views.reshape(views.shape[0] * views.shape[1], -1)


def brute(guess: np.ndarray = GUESS) -> np.ndarray:
    """Mean squared differences (queries, keys)."""
    return ((rows(guess)[:, None] - rows(KEYS)[None]) ** 2).mean(-1)


def numbers(matches: np.ndarray) -> np.ndarray:
    return (matches[..., 0] * (KEYS.shape[1] - SIZE + 1) + matches[..., 1]).ravel()


@pytest.fixture(scope="module")
def search() -> Search:
    return Search(KEYS, WEIGHTS, SIZE, ALL)


def test_the_nearest_key_is_that_of_brute_force(search):
    matches, worth = search.nearest(search.patches(GUESS), None, None, None)
    distances = brute()
    chosen = distances[np.arange(len(distances)), numbers(matches)]
    assert np.allclose(worth.ravel(), chosen, rtol=1e-3)
    assert (chosen <= distances.min(1) * 1.0001).mean() > 0.95
    assert chosen.mean() <= 1.005 * distances.min(1).mean()


def test_what_a_key_is_far_from(search):
    far, least = search.far(search.patches(GUESS)).ravel(), brute().min(0)
    assert (far >= least * 0.9999).all()
    assert far.mean() <= 1.005 * least.mean()


def test_the_normalised_score_is_that_of_the_paper(search):
    queries = search.patches(GUESS)
    ease = np.float32(0.005) + search.far(queries)
    matches, _ = search.nearest(queries, ease, None, None)
    scores = brute() / (0.005 + brute().min(0))
    chosen = scores[np.arange(len(scores)), numbers(matches)]
    assert chosen.mean() <= 1.01 * scores.min(1).mean()
    plain, _ = search.nearest(queries, None, None, None)
    assert len(np.unique(numbers(matches))) > len(np.unique(numbers(plain)))


def test_few_leaves_are_near_already():
    distances = brute().min(1)
    found = []
    for leaves in (1, 4):
        search = Search(KEYS, WEIGHTS, SIZE, leaves)
        _, worth = search.nearest(search.patches(GUESS), None, None, None)
        found.append(worth.mean() / distances.mean())
    assert found[0] > found[1] and found[1] < 1.05


def test_matches_get_no_worse_and_closed_ones_stay(search):
    queries = search.patches(GUESS)
    best, worth = search.nearest(queries, None, None, None)
    quick = Search(KEYS, WEIGHTS, SIZE, 1)
    again = quick.nearest(quick.patches(GUESS), None, best, None)
    assert (again[1] <= worth * 1.0001).all()
    wrong = np.zeros_like(best)
    open_ = np.indices(best.shape[:2])[0] % 2 == 0
    mixed, _ = search.nearest(queries, None, wrong, open_)
    assert (mixed[~open_] == 0).all()
    assert (mixed[open_] == best[open_]).mean() > 0.95


def test_the_fold_is_a_weighted_mean():
    rng = np.random.default_rng(0)
    matches = np.stack([rng.integers(0, 16, (6, 9)), rng.integers(0, 19, (6, 9))], -1).astype(np.int32)
    at = np.linspace(-1, 1, SIZE)
    bell = np.exp(-0.5 * (at[:, None] ** 2 + at**2) / BELL**2)[..., None]
    total, weight = np.zeros((10, 13, 3)), np.zeros((10, 13, 1))
    for y, x in np.ndindex(6, 9):
        row, col = matches[y, x]
        total[y : y + SIZE, x : x + SIZE] += bell * KEYS[row : row + SIZE, col : col + SIZE]
        weight[y : y + SIZE, x : x + SIZE] += bell
    assert np.allclose(fold(KEYS, matches, SIZE), total / weight, atol=1e-6)


def test_patches_in_their_own_places_are_the_picture():
    matches = np.stack(np.indices((16, 19), np.int32), -1)
    assert np.allclose(fold(KEYS, matches, SIZE), KEYS, atol=1e-6)


def test_threads_do_not_change_matches(monkeypatch):
    found = []
    for count in (1, 3):
        monkeypatch.setattr(parallel, "threads", lambda count=count: count)
        monkeypatch.setattr(parallel, "_pool", None)
        search = Search(KEYS, WEIGHTS, SIZE, 4)
        found.append(search.nearest(search.patches(GUESS), None, None, None))
    assert (found[0][0] == found[1][0]).all() and (found[0][1] == found[1][1]).all()


@pytest.mark.skipif(not supported(), reason="Numba calls all kernels here")
def test_kernels_are_called_directly(search):
    matches, _ = search.nearest(search.patches(GUESS), None, None, None)
    fold(KEYS, matches, SIZE)
    calls = [call for one in (matching._match, matching._fold) for call in one._by_kind.values()]
    assert {type(call) for call in calls} == {Native}
