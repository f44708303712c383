"""What a study gives to those who analyse it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One ranking by one participant.

    Attributes:
        participant: a name that tells nothing about the person ("p1", "p2", ... in the order of arrival).
        question: name of the question; several participants answer the same one.
        criterion: "appearance" or "layout".
        ranking: labels of the contenders, best first. A picture that is there to check attention is left out.
        attention_passed: whether that picture was ranked where it belongs; None where this question has none.
        seconds: how long the question was looked at before it was answered, all visits together.
    """

    participant: str
    question: str
    criterion: str
    ranking: tuple[str, ...]
    attention_passed: bool | None
    seconds: float
