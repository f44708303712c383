"""Databases whose commits are on the disk when they return: SQLite in WAL mode, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.pool import ConnectionPoolEntry

UNUSABLE = (DBAPIError, NoConnectionError)
"""What a database says that cannot be used: the last where all connections wait for it already."""
_BUSY_SECONDS = 20.0
"""How long a writer waits for others."""


def sqlite_engine(path: Path) -> Engine:
    """An SQLite file that is read while others write, and that syncs with each commit (``synchronous=FULL``).

    Transactions begin as the execution option ``begin`` says: "IMMEDIATE" for those that write.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        max_overflow=-1,  # a connection is a file: while one waits for its turn, the others need not wait for it
    )

    @event.listens_for(engine, "connect")
    def _settle(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions begin where _begin says so, and not later
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # A writer takes its turn at once: one that has read before could not wait for the others.
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine


def postgresql_engine(url: URL) -> Engine:
    """A PostgreSQL database; a connection that was lost meanwhile is made anew.

    Raises:
        ImportError: there is no driver for it.
    """
    # Each commit waits for the disk, whatever the server's own setting is.
    options = "-c synchronous_commit=on -c lock_timeout=20000"
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": 10, "options": options},
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=40,
    )
