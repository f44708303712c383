"""Figures over targets against numbers worked out by hand."""

import math
from pathlib import Path

import pytest

from analogon import Comparison, Contender, Trial
from analogon.comparing import aggregate
from analogon.metrics import Metric
from analogon.statistics import bootstrap_interval

METRICS = (
    Metric("high", "high", "higher", 0, math.inf, "", "Grows.", "made up"),
    Metric("low", "low", "lower", 0, math.inf, "", "Falls.", "made up"),
    Metric("one", "one", "one", 0, math.inf, "", "Is one at best.", "made up"),
)


def aggregated(figures):
    """By contender and metric, the aggregate of figures by target, contender and seed."""
    trials = tuple(Trial("case", *place, Path("x.png"), figures=found) for place, found in figures.items())
    contenders = tuple(Contender(label, "patch") for label in dict.fromkeys(label for _, label, _ in figures))
    comparison = Comparison(Path(), "", (), contenders, trials, METRICS)
    return {(one.contender, one.metric): one for one in aggregate(comparison)}


@pytest.fixture(scope="module")
def found():
    return aggregated(
        {
            ("a", "p", 0): {"high": 3.0, "low": 2.0, "one": 0.5},
            ("a", "p", 1): {"high": 4.0, "low": 2.0, "one": 0.5},  # the seeds of a target count as one
            ("a", "q", 0): {"high": 3.0, "low": 1.0, "one": 1.5},
            ("a", "source", 0): {"high": 9.0, "low": 0.0, "one": 1.0},
            ("b", "p", 0): {"high": 5.0, "low": 4.0, "one": 1.0},
            ("b", "q", 0): {"high": 4.0, "low": None, "one": 0.3},
            ("b", "source", 0): {"high": 9.0, "low": 0.0, "one": 1.0},
            ("c", "p", 0): {"high": 1.0, "low": 6.0, "one": 0.9},
            ("c", "q", 0): {"high": 8.0, "low": 3.0, "one": 1.2},
            ("c", "source", 0): {"high": 9.0, "low": 0.0, "one": 1.0},
        }
    )


def test_means_and_medians(found):
    high = found["p", "high"]
    assert (high.targets, high.mean, high.median) == (3, (3.5 + 5 + 1) / 3, 3.5)
    assert (found["q", "low"].targets, found["q", "low"].mean, found["q", "low"].median) == (2, 2.0, 2.0)
    assert found["q", "one"].mean == pytest.approx(1.0)
    assert list(found) == [(label, metric) for label in ("p", "q", "source") for metric in ("high", "low", "one")]


def test_wins(found):
    """The best of each target by the metric's direction; the source competes with nobody."""
    wins = {key: one.wins for key, one in found.items()}
    assert (wins["p", "high"], wins["q", "high"]) == (2, 1)  # 3.5 > 3, 5 > 4, 1 < 8
    assert (wins["p", "low"], wins["q", "low"]) == (0, 2)  # nobody wins target b, where one has no figure
    assert (wins["p", "one"], wins["q", "one"]) == (2, 1)  # a half is further from 1 than 1.5
    assert not any(wins["source", metric] for metric in ("high", "low", "one"))


def test_ties_are_shared():
    found = aggregated(
        {("a", label, 0): {"high": value, "low": 1.0} for label, value in {"p": 2.0, "q": 2.0, "r": 1.0}.items()}
    )
    assert [found[label, "high"].wins for label in "pqr"] == [0.5, 0.5, 0]
    assert [found[label, "low"].wins for label in "pqr"] == pytest.approx([1 / 3] * 3, abs=1e-6)


def test_intervals(found):
    high = found["p", "high"]
    assert (high.low, high.high) == bootstrap_interval([3.5, 5.0, 1.0], level=0.95)
    assert high.low < high.mean < high.high and high.level == 0.95
    assert (found["source", "high"].low, found["source", "high"].high) == (9, 9)
    single = aggregated({("a", "p", 0): {"high": 1.0, "low": 2.0}})
    assert [(one.low, one.high) for one in single.values()] == [(None, None)] * 3
    assert single["p", "one"].mean is None and single["p", "one"].targets == 0


def test_infinite_figures_are_counted_apart():
    """One of them would be the mean of all."""
    found = aggregated(
        {
            (target, label, 0): {"high": value}
            for label, values in {"p": [math.inf, 30.0, 40.0], "q": [math.inf] * 3, "r": [1.0, 2.0, 3.0]}.items()
            for target, value in zip("abc", values, strict=True)
        }
    )
    some, all_, none = (found[label, "high"] for label in "pqr")
    assert (some.targets, some.infinite, some.mean, some.median) == (3, 1, 35, 40)
    assert (some.low, some.high) == bootstrap_interval([30.0, 40.0], level=0.95)
    assert (all_.infinite, all_.mean, all_.low) == (3, math.inf, math.inf)
    assert (none.infinite, none.mean) == (0, 2)
    assert [one.partial for one in (some, all_, none)] == [True, False, False]
    assert (some.wins, all_.wins, none.wins) == (0.5, 2.5, 0)
    bad = aggregated({("a", "p", 0): {"high": -math.inf, "low": math.inf}, ("b", "p", 0): {"high": 1.0, "low": 1.0}})
    assert [(bad["p", name].mean, bad["p", name].infinite) for name in ("high", "low")] == [
        (-math.inf, 0), (math.inf, 0)
    ]  # fmt: skip
