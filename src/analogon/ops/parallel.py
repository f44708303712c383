"""Kernels on several CPU threads, with results that do not depend on how many there are.

Work is cut into bands of rows whose size never depends on the machine. Kernels release the GIL and write to their
own band only; what bands must learn of each other is exchanged between calls.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from analogon.kernels import Kernel

#: Rows of a band.
BAND = 16

_pool: ThreadPoolExecutor | None = None


def threads() -> int:
    """CPU threads that kernels run on: the processors this process may use, or fewer by ``OMP_NUM_THREADS``."""
    affinity = getattr(os, "sched_getaffinity", None)
    available = len(affinity(0)) if affinity else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(available, int(asked))) if asked.isdigit() else available


def bands(rows: int) -> list[tuple[int, int]]:
    """(first, last + 1) of every band."""
    return [(start, min(start + BAND, rows)) for start in range(0, rows, BAND)]


def turns(rows: int, *, wrap: bool) -> list[list[tuple[int, int]]]:
    """The bands in groups without neighbours, so that no band reads what another one of its group is writing.

    With ``wrap`` the last band is a neighbour of the first.
    """
    every = bands(rows)
    if wrap and len(every) > 1 and len(every) % 2:
        return [every[:-1:2], every[1::2], every[-1:]]
    return [every[::2], every[1::2]]


def spread(kernel: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Call the kernel with each tuple of arguments, on all threads; results in the order of the tasks.

    The calling thread works as well, and all take the next task when they are done with one: handing over each task
    by itself costs more than a small one takes.
    """
    global _pool
    tasks = list(tasks)
    known: dict[int, Any] = {}
    call = kernel.call if isinstance(kernel, Kernel) else lambda task, _: kernel(*task)
    helpers = min(threads(), len(tasks)) - 1
    if helpers < 1:
        return [call(task, known) for task in tasks]
    if _pool is None:
        _pool = ThreadPoolExecutor(threads(), thread_name_prefix="analogon")
    results: list[Any] = [None] * len(tasks)
    numbers = iter(range(len(tasks)))  # one for all threads

    def work() -> None:
        for n in numbers:
            results[n] = call(tasks[n], known)

    futures = [_pool.submit(work) for _ in range(helpers)]
    try:
        work()
    finally:
        for _ in numbers:  # after an error or Ctrl-C there is nothing left to take
            pass
        wait(futures)
    for future in futures:
        future.result()
    return results


def _forget_pool() -> None:
    """A forked child has none of its parent's threads."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
