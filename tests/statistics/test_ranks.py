import itertools

import numpy as np
import pytest
from scipy import stats

from analogon.statistics import critical_difference, friedman, kendall_tau, kendall_w, nemenyi, ranked, sign_test

# Demšar 2006, table 6: AUC of C4.5, with m, with cf and with both on fourteen data sets. The ranks in the paper are of
# unrounded values: cf stands above both on "voting", where the table has .975 twice.
AUC = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.97501, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)

# Hollander and Wolfe 1973, page 140: seconds of 22 baseball players for three ways round first base.
ROUNDING = np.array(
    [
        [5.40, 5.50, 5.55],
        [5.85, 5.70, 5.75],
        [5.20, 5.60, 5.50],
        [5.55, 5.50, 5.40],
        [5.90, 5.85, 5.70],
        [5.45, 5.55, 5.60],
        [5.40, 5.40, 5.35],
        [5.45, 5.50, 5.35],
        [5.25, 5.15, 5.00],
        [5.85, 5.80, 5.70],
        [5.25, 5.20, 5.10],
        [5.65, 5.55, 5.45],
        [5.60, 5.35, 5.45],
        [5.05, 5.00, 4.95],
        [5.50, 5.50, 5.40],
        [5.45, 5.55, 5.50],
        [5.55, 5.55, 5.35],
        [5.45, 5.50, 5.55],
        [5.50, 5.45, 5.25],
        [5.65, 5.60, 5.40],
        [5.70, 5.65, 5.55],
        [6.30, 6.30, 6.25],
    ]
)


def test_friedman_of_a_published_example_with_ties():
    found = friedman(ROUNDING)
    assert found.statistic == pytest.approx(11.143, abs=5e-4)
    assert found.p == pytest.approx(0.003805, abs=5e-7)
    assert (found.n, found.k) == (22, 3)


def test_mean_ranks_and_statistic_of_demsar():
    ranks = ranked(-AUC)
    assert ranks.mean(axis=0) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    # the paper does not correct for ties: its 9.28 divided by the share of untied pairs of ranks is the corrected one
    plain = 12 * 14 / 20 * ((ranks.mean(axis=0) ** 2).sum() - 25)
    assert plain == pytest.approx(9.28, abs=0.005)
    tied = sum((counts**3 - counts).sum() for counts in (np.unique(row, return_counts=True)[1] for row in AUC))
    assert friedman(-AUC).statistic == pytest.approx(plain / (1 - tied / (14 * (4**3 - 4))))


def test_critical_differences_of_demsar():
    assert critical_difference(14, 4) == pytest.approx(1.25, abs=0.005)
    table = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    for k, expected in enumerate(table, 2):
        assert critical_difference(1, k) / np.sqrt(k * (k + 1) / 6) == pytest.approx(expected, abs=1.1e-3)
    assert critical_difference(1, 4, level=0.9) / np.sqrt(20 / 6) == pytest.approx(2.291, abs=1e-3)


def test_nemenyi_is_at_the_bound_where_the_critical_difference_is():
    p, ranks = nemenyi(-AUC), ranked(-AUC).mean(axis=0)
    assert (p == p.T).all() and (np.diag(p) == 1).all()
    gaps = np.abs(ranks[:, None] - ranks)
    for level in (0.95, 0.9, 0.5):
        assert ((p < 1 - level) == (gaps > critical_difference(14, 4, level=level))).all()
    # by the table of the paper: at .05 none, at .10 the nearest to it is 3.143 - 1.964 = 1.18 > 1.12
    assert p.min() == p[0, 3] and 0.05 < p[0, 3] < 0.1


def test_two_things_are_a_sign_test():
    ranks = [[1, 2]] * 9 + [[2, 1]] * 2 + [[1.5, 1.5]] * 3
    found = friedman(ranks)
    assert found.p == sign_test(9, 2)
    assert found.statistic == pytest.approx(49 / 11)
    # the same as the formula for more than two, corrected for ties
    table = ranked(ranks)
    plain = 12 * 14 / 6 * ((table.mean(axis=0) - 1.5) ** 2).sum()
    assert found.statistic == pytest.approx(plain / (1 - 3 * 6 / (14 * 6)))


def test_rankings_that_all_tie_or_cancel_out():
    for ranks in ([[1, 1, 1]] * 4, [[1, 2, 3], [2, 3, 1], [3, 1, 2]], [[1, 2], [2, 1]]):
        found = friedman(ranks)
        assert (found.statistic, found.p) == pytest.approx((0, 1), abs=1e-9)
        assert kendall_w(ranks) == pytest.approx(0, abs=1e-9)
        assert nemenyi(ranks) == pytest.approx(1)


def test_ranks_of_scores_are_ranks():
    assert (ranked([[0.2, 0.9, 0.2, -4], [1, 2, 3, 4]]) == [[2.5, 4, 2.5, 1], [1, 2, 3, 4]]).all()
    assert friedman(ROUNDING) == friedman(ranked(ROUNDING))


def test_w_is_one_for_one_order_and_the_formula_else():
    assert kendall_w([[1, 2, 3, 4]] * 5) == pytest.approx(1)
    assert kendall_w([[1, 1, 3, 4]] * 5) == pytest.approx(1)
    assert kendall_w([[2, 1]] * 3) == pytest.approx(1)
    assert np.isnan(kendall_w([[1, 2, 3]]))
    # three judges, four things: sums 4, 6, 9, 11; S = 29; W = 12 S / (n^2 (k^3 - k)) = 348 / 540
    ranks = [[1, 2, 3, 4], [2, 1, 4, 3], [1, 3, 2, 4]]
    assert kendall_w(ranks) == pytest.approx(348 / 540)
    pairs = [stats.spearmanr(a, b).statistic for a, b in itertools.combinations(ranks, 2)]
    assert np.mean(pairs) == pytest.approx((3 * kendall_w(ranks) - 1) / 2)


def test_tau_is_that_of_scipy_with_ties():
    ranks = np.random.default_rng(0).integers(0, 4, (8, 6))
    found = kendall_tau(ranks)
    for i, j in itertools.product(range(8), repeat=2):
        assert found[i, j] == pytest.approx(stats.kendalltau(ranks[i], ranks[j]).statistic)


def test_tau_by_hand():
    found = kendall_tau([[1, 2, 3], [1, 3, 2], [3, 2, 1], [1, 1, 1]])
    assert found[:3, :3] == pytest.approx(np.array([[1, 1 / 3, -1], [1 / 3, 1, -1 / 3], [-1, -1 / 3, 1]]))
    assert np.isnan(found[3]).all() and np.isnan(found[:, 3]).all()


@pytest.mark.parametrize("table", [[], [1, 2, 3], [[1], [2]], [[1, np.nan]], np.zeros((0, 3))])
@pytest.mark.parametrize("test", [friedman, nemenyi, kendall_w, kendall_tau])
def test_what_is_no_table(test, table):
    with pytest.raises(ValueError, match="at least 2"):
        test(table)
