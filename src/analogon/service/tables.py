"""The tables: projects, and their jobs."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

QUEUED, RUNNING, DONE, FAILED, CANCELLED = STATES = ("queued", "running", "done", "failed", "cancelled")
"""Of a job; the last three are its end."""
RENDER, FIT, AUGMENT = KINDS = ("render", "fit", "augment")


class Base(DeclarativeBase):
    """The tables."""

    __abstract__ = True


class Project(Base):
    """A picture with its label map.

    Attributes:
        number: in the order of coming.
        owner: who made it; nobody else sees it.
        classes: of the label map, as JSON.
        size: bytes of its files.
        key, digest: the ``Idempotency-Key`` of the request that made it, and a hash of what that asked for.
    """

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("owner", "key"),)
    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str]
    title: Mapped[str]
    created: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    classes: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger, server_default="0")
    key: Mapped[str | None]
    digest: Mapped[str]


class Job(Base):
    """Work on a project.

    Attributes:
        number: in the order of coming, in which jobs are done.
        request: what is asked for, as JSON.
        target: the label map of a render, as PNG, until it has ended: a job is stored as a whole, or not at all.
        progress: how far it is, as JSON.
        error: why it failed, or the empty text.
        record: of the result, as JSON, or the empty text.
        files: names of the result's files and their bytes, as JSON.
        size: bytes of what was asked for, and of the result.
        version: grows with every change.
        stopping: somebody wants it cancelled.
        attempts: how often it was begun without being put back in good order.
        server, lease: who is at it, and until when (seconds since 1970) that is believed without another sign of life.
    """

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("owner", "key"), Index("jobs_in_order", "state", "kind", "number"))
    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    owner: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    request: Mapped[str] = mapped_column(Text)
    target: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    created: Mapped[str]
    started: Mapped[str | None]
    ended: Mapped[str | None]
    progress: Mapped[str] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Text)
    record: Mapped[str] = mapped_column(Text)
    files: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger, server_default="0")
    version: Mapped[int]
    stopping: Mapped[bool]
    attempts: Mapped[int]
    server: Mapped[str]
    lease: Mapped[float]
    key: Mapped[str | None]
    digest: Mapped[str]


def read_request(job: Job) -> dict[str, Any]:
    """What a job is asked for."""
    asked: dict[str, Any] = json.loads(job.request)
    return asked


def read_files(job: Job) -> dict[str, int]:
    """Names and bytes of the files of a job."""
    files: dict[str, int] = json.loads(job.files)
    return files


class Storage(Base):
    """How many bytes of an owner are stored; see :mod:`analogon.service.room`."""

    __tablename__ = "storage"
    owner: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
