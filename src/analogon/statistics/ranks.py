"""Several things ranked several times: do the rankings differ from chance, where, and do they agree?

Everywhere, one row is one *independent* ranking (a person, a picture), one column one of the things ranked, and low
values are good ones. Rows are ranked anew, ties sharing the mean of their ranks, so scores of which the lowest is the
best do as well as ranks. Several rankings by one person are not independent: average them to one row first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analogon.statistics.pairs import sign_test

Floats = NDArray[np.float64]
Table = Sequence[Sequence[float]] | NDArray[np.floating] | NDArray[np.integer]


@dataclass(frozen=True)
class Friedman:
    """Friedman's test of the hypothesis that every order of the things is as likely as any other.

    Attributes:
        statistic: Friedman's chi-square, corrected for ties, 0 where all rankings cancel out.
        p: how often chance gives at least such a statistic, 0 to 1.
        n: number of rankings.
        k: number of things.
    """

    statistic: float
    p: float
    n: int
    k: int


def ranked(values: Table) -> Floats:
    """Ranks of each row, 1 for its lowest value; equal values share the mean of their ranks.

    Args:
        values: (n, k), at least one row and two columns, no NaN.

    Returns:
        float64 (n, k), each row summing to k (k + 1) / 2.

    Raises:
        ValueError: another shape, or NaN in it.
    """
    from scipy import stats

    array = np.asarray(values, np.float64)
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2 or np.isnan(array).any():
        raise ValueError(f"Rankings are numbers (n, k) with k of at least 2, not an array of shape {array.shape}.")
    found: Floats = stats.rankdata(array, axis=1)
    return found


def friedman(ranks: Table) -> Friedman:
    """Test whether any of the things is ranked better or worse than the others, by Friedman's rank test.

    The statistic is that of Friedman 1937 with the usual correction for ties (Conover 1999); p is from the chi-square
    distribution with k - 1 degrees of freedom (`scipy.stats.friedmanchisquare`), which is a little too large for fewer
    than about ten rankings. Two things have no need of the approximation: there, p is that of the exact sign test.

    Args:
        ranks: (n, k), one independent ranking a row, low is good.

    Raises:
        ValueError: not such a table.
    """
    from scipy import stats

    table = ranked(ranks)
    n, k = table.shape
    if (table == table[:, :1]).all():
        return Friedman(0.0, 1.0, n, k)
    if k == 2:
        first, second = int((table[:, 0] < table[:, 1]).sum()), int((table[:, 0] > table[:, 1]).sum())
        return Friedman((first - second) ** 2 / (first + second), sign_test(first, second), n, k)
    statistic, p = stats.friedmanchisquare(*table.T)
    return Friedman(max(0.0, float(statistic)), min(1.0, float(p)), n, k)


def nemenyi(ranks: Table) -> Floats:
    """Which pairs of things differ, by Nemenyi's test of all pairs after a Friedman test.

    q = |R_i - R_j| / sqrt(k (k + 1) / (6 n)) for mean ranks R, against the studentized range with k groups and infinite
    degrees of freedom, divided by sqrt 2 (Nemenyi 1963; Demšar 2006, "Statistical Comparisons of Classifiers over
    Multiple Data Sets"). The p values are corrected for the number of pairs by that distribution.

    Args:
        ranks: (n, k), one independent ranking a row, low is good.

    Returns:
        p, float64 (k, k), symmetric, 1 on the diagonal.

    Raises:
        ValueError: not such a table.
    """
    from scipy import stats

    table = ranked(ranks)
    n, k = table.shape
    means = table.mean(axis=0)
    gaps = np.abs(means[:, None] - means) / np.sqrt(k * (k + 1) / (6 * n))
    found: Floats = np.ones((k, k))
    for i, j in zip(*np.triu_indices(k, 1), strict=True):
        p = float(stats.studentized_range.sf(gaps[i, j] * np.sqrt(2), k, np.inf))
        found[i, j] = found[j, i] = min(1.0, max(0.0, p))
    return found


def critical_difference(n: int, k: int, *, level: float = 0.95) -> float:
    """How far apart two mean ranks must be for Nemenyi's test to tell them apart (Demšar 2006).

    Args:
        n: number of independent rankings, at least 1.
        k: number of things ranked, at least 2.
        level: 1 minus the share of false alarms that is allowed.

    Returns:
        A difference of ranks, above 0; more than k - 1 where n is too small for any difference.
    """
    from scipy import stats

    quantile = float(stats.studentized_range.ppf(level, k, np.inf)) / np.sqrt(2)
    return float(quantile * np.sqrt(k * (k + 1) / (6 * n)))


def kendall_w(ranks: Table) -> float:
    """How much rankings agree, by Kendall's coefficient of concordance W, corrected for ties.

    W = chi2 / (n (k - 1)) with Friedman's statistic chi2 (Kendall and Babington Smith 1939), so that the p value of W
    is that of `friedman`. The mean of Spearman's correlation over all pairs of rankings is (n W - 1) / (n - 1).

    Args:
        ranks: (n, k), one independent ranking a row, low is good.

    Returns:
        0 (the rankings cancel out) to 1 (all are the same); of a single ranking NaN.

    Raises:
        ValueError: not such a table.
    """
    found = friedman(ranks)
    return found.statistic / (found.n * (found.k - 1)) if found.n > 1 else float("nan")


def kendall_tau(ranks: Table) -> Floats:
    """How much each two rankings agree, by Kendall's rank correlation tau-b.

    tau-b = (pairs in the same order - pairs in the opposite order) / sqrt(pairs untied in one * pairs untied in the
    other) (Kendall 1945).

    Args:
        ranks: (n, k), one ranking a row, low is good.

    Returns:
        float64 (n, n), symmetric, -1 (opposite orders) to 1 (the same); NaN beside a ranking in which all is tied.

    Raises:
        ValueError: not such a table.
    """
    table = ranked(ranks)
    i, j = np.triu_indices(table.shape[1], 1)
    signs = np.sign(table[:, i] - table[:, j])
    untied = np.abs(signs).sum(axis=1)
    scale = np.sqrt(untied[:, None] * untied)
    found: Floats = np.full(scale.shape, np.nan)
    np.divide(signs @ signs.T, scale, out=found, where=scale > 0)
    return found
