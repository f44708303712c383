"""Every setting of the patch diffusion, its recipes, and what each means. No numba here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Config(BaseModel):
    """Configuration of the patch diffusion. Colours are in [0, 1], so is the noise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patch: Literal[5, 7, 9, 11, 13, 15, 17, 19] = Field(15, description="side of a patch at every scale, in pixels")
    view: float = Field(
        0.45,
        ge=0.05,
        le=1,
        description="share of the picture's shorter side that a patch sees at the coarsest scale; large ones copy more",
    )
    scales: int = Field(3, ge=1, le=8, description="sizes that noise is taken away at, coarse to fine")
    pixels: int = Field(
        50_000, ge=256, description="of source and target at the finest size, at most; pieces have full size"
    )
    levels: int = Field(10, ge=1, le=1000, description="levels of noise at each scale, from much to little")
    sigma: float = Field(2.0, ge=0.01, le=100, description="deviation of the noise that a picture begins as")
    sigma_fine: float = Field(0.2, ge=0.01, le=100, description="deviation of the noise that finer scales begin with")
    sigma_last: float = Field(0.02, ge=0.001, le=1, description="deviation of the noise of the last step of a scale")
    label_weight: float = Field(
        0.6, ge=0, le=100, description="squared difference of a wrong class in a pixel; white against black is 3"
    )
    border_weight: float = Field(
        0.1, ge=0, le=100, description="squared difference of a pixel beyond the border of one picture only"
    )
    nearest: int = Field(16, ge=1, le=256, description="patches that a search tree proposes for each one")
    leaves: int = Field(16, ge=1, le=100_000, description="leaves of the tree that are looked through for them")
    pairs: int = Field(4_000_000, ge=0, description="where there are no more pairs of patches than this, all count")
    finish: Literal["pieces", "means"] = Field(
        "pieces", description="the result is made of pieces of the source, or of the means of its patches"
    )


#: The default recipe first.
RECIPES: dict[str, dict[str, Any]] = {"sampled": {}}
