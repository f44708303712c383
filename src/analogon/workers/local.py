"""Workers on this machine: this process, or processes of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from typing import Any

from analogon.errors import OptionError
from analogon.workers.values import RETRIES, Function, Outcome, attempt, failed, furthest, lost, packed, unpacked


def cores() -> int:
    """Processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class Here:
    """This process does one item after the other."""

    def each(
        self,
        function: Function,
        items: Iterable[Any],
        *,
        shared: Any = None,
        gpus: float = 0.0,  # noqa: ARG002
        ahead: int | None = None,  # noqa: ARG002
    ) -> Iterator[tuple[int, Outcome]]:
        """See :class:`~analogon.workers.values.Workers`."""
        for number, item in enumerate(items):
            yield number, attempt(function, shared, item, heard=True)


class Processes:
    """So many processes, each with its part of the processors.

    Each is an executor of one process: where one is lost, it is known whose item it had, and the others go on.
    """

    def __init__(self, workers: int) -> None:
        self._hands = [_Hand(max(1, cores() // workers)) for _ in range(workers)]

    def each(
        self,
        function: Function,
        items: Iterable[Any],
        *,
        shared: Any = None,
        gpus: float = 0.0,  # noqa: ARG002
        ahead: int | None = None,
    ) -> Iterator[tuple[int, Outcome]]:
        """See :class:`~analogon.workers.values.Workers`."""
        coming, again = enumerate(items), deque[tuple[int, Any, int]]()
        idle, running = list(self._hands), dict[Future[bytes], tuple[_Hand, int, Any, int]]()
        fresh = set(idle)  # those that do not know yet what is to be done
        taken = 0

        def hand_out() -> None:
            nonlocal taken
            while idle:
                if again:
                    number, item, lives = again.popleft()
                elif taken < furthest(ahead, len(self._hands), (number for _, number, *_ in running.values())) and (
                    given := next(coming, None)
                ):
                    (number, item), lives = given, RETRIES
                    taken += 1
                else:
                    return
                hand = idle.pop()
                if hand in fresh:
                    hand.begin(function, shared)
                    fresh.discard(hand)
                running[hand.do(item)] = (hand, number, item, lives)

        try:
            hand_out()
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                future = done.pop()
                hand, number, item, lives = running.pop(future)
                try:
                    outcome: Outcome | None = unpacked(future.result())
                except BrokenProcessPool:
                    hand.check_begun()
                    hand.stop()
                    fresh.add(hand)
                    outcome = lost(RETRIES + 1) if lives == 0 else None
                    if outcome is None:
                        again.append((number, item, lives - 1))
                except Exception as error:  # the item cannot be sent
                    hand.check_begun()
                    outcome = failed(error)
                idle.append(hand)
                hand_out()  # before the caller sees to this one
                if outcome is not None:
                    yield number, outcome
        finally:
            for hand, *_ in running.values():
                hand.stop()

    def close(self) -> None:
        """End all processes."""
        for hand in self._hands:
            hand.stop()


class _Hand:
    """One process, which is started when there is something to do."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool: ProcessPoolExecutor | None = None
        self._begun: Future[int] | None = None
        self._turn = 0

    def begin(self, function: Function, shared: Any) -> None:
        """Tell it what will be done with each item."""
        if self._pool is None:
            # A fresh interpreter: a copy of this one would lack its threads, and hang where they held a lock.
            self._pool = ProcessPoolExecutor(1, get_context("spawn"), _start, (self._threads,))
        with _deaf():
            self._turn += 1
            self._begun = self._pool.submit(_begin, self._turn, function, shared)

    def do(self, item: Any) -> Future[bytes]:
        """Hand it an item."""
        assert self._pool is not None
        return self._pool.submit(_do, self._turn, item)

    def check_begun(self) -> None:
        """Refuse to go on with a process that could not even start."""
        assert self._begun is not None
        error = self._begun.exception()
        if error is not None and not isinstance(error, BrokenProcessPool):
            raise error  # what is to be done cannot be sent
        if error is not None:
            raise OptionError(
                "A worker's process ended before it had begun: in a script, let only its main "
                "part ask for several workers, not what every import of it runs, or use one worker."
            )

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._pool is None:
            return
        if self._begun is not None:
            with suppress(Exception):  # it is gone already, or never was
                os.kill(self._begun.result(), getattr(signal, "SIGKILL", signal.SIGTERM))
        self._pool.shutdown(cancel_futures=True)
        self._pool = self._begun = None


@contextmanager
def _deaf() -> Iterator[None]:
    """What is started meanwhile does not hear Ctrl-C while it is still importing, and says nothing of it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # which would lift the mask when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


#: What the process of a worker does with items: which turn it is, function and shared value.
_task: tuple[int, Function, Any] | None = None


def _start(threads: int) -> None:
    """Make a fresh process a worker, before it imports what computes."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    threads = min(threads, int(asked)) if asked.isdigit() and int(asked) else threads
    os.environ["OMP_NUM_THREADS"] = str(threads)
    # With more, NumPy's products have other last bits; what takes long here has threads of its own.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one; see _deaf
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A process whose parent was killed is told nothing, and would wait for items for ever."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _begin(turn: int, function: Function, shared: Any) -> int:
    """Keep what is to be done; the number of this process."""
    global _task
    _task = (turn, function, shared)
    return os.getpid()


def _do(turn: int, item: Any) -> bytes:
    if _task is None or _task[0] != turn:
        raise RuntimeError  # what is to be done could not be sent: see check_begun
    return packed(*_task[1:], item)
