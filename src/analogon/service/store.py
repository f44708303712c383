"""Projects and jobs in a database: what is acknowledged is on the disk.

A job is taken by one worker at a time. Its server holds a lease on it, and renews that while it works; where the lease
has run out the job goes back to the queue, and what the former server still says of it is not heard.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Engine, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from analogon.service.limits import USUAL
from analogon.service.opening import opened
from analogon.service.room import ALL, Room, used
from analogon.service.tables import CANCELLED, FAILED, QUEUED, RUNNING, Job, Project

LEASE_SECONDS = 30.0
"""How long a server that gives no sign of life keeps its jobs, where several share a database."""
MOST_ATTEMPTS = 5
"""How often a job is begun: one that takes its server down with it is not begun for ever."""
GIVEN_UP = f"This job was begun {MOST_ATTEMPTS} times, and the server ended at the last: ask for less."


Row = TypeVar("Row", Project, Job)


class NothingError(Exception):
    """There is no such project or job, or it is somebody else's."""


class FullError(Exception):
    """The queue is full."""


class KeyTakenError(Exception):
    """The key of a request belongs to another one."""


@dataclass(frozen=True)
class Submission:
    """A request that makes something: its key, if it has one, and a hash of all that it asks for."""

    owner: str
    key: str | None
    digest: str


