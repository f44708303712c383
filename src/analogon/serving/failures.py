"""What the machine cannot do at the moment, in a sentence: the disk is full, or another program holds a file."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DatabaseError

from analogon.errors import AnalogonError


def failure(error: Exception) -> tuple[int, str] | None:
    """An HTTP status with a sentence; None where it is no failure of the machine.

    503 may pass by itself, and is worth another try; with 507 somebody has to do something first.
    """
    if isinstance(error, DatabaseError):
        if getattr(error.orig, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return 503, "Another program is using the file of projects: wait for it, or end it."
        return 507, "Projects cannot be stored at the moment: look whether the disk of the server is full."
    # what cannot be written, or not be read any more, has an error of the system as its cause
    cause = error.__cause__ if isinstance(error, AnalogonError) else error
    if isinstance(cause, OSError) and cause.errno is not None:
        return 507, f"A file of the project cannot be used ({cause.strerror}): look at the disk of the server."
    return None
