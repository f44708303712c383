"""The database of a service, made or completed where that is needed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError

from analogon.errors import InputError, OptionError
from analogon.service.tables import Base, Job, Project
from analogon.serving.database import postgresql_engine, sqlite_engine

FILE = "service.sqlite"


def opened(data: Path, url: str | None = None) -> Engine:
    """A database with all tables; see :meth:`analogon.service.store.Store.open`."""
    shown, engine = _engine(data, url)
    writing = engine.execution_options(begin="IMMEDIATE")
    try:
        try:
            Base.metadata.create_all(writing)
        except IntegrityError:  # another server makes the same tables at this moment
            Base.metadata.create_all(writing)
        _complete(writing)
    except DatabaseError as error:
        engine.dispose()
        reason = str(error.orig).strip().splitlines()[0].rstrip(".")
        raise InputError(f"The database {shown} cannot be used ({reason}): check --database.") from None
    return engine


def _complete(engine: Engine) -> None:
    """Give the tables of an earlier version the sizes that it did not count."""
    for table in (Project.__tablename__, Job.__tablename__):
        if "size" not in {column["name"] for column in inspect(engine).get_columns(table)}:
            with engine.begin() as connection:
                connection.execute(text(f"ALTER TABLE {table} ADD COLUMN size BIGINT DEFAULT 0 NOT NULL"))


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
