"""Projects of the studio in one SQLite file: what is acknowledged is on the disk.

The file is in WAL mode with ``synchronous=FULL``. Every change of a project says which version it is for and makes the
next one in the same transaction, so that of two tabs, or two servers, one is told that the other was faster.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, ForeignKey, delete, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from analogon.errors import InputError
from analogon.serving.database import sqlite_engine

FILE = "studio.sqlite"
REQUEST_KEY: ContextVar[str | None] = ContextVar("request key", default=None)
"""Of the request that is being answered; the changes that it makes are written down with it."""


class NoProjectError(Exception):
    """There is no such project."""


class OutdatedError(Exception):
    """The change was meant for a version that is no longer the latest, which is ``version``."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


class Base(DeclarativeBase):
    """The tables."""


class Project(Base):
    """One picture that is edited.

    Attributes:
        version: grows with every change of labels or layout.
        done: how many of its steps are in force; those after them were undone.
        settings: options of the method, as JSON.
        job: the job whose model renders it, if any.
    """

    __tablename__ = "projects"
    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    created: Mapped[str]
    changed: Mapped[str]
    height: Mapped[int]
    width: Mapped[int]
    version: Mapped[int]
    done: Mapped[int]
    method: Mapped[str]
    recipe: Mapped[str | None]
    settings: Mapped[str]
    seed: Mapped[int]
    job: Mapped[str | None]


class Step(Base):
    """One thing that was done: an operation on the layout, or other labels to begin from, as JSON."""

    __tablename__ = "steps"
    project: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str]


class Job(Base):
    """A training, which has a folder of its own.

    Attributes:
        request: method, recipe, minutes or steps, as JSON.
        state: "running", "finished", "cancelled" or "failed".
    """

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    request: Mapped[str]
    state: Mapped[str]
    message: Mapped[str]
    started: Mapped[str]


class Made(Base):
    """A change that was made, by the key of the request for it: where the answer is lost, it is asked for again."""

    __tablename__ = "made"
    project: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)


class Store:
    """The file of projects; threads and processes may use it at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._for_writing = engine.execution_options(begin="IMMEDIATE")

    @classmethod
    def open(cls, data: Path) -> Store:
        """The projects under a folder, which is made where there is none.

        Raises:
            InputError: the folder or its file cannot be used.
        """
        try:
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            store = cls(sqlite_engine(data / FILE))
            Base.metadata.create_all(store._for_writing)
        except OSError as error:
            raise InputError(
                f"'{data}' cannot be used ({error.strerror}): choose another folder with --data."
            ) from None
        except DatabaseError as error:
            reason = str(error.orig).rstrip(".")
            raise InputError(f"'{data / FILE}' cannot be used ({reason}): choose another folder with --data.") from None
        return store

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

    # Projects

    def create(self, title: str, size: tuple[int, int], method: str, steps: Sequence[Mapping[str, Any]],
               identity: str, done: int | None = None) -> None:  # fmt: skip
        """A new project; its files exist already."""
        height, width = size
        now = now_text()
        with self.writing() as session:
            session.add(
                Project(
                    id=identity,
                    title=title,
                    created=now,
                    changed=now,
                    height=height,
                    width=width,
                    version=1,
                    done=len(steps) if done is None else done,
                    method=method,
                    recipe=None,
                    settings="{}",
                    seed=0,
                    job=None,
                )
            )
            session.flush()
            session.add_all(Step(project=identity, number=n, content=json.dumps(one)) for n, one in enumerate(steps))

    def projects(self) -> list[Project]:
        """All projects, the one that changed last first."""
        with self.reading() as session:
            return list(session.scalars(select(Project).order_by(Project.changed.desc(), Project.id)))

    def project(self, identity: str) -> Project:
        """One project; NoProjectError where there is none."""
        with self.reading() as session:
            return _found(session, identity)

    def with_steps(self, identity: str) -> tuple[Project, list[dict[str, Any]]]:
        """One project and all its steps, of one moment."""
        with self.reading() as session, session.begin():
            project = _found(session, identity)
            rows = session.scalars(select(Step).where(Step.project == identity).order_by(Step.number))
            return project, [json.loads(row.content) for row in rows]

    def append(self, identity: str, version: int, steps: Sequence[Mapping[str, Any]]) -> Project:
        """Do further steps, and forget those that were undone.

        Raises:
            OutdatedError: ``version`` is not the latest. NoProjectError: there is no such project.
        """
        with self.writing() as session:
            project = _current(session, identity, version)
            session.execute(delete(Step).where(Step.project == identity, Step.number >= project.done))
            session.add_all(
                Step(project=identity, number=project.done + n, content=json.dumps(one)) for n, one in enumerate(steps)
            )
            project.done += len(steps)
            _touch(session, project)
            return project

    def step(self, identity: str, version: int, by: int) -> Project:
        """Undo (-1) or redo (1) a step; the errors are those of :meth:`append`."""
        with self.writing() as session:
            project = _current(session, identity, version)
            project.done += by
            _touch(session, project)
            return project

    def made(self, identity: str, key: str) -> bool:
        """Whether a request with this key has changed the project."""
        with self.reading() as session:
            return session.get(Made, (identity, key)) is not None

    def change(self, identity: str, values: Mapping[str, Any]) -> Project:
        """Set columns of a project."""
        with self.writing() as session:
            project = _found(session, identity)
            for name, value in values.items():
                setattr(project, name, value)
            project.changed = now_text()
            return project

    def delete(self, identity: str) -> None:
        """Forget a project, its steps and jobs."""
        with self.writing() as session:
            session.delete(_found(session, identity))

    # Jobs

    def add_job(self, identity: str, project: str, request: Mapping[str, Any]) -> None:
        """A job that begins to run."""
        with self.writing() as session:
            _found(session, project)
            session.add(Job(id=identity, project=project, request=json.dumps(request), state="running", message="",
                            started=now_text()))  # fmt: skip

    def job(self, identity: str) -> Job | None:
        """A job, if there is one."""
        with self.reading() as session:
            return session.get(Job, identity)

    def jobs(self, project: str | None = None) -> list[Job]:
        """All jobs, or those of a project, the latest first."""
        asked = select(Job).order_by(Job.started.desc(), Job.id)
        if project is not None:
            asked = asked.where(Job.project == project)
        with self.reading() as session:
            return list(session.scalars(asked))

    def end_job(self, identity: str, state: str, message: str = "", *, use: bool = False) -> None:
        """How a job ended; with ``use`` its model renders the project from now on."""
        with self.writing() as session:
            job = session.get(Job, identity)
            if job is None or job.state != "running":
                return
            job.state, job.message = state, message
            if use:
                project = _found(session, job.project)
                project.job, project.method = identity, json.loads(job.request)["method"]
                project.changed = now_text()


def new_identity() -> str:
    """A name that nobody guesses and any file system takes."""
    return secrets.token_hex(8)


def now_text() -> str:
    """The time (UTC, ISO 8601)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _found(session: Session, identity: str) -> Project:
    project = session.get(Project, identity)
    if project is None:
        raise NoProjectError
    return project


def _current(session: Session, identity: str, version: int) -> Project:
    project = _found(session, identity)
    if project.version != version:
        raise OutdatedError(project.version)
    return project


def _touch(session: Session, project: Project) -> None:
    if (key := REQUEST_KEY.get()) is not None:
        session.merge(Made(project=project.id, key=key))
    project.version += 1
    project.changed = now_text()
