"""Functions that the processes of workers know, too, and what all workers promise."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from analogon.workers import Workers

HERE = Path(__file__).parent


@pytest.fixture
def chores(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module `chores`, by a name that other processes find."""
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.delitem(sys.modules, "chores", raising=False)
    import chores

    return chores


@pytest.fixture
def check_ahead(chores: ModuleType, tmp_path: Path) -> Callable[[Workers], None]:
    """Checks of two workers that no item is far ahead of the first that is not done."""

    def check(workers: Workers) -> None:
        for number in range(1, 12):
            (tmp_path / f"go-{number}").touch()
        outcomes = workers.each(chores.waits, range(12), shared=str(tmp_path), ahead=5)
        assert sorted(next(outcomes)[0] for _ in range(4)) == [1, 2, 3, 4]
        while not (tmp_path / "begun-0").exists():
            time.sleep(0.02)
        time.sleep(0.1)
        assert len(list(tmp_path.glob("begun-*"))) == 5
        (tmp_path / "go-0").touch()
        assert sorted(number for number, _ in outcomes) == [0, *range(5, 12)]

    return check
