from types import SimpleNamespace

import pytest


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test moves."""
    from analogon.training import driver

    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(driver, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock
