"""Numbers as people read them, and the sentences of the page (as HTML, names escaped)."""

from __future__ import annotations

import math
from html import escape

from analogon.statistics import Friedman
from analogon.study.analysis.values import Estimate, Pair, View

BOUND = 0.05
"""p values below it are called more than chance."""

_SPACE = "\N{NARROW NO-BREAK SPACE}"


def name(label: str) -> str:
    """A contender's label."""
    return f'<b class="name">{escape(label)}</b>'


def percent(share: float) -> str:
    """A share of 1 in percent, with no more digits than it has."""
    if 0 < share < 0.01 or 0.99 < share < 1:
        return f"{100 * share:.1f}{_SPACE}%"
    return f"{100 * share:.0f}{_SPACE}%"


def chance(p: float) -> str:
    """A p value with its sign."""
    if p > 0.9995:
        return f"p{_SPACE}={_SPACE}1"
    return f"p{_SPACE}&lt;{_SPACE}.001" if p < 0.001 else f"p{_SPACE}={_SPACE}{_short(p, 3)}"


def decimal(value: float, digits: int = 2) -> str:
    """A number with a real minus."""
    return f"{value:.{digits}f}".replace("-", "−")


def _short(value: float, digits: int) -> str:
    """A number from -1 to 1 without its leading 0."""
    return decimal(value, digits).replace("0.", ".", 1) if abs(value) < 1 else decimal(value, digits)


def between(one: Estimate, percents: bool = False) -> str:
    """The interval alone; a dash where it is not known."""
    if math.isnan(one.low):
        return "–"
    if percents:
        return f"{percent(one.low).rstrip(_SPACE + '%')}–{percent(one.high)}"
    return f"{decimal(one.low)}{'–' if one.low >= 0 else ' to '}{decimal(one.high)}"


def interval(one: Estimate, percents: bool = False) -> str:
    """The interval, as a sentence continues with it."""
    return "no interval" if math.isnan(one.low) else f"95{_SPACE}% interval {between(one, percents)}"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 10:
        return f"{seconds:.1f}{_SPACE}s"
    if seconds < 120:
        return f"{seconds:.0f}{_SPACE}s"
    if seconds < 7200:
        return f"{seconds / 60:.0f}{_SPACE}min"
    return f"{seconds / 3600:.0f}{_SPACE}h"


def count(number: int, thing: str) -> str:
    """So many of them."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def comparison(pair: Pair) -> str:
    """One pair of contenders in a sentence."""
    tested = f", corrected {chance(pair.corrected)}" if pair.participants > 1 else ""
    if pair.share.value == 0.5:
        return f"Pictures of {name(pair.above)} and of {name(pair.below)} were ranked above each other equally often."
    return (
        f"Pictures of {name(pair.above)} were ranked above those of {name(pair.below)} in "
        f"{percent(pair.share.value)} of comparisons ({interval(pair.share, percents=True)}{tested})."
    )


def in_short(view: View) -> list[str]:
    """What the page says first of a criterion."""
    best = view.contenders[0]
    found = []
    if view.mean_rank:
        rank = view.mean_rank[best]
        found.append(
            f"{name(best)} has the best mean rank, {decimal(rank.value)} of {len(view.contenders)} ({interval(rank)}); "
            f"it was put first in {percent(view.first[best])} of rankings."
        )
    else:
        found.append(f"No ranking has all contenders in it; {name(best)} has the greatest strength by comparisons.")
    if view.people:
        found.append(f"{_overall(view.people)} {_elsewhere(view.people, view.pictures)}".strip())
    found += [comparison(pair) for pair in view.pairs if best in (pair.above, pair.below)]
    if view.tau:
        same = (1 + view.tau.value) / 2
        found.append(
            f"Two participants put two pictures in the same order in {percent(same)} of cases; by chance it would be "
            f"50{_SPACE}% (mean Kendall τ {decimal(view.tau.value)})."
        )
    return found


def test(found: Friedman) -> str:
    """A test with its numbers."""
    if found.k == 2:
        return f"sign test, {_rows(found)}, {chance(found.p)}"
    statistic = f"χ²({found.k - 1}){_SPACE}={_SPACE}{decimal(found.statistic, 1)}"
    return f"Friedman's test, {statistic}, {_rows(found)}, {chance(found.p)}"


def _rows(found: Friedman) -> str:
    return f"n{_SPACE}={_SPACE}{found.n}"


def _overall(people: Friedman) -> str:
    if people.p < BOUND:
        return f"The contenders differ by more than chance among participants ({test(people)})."
    return f"The differences could be chance: other participants may rank otherwise ({test(people)})."


def _elsewhere(people: Friedman, pictures: Friedman | None) -> str:
    if pictures is None:
        return ""
    if pictures.p < BOUND:
        also = "too" if people.p < BOUND else "all the same"
        return f"Seen question by question they differ {also} ({test(pictures)})."
    if people.p < BOUND:
        return f"One by one, the questions do not show it: other pictures may give another order ({test(pictures)})."
    return f"Nor do the questions, one by one, show a difference ({test(pictures)})."


def warnings(view: View) -> list[str]:
    """What keeps the numbers from meaning more."""
    people, pairs = view.participants, len(view.pairs)
    asked = sum(one.answers > 0 for one in view.questions)
    found = []
    # the smallest corrected p of n signed ranks is 2 pairs / 2^n
    needed = math.floor(math.log2(2 * pairs / BOUND)) + 1 if pairs else 0
    if people == 1:
        found.append("There is one participant only: the numbers describe one person, and nothing can be tested.")
    elif people < needed:
        found.append(
            f"There are only {people} participants: before the corrected test of {count(pairs, 'pair')} can tell two "
            f"contenders apart, it takes {needed} who agree. Take this as a first look."
        )
    elif people < 12:
        found.append(f"With {people} participants intervals are rough, and rather too narrow than too wide.")
    if asked == 1:
        found.append("There is one question only: nothing is said of other pictures.")
    elif asked < 6:
        found.append(f"There are only {asked} questions: other pictures may give another order.")
    if view.whole < view.answers:
        found.append(
            f"{count(view.answers - view.whole, 'answer')} of {view.answers} rank fewer than all contenders (a picture "
            "was missing): they count in comparisons of two and in strengths, not in mean ranks."
        )
    always = [pair for pair in view.pairs if pair.share.value == 1]
    if always and people > 1:
        one = always[0]
        more = f", and so for {count(len(always) - 1, 'other pair')}" if len(always) > 1 else ""
        found.append(
            f"{name(one.below)} was never ranked above {name(one.above)}{more}: how far apart they are cannot be "
            "known, and their strengths are held finite by a weak prior."
        )
    return found
