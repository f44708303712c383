"""Several processes that train one network together, on one machine or many, as torchrun starts them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from analogon.errors import OptionError


@dataclass(frozen=True)
class World:
    """How many processes there are, and which of them this is; 0 is the one that writes."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and reports."""
        return self.rank == 0

    def agree(self, share: float, stop: bool) -> tuple[float, bool]:
        """What all go by: the first process's share of the budget, and whether any of them is to stop."""
        if self.size == 1:
            return share, stop
        told = torch.tensor([share if self.leads else 0.0, float(stop)], dtype=torch.float64)
        if dist.get_backend() == "nccl":
            told = told.cuda()
        dist.all_reduce(told)
        return float(told[0]), bool(told[1] > 0)

    @torch.no_grad()
    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give all processes the mean of their gradients; a parameter without one in a process has none in any."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            return
        together = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(together)
        parts = torch.split(together / self.size, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))


ALONE = World()


_trainings = itertools.count()


@lru_cache(maxsize=1)
def _meeting() -> tuple[Any, int, int]:
    """Where torchrun has its processes meet, the number of this one, and how many there are."""
    from torch.distributed.rendezvous import rendezvous

    store, rank, size = next(iter(rendezvous("env://")))
    return store, rank, size


@contextmanager
def joined(device: torch.device) -> Iterator[tuple[World, torch.device]]:
    """Meet the other processes, if torchrun started several, and part from them at the end.

    Gives the world and this process's device: with CUDA, the GPU that has its number on this machine.

    Raises:
        OptionError: the environment asks for several, but not as torchrun does.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE, device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    try:
        store, rank, size = _meeting()
        # apart from what an earlier training left there: processes would wait for ever
        store = dist.PrefixStore(f"training {next(_trainings)}", store)  # type: ignore[attr-defined]
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", store=store, rank=rank, world_size=size)
    except ValueError as problem:
        raise OptionError(
            f"WORLD_SIZE asks for {os.environ['WORLD_SIZE']} processes, which do not know of each other: start them "
            "with torchrun, or unset it."
        ) from problem
    try:
        yield World(dist.get_rank(), dist.get_world_size()), device
    finally:
        dist.destroy_process_group()
