"""Every setting of the method Image Analogies, its recipes, and what each means. No numba here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Config(BaseModel):
    """Configuration of Image Analogies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kappa: float = Field(
        5.0, ge=0, le=1000, description="how much continued pieces are preferred to best matches; higher: larger pieces"
    )
    levels: int = Field(5, ge=1, le=12, description="levels of the pyramid, as far as the pictures are large enough")
    label_weight: float = Field(
        0.3, gt=0, le=1000, description="squared difference of a wrong class; white against black is 1"
    )
    start: Literal["classes", "carried"] = Field(
        "classes",
        description="what the coarsest level knows: the layout alone, or the picture carried to it as a first guess",
    )
    leaves: int = Field(
        256, ge=1, le=100000, description="leaves of the search tree looked through for a pixel; more are more exact"
    )


#: The default recipe first.
RECIPES: dict[str, dict[str, Any]] = {"classic": {}, "carried": {"start": "carried"}}
