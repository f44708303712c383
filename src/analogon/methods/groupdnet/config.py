"""Every hyperparameter of GroupDNet, its recipes, its ablations, and what each field means. No torch here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from analogon.methods.ablation import Ablation
from analogon.networks.settings import Coded


class Config(Coded):
    """Configuration of one training. The defaults are ``recipe="paper"``; :data:`RECIPES` holds what others change.

    :data:`PUBLISHED` are the settings of the released models, which belong to numbers of classes.
    """

    width: int = Field(160, ge=2, le=512, description="generator channels at full resolution, rounded up to groups")
    depth: Literal["normal", "more"] = Field("more", description="the start grid is a 32nd or 64th of the picture")
    groups: tuple[int, ...] = Field(
        (), description="groups of each stage, none increasing; empty: classes, then halves of them, down to one"
    )
    channels: tuple[int, ...] = Field((), description="channels of each stage; empty: from the width")
    modulation: Literal["grouped", "interleaved", "mixed"] = Field(
        "mixed",
        description="a layout is turned into scales and shifts in the groups of the stage, class by class with edges "
        "between, or class by class and then in the groups of the stage",
    )
    hidden: int = Field(128, ge=1, le=4096, description="channels between layout and modulation, where it is grouped")
    code: int = Field(8, ge=1, le=256, description="numbers that a class's look has at each place of the grid")
    encoder_width: int = Field(32, ge=1, le=256, description="channels for each class behind the encoder's first layer")
    split: Literal["mask", "mask+stretch"] = Field(
        "mask+stretch", description="the encoder sees a class in its place, or enlarged to the whole picture"
    )

    @model_validator(mode="after")
    def _a_number_for_each_stage(self) -> Config:
        for name in ("groups", "channels"):
            given = getattr(self, name)
            if given and (len(given) != 7 or min(given) < 1):
                raise ValueError(f"{name} are seven numbers above 0, one for each stage")
        if list(self.groups) != sorted(self.groups, reverse=True):
            raise ValueError("groups never increase from one stage to the next")
        return self


#: What each recipe changes, the default one first.
RECIPES: dict[str, dict[str, Any]] = {
    "fast": {
        "load": 72,
        "crop": 64,
        "size_limit": 192,
        "width": 10,
        "depth": "normal",
        "encoder_width": 6,
        "critic_width": 24,
        "l1": 20.0,
        "matching": 1.0,
        "gan": 0.5,
        "balance": "classes",
        "encoder_norm": "none",
        "code_noise": 0.1,
        "divergence": 0.0002,
        "divergence_from": 0.25,
        "average": 0.99,
        "lr_generator": 1e-3,
        "lr_critics": 5e-4,
        "betas": (0.0, 0.99),
        "batch": 4,
        "steps": 2000,
        "decay_from": 0.5,
    },
    "paper": {},
}

#: Settings of the released models, for so many classes.
PUBLISHED: dict[str, tuple[int, dict[str, Any]]] = {
    "deepfashion": (
        8,
        {"groups": (8, 8, 4, 4, 2, 2, 1), "modulation": "grouped", "batch": 8, "load": 256, "decay_from": 0.6},
    ),
    "cityscapes": (
        35,
        {
            "width": 280,
            "groups": (35, 35, 20, 14, 10, 4, 1),
            "channels": (4480, 4480, 4480, 2240, 1120, 560, 280),
            "modulation": "interleaved",
            "encoder_width": 10,
            "load": 512,
            "crop": 512,
            "aspect": 2.0,
            "batch": 4,
            "decay_from": 0.5,
        },
    ),
    "ade20k": (
        151,
        {
            "width": 64,
            "groups": (151, 16, 16, 8, 4, 2, 1),
            "channels": (2416, 2048, 1024, 1024, 512, 256, 128),
            "encoder_width": 4,
            "batch": 4,
            "decay_from": 0.5,
        },
    ),
}

#: What the paper argues for, left out one at a time.
ABLATIONS: dict[str, Ablation] = {
    "group-encoder": Ablation("Classes are apart in the encoder only.", {"groups": (1,) * 7}),
}
