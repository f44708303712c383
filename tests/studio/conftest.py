from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from .browsing import CHROMIUM, Studio, Visitor
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visitor(browser: Browser, url: str) -> Visitor:
    return Visitor(browser, url)


@pytest.fixture
def studio(visitor: Visitor, url: str, client: httpx.Client) -> Iterator[Studio]:
    """The page in a browser that was never there, with a project of its own."""
    made = Studio(visitor.new_page(), url, client)
    yield made
    made.close()
