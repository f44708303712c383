from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import analogon

from .served import POSTGRES, layout, photo, postgresql, serving

_NUMBERS = count()


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that the tests share."""
    with serving(tmp_path_factory.mktemp("service") / "data") as address:
        yield address


@pytest.fixture(scope="session")
def client(url: str) -> Iterator[analogon.Client]:
    with analogon.Client(url, patience=0) as client:
        yield client


@pytest.fixture(scope="session")
def project(client: analogon.Client):
    return client.create_project(photo(), layout(), "A ball")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a database of a PostgreSQL that runs for these tests; skips where there is none on this machine."""
    if not (POSTGRES / "initdb").exists():
        pytest.skip("there is no PostgreSQL on this machine")
    # not under pytest's own folder, which the next run of pytest closes to PostgreSQL's user
    with TemporaryDirectory() as folder, postgresql(Path(folder)) as address:
        yield address


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The URL of an empty PostgreSQL database."""
    import psycopg

    name = f"empty_{next(_NUMBERS)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres_server.replace("/postgres?", f"/{name}?")
