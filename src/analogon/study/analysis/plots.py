"""Plots as HTML with SVG inside, of any width: across in percent, down in pixels, so that letters keep their size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from analogon.study.analysis import words
from analogon.study.analysis.values import Estimate

_ROW, _AXIS = 38, 30
_LEFT, _RIGHT = 3.0, 97.0


@dataclass(frozen=True)
class Axis:
    """What the percents across mean.

    Attributes:
        low, high: values at the ends.
        ticks: values that are written.
        text: of a tick.
        log: logarithmic; then both ends are above 0.
    """

    low: float
    high: float
    ticks: Sequence[float]
    text: Callable[[float], str]
    log: bool = False

    def at(self, value: float) -> float:
        """Percent from the left."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        where = math.log(max(value, self.low)) if self.log else value
        return _LEFT + (_RIGHT - _LEFT) * min(max((where - low) / (high - low), 0), 1)


def rank_axis(things: int) -> Axis:
    """From the first rank to the last."""
    return Axis(1, things, range(1, things + 1), lambda tick: f"{tick:.0f}")


def share_axis(values: Sequence[Estimate]) -> Axis:
    """Strengths, logarithmic, around all values and intervals."""
    known = [end for one in values for end in (one.value, one.low, one.high) if end > 0]
    low, high = min(known) / 1.3, min(max(known) * 1.3, 1.0)
    # the finest ones that stay apart on a phone
    for steps, stride in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 4)):
        powers = range(-12 + 12 % stride, 1, stride)
        ticks = [tick for power in powers for step in steps if low <= (tick := step * 10.0**power) <= high]
        if len(ticks) <= 4:
            break
    return Axis(low, high, ticks, lambda tick: f"{100 * tick:g}\N{NARROW NO-BREAK SPACE}%", log=True)


def intervals(
    estimates: Mapping[str, Estimate],
    axis: Axis,
    text: Callable[[Estimate], str],
    title: str,
    mark: float | None = None,
) -> str:
    """One row for each name: its value as a dot, its interval as a bar; ``mark`` is a dashed line across all."""
    height = _ROW * len(estimates)
    parts = [_line(axis.at(tick), 0, axis.at(tick), height, "grid") for tick in axis.ticks]
    if mark is not None:
        parts.append(_line(axis.at(mark), 0, axis.at(mark), height, "mark"))
    for row, one in enumerate(estimates.values()):
        y = _ROW * (row + 0.5)
        if not math.isnan(one.low):
            parts.append(_line(axis.at(one.low), y, axis.at(one.high), y, "bar"))
        parts.append(f'<circle class="dot" cx="{axis.at(one.value):.2f}%" cy="{y}" r="6"/>')
    parts += [_text(axis.at(tick), height + 20, axis.text(tick)) for tick in axis.ticks]
    names = "".join(_label(name) for name in estimates)
    values = "".join(f'<div class="value">{text(one)}</div>' for one in estimates.values())
    return (
        f'<div class="plot"><div class="labels">{names}</div>{_svg(height + _AXIS, parts, title)}'
        f'<div class="values">{values}</div></div>'
    )


def places(shares: Mapping[str, Sequence[float]]) -> str:
    """One row for each name: how often it had each place, as a bar in as many parts."""
    rows = []
    things = len(shares)
    steps = [(things - 1 - i) / max(1, things - 1) for i in range(things)]
    for name, row in shares.items():
        parts = "".join(
            f'<span class="{"deep" if step > 0.6 else "pale"}" style="width:{100 * share:.2f}%;--step:{step:.2f}" '
            f'title="{_place(i, things)}: {words.percent(share)}">'
            f"{words.percent(share) if share >= 0.13 else ''}</span>"
            for i, (step, share) in enumerate(zip(steps, row, strict=True))
            if share > 0
        )
        rows.append(f'{_label(name)}<div class="stack">{parts}</div>')
    key = "".join(f'<span><i style="--step:{step:.2f}"></i>{_place(i, things)}</span>' for i, step in enumerate(steps))
    return f'<div class="stacks">{"".join(rows)}</div><p class="key">{key}</p>'


def _label(name: str) -> str:
    return f'<div class="label" title="{escape(name)}"><span>{escape(name)}</span></div>'


def _place(i: int, things: int) -> str:
    return "first" if i == 0 else "last" if i == things - 1 else f"{i + 1}{('nd', 'rd')[i - 1] if i < 3 else 'th'}"


def groups(order: Mapping[str, float], critical: float) -> list[tuple[str, ...]]:
    """The largest sets of two or more names whose values all lie within the critical difference, from low to high."""
    names = sorted(order, key=lambda name: order[name])
    found: list[tuple[str, ...]] = []
    for start, first in enumerate(names):
        end = max(i for i in range(start, len(names)) if order[names[i]] - order[first] <= critical)
        if end > start and not (found and found[-1][-1] == names[end]):
            found.append(tuple(names[start : end + 1]))
    return found


def critical_difference(order: Mapping[str, float], critical: float) -> str:
    """The diagram of Demšar 2006: names on an axis of mean ranks, those that are not told apart joined by a bar."""
    things = len(order)
    # names stand at both sides, so the axis takes the middle
    ranks = rank_axis(things)
    inner = Axis(1 - 0.5 * (things - 1), things + 0.5 * (things - 1), ranks.ticks, ranks.text)
    top, names = 62, sorted(order, key=lambda name: order[name])
    bars = groups(order, critical)
    below = top + 14 + 9 * len(bars)
    parts = [_line(inner.at(1), top, inner.at(things), top, "axis")]
    for tick in inner.ticks:
        parts += [
            _line(inner.at(tick), top - 6, inner.at(tick), top, "axis"),
            _text(inner.at(tick), top - 11, inner.text(tick)),
        ]
    reach = min(critical, things - 1.0)
    end = "" if critical <= things - 1 else ", more than the axis"
    parts += [
        _line(inner.at(1), 24, inner.at(1 + reach), 24, "critical"),
        _text(inner.at(1), 15, f"critical difference {words.decimal(critical)}{end}", "start"),
    ]
    parts += [
        _line(
            inner.at(order[group[0]]) - 0.6,
            top + 10 + 9 * i,
            inner.at(order[group[-1]]) + 0.6,
            top + 10 + 9 * i,
            "group",
        )
        for i, group in enumerate(bars)
    ]
    half = (things + 1) // 2
    for i, name in enumerate(names):
        left = i < half
        y = below + 22 * ((i if left else things - 1 - i) + 1)
        x = inner.at(order[name])
        parts += [
            _line(x, top, x, y, "stem"),
            _line(x, y, _LEFT if left else _RIGHT, y, "stem"),
            _text(
                _LEFT if left else _RIGHT,
                y - 5,
                f"{_cut(name)} {words.decimal(order[name])}",
                "start" if left else "end",
            ),
        ]
    drawing = _svg(below + 22 * half + 10, parts, "Critical difference diagram of the mean places")
    return f'<div class="wide">{drawing}</div>'


def _cut(name: str, length: int = 22) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"


def _svg(height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(title)}" width="100%" height="{height:g}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.2f}%" y1="{y1:g}" x2="{x2:.2f}%" y2="{y2:g}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.2f}%" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
