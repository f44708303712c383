"""A comparison as text: a table of means that fits a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from analogon.metrics import Metric
from analogon.report.tables import COSTS, decimals, text_of
from analogon.report.values import SOURCE, Aggregate, Comparison, Trial

_GAP = "  "


def overview(comparison: Comparison, width: int) -> str:
    """Metrics below each other, contenders side by side, the best marked.

    Contenders that do not fit beside the others follow in a table below.
    """
    labels = [contender.label for contender in comparison.contenders]
    heads = [f"{metric.title} {metric.arrow}" for metric in comparison.metrics]
    columns = {label: [label] for label in labels}
    for metric in comparison.metrics:
        for label, text in _means(comparison, metric).items():
            columns[label].append(text)
    for cost in COSTS:
        heads.append(cost.title)
        for label in labels:
            values = [getattr(trial, cost.name) for trial in comparison.trials if trial.contender == label]
            known = [value for value in values if value is not None]
            columns[label].append(text_of(fmean(known) if known else None, cost.unit))
    failed = [trial for trial in comparison.trials if trial.error is not None]
    if failed:
        heads.append("failed")
        for label in labels:
            columns[label].append(str(sum(trial.contender == label for trial in failed) or "–"))
    tables = _blocks(["", *heads], list(columns.values()), width)
    return "\n\n".join([*tables, *_remarks(comparison, failed)])


def _means(comparison: Comparison, metric: Metric) -> dict[str, str]:
    """By contender the mean of a metric, with the number of wins where there are several targets."""
    found = {one.contender: one for one in comparison.aggregates if one.metric == metric.name}
    values = [one.mean for one in found.values() if one.mean is not None]
    digits = decimals(values, metric.unit)
    ranks = {
        label: metric.badness(one.mean) for label, one in found.items() if one.mean is not None and label != SOURCE
    }
    # Means of different targets are not held against each other.
    unlike = any(one.partial for label, one in found.items() if label != SOURCE)
    best = None if unlike else min(ranks.values(), default=None)
    contest = len(ranks) > 1 and max(one.targets for one in found.values()) > 1
    texts = {}
    for contender in comparison.contenders:
        one = found.get(contender.label)
        mark = "*" if len(ranks) > 1 and ranks.get(contender.label, math.nan) == best else " "
        texts[contender.label] = text_of(None if one is None else one.mean, metric.unit, digits) + mark
        if one is not None and one.partial:
            texts[contender.label] = f"∞×{one.infinite}, {texts[contender.label]}"
        if contest and contender.label != SOURCE:
            texts[contender.label] += f" {_wins(one):>4}"
    return texts


def _wins(one: Aggregate | None) -> str:
    return "" if one is None or one.mean is None else f"({one.wins:.3g})"


def _blocks(heads: Sequence[str], columns: Sequence[Sequence[str]], width: int) -> list[str]:
    """Tables of as many columns as fit beside the headings."""
    first = max(map(len, heads))
    blocks: list[list[Sequence[str]]] = [[]]
    used = first
    for column in columns:
        wide = len(_GAP) + max(map(len, column))
        if blocks[-1] and used + wide > width:
            blocks.append([])
            used = first
        blocks[-1].append(column)
        used += wide
    return ["\n".join(_lines(heads, block)) for block in blocks]


def _lines(heads: Sequence[str], block: Sequence[Sequence[str]]) -> list[str]:
    first, widths = max(map(len, heads)), [max(map(len, column)) for column in block]
    return [
        _GAP.join(
            [f"{head:<{first}}", *(f"{column[n]:>{wide}}" for column, wide in zip(block, widths, strict=True))]
        ).rstrip()
        for n, head in enumerate(heads)
    ]


def _remarks(comparison: Comparison, failed: Sequence[Trial]) -> list[str]:
    """What the table means, and why pictures are missing: each reason once."""
    targets = sum(len(case.targets) for case in comparison.cases)
    remarks = []
    if targets > 1:
        several = len({one.contender for one in comparison.aggregates} - {SOURCE}) > 1
        marks = "; * the best, in brackets the number of targets on which it was best" if several else ""
        remarks.append(f"Means over {targets} targets{marks}.")
    if any(one.partial for one in comparison.aggregates):
        remarks.append("∞×N: infinite on so many targets, for nothing differs; the mean is of the others.")
    reasons: dict[str, list[Trial]] = {}
    for trial in failed:
        reasons.setdefault(trial.error or "", []).append(trial)
    for reason, trials in reasons.items():
        places = ", ".join(dict.fromkeys(f"{trial.case}/{trial.target}" for trial in trials))
        remarks.append(f"{trials[0].contender} failed ({places}): {reason}")
    return remarks
