"""Which pictures come when, and on which of several processes: arithmetic on numbers, with no state to be kept."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analogon.errors import OptionError

Ids = NDArray[np.int64]


def epoch_order(n: int, seed: int, epoch: int, rank: int = 0, world: int = 1) -> Ids:
    """Which of `n` pictures the process `rank` of `world` takes in an epoch, in which order.

    All processes draw one permutation from (seed, epoch) and take every `world`-th place of it, so that their batches
    of b pictures are together the one process's batch of b times `world`. Where `n` is no multiple of `world`, the
    permutation goes on from its beginning, so that all take equally many and every picture is taken.

    Returns:
        int64 (ceil(n / world),), 0 to n-1.

    Raises:
        OptionError: there is no picture or no such process.
    """
    _check(n, rank, world)
    order = _permutation(n, seed, epoch)
    places = np.arange(rank, -(-n // world) * world, world)
    taken: Ids = order[places % n]
    return taken


def step_batch(n: int, seed: int, step: int, batch: int, rank: int = 0, world: int = 1) -> Ids:
    """Which of `n` pictures the process `rank` of `world` takes in training step `step` (from 0).

    The permutations of the epochs follow each other without a gap, and step s takes places s·B to (s+1)·B of them,
    B = batch · world, dealt out in turn: a training resumed at any step, on any number of processes with the same B,
    sees the same pictures. A batch may reach over the end of an epoch.

    Returns:
        int64 (batch,), 0 to n-1.

    Raises:
        OptionError: there is no picture, no such process, or an empty batch.
    """
    _check(n, rank, world)
    if batch < 1:
        raise OptionError(f"A batch of {batch} pictures cannot be taken: give at least 1.")
    places = step * batch * world + rank + world * np.arange(batch, dtype=np.int64)
    return np.array([_permutation(n, seed, int(p // n))[p % n] for p in places], np.int64)


def _check(n: int, rank: int, world: int) -> None:
    if n < 1:
        raise OptionError("There is no picture to be taken: give a data set with at least one.")
    if not 0 <= rank < world:
        raise OptionError(f"There is no process {rank} of {world}: ranks are 0 to the number of processes less one.")


@lru_cache(maxsize=4)
def _permutation(n: int, seed: int, epoch: int) -> Ids:
    order = np.random.default_rng((seed, epoch)).permutation(n)
    order.setflags(write=False)
    return order
