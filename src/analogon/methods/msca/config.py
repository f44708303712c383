"""Every hyperparameter of MSCA, its recipes, its ablations, and what each field means. No torch here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from analogon.methods.ablation import Ablation
from analogon.networks.settings import Learning


class Config(Learning):
    """Configuration of one training. The defaults are ``recipe="paper"``; :data:`RECIPES` holds what others change."""

    load: int = Field(
        512, ge=8, le=4096, description="width that pictures are brought to: two windows beside each other"
    )
    width: int = Field(64, ge=2, le=256, description="generator channels at full resolution")
    depth: Literal["normal", "more", "most"] = Field(
        "normal", description="the start grid is a 32nd, 64th or 128th of the picture"
    )
    hidden: int = Field(128, ge=2, le=512, description="channels between features and what they modulate")
    whole: float = Field(
        0.5, ge=0, le=1, description="share of steps whose look is of the whole picture but the window, not of another"
    )
    # what is seen of pictures and layouts
    seen_by: str = Field(
        "trained", description="features of the look's picture: 'trained', 'filters' or 'vgg19:FILE' (safetensors)"
    )
    levels: int = Field(5, ge=1, le=5, description="scales, each half the one before")
    picture_width: int = Field(64, ge=2, le=512, description="channels of a picture's features at full resolution")
    picture_most: int = Field(256, ge=2, le=512, description="most channels of a picture's features, doubling by scale")
    label_width: int = Field(64, ge=2, le=512, description="channels of a layout's features at each scale")
    # attention
    regions: int = Field(16, ge=1, le=256, description="style vectors at each scale; half as many at full resolution")
    attention_width: int = Field(64, ge=2, le=512, description="channels between features and attention")
    gather: Literal["attention", "mean"] = Field(
        "attention", description="style vectors are of soft regions, or one mean of all"
    )
    guided: bool = Field(True, description="the layout of the look's picture helps to find its regions")
    gate: Literal["truncated", "sigmoid", "none"] = Field(
        "truncated", description="how style vectors are shut out that the new layout has no use for"
    )
    scales: Literal["all", "coarsest"] = Field("all", description="looks are carried over at every scale, or at one")

    @model_validator(mode="after")
    def _two_windows_fit(self) -> Config:
        if self.load < 2 * self.crop:
            raise ValueError(f"two windows (crop) of {self.crop} pixels do not fit in pictures (load) of {self.load}")
        return self


#: What each recipe changes, the default one first.
RECIPES: dict[str, dict[str, Any]] = {
    "fast": {
        "load": 128,
        "crop": 64,
        "size_limit": 192,
        "width": 8,
        "hidden": 32,
        "levels": 4,
        "picture_width": 16,
        "picture_most": 32,
        "label_width": 16,
        "regions": 8,
        "attention_width": 24,
        "critic_width": 24,
        "l1": 20.0,
        "matching": 1.0,
        "gan": 0.5,
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

#: What is argued for, left out one at a time.
ABLATIONS: dict[str, Ablation] = {
    "no-gate": Ablation("No style vector is shut out.", {"gate": "none"}),
    "no-regions": Ablation("One mean in place of soft regions.", {"gather": "mean"}),
    "no-guide": Ablation("Regions are found without the layout.", {"guided": False}),
    "one-scale": Ablation("Looks are carried over at the coarsest scale only.", {"scales": "coarsest"}),
}
