"""What a study asks: its questions, the pictures in them, and the order in which each participant sees both."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analogon.errors import InputError
from analogon.io import write_text

#: Files of a study, in its folder.
RECORD, ANSWERS, PICTURES = "study.json", "study.sqlite", "pictures"

FORMAT = 1
"""Of ``study.json``; a higher one is not read."""

Criterion = Literal["appearance", "layout"]
Role = Literal["contender", "first", "last"]

Name = Annotated[str, Field(pattern=r"^[0-9a-z]{1,32}$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Picture(_Value):
    """A picture of the study: its file's name, which tells nothing of what it shows, and its size in pixels."""

    file: Annotated[str, Field(pattern=r"^[0-9a-f]{16}\.png$")]
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]


class Card(_Value):
    """A picture that is ranked.

    Attributes:
        id: what the browser calls it.
        picture: its file.
        role: a contender's picture, or one that checks attention and belongs in the first or the last place.
        contender: the label of the contender; None for a check.
    """

    id: Name
    picture: Picture
    role: Role
    contender: str | None


class Question(_Value):
    """One target of one case: what stands at the left, and what is ranked.

    Attributes:
        name: what the browser calls it.
        case, target: their names in the comparison.
        source: the source picture.
        source_layout, target_layout: their label maps in colours; None where the study shows none.
        cards: the pictures that are ranked.
    """

    name: Name
    case: str
    target: str
    source: Picture
    source_layout: Picture | None
    target_layout: Picture | None
    cards: tuple[Card, ...]

    def asked(self, criterion: Criterion) -> tuple[Card, ...]:
        """The cards that are ranked by a criterion: checks are about appearance only."""
        return tuple(card for card in self.cards if criterion == "appearance" or card.role == "contender")

    @model_validator(mode="after")
    def _whole(self) -> Question:
        if len({card.id for card in self.cards}) < len(self.cards):
            raise ValueError("two pictures of one question have one id")
        labels = [card.contender for card in self.cards if card.role == "contender"]
        if len(set(labels)) < len(labels) or None in labels or len(labels) < 2:
            raise ValueError("a question has pictures of at least two contenders, one of each")
        return self


class Step(_Value):
    """One screen: a question and the criterion that it is asked for."""

    question: str
    criterion: Criterion


class Study(_Value):
    """The design of a study, as in ``study.json``.

    Attributes:
        id: of this study; its answers carry it too.
        title, introduction, consent: texts for participants.
        seed: of the choice of questions and of all orders.
        criteria: what is asked, in this order.
        show_layout: whether the new layout stands beside the source also where appearance is asked for.
        questions: all of them; each participant sees them in an order of their own.
    """

    format: Annotated[int, Field(ge=1, le=FORMAT)] = FORMAT
    id: Name
    title: str
    introduction: str
    consent: str
    seed: int
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    show_layout: bool
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> Study:
        if len({question.name for question in self.questions}) < len(self.questions):
            raise ValueError("two questions have one name")
        return self

    def question(self, name: str) -> Question:
        """A question by its name; KeyError for another name."""
        return {question.name: question for question in self.questions}[name]

    def pictures(self) -> frozenset[str]:
        """The names of all files that are shown."""
        found: set[str] = set()
        for question in self.questions:
            shown = [question.source, question.source_layout, question.target_layout]
            found |= {picture.file for picture in shown if picture is not None}
            found |= {card.picture.file for card in question.cards}
        return frozenset(found)

    def steps(self, participant: int) -> tuple[Step, ...]:
        """The screens of a participant: all questions by one criterion, in an order of their own, then by the next."""
        found = []
        for criterion in self.criteria:
            names = [question.name for question in self.questions]
            self._draws(participant, criterion).shuffle(names)
            found += [Step(question=name, criterion=criterion) for name in names]
        return tuple(found)

    def cards(self, participant: int, step: Step) -> tuple[Card, ...]:
        """The cards of a screen in the order in which this participant first sees them: A, B, C, ..."""
        # sorted by what tells nothing: who knows the seed cannot tell contenders by their places
        cards = sorted(self.question(step.question).asked(step.criterion), key=lambda card: card.id)
        self._draws(participant, step.criterion, step.question).shuffle(cards)
        return tuple(cards)

    def _draws(self, *about: object) -> random.Random:
        return random.Random("/".join(map(str, (self.seed, *about))))

    def write(self, folder: Path) -> None:
        """Write ``study.json``; InputError where that cannot be."""
        write_text(folder / RECORD, json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Study:
        """The study in a folder.

        Raises:
            InputError: there is none, it is damaged, or one of its pictures is missing.
        """
        path = folder / RECORD
        try:
            study = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise InputError(
                f"There is no study in {folder}: name a folder that analogon study make has written."
            ) from None
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}): name the folder of a study.") from None
        except ValidationError as error:
            place = ".".join(map(str, error.errors()[0]["loc"]))
            raise InputError(
                f"{path} is damaged{f' (at {place!r})' * bool(place)}: put back a copy, or make the study anew in "
                "another folder."
            ) from None
        for name in sorted(study.pictures()):
            if not (folder / PICTURES / name).is_file():
                raise InputError(
                    f"The picture {folder / PICTURES / name} of the study is missing: put it back, or make the study "
                    "anew in another folder."
                )
        return study
