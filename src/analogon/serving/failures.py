"""What the machine cannot do at the moment, in a sentence: the disk is full, or another program holds a file."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from analogon.errors import AnalogonError
from analogon.serving.database import UNUSABLE

_PASSING = ("08", "40", "53300", "55P03", "57")
"""Codes of PostgreSQL, or how they begin: it is not reached, starts, ends, is taken by others."""


class UnreachedError(OSError):
    """A place for files that cannot be reached, or has no time, at the moment."""


class RefusedError(OSError):
    """A place for files that does not let this server do what it has to."""


def failure(error: Exception) -> tuple[int, str] | None:
    """An HTTP status with a sentence; None where it is no failure of the machine.

    503 may pass by itself, and is worth another try; with 507 somebody has to do something first.
    """
    if isinstance(error, UNUSABLE):
        if not isinstance(error, DBAPIError) or _unreached(error):
            return 503, "The database cannot be reached at the moment: wait, or look whether it runs."
        if getattr(error.orig, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return 503, "Another program is using the file of projects: wait for it, or end it."
        return 507, "Projects cannot be stored at the moment: look whether the disk of the server is full."
    # what cannot be written, or not be read any more, has an error of the system as its cause
    cause = error.__cause__ if isinstance(error, AnalogonError) else error
    if isinstance(cause, UnreachedError):
        return 503, "The place for files cannot be reached at the moment: wait, or look whether it runs."
    if isinstance(cause, RefusedError):
        return 507, "The place for files refuses this server: look whether its key is valid and may write there."
    if isinstance(cause, OSError) and cause.errno is not None:
        return 507, f"A file of the project cannot be used ({cause.strerror}): look at the disk of the server."
    return None


def _unreached(error: DBAPIError) -> bool:
    """Whether PostgreSQL was not reached, or has no time; one that refuses connections gives no code."""
    code = getattr(error.orig, "sqlstate", "")
    return isinstance(error, OperationalError | InterfaceError) and (code is None or code.startswith(_PASSING))
