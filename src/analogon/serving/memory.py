"""The memory of a server that runs for long: what is free stays in one place, and goes back to the system."""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Callable

_ARENAS, _MOST_ARENAS = -8, 2
"""``M_ARENA_MAX`` of glibc, which else has eight heaps for each core: what one thread frees is of no use to others."""
_TIDY_SECONDS = 30.0


class Tidying:
    """Keeps the memory of this process small while it is entered, which has to be the server's own.

    What is there at the beginning stays: the collector of garbage, which waits until there is a quarter more than what
    it has seen before, need not look at it again.
    """

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._tidy, name="tidying", daemon=True)
        self._heaps: Callable[..., object]
        self._trim: Callable[..., object]
        try:
            c = ctypes.CDLL("libc.so.6")
            self._heaps, self._trim = c.mallopt, c.malloc_trim
        except (OSError, AttributeError):  # another system, or another library, which may have this name
            self._heaps = self._trim = lambda *_: 0

    def __enter__(self) -> None:
        """Begin."""
        self._heaps(_ARENAS, _MOST_ARENAS)
        gc.collect()
        gc.freeze()
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        """End."""
        self._ending.set()
        self._thread.join()
        gc.unfreeze()

    def _tidy(self) -> None:
        while not self._ending.wait(_TIDY_SECONDS):
            gc.collect()
            self._trim(0)