class Store:
    """The database; threads and servers may use it at once."""

    def __init__(self, engine: Engine, room: Room = USUAL.room) -> None:
        self._engine, self._room = engine, room
        self._for_writing = engine.execution_options(begin="IMMEDIATE")
        self.shared = engine.dialect.name != "sqlite"
        """Other servers may use it too."""

    @classmethod
    def open(cls, data: Path, url: str | None = None, room: Room = USUAL.room) -> Store:
        """The database of a server, made where there is none.

        Args:
            data: folder in which there is an SQLite file, unless there is a URL.
            url: ``postgresql://USER@HOST/NAME``.
            room: for what is stored.

        Raises:
            InputError: it cannot be used. OptionError: the URL is none of these.
        """
        return cls(opened(data, url), room)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is on the disk when the block ends, and has not been where it raises."""
        with Session(self._for_writing, expire_on_commit=False) as session, session.begin():
            yield session

    def check(self) -> None:
        """Raise DatabaseError where the database cannot be reached."""
        with self.reading() as session:
            session.scalar(select(1))

    def used(self, owner: str = ALL) -> int:
        """Bytes that are stored of an owner, or in all."""
        with self.reading() as session:
            return used(session, owner)

    def check_room(self, owner: str, size: int) -> None:
        """Raise NoRoomError where so many bytes more have no room: before they are written anywhere."""
        with self.reading() as session:
            self._room.check(session, owner, size)

    # Projects

    def made_project(self, asked: Submission) -> Project | None:
        """What an earlier request of the same key has made; KeyTakenError where that asked for something else."""
        with self.reading() as session:
            return _made(session, select(Project).where(Project.owner == asked.owner, Project.key == asked.key), asked)

    def add_project(self, asked: Submission, identity: str, title: str, shape: tuple[int, int],
                    classes: Sequence[Mapping[str, Any]], size: int = 0) -> tuple[Project, bool]:  # fmt: skip
        """A project whose files exist already, or the one that the same request has made; and whether it is new.

        Args:
            size: bytes of the files.

        Raises:
            NoRoomError: they have no room.
        """
        row = Project(id=identity, owner=asked.owner, title=title, created=now_text(), height=shape[0],
                      width=shape[1], classes=json.dumps(list(classes)), size=size, key=asked.key,
                      digest=asked.digest)  # fmt: skip
        try:
            with self.writing() as session:
                session.add(row)
                self._room.take(session, asked.owner, size)
        except IntegrityError:
            found = self.made_project(asked)
            if found is None:
                raise
            return found, False
        return row, True

    def project(self, owner: str, identity: str) -> Project:
        """One project; NothingError where there is none."""
        with self.reading() as session:
            found = session.scalar(select(Project).where(Project.id == identity, Project.owner == owner))
        if found is None:
            raise NothingError
        return found

    def projects(self, owner: str, after: int, most: int) -> list[Project]:
        """The projects of an owner in the order of coming, from the one after a number."""
        asked = select(Project).where(Project.owner == owner, Project.number > after)
        with self.reading() as session:
            return list(session.scalars(asked.order_by(Project.number).limit(most)))

    def delete_project(self, owner: str, identity: str) -> list[str]:
        """Forget a project and its jobs; returns the names of these."""
        with self.writing() as session:
            # locked, so that no job comes in between, which would go with it and not be counted
            asked = select(Project).where(Project.id == identity, Project.owner == owner).with_for_update()
            found = session.scalar(asked)
            if found is None:
                raise NothingError
            jobs = session.execute(delete(Job).where(Job.project == identity).returning(Job.id, Job.size)).all()
            session.delete(found)
            self._room.take(session, owner, -found.size - sum(job.size for job in jobs))
            return [job.id for job in jobs]

    # Jobs, as who asks for them sees them

    def made_job(self, asked: Submission) -> Job | None:
        """What an earlier request of the same key has made; KeyTakenError where that asked for something else."""
        with self.reading() as session:
            return _made(session, select(Job).where(Job.owner == asked.owner, Job.key == asked.key), asked)

    def add_job(self, asked: Submission, identity: str, project: str, kind: str, request: Mapping[str, Any],
                queue: int, target: bytes | None = None) -> tuple[Job, bool]:  # fmt: skip
        """A job that waits from now on, or the one that the same request has made; and whether it is new.

        Raises:
            FullError: ``queue`` jobs wait already. NothingError: the project is gone. NoRoomError.
        """
        wish = json.dumps(request)
        row = Job(id=identity, project=project, owner=asked.owner, kind=kind, state=QUEUED, request=wish,
                  target=target, created=now_text(), started=None, ended=None, progress="{}", error="", record="",
                  files="{}", size=len(wish) + len(target or b""), version=1, stopping=False, attempts=0, server="",
                  lease=0.0, key=asked.key, digest=asked.digest)  # fmt: skip
        try:
            with self.writing() as session:
                waiting = session.scalar(select(func.count()).select_from(Job).where(Job.state == QUEUED))
                if (waiting or 0) >= queue:
                    raise FullError
                if session.scalar(select(Project.id).where(Project.id == project)) is None:
                    raise NothingError
                session.add(row)
                self._room.take(session, asked.owner, row.size)
        except IntegrityError:
            found = self.made_job(asked)
            if found is None:
                raise NothingError from None
            return found, False
        return row, True

    def job(self, owner: str, identity: str) -> Job:
        """One job; NothingError where there is none."""
        with self.reading() as session:
            found = session.scalar(select(Job).where(Job.id == identity, Job.owner == owner))
        if found is None:
            raise NothingError
        return found

    def jobs(self, owner: str, after: int, most: int, **wanted: str | None) -> list[Job]:
        """The jobs of an owner in the order of coming, from the one after a number; of a project, kind or state."""
        asked = select(Job).where(Job.owner == owner, Job.number > after)
        for name, value in wanted.items():
            if value is not None:
                asked = asked.where(getattr(Job, name) == value)
        with self.reading() as session:
            return list(session.scalars(asked.order_by(Job.number).limit(most)))

    def versions(self, identities: Sequence[str]) -> dict[str, int]:
        """The versions of jobs; those that are gone are not in it."""
        with self.reading() as session:
            rows = session.execute(select(Job.id, Job.version).where(Job.id.in_(identities)))
            return {row.id: row.version for row in rows}

    def counts(self) -> dict[tuple[str, str], int]:
        """How many jobs there are of each kind and state."""
        asked = select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state)
        with self.reading() as session:
            return {(kind, state): count for kind, state, count in session.execute(asked)}

    def unfinished(self, identities: Sequence[str]) -> set[str]:
        """Those of these jobs that wait or run."""
        asked = select(Job.id).where(Job.id.in_(identities), Job.state.in_((QUEUED, RUNNING)))
        with self.reading() as session:
            return set(session.scalars(asked))

    def cancel(self, owner: str, identity: str) -> Job:
        """End a job that waits, or ask for the end of one that runs; one that has ended stays as it is."""
        with self.writing() as session:
            found = session.scalar(select(Job).where(Job.id == identity, Job.owner == owner).with_for_update())
            if found is None:
                raise NothingError
            if found.state == QUEUED:
                self._give_up(session, found, CANCELLED)
            elif found.state == RUNNING and not found.stopping:
                found.stopping = True
                found.version += 1
            return found

    def delete_job(self, owner: str, identity: str) -> bool:
        """Forget a job that has ended; False where it has not."""
        with self.writing() as session:
            found = session.scalar(select(Job).where(Job.id == identity, Job.owner == owner).with_for_update())
            if found is None:
                raise NothingError
            if found.state in (QUEUED, RUNNING):
                return False
            session.delete(found)
            self._room.take(session, owner, -found.size)
            return True

    # Jobs, as workers see them

    def take(self, kind: str, server: str) -> Job | None:
        """The first job that waits, which runs from now on; None where there is none."""
        with self.writing() as session:
            return _take(session, kind, server)

    def tell(self, job: Job, progress: Mapping[str, Any]) -> bool:
        """Write down how far a job is; False where it is this server's no more."""
        return self._change(job, progress=json.dumps(progress))

    def end(self, job: Job, state: str, error: str, *, record: Mapping[str, Any],
            files: Mapping[str, int]) -> tuple[bool, Job | None]:  # fmt: skip
        """Write down how a job has ended, and take the next one of its kind in the same transaction.

        Returns:
            False where it is this server's no more; the next one, if there is one.

        Raises:
            NoRoomError: the files have no room, and nothing was written down.
        """
        told = json.dumps(dict(record)) if record else ""
        size = len(job.request) + len(told) + sum(files.values())
        values = {"state": state, "error": error, "record": told, "files": json.dumps(dict(files)), "size": size}
        with self.writing() as session:
            mine = _changed(session, job, stopping=False, ended=now_text(), server="", target=None, **values)
            following = _take(session, job.kind, job.server)
            if mine:
                self._room.take(session, job.owner, size - job.size, strict=bool(files))
            return mine, following

    def target(self, job: Job) -> bytes:
        """The label map of a render, as PNG; NothingError where the job is gone."""
        with self.reading() as session:
            found = session.scalar(select(Job.target).where(Job.id == job.id))
        if found is None:
            raise NothingError
        return found

    def put_back(self, job: Job, *, tried: bool = False) -> bool:
        """Have a job wait again, as it did before it was taken; ``tried`` counts that it was begun."""
        return self._change(job, state=QUEUED, server="", attempts=Job.attempts - int(not tried))

    def _change(self, job: Job, **values: Any) -> bool:
        with self.writing() as session:
            return _changed(session, job, **values)

    def renew(self, server: str, jobs: Sequence[str]) -> tuple[set[str], set[str]]:
        """A sign of life of a server: which of these jobs are still its own, and which of them are to be cancelled."""
        if not jobs:
            return set(), set()
        own = (Job.id.in_(jobs), Job.state == RUNNING, Job.server == server)
        with self.writing() as session:
            session.execute(update(Job).where(*own).values(lease=time.time() + LEASE_SECONDS))
            rows = session.execute(select(Job.id, Job.stopping).where(*own)).all()
            return {identity for identity, _ in rows}, {identity for identity, stopping in rows if stopping}

    def recover(self, *, alone: bool = False) -> int:
        """Have the jobs wait again whose servers are gone; how many there are.

        Args:
            alone: there is no other server, so that whatever runs has been left behind.
        """
        gone = Job.state == RUNNING
        if not alone:
            gone &= Job.lease < time.time()
        count = 0
        while self._recover(gone):
            count += 1
        return count

    def _recover(self, gone: ColumnElement[bool]) -> bool:
        """One job, as each gives back room of its owner; False where there is none."""
        with self.writing() as session:
            found = session.scalar(select(Job).where(gone).limit(1).with_for_update(skip_locked=True))
            if found is None:
                return False
            if found.stopping:
                self._give_up(session, found, CANCELLED)
            elif found.attempts >= MOST_ATTEMPTS:
                self._give_up(session, found, FAILED, GIVEN_UP)
            else:
                found.state, found.server = QUEUED, ""
                found.version += 1
            return True

    def _give_up(self, session: Session, job: Job, state: str, error: str = "") -> None:
        """End a job that nobody is at; what was to be rendered goes."""
        job.state, job.error, job.ended, job.stopping, job.server = state, error, now_text(), False, ""
        job.version += 1
        left = len(job.request)
        change, job.size, job.target = left - job.size, left, None
        self._room.take(session, job.owner, change, strict=False)


def _take(session: Session, kind: str, server: str) -> Job | None:
    first = select(Job).where(Job.state == QUEUED, Job.kind == kind).order_by(Job.number).limit(1)
    found = session.scalar(first.with_for_update(skip_locked=True))
    if found is not None:
        found.state, found.server, found.lease = RUNNING, server, time.time() + LEASE_SECONDS
        found.attempts += 1
        found.version += 1
        found.started = found.started or now_text()
    return found


def _changed(session: Session, job: Job, **values: Any) -> bool:
    # the number of attempts tells a server that takes a job again from the same one before
    mine = (Job.id == job.id, Job.state == RUNNING, Job.server == job.server, Job.attempts == job.attempts)
    changed = session.execute(update(Job).where(*mine).values(version=Job.version + 1, **values))
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def new_identity() -> str:
    """A name that nobody guesses and any file system takes."""
    return secrets.token_hex(8)


def now_text() -> str:
    """The time (UTC, ISO 8601)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _made(session: Session, rows: Select[Row], asked: Submission) -> Row | None:
    if asked.key is None:
        return None
    found = session.scalar(rows)
    if found is not None and found.digest != asked.digest:
        raise KeyTakenError
    return found
