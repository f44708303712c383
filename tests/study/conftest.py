"""A comparison of three contenders on disk, studies made of it, and their servers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import analogon

from .compared import write_comparison
from .people import Served, free_port


@pytest.fixture(scope="session")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison")
    write_comparison(folder)
    return folder


@pytest.fixture
def make(comparison: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a study of the comparison and returns its folder."""

    def run(name: str = "study", **options: object) -> Path:
        analogon.make_study(comparison, tmp_path / name, **options)
        return tmp_path / name

    return run


@pytest.fixture(scope="session")
def standing(comparison: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A study of four questions by two criteria that stays open for all tests; each brings its own people."""
    folder = tmp_path_factory.mktemp("standing") / "study"
    analogon.make_study(comparison, folder, checks=2, layout=True)
    served = Served(folder, free_port())
    served.start()
    yield served
    served.kill()


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Served]]:
    """Serves a study from a process of its own."""
    running = []

    def run(folder: Path) -> Served:
        served = Served(folder, free_port())
        running.append(served)
        served.start()
        return served

    yield run
    for served in running:
        if served.process.poll() is None:
            served.kill()
