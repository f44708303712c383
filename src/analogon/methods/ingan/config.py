"""Every hyperparameter of InGAN, its two recipes, its ablations, and what each field means. No torch here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from analogon.methods.ablation import Ablation

Decay = Annotated[float, Field(ge=0, lt=1)]


class Config(BaseModel):
    """Configuration of one fit. The defaults are ``recipe="paper"``; :data:`RECIPES` holds what others change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(75_000, ge=1, description="training steps, each one of the generator and one of the judges")
    size_limit: int = Field(1024, ge=16, description="longest side the network works at; results have full size")
    crop: int = Field(256, ge=16, le=4096, description="side of the random crops that are learnt, whole eights")
    # networks
    width: int = Field(64, ge=4, le=256, description="generator channels at full resolution")
    blocks: int = Field(6, ge=0, le=32, description="residual blocks at an eighth of the resolution")
    critic_width: int = Field(64, ge=4, le=256, description="channels of each patch judge's first layer")
    initial_scale: float = Field(
        1.0,
        gt=0,
        description="initial weights under spectral norm, as a multiple of the released ones",
    )
    judged: Literal["together", "each"] = Field(
        "together", description="scores of all scales make one map, or each scale has a loss of its own"
    )
    output: Literal["tanh", "residual"] = Field(
        "tanh", description="last layer paints the picture, or corrects the stretched one"
    )
    smooth_scales: bool = Field(False, description="judges see pictures shrunk without aliasing (released: plain)")
    checkpointing: Literal["auto", "on", "off"] = Field(
        "auto", description="compute features again instead of keeping them: less memory, a third more time"
    )
    # transformations
    smallest: float = Field(0.15, gt=0, le=1, description="smallest factor of height and of width")
    largest: float = Field(2.25, ge=1, le=8, description="largest factor of height and of width")
    distortion: float = Field(
        0.0, ge=0, le=0.9, description="largest shift of a corner, in half widths; 0 learns rectangles alone"
    )
    distorted: float = Field(1.0, ge=0, le=1, description="share of the steps with distortion")
    ramp: float = Field(2 / 15, ge=0, le=1, description="share of the budget until transformations have full strength")
    noise: float = Field(1 / 255, ge=0, le=1, description="uniform noise on all that the networks see in training")
    strength: float = Field(1.0, gt=0, le=1, description="share of the network's change that results show")
    # optimisation
    lr_generator: float = Field(5e-5, gt=0, description="Adam rate of the generator")
    lr_critics: float = Field(5e-5, gt=0, description="Adam rate of the judges")
    betas: tuple[Decay, Decay] = Field((0.5, 0.999), description="Adam's decay of first and second moments")
    decay_from: float = Field(4 / 15, ge=0, le=1, description="share of the budget after which rates fall to 0")
    average: float = Field(0.0, ge=0, lt=1, description="decay of the weight average that renders; 0 for none")
    # loss weights
    gan: float = Field(1.0, ge=0, description="weight: adversarial")
    inverse: float = Field(0.1, ge=0, description="weight: what is transformed there and back is what it was, L1")
    extra_inverse: float = Field(
        1.0,
        ge=0,
        description="weight: the same in a step of its own that learns the way back alone; 0 for no such step",
    )
    extra_from: float = Field(2 / 15, ge=0, le=1, description="share of the budget after which that step begins")

    @model_validator(mode="after")
    def _something_to_learn(self) -> Config:
        if not (self.gan or self.inverse or self.extra_inverse):
            raise ValueError("give one of gan, inverse and extra_inverse a weight above 0")
        return self


#: What each recipe changes, the default one first.
RECIPES: dict[str, dict[str, Any]] = {
    "fast": {
        "steps": 1500,
        "size_limit": 192,
        "crop": 128,
        "width": 16,
        "blocks": 4,
        "critic_width": 24,
        "initial_scale": 100.0,
        "judged": "each",
        "output": "residual",
        "smooth_scales": True,
        "smallest": 0.4,
        "distortion": 0.3,
        "distorted": 0.25,
        "lr_generator": 5e-4,
        "lr_critics": 5e-4,
        "betas": (0.5, 0.99),
        "average": 0.99,
        "strength": 0.6,
        "inverse": 0.3,
        "extra_inverse": 0.0,
    },
    "paper": {},
}

#: What the paper argues for, left out one at a time.
ABLATIONS: dict[str, Ablation] = {
    "no-inverse": Ablation(
        "No way back: nothing asks that a transformed picture can be undone.", {"inverse": 0.0, "extra_inverse": 0.0}
    ),
    "no-extra-step": Ablation("No step of its own for the way back.", {"extra_inverse": 0.0}),
    "no-curriculum": Ablation("Transformations at full strength from the start.", {"ramp": 0.0}),
}
