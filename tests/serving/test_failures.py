"""Databases that cannot be used, and what is said of that."""

import sqlite3
from contextlib import ExitStack

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from analogon.serving.database import postgresql_engine, sqlite_engine
from analogon.serving.failures import failure


def test_a_database_that_is_not_reached_may_come_back():
    with pytest.raises(OperationalError) as caught:
        postgresql_engine(make_url("postgresql://me@127.0.0.1:1/nothing")).connect()
    status, sentence = failure(caught.value)
    assert status == 503 and "reached" in sentence
    assert failure(NoConnectionError())[0] == 503


@pytest.mark.parametrize(("code", "status"), [("57P01", 503), ("08006", 503), ("53300", 503), ("53100", 507)])
def test_what_postgresql_says(code, status):
    errors = pytest.importorskip("psycopg.errors")
    error = OperationalError("", {}, errors.lookup(code)())
    assert failure(error)[0] == status


def test_a_file_that_another_program_holds(tmp_path):
    path = tmp_path / "file"
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(path, timeout=0).execute("CREATE TABLE x (y)")
    held.close()
    assert failure(OperationalError("", {}, caught.value))[0] == 503
    assert failure(DBAPIError("", {}, sqlite3.OperationalError("disk I/O error")))[0] == 507


def test_a_connection_waits_for_no_other(tmp_path):
    with ExitStack() as held:
        engine = sqlite_engine(tmp_path / "file")
        held.callback(engine.dispose)
        for _ in range(20):
            held.enter_context(engine.connect())
