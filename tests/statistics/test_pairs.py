import itertools

import numpy as np
import pytest
from scipy import stats

from analogon.statistics import bootstrap_interval, holm, share_interval, sign_test, signed_rank


def test_the_sign_test_by_hand():
    # 8 of 8: 2 / 2^8; 7 of 8: 2 (1 + 8) / 2^8
    assert sign_test(8, 0) == sign_test(0, 8) == pytest.approx(2 / 256)
    assert sign_test(7, 1) == pytest.approx(18 / 256)
    assert sign_test(3, 3) == sign_test(0, 0) == 1


def test_signed_ranks_of_a_published_example():
    """Hollander and Wolfe 1973, pages 29 to 33: depression scale of nine patients at two visits; one-sided p .0195."""
    first = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    second = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    assert signed_rank(first - second) == pytest.approx(2 * 0.01953125)


@pytest.mark.parametrize("n", [1, 2, 7, 20, 45])
def test_signed_ranks_without_ties_are_those_of_scipy(n):
    values = np.random.default_rng(n).normal(0.3, 1, n)
    expected = stats.wilcoxon(values, method="exact").pvalue
    assert signed_rank(values) == pytest.approx(expected)
    assert signed_rank(-values) == pytest.approx(expected)


@pytest.mark.parametrize("values", [[1, 1, 2, -1, 3, 3, -2, 4], [0.5] * 6, [-1, -1, 1, 2, 2]])
def test_signed_ranks_with_ties_count_all_signs(values):
    ranks = stats.rankdata(np.abs(values))
    centre = ranks.sum() / 2
    found = abs(ranks[np.array(values) > 0].sum() - centre)
    signs = itertools.product([0, 1], repeat=len(values))
    as_far = [abs(np.dot(sign, ranks) - centre) >= found - 1e-9 for sign in signs]
    assert signed_rank(values) == pytest.approx(np.mean(as_far))


def test_differences_of_zero_are_left_out():
    assert signed_rank([0, 1, 2, -0.5, 0]) == signed_rank([1, 2, -0.5])
    assert signed_rank([0, 0]) == 1
    assert signed_rank([1] * 5) == 2 / 2**5 and signed_rank([1] * 6) == 2 / 2**6


def test_many_equal_signs_leave_a_p_above_zero():
    assert 0 < signed_rank(np.arange(1, 201)) < 1e-50


def test_holm_by_hand():
    # .005 * 4, .01 * 3, .03 * 2, and .04 * 1, which may not fall below .06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])
    assert holm([]).shape == (0,)


def test_shares_that_agree_have_the_exact_interval():
    expected = stats.binomtest(7, 7).proportion_ci(method="exact")
    assert share_interval([1] * 7) == pytest.approx((expected.low, 1))
    assert share_interval([0] * 7) == pytest.approx((0, 1 - expected.low))
    assert share_interval([1] * 7, level=0.5)[0] == pytest.approx(0.25 ** (1 / 7))
    shares = [1, 0.5, 0.75, 1]
    assert share_interval(shares, draws=500, seed=3) == bootstrap_interval(shares, draws=500, seed=3)
    assert np.isnan(share_interval([1])).all()
