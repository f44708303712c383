"""Figures over all targets: means, medians, wins, and how sure the means are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median

from analogon.metrics import Metric
from analogon.report.values import SOURCE, Aggregate, Comparison
from analogon.statistics import bootstrap_interval

LEVEL = 0.95

#: (case, target)
Place = tuple[str, str]


def aggregate(comparison: Comparison) -> tuple[Aggregate, ...]:
    """For each contender and metric the mean, median, wins and bootstrap interval over the targets.

    The seeds of one target count as one, with their mean. A win goes to the best of a target, by the direction of the
    metric; those who share a first place share the win. There is a win where two contenders or more have a figure;
    the source itself does not compete. Infinitely good figures, of which one would
    be the mean of all, are counted apart.
    """
    found = []
    for metric in comparison.metrics:
        values = {one.label: _values(comparison, one.label, metric) for one in comparison.contenders}
        wins = _wins(metric, {label: mine for label, mine in values.items() if label != SOURCE})
        found += [
            _aggregate(label, metric, list(mine.values()), wins.get(label, 0.0)) for label, mine in values.items()
        ]
    order = [contender.label for contender in comparison.contenders]
    return tuple(sorted(found, key=lambda one: order.index(one.contender)))


def _values(comparison: Comparison, label: str, metric: Metric) -> dict[Place, float]:
    """A contender's figure for each target."""
    seeds: dict[Place, list[float]] = {}
    for trial in comparison.trials:
        value = trial.figures.get(metric.name)
        if trial.contender == label and value is not None and not math.isnan(value):
            seeds.setdefault((trial.case, trial.target), []).append(value)
    return {place: fmean(figures) for place, figures in seeds.items()}


def _wins(metric: Metric, values: Mapping[str, Mapping[Place, float]]) -> dict[str, float]:
    wins = dict.fromkeys(values, 0.0)
    for place in dict.fromkeys(place for mine in values.values() for place in mine):
        ranks = {label: metric.badness(mine[place]) for label, mine in values.items() if place in mine}
        best = [label for label, rank in ranks.items() if rank == min(ranks.values())]
        for label in best if len(ranks) > 1 else ():
            wins[label] += 1 / len(best)
    return wins


def _aggregate(label: str, metric: Metric, values: Sequence[float], wins: float) -> Aggregate:
    if not values:
        return Aggregate(label, metric.name, 0, None, None, 0.0, None, None, LEVEL)
    others = [value for value in values if metric.badness(value) != -math.inf]
    averaged = others or values
    low, high = bootstrap_interval(averaged, level=LEVEL)
    return Aggregate(
        label,
        metric.name,
        len(values),
        fmean(averaged),
        median(values),
        round(wins, 6),
        None if math.isnan(low) else low,
        None if math.isnan(high) else high,
        LEVEL,
        len(values) - len(others),
    )
