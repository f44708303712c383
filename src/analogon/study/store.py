"""The answers of a study in one SQLite file: what is acknowledged is on the disk.

The file is in WAL mode, so that answers can be read while others are written, and ``synchronous=FULL``: a commit
returns when the disk has it. It survives the end of the process, and of the machine's power, at any moment.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, ForeignKey, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from analogon.errors import InputError
from analogon.serving.database import sqlite_engine
from analogon.study.design import ANSWERS, Step, Study

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of codes: no letters and digits that are taken for each other."""

CODE_LENGTH = 16
"""Of 31 characters each: 79 bits, which nobody guesses."""


class Base(DeclarativeBase):
    """The tables."""


class About(Base):
    """One row: which study the answers belong to."""

    __tablename__ = "about"
    study: Mapped[str] = mapped_column(primary_key=True)


class Participant(Base):
    """One person. The code is the only key to the answers, and only its hash is stored."""

    __tablename__ = "participants"
    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    started: Mapped[str]


class StoredAnswer(Base):
    """One answer: the latest ranking of a participant for a question and criterion.

    Attributes:
        shown, ranking: ids of cards as JSON, in the order first shown and best first.
        seconds: how long the participant looked at it.
        moves: how often a picture was moved.
        edit: counts the participant's changes: an older one never takes the place of a newer one.
        first_saved, saved: when (UTC, ISO 8601).
    """

    __tablename__ = "answers"
    participant: Mapped[int] = mapped_column(ForeignKey("participants.id"), primary_key=True)
    question: Mapped[str] = mapped_column(primary_key=True)
    criterion: Mapped[str] = mapped_column(primary_key=True)
    shown: Mapped[str]
    ranking: Mapped[str]
    seconds: Mapped[float]
    moves: Mapped[int]
    edit: Mapped[int]
    first_saved: Mapped[str]
    saved: Mapped[str]

    def ids(self) -> list[str]:
        """The ranking, best first."""
        return list(json.loads(self.ranking))

    def shown_ids(self) -> list[str]:
        """The cards in the order A, B, C, ... of the screen."""
        return list(json.loads(self.shown))


@dataclass(frozen=True)
class Given:
    """A ranking as it came in: ids of cards, best first, and what belongs to it."""

    ranking: Sequence[str]
    seconds: float
    moves: int
    edit: int


class Store:
    """The file of answers; threads and processes may use it at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(begin="IMMEDIATE")

    @classmethod
    def open(cls, folder: Path, study: Study) -> Store:
        """The answers of a study, made where there are none yet.

        Raises:
            InputError: the file cannot be used or belongs to another study.
        """
        store = cls(sqlite_engine(folder / ANSWERS))
        try:
            Base.metadata.create_all(store._writing)
            with Session(store._writing) as session, session.begin():
                if session.scalar(select(func.count()).select_from(About)) == 0:
                    session.add(About(study=study.id))
            store._check(folder, study)
        except DatabaseError as error:
            raise _unusable(folder, error) from None
        return store

    @classmethod
    def read(cls, folder: Path, study: Study) -> Store:
        """The answers of a study that has some, for reading alone.

        Raises:
            InputError: there are none, the file cannot be used or belongs to another study.
        """
        if not (folder / ANSWERS).is_file():
            raise InputError(f"There are no answers in {folder} yet: collect some with analogon study serve {folder}.")
        store = cls(sqlite_engine(folder / ANSWERS))
        try:
            store._check(folder, study)
        except DatabaseError as error:
            raise _unusable(folder, error) from None
        return store

    def _check(self, folder: Path, study: Study) -> None:
        with Session(self._engine) as session:
            found = session.scalars(select(About.study)).one_or_none()
        if found != study.id:
            raise InputError(
                f"The answers in {folder / ANSWERS} belong to another study: move that file away, or put back its "
                "study.json."
            )

    def close(self) -> None:
        """Close all connections; the last one moves what the log holds into the file."""
        self._engine.dispose()

    def admit(self) -> str:
        """A new participant; returns the code, which is known to nobody else."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        with Session(self._writing) as session, session.begin():
            session.add(Participant(code_hash=_hash(code), started=_now()))
        return code

    def participant(self, code: str) -> int | None:
        """The number of the participant with a code; None where nobody has it."""
        with Session(self._engine) as session:
            return session.scalar(select(Participant.id).where(Participant.code_hash == _hash(code)))

    def save(self, participant: int, step: Step, shown: Sequence[str], given: Given) -> bool:
        """Store an answer, or put it in the place of the participant's former one.

        When this returns, the answer is on the disk. The same again changes nothing; True unless there is a newer one.
        """
        now = _now()
        row = insert(StoredAnswer).values(
            participant=participant,
            question=step.question,
            criterion=step.criterion,
            shown=json.dumps(list(shown)),
            ranking=json.dumps(list(given.ranking)),
            seconds=given.seconds,
            moves=given.moves,
            edit=given.edit,
            first_saved=now,
            saved=now,
        )
        changed = ("ranking", "seconds", "moves", "edit", "saved")
        newest = row.on_conflict_do_update(
            index_elements=["participant", "question", "criterion"],
            set_={name: row.excluded[name] for name in changed},
            where=row.excluded.edit > StoredAnswer.edit,
        )
        key = (participant, step.question, step.criterion)
        with Session(self._writing) as session, session.begin():
            session.execute(newest)
            stored = session.get_one(StoredAnswer, key)
            return stored.edit == given.edit and stored.ids() == list(given.ranking)

    def answers(self, participant: int) -> list[StoredAnswer]:
        """All answers of a participant."""
        with Session(self._engine, expire_on_commit=False) as session:
            return list(session.scalars(select(StoredAnswer).where(StoredAnswer.participant == participant)))

    def all_answers(self) -> list[StoredAnswer]:
        """All answers of all participants, in the order of arrival of both."""
        order = (StoredAnswer.participant, StoredAnswer.first_saved, StoredAnswer.question, StoredAnswer.criterion)
        with Session(self._engine, expire_on_commit=False) as session:
            return list(session.scalars(select(StoredAnswer).order_by(*order)))

    def participants(self) -> int:
        """How many have begun."""
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(Participant)) or 0


def _unusable(folder: Path, error: DatabaseError) -> InputError:
    reason = str(error.orig).rstrip(".")
    return InputError(
        f"{folder / ANSWERS} cannot be used ({reason}): put back a copy, or copy the study to a folder that can be "
        "written to."
    )


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
