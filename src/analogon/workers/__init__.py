"""Many independent things done at once, by processes of this machine or by a cluster.

What is asked of workers depends on the item alone, so that the results do not depend on who did it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from analogon.errors import OptionError
from analogon.workers.local import Here, Processes, cores
from analogon.workers.values import Outcome, Workers

__all__ = ["Outcome", "Workers", "check_gpus", "cores", "open_workers"]


@contextmanager
def open_workers(workers: int | None = None, cluster: str | None = None, gpus: float = 0.0) -> Iterator[Workers]:
    """Workers, for as long as the context lasts.

    Args:
        workers: how many at once; 1 for this process itself. None: as many as this machine has processors, or the
            cluster has.
        cluster: None for this machine, "auto" for the Ray cluster that this machine belongs to, or the address of one.
        gpus: share of a GPU that one item will take there.

    Raises:
        OptionError: the number is below 1, or the cluster cannot be reached, or has no such share.
    """
    check_gpus(gpus, cluster)
    number: Any = workers
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
        raise OptionError(f"--workers cannot be {workers!r}: give a whole number above 0.")
    if cluster is not None:
        from analogon.workers.cluster import connected

        with connected(cluster, workers, gpus) as engine:
            yield engine
        return
    count = cores() if workers is None else workers
    if count == 1:
        yield Here()
        return
    processes = Processes(count)
    try:
        yield processes
    finally:
        processes.close()


def check_gpus(gpus: float, cluster: str | None) -> None:
    """Refuse a share of a GPU that cannot be had.

    Raises:
        OptionError: it is no share, or there is no cluster to have it of.
    """
    share: Any = gpus
    number = isinstance(share, int | float) and not isinstance(share, bool)
    # Ray gives parts of one, or whole ones
    if not number or not (0 <= share <= 1 or (1 < share < math.inf and share == int(share))):
        raise OptionError(f"--gpus cannot be {gpus!r}: give a share from 0 to 1, or a whole number.")
    if gpus and cluster is None:
        raise OptionError("--gpus is for --cluster: leave it out, processes of this machine share what it has.")
