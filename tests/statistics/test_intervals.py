import numpy as np
import pytest
from scipy import stats

from analogon.statistics import bootstrap_interval


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(statistic):
    rng = np.random.default_rng(0)
    held = {0.95: 0, 0.5: 0}
    for i in range(200):
        values = rng.normal(3, 2, 40)
        for level in held:
            low, high = bootstrap_interval(values, statistic=statistic, level=level, draws=400, seed=i)
            held[level] += low <= 3 <= high
    assert 0.89 < held[0.95] / 200 < 0.99
    assert 0.4 < held[0.5] / 200 < 0.6


def test_means_are_bca_of_scipy_and_medians_percentiles():
    values = np.random.default_rng(1).lognormal(0, 1, 30)
    expected = stats.bootstrap((values,), np.mean, n_resamples=9999, method="BCa", rng=0).confidence_interval
    corrected = bootstrap_interval(values, draws=9999, seed=5)
    assert corrected == pytest.approx(tuple(expected), rel=0.03)
    plain = stats.bootstrap((values,), np.mean, n_resamples=9999, method="percentile", rng=0).confidence_interval
    assert corrected[0] > plain.low * 1.01 and corrected[1] > plain.high * 1.02  # skewed values shift it
    expected = stats.bootstrap((values,), np.median, n_resamples=9999, method="percentile", rng=0).confidence_interval
    found = bootstrap_interval(values, statistic="median", draws=9999, seed=5)
    assert found == pytest.approx(tuple(expected), rel=0.03)


def test_the_seed_and_the_number_of_draws_count():
    values = np.random.default_rng(2).normal(size=25)
    assert bootstrap_interval(values) == bootstrap_interval(list(values))
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values) != bootstrap_interval(values, draws=1999)


def test_values_that_say_little():
    assert bootstrap_interval([4, 4, 4]) == (4, 4)
    assert np.isnan(bootstrap_interval([4])).all()
    assert bootstrap_interval([0, 1]) == (0, 1)


def test_infinite_values_make_infinite_ends_only_where_they_must():
    low, high = bootstrap_interval([30, 32, 31, 35, np.inf])
    assert 30 <= low <= 35 and high == np.inf
    low, high = bootstrap_interval([30, 32, 31, 35, 33, 36, 32, 31, np.inf], statistic="median")
    assert 30 <= low <= high <= 36
    assert bootstrap_interval([np.inf, np.inf]) == (np.inf, np.inf)
    low, high = bootstrap_interval([-np.inf, 3, 4, 5])
    assert low == -np.inf and high <= 5


@pytest.mark.parametrize(
    ("values", "how"),
    [
        ([], {}),
        ([1, np.nan], {}),
        ([1, 2], {"statistic": "mode"}),
        ([1, 2], {"level": 1}),
        ([1, np.inf, -np.inf], {}),
    ],
)
def test_what_has_no_interval(values, how):
    with pytest.raises(ValueError, match="interval"):
        bootstrap_interval(values, **how)
