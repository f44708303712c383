"""The numbers of an analysis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from analogon.statistics import Friedman

LEVEL = 0.95
"""Of all intervals."""


@dataclass(frozen=True)
class Estimate:
    """A number and the interval of `LEVEL` about it; both ends are NaN where nothing is known of it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Pair:
    """Two contenders, and how often the pictures of the first were ranked above those of the second.

    Attributes:
        above, below: labels; ``above`` has the larger share.
        share: mean over participants of each one's share of comparisons, 0.5 to 1.
        participants, comparisons: how many there were.
        p: of the signed-rank test that the participants' shares lie about one half.
        corrected: the same, by Holm's method for all pairs of the criterion.
        nemenyi: p of Nemenyi's test on the participants' mean ranks; None where there are none.
    """

    above: str
    below: str
    share: Estimate
    participants: int
    comparisons: int
    p: float
    corrected: float
    nemenyi: float | None


@dataclass(frozen=True)
class QuestionNumbers:
    """One question: its mean ranks and how much its participants agree.

    Attributes:
        name, text: of the question, text for people.
        answers: how many.
        mean_rank: contender -> mean of its ranks, 1 is the best; of those that the question has.
        concordance: Kendall's W of the answers; None for fewer than two.
        p: of W, by Holm's method for all questions of the criterion; None with it.
        tau: mean of Kendall's tau over pairs of answers; None with it.
        seconds: median time of an answer; None without answers.
    """

    name: str
    text: str
    answers: int
    mean_rank: Mapping[str, float]
    concordance: float | None
    p: float | None
    tau: float | None
    seconds: float | None


@dataclass(frozen=True)
class Times:
    """Seconds per answer: smallest, quartiles and largest."""

    least: float
    lower: float
    median: float
    upper: float
    most: float


@dataclass(frozen=True)
class View:
    """What some participants say by one criterion.

    Attributes:
        participants, answers: how many.
        whole: answers that rank every contender; ranks are of these alone, comparisons of pairs of all answers.
        contenders: labels, the best mean rank first (the greatest strength where there are no ranks).
        mean_rank: of the participants' mean ranks; empty where no answer ranks every contender.
        first: mean over participants of the share of whole answers that put the contender in the first place.
        places: contender -> share of whole answers for each place, mean over participants.
        order: contender -> mean over participants of its place in the order of that person's mean ranks, which is what
            ``people`` and Nemenyi's test look at; empty for fewer than two participants.
        people: Friedman's test, one row per participant (the mean ranks of that person); None for fewer than two.
        pictures: Friedman's test, one row per question (the mean ranks of that question); None for fewer than two.
        critical: critical difference of Nemenyi's test for ``people``.
        pairs: every two contenders that were compared.
        strength: of Bradley and Terry, summing to 1.
        concordance: Kendall's W of the participants' mean ranks; its p is that of ``people``.
        tau: mean over questions of the mean tau of every two participants; interval over questions.
        like_others: participant -> mean of the tau with each other participant.
        questions: one after the other.
        seconds: of all answers.
    """

    participants: int
    answers: int
    whole: int
    contenders: tuple[str, ...]
    mean_rank: Mapping[str, Estimate]
    first: Mapping[str, float]
    places: Mapping[str, tuple[float, ...]]
    order: Mapping[str, float]
    people: Friedman | None
    pictures: Friedman | None
    critical: float | None
    pairs: tuple[Pair, ...]
    strength: Mapping[str, Estimate]
    concordance: float | None
    tau: Estimate | None
    like_others: Mapping[str, float]
    questions: tuple[QuestionNumbers, ...]
    seconds: Times


@dataclass(frozen=True)
class Participant:
    """One participant: answers given, whether every attention check was passed (None: none seen), median seconds."""

    name: str
    answers: int
    attention_passed: bool | None
    seconds: float


@dataclass(frozen=True)
class Analysis:
    """All numbers of a study.

    Attributes:
        title: of the study.
        participants: all of them.
        attentive: criterion -> what those say who failed no attention check; without criteria that nobody of them
            answered.
        everyone: criterion -> what all say.
    """

    title: str
    participants: tuple[Participant, ...]
    attentive: Mapping[str, View]
    everyone: Mapping[str, View]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the participants who failed an attention check."""
        return tuple(one.name for one in self.participants if one.attention_passed is False)

    def record(self) -> dict[str, Any]:
        """The numbers as JSON values; what is not known is None."""
        record: dict[str, Any] = _plain({"format": 1, "level": LEVEL, **asdict(self)})
        return record


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
