"""Every hyperparameter of SinGAN, its recipes, and what each field means. No torch here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Decay = Annotated[float, Field(ge=0, lt=1)]


class Config(BaseModel):
    """Configuration of one SinGAN fit. The defaults are ``recipe="paper"``; :data:`RECIPES`: what others change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(0, ge=0, description="iterations in all; 0: 'iterations' at each scale")
    iterations: int = Field(2000, ge=1, description="iterations at the coarsest scale, where 'steps' is 0")
    falling: float = Field(
        0.0, ge=0, le=1, description="finer scales have fewer iterations: those times (area of coarsest / area)^falling"
    )
    size_limit: int = Field(250, ge=16, description="longest side that is trained at; results have full size")
    min_size: int = Field(25, ge=8, description="shorter side of the coarsest scale")
    scales: int = Field(0, ge=0, le=24, description="number of scales; 0: as many as 'factor' asks for")
    factor: float = Field(0.75, ge=0.3, le=0.95, description="size of a scale over that of the next finer one, about")
    spacing: Literal["even", "coarse"] = Field(
        "even", description="ratios between scales: all equal, or smaller ones where the layout is decided (ConSinGAN)"
    )
    # networks
    network: Literal["pyramid", "growing"] = Field(
        "pyramid", description="a generator for each scale, pictures between; or one that grows, features between"
    )
    width: int = Field(32, ge=4, le=256, description="channels; of the pyramid doubled every four scales")
    widest: int = Field(4, ge=1, le=8, description="up to so many times the first")
    layers: int = Field(3, ge=1, le=8, description="convolutions of a scale between the first and the last one")
    norm: Literal["batch", "none"] = Field("batch", description="normalisation in the generator")
    critic_norm: Literal["batch", "none"] = Field("batch", description="normalisation in the critic")
    slope: float = Field(0.2, gt=0, lt=1, description="slope of the leaky ReLU below 0")
    start: Literal["small", "even"] = Field(
        "small", description="random start of convolutions: N(0, 0.02) as published, or one that keeps signals' size"
    )
    borders: Literal["zero", "wide"] = Field(
        "zero", description="what a scale sees beyond the frame: zeros, or more noise and a map somewhat enlarged"
    )
    # training
    together: int = Field(1, ge=1, le=24, description="finest scales that are trained together")
    below: float = Field(0.1, gt=0, le=1, description="rate of a scale over that of the next finer one, of 'together'")
    window: int = Field(256, ge=24, description="longest side of the part of a scale that a step looks at")
    critic_steps: int = Field(3, ge=1, description="critic updates per iteration")
    generator_steps: int = Field(3, ge=1, description="generator updates per iteration")
    shared: bool = Field(False, description="the generator is scored by what the critic has just learnt from")
    penalty_every: int = Field(
        1, ge=1, le=64, description="iterations from one gradient penalty to the next, which counts as much more"
    )
    mixed: bool = Field(
        False, description="training's convolutions have 16 bits (bfloat16), where the device is fast with them"
    )
    rate: float = Field(5e-4, gt=0, description="Adam rate of both networks")
    betas: tuple[Decay, Decay] = Field((0.5, 0.999), description="Adam's decay of first and second moments")
    decay_from: float = Field(0.8, ge=0, le=1, description="share of a scale's iterations after which the rate falls")
    decay_to: float = Field(0.1, ge=0, le=1, description="share of the rate that is left then")
    settled: bool = Field(
        False, description="means and deviations of the normalisation stay as they are when the rate has fallen"
    )
    practice: float = Field(
        0.0, ge=0, le=1, description="share of updates that start from the altered picture instead of noise"
    )
    altered: Literal["pieces", "colours"] = Field(
        "pieces", description="what is altered for 'practice': where its pieces are, or the colours of a piece"
    )
    # losses
    adversarial: float = Field(1.0, ge=0, description="weight: the critic's score of what is made")
    penalty: float = Field(0.1, ge=0, description="weight: gradient penalty of the critic")
    reconstruction: float = Field(10.0, ge=0, description="weight: squared error of what the kept noise makes")
    fed: float = Field(
        0.0,
        ge=0,
        description="weight: squared error of what a scale makes of the picture itself, of the finest one at all sizes "
        "up to the full one",
    )
    noise: float = Field(
        0.1, ge=0, le=10, description="noise of a scale, as a multiple of what the coarser ones lack of the picture"
    )
    # use
    inject: float = Field(
        0.5, ge=0, le=1, description="where edits and layouts enter: 0 the second coarsest scale, 1 the finest"
    )


#: SinGAN's networks trained on ConSinGAN's schedule, in steps that look at a window and update each network once.
_FAST: dict[str, Any] = {
    "iterations": 2000,
    "falling": 0.1,
    "widest": 1,
    "scales": 6,
    "spacing": "coarse",
    "together": 3,
    "window": 96,
    "critic_steps": 1,
    "generator_steps": 1,
    "shared": True,
    "penalty_every": 4,
    "mixed": True,
    "settled": True,
    "fed": 10.0,
}
#: The generator that grows, as published with its schedule.
_GROWING: dict[str, Any] = {
    "network": "growing",
    "scales": 6,
    "spacing": "coarse",
    "width": 64,
    "norm": "none",
    "critic_norm": "none",
    "slope": 0.05,
    "borders": "wide",
    "together": 3,
    "generator_steps": 1,
}

#: What each recipe changes; the default one first.
RECIPES: dict[str, dict[str, Any]] = {
    "fast": _FAST,
    "paper": {},
    "concurrent": _GROWING,
    "harmonize": {
        **_GROWING,
        "iterations": 500,
        "window": 96,
        "critic_steps": 1,
        "min_size": 120,
        "scales": 3,
        "spacing": "even",
        "norm": "batch",
        "slope": 0.3,
        "borders": "zero",
        "practice": 1.0,
        "altered": "colours",
    },
    "upscale": {
        "width": 16,
        "iterations": 600,
        "falling": 0.15,
        "together": 3,
        "window": 96,
        "critic_steps": 1,
        "generator_steps": 1,
        "min_size": 18,
        "factor": 0.5 ** (1 / 3),
        "reconstruction": 100.0,
    },
    "animate": {**_FAST, "borders": "wide", "min_size": 20},
}

#: Which recipe a job takes where none is named; those that are not here take the default one.
JOB_RECIPES: dict[str, str] = {"harmonize": "harmonize", "upscale": "upscale", "animate": "animate"}
