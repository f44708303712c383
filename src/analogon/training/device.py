"""Which device computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from analogon.errors import OptionError


def pick(name: str) -> torch.device:
    """``"auto"`` takes CUDA, then Apple's MPS, then the CPU; any other name is torch's.

    Raises:
        OptionError: no such device here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as problem:
        raise OptionError(f"Device '{name}' is not available here; use 'auto' or 'cpu'.") from problem
    return device


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Treat denormal floats as zero inside the block.

    Gradients near zero (a residual output that starts at zero, squared in Adam's moments) are denormal, and a
    CPU takes up to twenty times as long for a step then.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
