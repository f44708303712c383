"""The parts of the page around its pictures: figures over all targets, configurations, meanings."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analogon.metrics import CLASS_METRICS, Metric
from analogon.report.files import plain
from analogon.report.markup import Markup, count, element
from analogon.report.tables import COSTS, DIRECTIONS, FIT, PEAK, SECONDS, WINS, Cell, Row, decimals, table, text_of
from analogon.report.values import SOURCE, Comparison, Contender, Trial


def summary(comparison: Comparison) -> Markup:
    """All targets together: mean with its interval, median, and wins, in a table each."""
    if not comparison.aggregates:
        return Markup("")
    known = {(entry.contender, entry.metric): entry for entry in comparison.aggregates}
    # Means of different targets are not held against each other.
    unlike = {entry.metric for entry in comparison.aggregates if entry.partial and entry.contender != SOURCE}
    targets = sum(len(case.targets) for case in comparison.cases)
    level = comparison.aggregates[0].level
    tables = []
    for name, caption in (
        ("mean", f"Mean over the targets, with its bootstrap interval at {level:.0%}"),
        ("median", "Median over the targets"),
        ("wins", f"On how many of {count(targets, 'target')} each was best; a shared first place is shared out"),
    ):
        rows = []
        for contender in comparison.contenders:
            cells = {}
            for metric in comparison.metrics:
                entry = known.get((contender.label, metric.name))
                if entry is None or entry.targets == 0:
                    cells[metric.name] = Cell(reason="No target has this figure.")
                    continue
                remarks = [f"Over {entry.targets} of {count(targets, 'target')}."] if entry.targets < targets else []
                below = []
                if name == "mean" and entry.low is not None and entry.high is not None and math.isfinite(entry.high):
                    digits = decimals([entry.mean or 0.0], metric.unit)
                    below = [" – ".join(text_of(end, metric.unit, digits) for end in (entry.low, entry.high))]
                if name == "mean" and entry.partial:
                    below.append(f"∞ on {entry.infinite}")
                    without = count(entry.infinite, "target")
                    remarks.append(f"Infinite on {without}, where nothing differs; the mean is of the others.")
                cells[metric.name] = Cell(
                    getattr(entry, name),
                    below=", ".join(below),
                    remark=" ".join(remarks),
                    ranked=name != "mean" or metric.name not in unlike,
                )
            cells |= _costs(comparison, contender, name)
            rows.append(Row((contender.label,), cells, competes=contender.label != SOURCE))
        columns = [*comparison.metrics, *COSTS]
        if name == "wins":
            columns = [_counted(metric) for metric in comparison.metrics]
        tables.append(element("div", table(caption, ["method"], rows, columns), class_="statistic", data_name=name))
    return element(
        "section",
        element("h2", "Over all targets", id="summary"),
        *tables,
        class_="summary",
        aria_labelledby="summary",
    )


def _counted(metric: Metric) -> Metric:
    """The same metric in a table of wins, where more is better."""
    return replace(metric, better="higher", unit=WINS)


def _costs(comparison: Comparison, contender: Contender, statistic: str) -> dict[str, Cell]:
    """Time and memory of a contender over all targets; fits count once for each case, of memory the most is told."""
    trials = [trial for trial in comparison.trials if trial.contender == contender.label]
    middle = statistics.median if statistic == "median" else statistics.fmean
    fits = {trial.case: trial.fit_seconds for trial in trials if trial.fit_seconds is not None}
    renders = [trial.seconds for trial in trials if trial.seconds is not None]
    peaks = [trial.peak_bytes for trial in trials if trial.peak_bytes is not None]
    reason = "Not measured: there was no such step, or the pictures were made elsewhere."
    return {
        FIT.name: Cell(middle(fits.values()) if fits else None, reason),
        SECONDS.name: Cell(middle(renders) if renders else None, reason),
        PEAK.name: Cell(max(peaks) if peaks else None, reason),
    }


def configurations(comparison: Comparison) -> Markup:
    """What made the pictures: settings and records of each contender, and the machine."""
    blocks = [_configuration(comparison, contender) for contender in comparison.contenders]
    if comparison.machine:
        blocks.append(element("details", element("summary", element("b", "Machine")), _json(comparison.machine)))
    heading = element("h2", "What made the pictures", id="methods")
    return element("section", heading, *blocks, class_="methods", aria_labelledby="methods")


def _configuration(comparison: Comparison, contender: Contender) -> Markup:
    trials = [trial for trial in comparison.trials if trial.contender == contender.label]
    made = f"method {contender.method}" if contender.method else "no method: made elsewhere, or the source itself"
    if contender.recipe:
        made += f", recipe {contender.recipe}"
    parts = [element("p", contender.meaning)] if contender.meaning else []
    if contender.settings:
        parts += [element("h4", "Set for this comparison"), _json(contender.settings)]
    seeds = sorted({trial.seed for trial in trials})
    if contender.method and seeds:
        parts.append(element("p", f"Seed {', '.join(map(str, seeds))}."))
    if failed := [trial for trial in trials if trial.error is not None]:
        errors = (element("li", f"{trial.case}, {trial.target}: {trial.error}") for trial in failed)
        parts += [element("h4", "Failed"), element("ul", *errors, class_="errors")]
    told = [trial for trial in trials if trial.record]
    common = in_common([trial.record for trial in told])
    if common:
        parts += [element("h4", "The same for all its pictures"), _json(common)]
    if own := [(trial, apart(trial.record, common)) for trial in told]:
        parts += [element("h4", "Picture by picture"), *(_own(trial, rest) for trial, rest in own if rest)]
    if not parts:
        parts = [element("p", "Nothing more is known of it.")]
    title = [element("b", contender.label), " ", element("small", made)]
    if failed:
        title += [" ", element("small", f"{len(failed)} failed", class_="failure")]
    return element("details", element("summary", *title), *parts)


def _own(trial: Trial, rest: Mapping[str, Any]) -> Markup:
    name = f"{trial.case}, {trial.target}, seed {trial.seed}"
    return element("details", element("summary", name), _json(rest))


def in_common(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all the records say alike, down to any depth; of one record nothing is taken away."""
    if not records:
        return {}
    common: dict[str, Any] = {}
    for name, value in records[0].items():
        others = [record.get(name) for record in records[1:]]
        if all(name in record for record in records[1:]) and all(other == value for other in others):
            common[name] = value
            continue
        if all(isinstance(one, Mapping) for one in (value, *others)):
            inner = in_common([dict(one) for one in (value, *others)])
            common |= {name: inner} if inner else {}
    return common


