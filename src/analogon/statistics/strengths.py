"""Strengths of things that were compared in pairs: the model of Bradley and Terry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Wins = Sequence[Sequence[float]] | NDArray[np.floating] | NDArray[np.integer]

_MM_STEPS, _NEWTON_STEPS = 20, 200
_TOLERANCE = 1e-10


def bradley_terry(wins: Wins, *, prior: float = 0.5) -> Floats:
    """Strengths s such that i is preferred to j with probability s_i / (s_i + s_j) (Bradley and Terry 1952).

    Found by the MM algorithm of Hunter 2004 ("MM algorithms for generalized Bradley-Terry models"), s_i = W_i / sum_j
    n_ij / (s_i + s_j); its last digits, for which it needs ten thousands of steps where a thing hardly ever loses, come
    from Newton's method on the same likelihood.

    A thing that always wins has no largest likelihood (its strength grows without end), and neither have two groups
    that were never compared. So each thing is said to have won `prior` comparisons and lost as many against one average
    thing besides, which pulls all strengths a little to the middle, more where there is little to go by. All strengths
    are then finite and unique: one win in one comparison gives 4.5 : 1 by a prior of 0.5.

    Args:
        wins: (k, k), how often i was preferred to j; the diagonal is not looked at. Or (..., k, k): many at once.
        prior: comparisons won and lost against the average besides, at least 0; 0 is the maximum of the likelihood.

    Returns:
        float64 (k,) or (..., k), above 0, summing to 1: the chance of each to be the one preferred among all.

    Raises:
        ValueError: not such a table, a negative number in it, or no largest likelihood with a prior of 0.
    """
    table = np.array(wins, np.float64)
    if table.ndim < 2 or table.shape[-1] != table.shape[-2] or table.shape[-1] < 2:
        raise ValueError(f"Wins are numbers (k, k) with k of at least 2, not an array of shape {table.shape}.")
    if not (table >= 0).all() or not prior >= 0:
        raise ValueError("Wins and the prior are at least 0.")
    k = table.shape[-1]
    table[..., range(k), range(k)] = 0
    if prior == 0 and not all(_connected(one) for one in table.reshape(-1, k, k)):
        raise ValueError("Without a prior, every division of the things needs a win in both directions.")
    logs = _newton(table, prior, _mm(table, prior))
    found = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(found / found.sum(axis=-1, keepdims=True))


def bradley_terry_intervals(
    wins: Sequence[Wins] | NDArray[np.floating] | NDArray[np.integer],
    *,
    level: float = 0.95,
    prior: float = 0.5,
    draws: int = 1000,
    seed: int = 0,
) -> Floats:
    """Intervals of `bradley_terry` by the bootstrap over participants.

    Whole participants are drawn, with all of their comparisons: those of one person, and the pairs of one ranking, are
    not independent, and intervals from the likelihood alone would be far too narrow.

    Args:
        wins: (n, k, k), of each participant how often i was preferred to j.
        level: share of such intervals that hold the true strength.
        prior: as for `bradley_terry`.
        draws: number of resamples.
        seed: of the resamples.

    Returns:
        float64 (k, 2), the lower end first; NaN for a single participant.

    Raises:
        ValueError: not such a table.
    """
    table = np.asarray(wins, np.float64)
    if table.ndim != 3:
        raise ValueError(f"Wins of participants are numbers (n, k, k), not an array of shape {table.shape}.")
    n, k, _ = table.shape
    if n < 2:
        return np.full((k, 2), np.nan)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), draws)
    strengths = bradley_terry(np.tensordot(counts, table, 1), prior=prior)
    return np.asarray(np.quantile(strengths, [(1 - level) / 2, (1 + level) / 2], axis=0).T)


def _connected(wins: Floats) -> bool:
    """Whether from each thing a chain of wins leads to each other."""
    from scipy.sparse.csgraph import connected_components

    return bool(connected_components(wins > 0, connection="strong")[0] == 1)


def _mm(wins: Floats, prior: float) -> Floats:
    """Logarithms of the strengths after a few steps of Hunter's algorithm; the average thing of the prior has 0."""
    games = wins + wins.swapaxes(-1, -2)
    won = wins.sum(axis=-1) + prior
    strengths = np.ones(won.shape)
    for _ in range(_MM_STEPS):
        met = (games / (strengths[..., :, None] + strengths[..., None, :])).sum(axis=-1)
        strengths = won / (met + 2 * prior / (strengths + 1))
    return np.asarray(np.log(strengths))


def _newton(wins: Floats, prior: float, logs: Floats) -> Floats:
    """The maximum of the likelihood from near it: steps of at most 1 in the logarithm do not overshoot.

    Without a prior the likelihood does not change when all logarithms grow alike; the mean is held there.
    """
    games = wins + wins.swapaxes(-1, -2)
    k = wins.shape[-1]
    own = np.arange(k)
    anchor = 1.0 / k if prior == 0 else 0.0
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(logs[..., None, :] - logs[..., :, None]))
        average = 1 / (1 + np.exp(-logs))
        slope = (wins - games * chance).sum(axis=-1) + prior * (1 - 2 * average)
        bend = -games * chance * (1 - chance)
        bend[..., own, own] = 2 * prior * average * (1 - average) - bend.sum(axis=-1)
        step = np.linalg.solve(bend + anchor, slope[..., None])[..., 0]
        logs = logs + np.clip(step, -1, 1)
        if np.abs(step).max() < _TOLERANCE:
            return logs
    raise ValueError("The strengths were not found: the numbers of wins differ by too many orders of magnitude.")
