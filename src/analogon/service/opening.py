"""The database of a service, made or completed where that is needed."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, inspect, make_url, select, text, update
from sqlalchemy.exc import ArgumentError, DatabaseError

from analogon.errors import InputError, OptionError
from analogon.service.room import ALL
from analogon.service.tables import Base, Job, Project, Storage
from analogon.serving.database import postgresql_engine, sqlite_engine

FILE = "service.sqlite"
_TURN = text("SELECT pg_advisory_xact_lock(7311770)")
"""Servers that begin at the same moment make the tables one after another; the number is nobody else's."""


def opened(data: Path, url: str | None = None) -> Engine:
    """A database with all tables; see :meth:`analogon.service.store.Store.open`."""
    shown, engine = _engine(data, url)
    try:
        with engine.execution_options(begin="IMMEDIATE").begin() as connection:
            if url is not None:
                connection.execute(_TURN)
            Base.metadata.create_all(connection)
            _complete(connection)
    except DatabaseError as error:
        engine.dispose()
        reason = str(error.orig).strip().splitlines()[0].rstrip(".")
        raise InputError(f"The database {shown} cannot be used ({reason}): check --database.") from None
    return engine


def _complete(connection: Connection) -> None:
    """Give the tables of an earlier version the sizes that it did not count: those of jobs, which are in their rows."""
    for table in (Project, Job):
        known = {column["name"] for column in inspect(connection).get_columns(table.__tablename__)}
        if "size" not in known:
            connection.execute(text(f"ALTER TABLE {table.__tablename__} ADD COLUMN size BIGINT DEFAULT 0 NOT NULL"))
            if table is Job:
                _count(connection)


def _count(connection: Connection) -> None:
    texts = func.length(Job.request) + func.length(Job.record) + func.coalesce(func.length(Job.target), 0)
    sums: dict[str, int] = {}
    for number, owner, size, files in connection.execute(select(Job.number, Job.owner, texts, Job.files)).all():
        whole = size + sum(json.loads(files).values())
        connection.execute(update(Job).where(Job.number == number).values(size=whole))
        for whose in (owner, ALL):
            sums[whose] = sums.get(whose, 0) + whole
    for whose, size in sums.items():
        connection.execute(insert(Storage).values(owner=whose, size=size))


def _engine(data: Path, url: str | None) -> tuple[str, Engine]:
    """The database and how messages call it."""
    if url is None:
        return f"'{data / FILE}'", sqlite_engine(data / FILE)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise OptionError("--database is no URL: give postgresql://USER@HOST/NAME, or leave it out.") from None
    shown = f"'{parsed.render_as_string(hide_password=True)}'"
    if parsed.get_backend_name() not in ("postgresql", "postgres") or not parsed.database:
        raise OptionError(f"--database {shown} cannot be used: give postgresql://USER@HOST/NAME, or leave it out.")
    try:
        return shown, postgresql_engine(parsed)
    except ImportError:
        raise OptionError("--database needs psycopg for PostgreSQL: pip install 'analogon[service]'.") from None
