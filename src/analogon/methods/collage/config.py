"""Every hyperparameter of the collage method, and what each means. No torch here."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Config(BaseModel):
    """Configuration of one fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(1500, ge=1, description="training steps")
    size_limit: int = Field(360, ge=16, description="longest side of the layouts that are practised on")
    batch: int = Field(4, ge=1, le=64, description="invented layouts in a step")
    asked: int = Field(640, ge=16, le=65536, description="cells of each layout that are asked for in a step")
    learning_rate: float = Field(
        0.002, gt=0, le=1, description="AdamW's rate after the warm-up; falls to nearly nothing"
    )
    trust: float = Field(
        1.0,
        ge=0,
        le=10,
        description="what the network's word counts beside classes and seams, of things whose outlines it doubts",
    )
    turns: int = Field(60, ge=0, le=500, description="turned pieces that are proposed for a class at most")


#: The default recipe first.
RECIPES: dict[str, dict[str, Any]] = {"default": {}}
