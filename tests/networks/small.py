"""A data set of a few scenes and a method so small that a step takes a few hundredths of a second."""

from typing import Any

import torch

import analogon
from analogon.datasets.augmenting import Augmentation
from analogon.datasets.scenes import Scenes, SceneSettings
from analogon.methods.spade.config import Config
from analogon.methods.spade.network import Spade
from analogon.networks.batches import Sampler, windows
from analogon.networks.trainer import Trainer
from analogon.training.world import ALONE, World

SETTINGS: dict[str, Any] = {
    "load": 36, "crop": 32, "width": 2, "hidden": 4, "styled": True, "code": 4, "encoder_width": 2, "critic_width": 2,
    "batch": 2, "steps": 6,
}  # fmt: skip

#: The same for a method whose classes have codes, and for one that looks at another picture.
GROUPED: dict[str, Any] = {
    "width": 5, "code": 2, "encoder_width": 2, "critic_width": 2, "critics": 1, "crop": 64, "load": 64,
    "depth": "normal", "hidden": 8, "groups": (5, 5, 5, 5, 1, 1, 1),
}  # fmt: skip
ATTENTIVE: dict[str, Any] = {
    "width": 2, "hidden": 4, "levels": 3, "picture_width": 4, "label_width": 4, "regions": 4, "attention_width": 6,
    "critic_width": 2, "critics": 1, "crop": 32, "load": 64,
}  # fmt: skip

_ONE_STEP: dict[str, Any] = {
    "device": "cpu", "recipe": "paper", "steps": 1, "batch": 1, "lr_generator": 0.05, "norm": "instance",
}  # fmt: skip


def hardly_learnt(method: str, pictures: Scenes) -> analogon.TrainedModel:
    """A model after one step."""
    settings = {"spade": SETTINGS, "groupdnet": GROUPED, "msca": ATTENTIVE}[method]
    return analogon.train(method, pictures, **{**settings, **_ONE_STEP})


def small_config(**changes: Any) -> Config:
    return Config(**{**SETTINGS, **changes})


def small_set(count: int = 5) -> Scenes:
    return Scenes(count, SceneSettings(seed=3))


def small_trainer(config: Config, *, seed: int = 0, world: World = ALONE, count: int = 5) -> Trainer:
    pictures = small_set(count)
    cut = windows(Augmentation(config.loaded(32), (1.0, config.zoom), config.window(32), config.flip))
    device = torch.device("cpu")
    batches = Sampler(pictures, cut, batch=config.batch, seed=seed, edges=config.instances, device=device, world=world)
    seen = len(pictures.palette) + config.instances
    return Trainer(
        config,
        lambda: Spade(config, len(pictures.palette), seen),
        seen,
        batches,
        seed=seed,
        device=device,
        divergence_weight=config.divergence,
        divergence_from=config.divergence_from,
        world=world,
    )
