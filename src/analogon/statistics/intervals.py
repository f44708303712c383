"""How sure a mean or a median is: intervals by the bootstrap."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def bootstrap_interval(
    values: Sequence[float] | NDArray[np.floating],
    *,
    statistic: Literal["mean", "median"] = "mean",
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """A confidence interval of the mean or the median of all such values, of which these are a sample.

    The values must be independent of each other: one per picture, or one per participant, never several of one.

    Means have the bias-corrected and accelerated interval, BCa (Efron 1987, "Better Bootstrap Confidence Intervals",
    through `scipy.stats.bootstrap`); medians, whose acceleration is not known, and values of which some are infinite
    the percentile interval. Values that are all the same give that value twice. A single value says nothing of others:
    both ends are NaN.

    Args:
        values: at least one number; infinite ones of one sign are taken (a PSNR of equal pictures), NaN is not.
        statistic: of what the interval is.
        level: share of such intervals that hold the true value, above 0 and below 1.
        draws: number of resamples, at least 1.
        seed: of the resamples; the same seed gives the same interval.

    Returns:
        Both ends, in the unit of the values, the lower one first.

    Raises:
        ValueError: no values, NaN among them, infinite ones of both signs, another statistic or such a level.
    """
    array = np.asarray(values, np.float64).ravel()
    if array.size == 0 or np.isnan(array).any():
        raise ValueError("An interval needs at least one value, and no NaN: leave missing values out.")
    if statistic not in ("mean", "median") or not 0 < level < 1:
        raise ValueError(f"There is no interval of level {level} for the statistic {statistic!r}.")
    if array.size == 1:
        return float("nan"), float("nan")
    if (array == array[0]).all():
        return float(array[0]), float(array[0])
    if not np.isfinite(array).all():
        return _percentiles(array, statistic, level, draws, seed)
    if statistic == "mean":
        from scipy import stats

        found = stats.bootstrap(
            (array,),
            np.mean,
            n_resamples=draws,
            confidence_level=level,
            method="BCa",
            rng=np.random.default_rng(seed),
        ).confidence_interval
        if np.isfinite([found.low, found.high]).all():
            return float(found.low), float(found.high)
    return _percentiles(array, statistic, level, draws, seed)


def _percentiles(array: Floats, statistic: str, level: float, draws: int, seed: int) -> tuple[float, float]:
    """The percentile interval; every end is the statistic of one of the resamples, so that it may be infinite."""
    if np.isposinf(array).any() and np.isneginf(array).any():
        raise ValueError("Values that are infinite in both directions have no mean and no interval.")
    picks = np.random.default_rng(seed).integers(0, array.size, (draws, array.size))
    found = np.sort(np.mean(array[picks], axis=1) if statistic == "mean" else _median(array[picks]))
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], method="closest_observation")
    return float(low), float(high)


def _median(rows: Floats) -> Floats:
    """Medians of rows, without the difference of two infinite values in it."""
    rows = np.sort(rows, axis=1)
    lower, upper = rows[:, (rows.shape[1] - 1) // 2], rows[:, rows.shape[1] // 2]
    return np.where(lower == upper, lower, (lower + upper) / 2)
