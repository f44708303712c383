"""Two things compared several times: exact tests, and the correction for many of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = Sequence[float] | NDArray[np.floating] | NDArray[np.integer]


def sign_test(wins: int, losses: int) -> float:
    """How often chance gives wins and losses at least as uneven, both ways, by the exact sign test.

    Args:
        wins: how often the first thing was the better one, in independent comparisons.
        losses: how often the second was; ties are left out.

    Returns:
        p, above 0 and at most 1; 1 without any comparison.
    """
    from scipy import stats

    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def signed_rank(differences: Numbers) -> float:
    """How often chance gives differences at least as far on one side of 0, both ways, by Wilcoxon's signed-rank test.

    The distribution is the exact one given the sizes of the differences, ties among them included: every sign is as
    likely as the other. Differences of 0 are left out (Wilcoxon 1945). Of n differences, p is never below 2 / 2^n, so
    fewer than six cannot reach 0.05.

    Args:
        differences: independent ones, one per participant or per picture.

    Returns:
        p, above 0 and at most 1; 1 where all differences are 0.
    """
    from scipy import stats

    array = np.asarray(differences, np.float64).ravel()
    array = array[array != 0]
    if array.size == 0:
        return 1.0
    # ranks of ties end in .5: twice the ranks are whole numbers, and their sums can be counted
    ranks = np.round(2 * stats.rankdata(np.abs(array))).astype(np.int64)
    total, positive = int(ranks.sum()), int(ranks[array > 0].sum())
    chances = np.zeros(total + 1)
    chances[0] = 1
    for rank in ranks:
        chances /= 2
        chances[rank:] += chances[:-rank].copy()
    return float(min(1.0, 2 * chances[: min(positive, total - positive) + 1].sum()))


def holm(p: Numbers) -> Floats:
    """Correct p values for their number, by Holm's step-down method (Holm 1979).

    The i-th smallest of m is multiplied by m - i + 1, and none may be below a smaller one's. The chance that any true
    hypothesis falls below a bound is then at most that bound, however the tests depend on each other.

    Args:
        p: any number of p values, 0 to 1.

    Returns:
        Corrected ones in the same order, float64, 0 to 1.
    """
    array = np.asarray(p, np.float64).ravel()
    order = np.argsort(array, kind="stable")
    steps = array[order] * np.arange(array.size, 0, -1)
    found: Floats = np.empty(array.size)
    found[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return found


def share_interval(shares: Numbers, *, level: float = 0.95, draws: int = 2000, seed: int = 0) -> tuple[float, float]:
    """The interval of a mean of shares, one of each participant.

    It is `bootstrap_interval` but where every share is 0, or every one is 1: resamples know nothing of people unlike
    those asked, so there the exact interval of Clopper and Pearson (1934) stands, as if each had been asked once.

    Args:
        shares: independent ones in [0, 1], at least one.
        level: share of such intervals that hold the true value.
        draws: number of resamples.
        seed: of the resamples.

    Returns:
        Both ends, the lower one first; NaN for a single participant.
    """
    from analogon.statistics.intervals import bootstrap_interval

    array = np.asarray(shares, np.float64).ravel()
    if array.size > 1 and (array == array[0]).all() and array[0] in (0, 1):
        reach = float(((1 - level) / 2) ** (1 / array.size))
        return (reach, 1.0) if array[0] == 1 else (0.0, 1 - reach)
    return bootstrap_interval(array, level=level, draws=draws, seed=seed)
