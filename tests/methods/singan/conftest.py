"""Trainers of a few channels on pictures of a few hundred pixels."""

from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="SinGAN needs the extra 'neural'")

from analogon.methods.singan.config import RECIPES, Config  # noqa: E402
from analogon.methods.singan.training import Trainer  # noqa: E402

#: Both generators with few channels; three scales of a picture of 40x56 pixels.
SMALL = {
    "pyramid": {"width": 4, "scales": 3, "critic_steps": 1, "generator_steps": 1},
    "growing": {
        "network": "growing",
        "width": 6,
        "scales": 3,
        "spacing": "coarse",
        "norm": "none",
        "critic_norm": "none",
        "start": "even",
        "borders": "wide",
        "together": 2,
        "critic_steps": 1,
        "generator_steps": 1,
    },
}


@pytest.fixture(scope="session")
def picture() -> "torch.Tensor":
    """40x56 pixels in [-1, 1]: stripes over a slope, and some noise."""
    rows, cols = np.mgrid[0:40, 0:56]
    noise = np.random.default_rng(0).normal(0, 0.05, (40, 56, 3))
    base = np.stack([np.sin(cols / 4), rows / 20 - 1, np.cos((rows + cols) / 9)], -1) * 0.7
    return torch.from_numpy(np.clip(base + noise, -1, 1).astype(np.float32)).permute(2, 0, 1)[None].contiguous()


@pytest.fixture(scope="session")
def make_config() -> Callable[..., Config]:
    """A configuration by network (with :data:`SMALL`) or recipe, with some fields changed."""

    def make(kind: str = "pyramid", **options: object) -> Config:
        return Config.model_validate({**(SMALL[kind] if kind in SMALL else RECIPES[kind]), **options})

    return make


@pytest.fixture(scope="session")
def make_trainer(picture: "torch.Tensor", make_config: Callable[..., Config]) -> Callable[..., Trainer]:
    """A trainer by network or recipe."""

    def make(
        kind: str = "pyramid", seed: int = 0, timed: bool = False, given: "torch.Tensor" = picture, **options: object
    ) -> Trainer:
        return Trainer(given, make_config(kind, **options), seed=seed, device="cpu", timed=timed)

    return make


@pytest.fixture(scope="session")
def trained(make_trainer: Callable[..., Trainer]) -> Callable[..., Trainer]:
    """A trainer after some steps that reach every scale; made once for each network."""
    known: dict[str, Trainer] = {}

    def make(kind: str) -> Trainer:
        if kind not in known:
            trainer = known[kind] = make_trainer(kind, steps=12)
            for n in range(12):
                trainer.step(n, n / 12)
            trainer.generator.eval().requires_grad_(False)
        return known[kind]

    return make
