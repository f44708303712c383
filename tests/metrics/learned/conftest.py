"""Weights of the right shapes with random values, made here; pictures of a few hundred pixels."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analogon.metrics.learned import Weights


def random_weights(network, file: Path, seed: int = 0, **more) -> Path:
    """A safetensors file with values for all tensors of a network, of sizes that keep the features in range."""
    from safetensors.torch import save_file

    generator, tensors = torch.Generator().manual_seed(seed), {}
    for name, given in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        values = torch.randn(given.shape, generator=generator)
        if name.endswith("running_var") or name.endswith("bn.weight"):
            values = 1 + 0.1 * values.abs()
        elif name.startswith("lin"):
            values = 0.1 + values.abs()
        elif given.dim() == 4:
            values = values * (2 / given[0].numel()) ** 0.5
        else:
            values = 0.1 * values
        tensors[name] = values
    save_file(tensors | more, file)
    return file


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Weights:
    """Inception up to its second pooling, and LPIPS with AlexNet."""
    from analogon.features.inception import InceptionV3
    from analogon.features.perceptual import LPIPS

    folder = tmp_path_factory.mktemp("weights")
    with torch.device("meta"):
        inception, lpips = InceptionV3(192), LPIPS()
    return Weights(
        random_weights(inception, folder / "inception.safetensors"),
        random_weights(lpips, folder / "lpips.safetensors"),
    )


def picture(seed: int = 0, shape: tuple[int, int] = (48, 64)) -> np.ndarray:
    """Stripes and grains, float32 (h, w, 3) in [0, 1]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    stripes = 0.5 + 0.3 * np.sin(rows / rng.uniform(1, 3) + columns / rng.uniform(1, 3) + rng.uniform(0, 6))
    tint = rng.uniform(0.5, 1, 3)
    return (stripes[..., None] * tint + rng.normal(0, 0.05, (*shape, 3))).clip(0, 1).astype(np.float32)