def apart(record: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says besides what all say."""
    rest: dict[str, Any] = {}
    for name, value in record.items():
        if name not in common:
            rest[name] = value
        elif value != common[name] and (inner := apart(value, common[name])):
            rest[name] = inner
    return rest


def _json(values: Mapping[str, Any]) -> Markup:
    text = json.dumps(plain(values), indent=2, ensure_ascii=False)
    return element("pre", element("code", text), tabindex=0)


def glossary(comparison: Comparison) -> Markup:
    """Every figure of the page: what it means, which way is better, its range and where it comes from."""
    by_class = [] if not any(trial.classes for trial in comparison.trials) else list(CLASS_METRICS.values())
    metrics = {metric.name: metric for metric in (*comparison.metrics, *by_class, *COSTS)}
    entries = []
    families: dict[str, list[Metric]] = {}
    for metric in metrics.values():
        families.setdefault(metric.name.partition("@")[0], []).append(metric)
    for metric, *others in families.values():
        titles = "; ".join(one.title for one in (metric, *others))
        direction = DIRECTIONS[metric.better]
        unit = f" {metric.unit}" if metric.unit not in ("", "s", "bytes") else ""
        span = f"{text_of(metric.low, digits=0)} to {text_of(metric.high, digits=0)}{unit}"
        entries.append(
            element(
                "div",
                element("dt", titles),
                element(
                    "dd",
                    metric.meaning,
                    element("small", f"{direction[0].upper()}{direction[1:]}; {span}; {metric.source}."),
                ),
            )
        )
    said = (
        "The best of each column is in bold. No figure says all: a copy of the source scores perfectly on many, and a "
        "blot with the right outline on others. Read them together, and look at the pictures."
    )
    return element(
        "section",
        element("h2", "What the figures mean", id="figures"),
        element("p", said),
        element("dl", *entries, class_="glossary"),
        aria_labelledby="figures",
    )
