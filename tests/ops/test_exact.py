import numpy as np
import pytest

from analogon.ops.exact import best_places, costs_of
from analogon.ops.leaps import Dictionary, cosine_basis
from analogon.ops.search import CELL

from .levels import eight_bits, every_leap, level_of, recount, scan, somewhere, textured

#: By how much the fast search's total cost is above the exact one's at most, by the grain of the texture (the width
#: of what smoothed its noise): low frequencies say little of noise that is hardly smoothed.
BOUNDS = {0.5: 0.1, 1.0: 0.03, 2.0: 0.03}


def test_costs_are_what_they_are_said_to_be():
    level = textured((9, 11), patch=3)
    places = somewhere(level)
    usage, price = recount(level, places), np.array([20, 70], np.float32)
    for y, x in ((0, 0), (4, 5), (8, 10)):
        costs = costs_of(level, (y, x), places[y, x], usage, price, 1000.0)
        for row, col in ((0, 0), (8, 0), (5, 7), tuple(places[y, x])):
            expected = 0.0
            for i in range(3):
                for j in range(3):
                    a, b = level.padded_source[row + i, col + j], level.canvas[y + i, x + j]
                    expected += sum((float(p) - float(q)) ** 2 for p, q in zip(a, b, strict=True))
                    wrong = level.padded_source_ids[row + i, col + j] != level.padded_target_ids[y + i, x + j]
                    expected += 1000.0 * wrong
            uses = usage[row // CELL, col // CELL] - (tuple(places[y, x] // CELL) == (row // CELL, col // CELL))
            assert costs[row, col] == expected + price[level.target_ids[y, x]] * uses


def test_the_best_place_of_a_copy_is_where_it_was_copied_from():
    rng = np.random.default_rng(0)
    source = rng.integers(0, 256, (16, 18, 3)).astype(np.uint8)
    ids = rng.integers(0, 3, (16, 18))
    level = level_of(source, ids, ids[3:12, 4:15], source[3:12, 4:15], patch=3)
    start = somewhere(level)
    best, least, given = best_places(level, start, recount(level, start), np.zeros(3, np.float32), 5000.0)
    assert (best[1:-1, 1:-1] == np.stack(np.indices((9, 11)), -1)[1:-1, 1:-1] + (3, 4)).all()
    assert (least[1:-1, 1:-1] == 0).all()
    assert (given >= least).all() and (given > least).any()


def test_what_is_used_up_is_passed_over():
    tile = eight_bits(np.random.default_rng(0).random((8, 8, 3)))
    level = level_of(np.tile(tile, (1, 2, 1)), np.zeros((8, 16), int), np.zeros((8, 8), int), tile, patch=3)
    start = np.zeros((8, 8, 2), np.int32)
    usage = np.zeros((2, 4), np.int32)
    usage[:, :2] = 9
    best, _, _ = best_places(level, start, usage, np.ones(1, np.float32), 1.0)
    assert (best[1:-1, 1:-1, 1] >= 8).all()


@pytest.mark.parametrize(("grain", "bound"), BOUNDS.items())
@pytest.mark.parametrize("uniformity", [0.0, 140.0])
def test_the_fast_search_costs_little_more_than_the_exact_one(grain, bound, uniformity):
    level = textured(grain=grain)
    places = somewhere(level)
    usage, price = recount(level, places), level._price(uniformity * level.patch**2)
    worst = best_places(level, places, usage, price, 40000.0)[2].sum()
    for _ in range(6):
        leaps = every_leap(level, usage, price)
        scan(level, places, usage, price, leaps=leaps)
        scan(level, places, usage, price, forward=False)
    _, least, given = best_places(level, places, usage, price, 40000.0)
    assert given.sum() <= (1 + bound) * least.sum()
    assert worst > 1.5 * least.sum()


def test_the_errors_that_the_search_reports_are_exact():
    level = textured()
    places = somewhere(level)
    usage, free = recount(level, places), np.zeros(2, np.float32)
    errors = scan(level, places, usage, free, leaps=every_leap(level, usage, free))
    _, _, given = best_places(level, places, usage, free, 40000.0)
    assert np.allclose(errors, given, rtol=1e-6)


@pytest.mark.parametrize("uniformity", [0.0, 140.0])
def test_leaps_are_the_nearest_by_coefficients_and_price(uniformity):
    level = textured()
    size = level.patch
    usage, price = recount(level, somewhere(level)), level._price(uniformity * size**2)
    leaps = every_leap(level, usage, price).reshape(*level.target_ids.shape, 2)
    basis = cosine_basis(size, level.source.shape[2] + 1)
    theirs, ours = (
        coefficients(plane, ids, size, basis)
        for plane, ids in (
            (level.padded_source, level.padded_source_ids),
            (level.canvas, level.padded_target_ids),
        )
    )
    rows, cols = (np.arange(n) // CELL for n in level.source_ids.shape)
    uses = usage[np.ix_(rows, cols)]
    for y, x in np.ndindex(*level.target_ids.shape):
        own = level.target_ids[y, x]
        scores = ((theirs - ours[y, x]) ** 2).sum(-1) + price[own] * uses.astype(float)
        scores[level.source_ids != own] = np.inf
        row, col = leaps[y, x]
        # of equal ones any will do; sums of 32-bit floats differ in their last digits
        assert scores[row, col] <= scores.min() * (1 + 1e-5)


def coefficients(plane: np.ndarray, ids: np.ndarray, size: int, basis: np.ndarray) -> np.ndarray:
    """By their definition: whole numbers (h, w, coefficients)."""
    from analogon.ops.leaps import SHAPE, UNIT

    height, width = ids.shape[0] - size + 1, ids.shape[1] - size + 1
    out = np.empty((height, width, basis.shape[1]), np.int64)
    for y, x in np.ndindex(height, width):
        around = ids[y : y + size, x : x + size]
        shape = SHAPE * (around == around[size // 2, size // 2])
        patch = np.concatenate([plane[y : y + size, x : x + size].astype(np.int64), shape[..., None]], -1)
        out[y, x] = patch.ravel() @ basis.astype(np.int64) // UNIT
    return out


def test_there_is_no_leap_to_a_class_that_the_source_lacks():
    level = textured()
    usage = recount(level, somewhere(level))
    missing = level.target_ids.copy()
    missing[:4] = 2
    dictionary = Dictionary.of(level.padded_source, level.padded_source_ids, level.patch, 3)
    queries = np.argwhere(missing == 2).astype(np.int32)
    found = dictionary.nearest(
        level.canvas, level.padded_target_ids, queries, missing[missing == 2], usage, np.zeros(3, np.float32)
    )
    assert (found == -1).all()


def test_the_basis_is_orthonormal():
    from analogon.ops.leaps import UNIT

    basis = cosine_basis(7, 5).astype(float) / UNIT
    assert np.allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=0.005)
