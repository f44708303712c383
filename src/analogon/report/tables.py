"""Tables of figures as HTML: which way is better, which is best, and why one is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analogon.metrics import Metric
from analogon.report.markup import Markup, element, join

DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", "one": "1 is ideal"}

#: What a run costs, in the shape of figures.
FIT = Metric(
    "fit_seconds", "fit", "lower", 0, math.inf, "s",
    "Wall-clock time of learning the source, once for all its targets.", "measured",
)  # fmt: skip
SECONDS = Metric(
    "seconds", "picture", "lower", 0, math.inf, "s", "Wall-clock time of making this one picture.", "measured"
)
PEAK = Metric(
    "peak_bytes", "memory", "lower", 0, math.inf, "bytes",
    "The most memory that the process held at once, fit and all targets of the case together.", "measured",
)  # fmt: skip
COSTS = (FIT, SECONDS, PEAK)
WINS = "wins"
"""The unit of how often something was best."""


@dataclass(frozen=True)
class Cell:
    """One figure in a table.

    `reason` says why there is none, `below` stands in small print under it, `remark` marks it with a dagger. With
    `ranked` False it is not sought among the best.
    """

    value: float | None = None
    reason: str = ""
    below: str = ""
    remark: str = ""
    ranked: bool = True


@dataclass(frozen=True)
class Row:
    """One line: its headings, and a cell for each metric by name.

    The best is sought among the rows of one group; `competes` is False where a row stands outside the contest.
    """

    heads: tuple[str, ...]
    cells: Mapping[str, Cell]
    group: str = ""
    competes: bool = True


def table(caption: str, heads: Sequence[str], rows: Sequence[Row], metrics: Sequence[Metric]) -> Markup:
    """A table that the page can sort by any of its columns, in a frame that scrolls sideways where it is wide."""
    columns = [(metric, decimals(_values(rows, metric), metric.unit), _best(rows, metric)) for metric in metrics]
    lines = []
    for place, row in enumerate(rows):
        cells = [
            _cell(row.cells.get(metric.name, Cell()), metric, digits, best=place in best)
            for metric, digits, best in columns
        ]
        first = (element("th", head, scope="row", data_value=head) for head in row.heads)
        lines.append(element("tr", *first, *cells))
    titles = [element("th", _sorter(head), scope="col") for head in heads]
    titles += [_heading(metric, family) for metric, family in zip(metrics, _starts(metrics), strict=True)]
    body = element(
        "table",
        element("caption", element("span", caption)),
        element("thead", element("tr", *titles)),
        element("tbody", *lines),
    )
    return element("div", body, class_="scroll", role="region", aria_label=caption, tabindex=0)


def text_of(value: float | None, unit: str = "", digits: int | None = None) -> str:
    """A figure for people: seconds and bytes in a fitting unit, others rounded to `digits`."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if unit == "bytes":
        return f"{value / 1e9:.1f} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"
    if unit == "s":
        return _duration(value)
    return f"{value:.{decimals([value], unit) if digits is None else digits}f}".replace("-", "−")


def _duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds >= 0.095 else f"{1000 * seconds:.0f} ms"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def decimals(values: Sequence[float], unit: str) -> int:
    """How many decimals tell the values of a column apart: about three digits of the largest."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if unit == "dB":
        return 1
    if unit == WINS:
        return 0 if all(value.is_integer() for value in values) else 1
    return 3 if largest <= 1 else 2 if largest < 10 else 1 if largest < 100 else 0


def sign(metric: Metric) -> Markup:
    """The direction of a figure, for the eye and in words."""
    return join(
        [
            element("span", metric.arrow.replace("→1", "→ 1"), class_="arrow", aria_hidden="true"),
            element("span", f" ({DIRECTIONS[metric.better]})", class_="unseen"),
        ]
    )


def explanation(metric: Metric) -> str:
    """What a figure means, in one or two sentences."""
    unit = f" In {metric.unit}." if metric.unit and metric.unit not in ("s", "bytes", WINS) else ""
    direction = DIRECTIONS[metric.better]
    return f"{metric.meaning} {direction[0].upper()}{direction[1:]}.{unit}"


def _values(rows: Sequence[Row], metric: Metric) -> list[float]:
    found = (row.cells.get(metric.name, Cell()).value for row in rows)
    return [value for value in found if value is not None and not math.isnan(value)]


def _best(rows: Sequence[Row], metric: Metric) -> set[int]:
    """The rows with the best value of their group, where there is something to choose from."""
    groups: dict[str, list[tuple[float, int]]] = {}
    for place, row in enumerate(rows):
        cell = row.cells.get(metric.name, Cell())
        value = cell.value
        if row.competes and cell.ranked and value is not None and not math.isnan(value):
            groups.setdefault(row.group, []).append((metric.badness(value), place))
    best: set[int] = set()
    for found in groups.values():
        least = min(badness for badness, _ in found)
        if len(found) > 1 and any(badness > least for badness, _ in found):
            best |= {place for badness, place in found if badness == least}
    return best


def _starts(metrics: Sequence[Metric]) -> list[bool]:
    """Whether a metric is the first of its family: coherence at several scales is one family."""
    families = [metric.name.partition("@")[0] for metric in metrics]
    return [place == 0 or families[place - 1] != family for place, family in enumerate(families)]


def _sorter(*content: str) -> Markup:
    return element("button", *content, type="button", class_="sort")


def _heading(metric: Metric, starts: bool) -> Markup:
    return element(
        "th",
        _sorter(element("span", metric.title, class_="name"), " ", sign(metric)),
        scope="col",
        data_better=metric.better,
        class_="number starts" if starts else "number",
        title=explanation(metric),
    )


def _cell(cell: Cell, metric: Metric, digits: int, *, best: bool) -> Markup:
    missing = cell.value is None or math.isnan(cell.value)
    parts: list[str] = [text_of(cell.value, metric.unit, digits)]
    if missing:
        parts = [element("span", "–", aria_hidden="true"), element("span", "missing", class_="unseen")]
    if cell.remark:
        parts.append(element("sup", "†"))
    if best:
        parts = [element("strong", *parts), element("span", " (best)", class_="unseen")]
    if cell.below:
        parts.append(element("small", cell.below))
    kinds = ["number", *(["missing"] if missing else []), *(["best"] if best else [])]
    return element(
        "td",
        *parts,
        class_=" ".join(kinds),
        data_value="" if missing else repr(float(cell.value or 0)),
        title=(cell.reason or "Not known.") if missing else cell.remark or None,
    )
