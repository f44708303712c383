"""What a server frees goes back to the system."""

import ctypes
import gc
import sys
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

from analogon.serving import memory


def resident():
    """MiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


class Circle:
    def __init__(self):
        self.me = self


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_tidying(monkeypatch):
    monkeypatch.setattr(memory, "_TIDY_SECONDS", 0.05)
    gc.disable()
    try:
        with memory.Tidying():
            pieces = [np.ones(8000) for _ in range(800)]
            full = resident()
            last, found = pieces[-1], weakref.ref(Circle())
            del pieces  # all but the last, so that the heap does not become shorter by itself
            end = time.monotonic() + 10
            while (resident() > full - 24 or found() is not None) and time.monotonic() < end:
                time.sleep(0.02)
            assert resident() < full - 24 and found() is None and last.sum() == 8000
        assert gc.get_freeze_count() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("found", ["another", "none"])
def test_a_library_that_has_no_heaps(monkeypatch, found):
    def load(name):
        if found == "none":
            raise OSError(name)
        return object()  # in which no function is found

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(memory, "_TIDY_SECONDS", 0.01)
    circle = weakref.ref(Circle())
    with memory.Tidying():
        end = time.monotonic() + 10
        while circle() is not None and time.monotonic() < end:
            time.sleep(0.01)
    assert circle() is None
