"""The search tree against brute force."""

import numpy as np
import pytest

from analogon.kernels.native import Native, supported
from analogon.ops import nearest, parallel
from analogon.ops.nearest import FAR, Tree, Window, bases, points, projected, seek

from .textures import texture

ALL = 100_000


def found(tree: Tree, ease: np.ndarray, queries: np.ndarray, *, limit: float = FAR, leaves: int = ALL, wanted: int = 4):
    near, scores = np.empty(wanted, np.int64), np.empty(wanted, np.float32)
    answers = []
    for query in queries:
        seek(*tree.arguments(ease), query, np.float32(limit), leaves, near, scores)
        answers.append((near.copy(), scores.copy()))
    return [np.stack(part) for part in zip(*answers, strict=True)]


def cloud(count: int, dims: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dims)).astype(np.float32)


def every_distance(queries: np.ndarray, held: np.ndarray, ease: np.ndarray) -> np.ndarray:
    return ((queries[:, None].astype(float) - held) ** 2).sum(-1) / ease


@pytest.mark.parametrize("count", [1, 3, 64, 65, 600, 5000])
@pytest.mark.parametrize("eased", [False, True])
def test_the_nearest_points_are_those_of_brute_force(count, eased):
    held, queries = cloud(count), cloud(40, seed=1)
    ease = np.random.default_rng(2).uniform(0.1, 3, count).astype(np.float32) if eased else np.ones(count, np.float32)
    near, scores = found(Tree.of(held), ease, queries)
    distances = every_distance(queries, held, ease)
    wanted = min(4, count)
    assert (near[:, :wanted] == np.argsort(distances, 1)[:, :wanted]).all()
    assert np.allclose(scores[:, :wanted], np.sort(distances, 1)[:, :wanted], rtol=1e-4)
    assert (near[:, wanted:] == -1).all()


def test_points_that_are_all_alike():
    held = np.ones((700, 3), np.float32)
    near, scores = found(Tree.of(held), np.ones(700, np.float32), np.zeros((1, 3), np.float32))
    assert len(set(near[0])) == 4 and (scores == 3).all()


def test_nothing_is_found_beyond_the_limit():
    held, queries = cloud(600), cloud(40, seed=1)
    ones = np.ones(600, np.float32)
    least = every_distance(queries, held, ones).min(1)
    limit = float(np.median(least))
    near, _ = found(Tree.of(held), ones, queries, limit=limit)
    assert ((near[:, 0] >= 0) == (least < limit)).all()


def test_more_leaves_find_nearer_points():
    held, queries = cloud(5000), cloud(100, seed=1)
    ones, tree = np.ones(5000, np.float32), Tree.of(held)
    means = [found(tree, ones, queries, leaves=leaves)[1][:, 0].mean() for leaves in (1, 8, ALL)]
    assert means[0] > means[1] * 1.05 and means[1] >= means[2]
    assert means[1] < 1.1 * means[2]


@pytest.fixture
def windows() -> list[Window]:
    """A window at the full size and one at half of it, with planes that do not count everywhere."""
    weights = np.random.default_rng(3).uniform(0, 1, (5, 5, 3)).astype(np.float32)
    weights[3:, :, 1] = 0
    fine, coarse = texture((20 + 4, 26 + 4), 0), texture((10 + 2, 13 + 2), 1)
    return [Window(fine, weights), Window(coarse, np.full((3, 3, 3), 0.2, np.float32), 1)]


def test_points_are_never_farther_than_windows(windows):
    pixels = np.argwhere(np.ones((20, 26), bool))
    rows = np.concatenate([window.at(pixels) for window in windows], 1)
    held = points(*projected(windows, bases(windows, pixels), (20, 26))).reshape(len(pixels), -1)
    assert held.shape[1] == nearest.DIMS + 1 < rows.shape[1]
    full = ((rows[::7, None] - rows[None]) ** 2).sum(-1)
    short = ((held[::7, None] - held[None]) ** 2).sum(-1)
    assert (short <= full * 1.001 + 1e-4).all()
    assert short.mean() > 0.8 * full.mean()


def test_main_components_are_orthonormal_and_hold_most():
    rows = texture((40, 40), 2, grain=2.0).reshape(-1, 60)
    start = np.random.default_rng(0).normal(size=(12, 60))
    vectors = nearest._main_components(rows, start)
    assert np.allclose(vectors @ vectors.T, np.eye(12), atol=1e-9)
    best = np.linalg.eigvalsh(rows.T.astype(float) @ rows)[-12:].sum()
    assert ((rows @ vectors.T) ** 2).sum() > 0.98 * best


def test_what_has_few_dimensions_is_spanned_by_as_many():
    rows = np.outer(np.arange(1, 5), np.arange(9)).astype(np.float32)
    vectors = nearest._main_components(rows, np.random.default_rng(0).normal(size=(3, 9)))
    assert np.isfinite(vectors).all()
    assert np.allclose(((rows @ vectors.T) ** 2).sum(1), (rows**2).sum(1), rtol=1e-6)


def test_a_small_window_is_known_in_full(windows):
    small = [Window(windows[1].planes, windows[1].weights[:, :, :2].copy())]
    small[0] = Window(np.ascontiguousarray(small[0].planes[..., :2]), small[0].weights)
    pixels = np.argwhere(np.ones((10, 13), bool))
    rows = small[0].at(pixels)
    held = points(*projected(small, bases(small, pixels), (10, 13))).reshape(len(pixels), -1)
    full = ((rows[:, None] - rows[None]) ** 2).sum(-1)
    assert np.allclose(((held[:, None] - held[None]) ** 2).sum(-1), full, atol=1e-3)


def test_projections_do_not_depend_on_threads(windows, monkeypatch):
    pixels = np.argwhere(np.ones((20, 26), bool))
    made = []
    for count in (1, 3):
        monkeypatch.setattr(parallel, "threads", lambda count=count: count)
        monkeypatch.setattr(parallel, "_pool", None)
        made.append(points(*projected(windows, bases(windows, pixels), (20, 26))))
    assert (made[0] == made[1]).all()


@pytest.mark.skipif(not supported(), reason="Numba calls all kernels here")
def test_kernels_are_called_directly():
    held = cloud(600)
    found(Tree.of(held), np.ones(600, np.float32), held[:1])
    calls = [call for one in (nearest._arrange, seek) for call in one._by_kind.values()]
    assert calls and {type(call) for call in calls} == {Native}
