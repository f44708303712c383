"""Every hyperparameter of SPADE, its recipes, its ablations, and what each field means. No torch here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from analogon.methods.ablation import Ablation
from analogon.networks.settings import Coded


class Config(Coded):
    """Configuration of one training. The defaults are ``recipe="paper"``; :data:`RECIPES` holds what others change."""

    width: int = Field(64, ge=2, le=256, description="generator channels at full resolution")
    depth: Literal["normal", "more", "most"] = Field(
        "normal", description="the start grid is a 32nd, 64th or 128th of the picture"
    )
    hidden: int = Field(128, ge=2, le=512, description="channels between a layout and what it modulates")
    styled: bool = Field(False, description="an encoder takes the look from a picture; without, one look for a layout")
    code: int = Field(256, ge=1, le=4096, description="numbers that a look is made of")
    encoder_width: int = Field(64, ge=2, le=256, description="channels of the encoder's first layer")


_SMALL = {
    "load": 72,
    "crop": 64,
    "size_limit": 192,
    "width": 8,
    "hidden": 32,
    "styled": True,
    "code": 32,
    "encoder_width": 16,
    "critic_width": 24,
    "l1": 20.0,
    "matching": 1.0,
    "gan": 0.5,
    "encoder_norm": "none",
    "divergence": 0.0005,
    "average": 0.99,
    "lr_generator": 1e-3,
    "lr_critics": 5e-4,
    "betas": (0.0, 0.99),
    "batch": 4,
    "steps": 2000,
    "decay_from": 0.5,
}

#: What each recipe changes, the default one first.
RECIPES: dict[str, dict[str, Any]] = {
    "fast": _SMALL,
    "paper": {},
}

#: What the paper argues for, left out one at a time.
ABLATIONS: dict[str, Ablation] = {
    "no-matching": Ablation("The judges' features are not matched.", {"matching": 0.0}),
}
