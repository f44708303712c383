"""Which device computes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from analogon.errors import OptionError

#: What this package is written for. torch has more devices, some of which only pretend to compute.
KNOWN = re.compile(r"cpu|mps|cuda(:\d{1,2})?")


def pick(name: str) -> torch.device:
    """``"auto"`` takes CUDA where there is one, else the CPU; others are "cpu", "cuda", "cuda:1", … and "mps".

    Apple's MPS has to be asked for: some operations of the networks are wrong or missing there in some versions of
    torch.

    Raises:
        OptionError: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    unusable = f"Device '{name}' is not available here: use 'auto' or 'cpu'."
    if not KNOWN.fullmatch(name):
        raise OptionError(unusable)
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as problem:
        raise OptionError(unusable) from problem
    return device


def threads() -> int:
    """How many threads compute on the CPU; sums may come out in another order with another number."""
    return torch.get_num_threads()


def brief(device: torch.device) -> bool:
    """Whether a device computes in bfloat16 faster than in full precision."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Treat denormal floats as zero inside the block.

    Gradients near zero (a residual output that starts at zero, squared in Adam's moments) are denormal, and a
    CPU takes up to twenty times as long for a step then. The switch belongs to a thread, and torch's worker threads
    inherit it when they are made, at the first large operation: enter the block before that.
    """
    before = float(torch.tensor(2e-39) * 0.5) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
