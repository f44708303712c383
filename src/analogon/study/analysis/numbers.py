"""From answers to numbers.

The answers of one participant are not independent of each other, and neither are the pairs of one ranking. So whatever
has an interval or a p value is first averaged to one value per participant, and participants are what is drawn, ranked
and counted; each counts the same, however many questions they answered. What this leaves open, whether other *pictures*
would be ranked alike, is what a second Friedman test asks, with one row per question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analogon.errors import InputError
from analogon.statistics import (
    bootstrap_interval,
    bradley_terry,
    bradley_terry_intervals,
    critical_difference,
    friedman,
    holm,
    kendall_tau,
    kendall_w,
    nemenyi,
    ranked,
    share_interval,
    signed_rank,
)
from analogon.study.analysis.values import LEVEL, Analysis, Estimate, Pair, Participant, QuestionNumbers, Times, View
from analogon.study.values import Answer

Floats = NDArray[np.float64]


def analyse(title: str, answers: Iterable[Answer], questions: Mapping[str, str] | None = None) -> Analysis:
    """All numbers of a study; the arguments and errors are those of `write_analysis`."""
    answers = tuple(answers)
    _check(answers)
    texts = dict(questions or {})
    texts |= {answer.question: answer.question for answer in answers if answer.question not in texts}
    people = tuple(_participant(name, answers) for name in _unique(answer.participant for answer in answers))
    failed = {one.name for one in people if one.attention_passed is False}
    everyone, attentive = {}, {}
    for criterion in _unique(answer.criterion for answer in answers):
        mine = [answer for answer in answers if answer.criterion == criterion]
        kept = [answer for answer in mine if answer.participant not in failed]
        everyone[criterion] = view(mine, texts)
        if kept:
            attentive[criterion] = view(kept, texts) if len(kept) < len(mine) else everyone[criterion]
    return Analysis(title, people, attentive, everyone)


def _check(answers: Sequence[Answer]) -> None:
    if not answers:
        raise InputError("The study has no answers yet: have people take part before it is analysed.")
    seen = set()
    for one in answers:
        where = f"of participant '{one.participant}' to question '{one.question}' by {one.criterion}"
        if len(one.ranking) < 2 or len(set(one.ranking)) < len(one.ranking):
            raise InputError(f"The answer {where} ranks fewer than two pictures or one twice: leave it out.")
        if (one.participant, one.question, one.criterion) in seen:
            raise InputError(f"There are two answers {where}: leave one out.")
        seen.add((one.participant, one.question, one.criterion))


def _participant(name: str, answers: Sequence[Answer]) -> Participant:
    mine = [answer for answer in answers if answer.participant == name]
    checks = {answer.attention_passed for answer in mine} - {None}
    passed = None if not checks else False not in checks
    return Participant(name, len(mine), passed, float(np.median([answer.seconds for answer in mine])))


def view(answers: Sequence[Answer], texts: Mapping[str, str]) -> View:
    """What the answers to one criterion say; at least one answer."""
    people = _unique(answer.participant for answer in answers)
    labels = sorted({label for answer in answers for label in answer.ranking})
    wins = np.stack([_wins([one for one in answers if one.participant == name], labels) for name in people])
    strengths, ends = bradley_terry(wins.sum(axis=0)), bradley_terry_intervals(wins, level=LEVEL)
    whole = [answer for answer in answers if len(answer.ranking) == len(labels)]
    order = np.argsort(-strengths, kind="stable")
    by_person = _mean_ranks(whole, labels, [answer.participant for answer in whole])
    if whole:
        # equal mean ranks stand in the order of strengths
        order = np.lexsort((-strengths, np.round(by_person.mean(axis=0), 9)))
    contenders = tuple(labels[i] for i in order)
    by_question = _mean_ranks(whole, labels, [answer.question for answer in whole])
    tested = len(by_person) > 1
    answered, tau, like_others = _agreement(answers, texts)
    return View(
        participants=len(people),
        answers=len(answers),
        whole=len(whole),
        contenders=contenders,
        mean_rank={labels[i]: _estimate(by_person[:, i]) for i in order} if whole else {},
        first={label: places[0] for label, places in _places(whole, contenders).items()},
        places=_places(whole, contenders),
        order={labels[i]: float(one) for i, one in enumerate(ranked(by_person).mean(axis=0))} if tested else {},
        people=friedman(by_person) if tested else None,
        pictures=friedman(by_question) if len(by_question) > 1 else None,
        critical=critical_difference(len(by_person), len(labels), level=LEVEL) if tested else None,
        pairs=_pairs(wins, labels, order, nemenyi(by_person) if tested else None),
        strength={labels[i]: Estimate(float(strengths[i]), *map(float, ends[i])) for i in order},
        concordance=kendall_w(by_person) if tested else None,
        tau=tau,
        like_others=like_others,
        questions=answered,
        seconds=Times(*map(float, np.quantile([answer.seconds for answer in answers], [0, 0.25, 0.5, 0.75, 1]))),
    )


def _unique(names: Iterable[str]) -> list[str]:
    """Each name once, in the order of their first appearance."""
    return list(dict.fromkeys(names))


def _estimate(values: Floats) -> Estimate:
    return Estimate(float(values.mean()), *bootstrap_interval(values, level=LEVEL))


def _wins(answers: Sequence[Answer], labels: Sequence[str]) -> Floats:
    """How often i stands above j, (k, k)."""
    found = np.zeros((len(labels), len(labels)))
    for answer in answers:
        order = [labels.index(label) for label in answer.ranking]
        for upper, lower in combinations(order, 2):
            found[upper, lower] += 1
    return found


def _ranks(answer: Answer, labels: Sequence[str]) -> list[int]:
    return [answer.ranking.index(label) + 1 for label in labels]


def _mean_ranks(answers: Sequence[Answer], labels: Sequence[str], groups: Sequence[str]) -> Floats:
    """The mean rank of each label in each group of answers, (groups, labels)."""
    rows: dict[str, list[list[int]]] = {}
    for answer, group in zip(answers, groups, strict=True):
        rows.setdefault(group, []).append(_ranks(answer, labels))
    # rounded so that equal means are equal numbers, and tie
    return np.array([np.round(np.mean(one, axis=0), 9) for one in rows.values()]).reshape(len(rows), len(labels))


def _places(answers: Sequence[Answer], labels: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """How often each label had each place; each participant counts the same."""
    if not answers:
        return {}
    people = _unique(answer.participant for answer in answers)
    found = np.zeros((len(people), len(labels), len(labels)))
    for answer in answers:
        found[people.index(answer.participant), range(len(labels)), np.array(_ranks(answer, labels)) - 1] += 1
    shares = (found / found.sum(axis=2, keepdims=True)).mean(axis=0)
    return {label: tuple(map(float, row)) for label, row in zip(labels, shares, strict=True)}


def _pairs(wins: Floats, labels: Sequence[str], order: NDArray[np.intp], after: Floats | None) -> tuple[Pair, ...]:
    found = []
    for i, j in combinations(map(int, order), 2):
        compared = wins[:, i, j] + wins[:, j, i]
        asked = compared > 0
        if not asked.any():
            continue
        shares = wins[asked, i, j] / compared[asked]
        if shares.mean() < 0.5:
            i, j, shares = j, i, 1 - shares
        found.append(
            Pair(
                labels[i],
                labels[j],
                Estimate(float(shares.mean()), *share_interval(shares, level=LEVEL)),
                int(asked.sum()),
                int(compared.sum()),
                # rounded: shares of equal size must tie
                signed_rank(np.round(shares - 0.5, 9)),
                float("nan"),
                None if after is None else float(after[i, j]),
            )
        )
    corrected = holm([pair.p for pair in found])
    return tuple(Pair(**{**vars(pair), "corrected": float(p)}) for pair, p in zip(found, corrected, strict=True))


def _agreement(
    answers: Sequence[Answer], texts: Mapping[str, str]
) -> tuple[tuple[QuestionNumbers, ...], Estimate | None, dict[str, float]]:
    """Each question; the mean of their taus; the mean tau of each participant with the others."""
    people = _unique(answer.participant for answer in answers)
    total, count = np.zeros((len(people), len(people))), np.zeros((len(people), len(people)))
    found: list[QuestionNumbers] = []
    for name, text in texts.items():
        mine = [answer for answer in answers if answer.question == name]
        labels = sorted({label for answer in mine for label in answer.ranking})
        # pictures of a question are the same for all; an answer that ranks fewer cannot be compared as a whole
        whole = [answer for answer in mine if len(answer.ranking) == len(labels)]
        ranks = np.array([_ranks(answer, labels) for answer in whole]).reshape(len(whole), len(labels))
        several = len(whole) > 1
        taus = kendall_tau(ranks) if several else np.zeros((0, 0))
        rows = [people.index(answer.participant) for answer in whole] if several else []
        total[np.ix_(rows, rows)] += taus
        count[np.ix_(rows, rows)] += 1
        found.append(
            QuestionNumbers(
                name,
                text,
                len(mine),
                dict(zip(labels, map(float, ranks.mean(axis=0)), strict=True)) if whole else {},
                kendall_w(ranks) if several else None,
                friedman(ranks).p if several else None,
                float(taus[np.triu_indices(len(whole), 1)].mean()) if several else None,
                float(np.median([answer.seconds for answer in mine])) if mine else None,
            )
        )
    corrected = iter(holm([one.p for one in found if one.p is not None]))
    questions = tuple(
        QuestionNumbers(**{**vars(one), "p": None if one.p is None else float(next(corrected))}) for one in found
    )
    np.fill_diagonal(count, 0)
    if not count.any():
        return questions, None, {}
    means = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    like = {name: float(np.nanmean(means[i])) for i, name in enumerate(people) if count[i].any()}
    return questions, _estimate(np.array([one.tau for one in questions if one.tau is not None])), like
