"""Functions that the processes of workers know, too."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def chores(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module `chores`, by a name that other processes find."""
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.delitem(sys.modules, "chores", raising=False)
    import chores

    return chores
