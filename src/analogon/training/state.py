"""Networks and Adam optimisers as one flat dictionary of tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def gather(networks: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer]) -> dict[str, Tensor]:
    """Copies on the CPU: ``network.<name>.<key>`` and ``optimiser.<name>.<parameter number>.<key>``."""
    out = {f"network.{n}.{k}": v for n, net in networks.items() for k, v in net.state_dict().items()}
    for n, optimiser in optimisers.items():
        for i, values in optimiser.state_dict()["state"].items():
            out |= {f"optimiser.{n}.{i}.{k}": torch.as_tensor(v) for k, v in values.items()}
    return {k: v.detach().cpu().clone().contiguous() for k, v in out.items()}


def scatter(
    state: Mapping[str, Tensor],
    networks: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
) -> None:
    """The inverse of :func:`gather`.

    Raises:
        KeyError, RuntimeError: the state belongs to other networks.
    """
    for n, net in networks.items():
        prefix = f"network.{n}."
        net.load_state_dict({k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)})
    for n, optimiser in optimisers.items():
        values: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            if key.startswith(f"optimiser.{n}."):
                i, name = key.removeprefix(f"optimiser.{n}.").split(".", 1)
                values.setdefault(int(i), {})[name] = value.clone()  # the optimiser keeps and changes it
        whole = optimiser.state_dict()
        whole["state"] = values
        optimiser.load_state_dict(whole)
