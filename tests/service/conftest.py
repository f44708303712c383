from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import analogon

from .served import POSTGRES, layout, photo, postgresql, serving


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
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL database; skips where there is none on this machine."""
    if not (POSTGRES / "initdb").exists():
        pytest.skip("there is no PostgreSQL on this machine")
    # not under pytest's own folder, which the next run of pytest closes to PostgreSQL's user
    with TemporaryDirectory() as folder, postgresql(Path(folder)) as address:
        yield address
