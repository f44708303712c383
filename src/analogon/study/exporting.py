"""The answers of a study as tables and as a page. A server may be writing meanwhile."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analogon.errors import InputError
from analogon.io import write_text
from analogon.study.design import Card, Step, Study
from analogon.study.store import Store, StoredAnswer
from analogon.study.values import Answer

#: Files of the results, in their folder.
TABLE, PLACES, PAGE = "answers.csv", "places.csv", "analysis.html"

ANSWER_COLUMNS = (
    "participant", "question", "case", "target", "criterion", "position", "shown", "ranking", "check",
    "attention_passed", "seconds", "moves", "edits", "first_saved", "saved",
)  # fmt: skip
"""Of ``answers.csv``, one row per answer; docs/study.md says what they hold."""

PLACE_COLUMNS = ("participant", "question", "case", "target", "criterion", "contender", "shown_place", "place")
"""Of ``places.csv``, one row per answer and contender."""

_AND_THEN = " > "


@dataclass(frozen=True)
class StudyResults:
    """What a study has brought so far.

    Attributes:
        participants: how many have begun.
        finished: how many have answered everything.
        answers: all of them, in the order of participants and of their coming.
        files: what was written.
    """

    participants: int
    finished: int
    answers: tuple[Answer, ...]
    files: tuple[Path, ...] = ()


def study_results(folder: str | Path, output: str | Path | None = None) -> StudyResults:
    """Read the answers of a study and write them as tables and as a page.

    Args:
        folder: of the study, which may be served meanwhile.
        output: folder for ``answers.csv``, ``places.csv`` and ``analysis.html`` with its ``.json``; None: nothing is
            written.

    Raises:
        InputError: there is no study, or it has no answer yet, or a file is damaged or cannot be written.
    """
    folder = Path(folder)
    study = Study.read(folder)
    store = Store.read(folder, study)
    try:
        stored = store.all_answers()
        participants = store.participants()
    finally:
        store.close()
    rows = [_Row(study, answer) for answer in stored]
    if not rows:
        raise InputError(f"Nobody has answered a question of {folder} yet: come back later.")
    screens = len(study.questions) * len(study.criteria)
    counts = Counter(row.stored.participant for row in rows)
    finished = sum(count >= screens for count in counts.values())
    results = StudyResults(participants, finished, tuple(row.answer() for row in rows))
    if output is None:
        return results
    return replace(results, files=_write(study, rows, results.answers, Path(output)))


def _write(study: Study, rows: Sequence[_Row], answers: Sequence[Answer], output: Path) -> tuple[Path, ...]:
    from analogon.study.analysis import write_analysis

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"'{output}' cannot be written ({error.strerror}): choose another place with -o.") from None
    write_text(output / TABLE, _csv(ANSWER_COLUMNS, (row.cells() for row in rows)))
    write_text(output / PLACES, _csv(PLACE_COLUMNS, (cells for row in rows for cells in row.places())))
    titles = {question.name: f"{question.case}, {question.target}" for question in study.questions}
    numbers = write_analysis(study.title, answers, output / PAGE, titles)
    return output / TABLE, output / PLACES, output / PAGE, numbers


class _Row:
    """One stored answer with the contenders behind its cards."""

    def __init__(self, study: Study, stored: StoredAnswer) -> None:
        try:
            self.question = study.question(stored.question)
            step = next(
                step for step in study.steps(stored.participant) if _key(step) == (stored.question, stored.criterion)
            )
            self._cards = {card.id: card for card in self.question.asked(step.criterion)}
            self.shown = [self._cards[one] for one in stored.shown_ids()]
            self.ranking = [self._cards[one] for one in stored.ids()]
        except (KeyError, StopIteration):
            raise InputError(
                f"An answer of participant {stored.participant} is about {stored.question!r} by {stored.criterion!r}, "
                "which does not fit study.json: put back the study.json that the answers were collected with."
            ) from None
        self.stored = stored
        self.position = study.steps(stored.participant).index(step) + 1

    @property
    def _check(self) -> Card | None:
        return next((card for card in self.ranking if card.role != "contender"), None)

    def answer(self) -> Answer:
        check = self._check
        passed = None if check is None else self.ranking[0 if check.role == "first" else -1] is check
        return Answer(
            participant=f"p{self.stored.participant}",
            question=self.stored.question,
            criterion=self.stored.criterion,
            ranking=tuple(_labels(self.ranking)),
            attention_passed=passed,
            seconds=self.stored.seconds,
        )

    def _about(self) -> list[str]:
        stored = self.stored
        return [
            f"p{stored.participant}",
            stored.question,
            self.question.case,
            self.question.target,
            stored.criterion,
        ]

    def cells(self) -> list[object]:
        """The row of ``answers.csv``."""
        check, answer, stored = self._check, self.answer(), self.stored
        return [
            *self._about(),
            self.position,
            _AND_THEN.join(_labels(self.shown)),
            _AND_THEN.join(answer.ranking),
            "" if check is None else check.role,
            "" if answer.attention_passed is None else str(answer.attention_passed).lower(),
            f"{stored.seconds:.3f}",
            stored.moves,
            stored.edit,
            stored.first_saved,
            stored.saved,
        ]

    def places(self) -> list[list[object]]:
        """The rows of ``places.csv``: places are counted among contenders, from 1."""
        shown = _labels(self.shown)
        ranking = _labels(self.ranking)
        return [[*self._about(), label, shown.index(label) + 1, place + 1] for place, label in enumerate(ranking)]


def _labels(cards: Iterable[Card]) -> list[str]:
    """The contenders among the cards, in their order."""
    return [card.contender for card in cards if card.contender is not None]


def _key(step: Step) -> tuple[str, str]:
    return step.question, step.criterion


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue()
