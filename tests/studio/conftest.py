from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from .served import Page, serving


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the studio that a module's tests share."""
    return tmp_path_factory.mktemp("studio") / "data"


@pytest.fixture(scope="module")
def url(data: Path) -> Iterator[str]:
    with serving(data) as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=120) as client:
        yield client


@pytest.fixture
def page(client: httpx.Client) -> Page:
    """A project of its own for each test."""
    return Page.labelled(client)
