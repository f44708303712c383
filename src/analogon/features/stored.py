"""Networks whose weights are a file that the user names. Nothing is downloaded, nothing is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from analogon.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def shapes(file: Path, what: str) -> Mapping[str, tuple[int, ...]]:
    """The tensors of a safetensors file by name, and their shapes; their values are not read.

    Args:
        file: the file. what: what it is to hold, at the start of a sentence: "Inception weights".

    Raises:
        InputError: there is no such file, or it is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    if not file.is_file():
        raise InputError(f"{what} '{file}' do not exist: name a safetensors file that does.")
    try:
        with safe_open(str(file), "pt") as stored:
            return {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as problem:
        raise InputError(
            f"{what} '{file}' are no safetensors file: convert them first, as docs/metrics.md shows."
        ) from problem


def fill(network: nn.Module, file: Path, what: str) -> None:
    """Give a network all its tensors from a safetensors file, by name, and set it to be used as it is.

    More tensors in the file do not matter. Counters of batches, which only training needs, may be missing. The
    network's own tensors may be on the meta device.

    Args:
        network: filled in place, float32. file, what: as in :func:`shapes`.

    Raises:
        InputError: the file cannot be read, or lacks a tensor of the right shape.
    """
    from safetensors import safe_open

    known, tensors = shapes(file, what), dict[str, Tensor]()
    with safe_open(str(file), "pt") as stored:
        for name, tensor in network.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensors[name] = torch.zeros((), dtype=torch.long)
                continue
            if known.get(name) != tuple(tensor.shape):
                found = f"has {_size(known[name])} in '{name}'" if name in known else f"has no tensor '{name}'"
                raise InputError(
                    f"{what} '{file}' do not fit: the file {found} where {_size(tuple(tensor.shape))} is needed; "
                    "docs/metrics.md names all of them."
                )
            tensors[name] = stored.get_tensor(name).float()
    network.load_state_dict(tensors, assign=True)
    network.eval().requires_grad_(False)


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "one number"
