"""Pictures of one layout as they get better, for those who watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import Self

from analogon.result import Result
from analogon.run import Progress

Listener = Callable[[Progress], None]


class Stream(Iterator[Result]):
    """Results for one layout, each better than the one before; the last is that of a render.

    It is computed as it is iterated over, by one reader. Any thread may cancel it: an application that renders while
    someone paints cancels the stream of the former layout when there is a new one.

    Args:
        results: makes them with a listener that ends them by an error.
        listener: is told of the progress as well.
    """

    def __init__(self, results: Callable[[Listener], Iterator[Result]], listener: Listener) -> None:
        self._cancelled, self._listener = Event(), listener
        self._results = results(self._listen)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Result:
        if not self._cancelled.is_set():
            try:
                result = next(self._results)
            except _CancelledError:
                raise StopIteration from None
            if not self._cancelled.is_set():  # nobody waits for it any more
                return result
        raise StopIteration

    def cancel(self) -> None:
        """End it: no further result comes, and what is being computed stops at its next report of progress."""
        self._cancelled.set()

    def _listen(self, event: Progress) -> None:
        if self._cancelled.is_set():
            raise _CancelledError
        self._listener(event)


class _CancelledError(Exception):
    """Nobody waits any more."""
