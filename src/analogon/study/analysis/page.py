"""The page: what a study found, in words, plots and tables; nothing is loaded from elsewhere and nothing runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources

from analogon.study.analysis import plots, words
from analogon.study.analysis.values import Analysis, Participant, QuestionNumbers, View
from analogon.study.analysis.words import between, chance, count, decimal, duration, percent

_TITLES = {"appearance": "By appearance", "layout": "By layout"}


def page(found: Analysis, numbers: str) -> str:
    """The whole page as HTML.

    Args:
        found: all numbers.
        numbers: name of the file with them that stands beside the page.
    """
    style = resources.files("analogon.study.analysis").joinpath("page.css").read_text(encoding="utf-8")
    parts = [_head(found)]
    for criterion, everyone in found.everyone.items():
        parts.append(_criterion(criterion, found.attentive.get(criterion), everyone, found))
    parts += [_participants(found), _method(numbers)]
    title = escape(found.title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}: what the study found</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(parts)}</main>\n</body>\n</html>\n"
    )


def _head(found: Analysis) -> str:
    answers = sum(one.answers for one in found.participants)
    questions = len({one.name for view in found.everyone.values() for one in view.questions if one.answers})
    contenders = len({label for view in found.everyone.values() for label in view.contenders})
    facts = [
        (str(len(found.participants)), "participant" if len(found.participants) == 1 else "participants"),
        (str(answers), "answer" if answers == 1 else "answers"),
        (str(questions), "question" if questions == 1 else "questions"),
        (str(contenders), "contenders"),
    ]
    tiles = "".join(f"<div><strong>{number}</strong>{thing}</div>" for number, thing in facts)
    return f'<header><h1>{escape(found.title)}</h1><div class="facts">{tiles}</div>{_attention(found)}</header>\n'


def _attention(found: Analysis) -> str:
    """Who is left out, in a sentence."""
    people, failed = len(found.participants), len(found.failed)
    unseen = sum(one.attention_passed is None for one in found.participants)
    if unseen == people:
        return _paragraph("Nobody was shown an attention check.")
    more = f" {count(unseen, 'participant')} of {people} met none." if unseen else ""
    if not failed:
        return _paragraph(f"Nobody failed an attention check.{more}")
    return _paragraph(
        f"{count(failed, 'participant')} of {people} failed an attention check and {'is' if failed == 1 else 'are'} "
        f"left out of the figures below; each section ends with what everyone says.{more}"
    )


def _criterion(criterion: str, attentive: View | None, everyone: View, found: Analysis) -> str:
    title = escape(_TITLES.get(criterion, f"By {criterion}"))
    view = attentive or everyone
    notes = words.warnings(view)
    if attentive is None:
        notes.insert(0, "Everybody who answered failed an attention check: these figures are of people who did.")
    short = "".join(f"<li>{one}</li>" for one in words.in_short(view))
    warned = "".join(f"<li>{one}</li>" for one in notes)
    parts = [
        f"<section><h2>{title}</h2>",
        _paragraph(f"{count(view.participants, 'participant')}, {count(view.answers, 'answer')}.", "quiet"),
        f'<ul class="short">{short}</ul>',
        f'<ul class="warnings">{warned}</ul>' if notes else "",
        _ranks(view),
        _pairs(view),
        _strengths(view),
        _agreement(view),
        _questions(view),
    ]
    if attentive is not None and attentive is not everyone:
        parts.append(_with_everyone(attentive, everyone, found))
    return "".join([*parts, "</section>\n"])


def _ranks(view: View) -> str:
    if not view.mean_rank:
        return ""
    things = len(view.contenders)
    plot = plots.intervals(
        view.mean_rank,
        plots.rank_axis(things),
        lambda one: f'{decimal(one.value)} <span class="ends">{between(one)}</span>',
        "Mean ranks with intervals",
        mark=(1 + things) / 2,
    )
    parts = [
        "<h3>Mean rank</h3>",
        _paragraph(
            "1 is the best. Dots are means over participants, bars 95&#8239;% intervals over participants; the dashed "
            "line is what chance gives.",
            "quiet",
        ),
        plot,
        "<h3>How often each place</h3>",
        plots.places(view.places),
    ]
    if view.critical is not None and things > 2:
        parts += [
            "<h3>Who is told apart</h3>",
            _paragraph(
                "Mean places in the participants' own orders. A thick bar joins contenders that lie closer than the "
                "critical difference, which Nemenyi's test does not tell apart; the comparisons below look at two "
                "contenders at a time and may see more.",
                "quiet",
            ),
            plots.critical_difference(view.order, view.critical),
        ]
    return "".join(parts)


def _pairs(view: View) -> str:
    rows = []
    for pair in view.pairs:
        tested = pair.participants > 1
        sure = ' class="sure"' if tested and pair.corrected < words.BOUND else ""
        rows.append(
            [
                f"<th{sure}>{words.name(pair.above)} above {words.name(pair.below)}</th>",
                f"<td>{percent(pair.share.value)}</td>",
                f"<td>{between(pair.share, percents=True)}</td>",
                f"<td{sure}>{_p(pair.corrected) if tested else '–'}</td>",
                f"<td>{'–' if pair.nemenyi is None else _p(pair.nemenyi)}</td>",
                f"<td>{pair.comparisons}</td>",
            ]
        )
    heads = ["ranked …", "share", "95&#8239;% interval", "corrected p", "Nemenyi p", "comparisons"]
    return (
        "<h3>Two at a time</h3>"
        + _paragraph(
            "Each participant counts once. Corrected p: Wilcoxon's signed-rank test over participants, corrected for "
            f"{count(len(view.pairs), 'pair')} by Holm's method, bold below .05; the intervals are of each pair alone.",
            "quiet",
        )
        + _table(heads, rows)
    )


def _strengths(view: View) -> str:
    plot = plots.intervals(
        view.strength,
        plots.share_axis(list(view.strength.values())),
        lambda one: f'{percent(one.value)} <span class="ends">{between(one, percents=True)}</span>',
        "Bradley–Terry strengths with intervals",
        mark=1 / len(view.contenders),
    )
    first, last = view.contenders[0], view.contenders[-1]
    odds = view.strength[first].value / view.strength[last].value
    example = f"{words.name(first)} to {words.name(last)} as {odds:.{1 if odds < 10 else 0}f} to 1"
    return (
        "<h3>Strength (Bradley–Terry)</h3>"
        + _paragraph(
            "Strengths sum to 100&#8239;%, on a logarithmic scale; the dashed line is an equal share. Of two "
            f"contenders, each is preferred in proportion to its strength: {example}. The intervals (95&#8239;%) "
            "come from drawing whole participants.",
            "quiet",
        )
        + plot
    )


def _agreement(view: View) -> str:
    if view.tau is None:
        return ""
    rows = [
        [
            "<th>mean Kendall τ of two participants on one question</th>",
            f"<td>{decimal(view.tau.value)}</td><td>{between(view.tau)}</td>",
        ]
    ]
    if view.concordance is not None and view.people is not None:
        rows.append(
            [
                "<th>Kendall's W of the participants' mean ranks</th>",
                f"<td>{decimal(view.concordance)}</td><td>{chance(view.people.p)}</td>",
            ]
        )
    return (
        "<h3>Agreement between participants</h3>"
        + _paragraph(
            "τ is 1 where two people rank alike, 0 by chance, −1 where they rank the other way round; its interval is "
            "over questions. W is 1 where all people have one order, near 0 where they cancel out.",
            "quiet",
        )
        + _table(["", "", "95&#8239;% interval or test"], rows)
    )


def _questions(view: View) -> str:
    heads = ["question", "answers", *map(escape, view.contenders), "W", "p", "τ", "time"]
    rows = [_question(one, view.contenders) for one in view.questions]
    times = view.seconds
    return (
        "<h3>Question by question</h3>"
        + _paragraph(
            "Mean ranks, the best in bold. W, its p (corrected for all questions by Holm's method) and τ say how much "
            "participants agree; time is the median of an answer. Over all questions half of the answers took between "
            f"{duration(times.lower)} and {duration(times.upper)}, the median is {duration(times.median)} (least "
            f"{duration(times.least)}, most {duration(times.most)}).",
            "quiet",
        )
        + _table(heads, rows)
    )


def _question(one: QuestionNumbers, contenders: Sequence[str]) -> list[str]:
    best, things = min(one.mean_rank.values(), default=0.0), len(one.mean_rank)
    cells = []
    for label in contenders:
        rank = one.mean_rank.get(label)
        if rank is None:
            cells.append("<td>–</td>")
            continue
        heat = (things - rank) / max(1, things - 1)
        kind = ' class="best"' if rank == best else ""
        cells.append(f'<td{kind} style="--heat:{heat:.2f}">{decimal(rank)}</td>')
    agree = [one.concordance, one.p, one.tau]
    found = ["–" if value is None else _p(value) if i == 1 else decimal(value) for i, value in enumerate(agree)]
    seconds = "–" if one.seconds is None else duration(one.seconds)
    return [
        f"<th>{escape(one.text)}</th><td>{one.answers}</td>",
        *cells,
        *(f"<td>{value}</td>" for value in found),
        f"<td>{seconds}</td>",
    ]


def _with_everyone(attentive: View, everyone: View, found: Analysis) -> str:
    rows = []
    for label in everyone.contenders:
        cells = [f"<th>{escape(label)}</th>"]
        for view in (attentive, everyone):
            rank, strength = view.mean_rank.get(label), view.strength.get(label)
            cells.append(f"<td>{'–' if rank is None else f'{decimal(rank.value)} ({between(rank)})'}</td>")
            cells.append(f"<td>{'–' if strength is None else percent(strength.value)}</td>")
        # rank and strength of one view stand together
        rows.append([cells[0], cells[1], cells[3], cells[2], cells[4]])
    tests = [
        f"{'With' if view is everyone else 'Without'} them: {words.test(view.people) if view.people else 'not tested'}."
        for view in (attentive, everyone)
    ]
    same = attentive.contenders == everyone.contenders
    return (
        "<h3>With and without those who failed an attention check</h3>"
        + _paragraph(
            f"{count(len(found.failed), 'participant')} failed one. The order of the contenders is "
            f"{'the same' if same else 'another'} with them. {' '.join(tests)}"
        )
        + _table(["", "mean rank without", "with", "strength without", "with"], rows)
    )


def _participants(found: Analysis) -> str:
    criteria = list(found.everyone)
    passed = {True: "passed", False: "failed", None: "none seen"}
    heads = ["participant", "answers", "attention", "median time"]
    heads += [f"like others{'' if len(criteria) == 1 else f', {escape(one)}'}" for one in criteria]

    def row(one: Participant) -> list[str]:
        like = [found.everyone[criterion].like_others.get(one.name) for criterion in criteria]
        kind = ' class="failed"' if one.attention_passed is False else ""
        return [
            f"<th>{escape(one.name)}</th><td>{one.answers}</td>",
            f"<td{kind}>{passed[one.attention_passed]}</td><td>{duration(one.seconds)}</td>",
            *(f"<td>{'–' if tau is None else decimal(tau)}</td>" for tau in like),
        ]

    return (
        "<section><h2>Participants</h2>"
        + _paragraph(
            "Like others: mean Kendall τ with each other participant on the questions that both answered, of everyone; "
            "about 0 is an order at random.",
            "quiet",
        )
        + f"<details{' open' if len(found.participants) <= 12 else ''}><summary>"
        + f"{count(len(found.participants), 'participant')}</summary>"
        + _table(heads, [row(one) for one in found.participants])
        + "</details></section>\n"
    )


def _method(numbers: str) -> str:
    return (
        "<section><h2>How this was computed</h2><p>The answers of one participant belong together. Before anything is "
        "tested they are averaged to one row of mean ranks per participant, and intervals draw participants, not "
        "answers: many questions to few people do not make the figures look surer than they are. The second Friedman "
        "test takes questions for rows instead, and asks whether other pictures would be ranked alike.</p><ul>"
        "<li>Intervals: bootstrap over participants (BCa, Efron 1987; percentiles for strengths). Where all agree on a "
        "pair, Clopper and Pearson's exact interval.</li>"
        "<li>Friedman's test with correction for ties (two contenders: the exact sign test); Nemenyi's test and the "
        "critical difference after Demšar (2006).</li>"
        "<li>Pairs: exact Wilcoxon signed-rank test of each participant's share against one half, corrected by Holm "
        "(1979).</li>"
        "<li>Strengths: Bradley and Terry (1952) by the algorithm of Hunter (2004), with half a win and half a loss "
        "against an average contender for each, so that one who always wins has a strength too.</li>"
        "<li>Agreement: Kendall's τ-b and W.</li></ul>"
        f"<p>All numbers: <code>{escape(numbers)}</code> beside this page.</p></section>\n"
    )


def _p(p: float) -> str:
    """A p value below a heading that says what it is."""
    return chance(p).lstrip("p=\N{NARROW NO-BREAK SPACE}")


def _paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{text}</p>' if kind else f"<p>{text}</p>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table from headings and from rows of finished cells."""
    top = "".join(f"<th>{head}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
