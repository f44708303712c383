"""Every setting of GPDM, its recipes, and what each means. No torch here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Iterations = Annotated[int, Field(ge=0, le=10_000)]


class Config(BaseModel):
    """Configuration of GPDM. The defaults are recipe ``guided``; :data:`RECIPES` says what ``published`` changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: bool = Field(True, description="compare the patches of each class by themselves; published: all together")
    origins: bool = Field(
        True,
        description="only patches that move are compared, with those of the source that the layouts take to their "
        "places, in the tone of those places; published: all patches with all",
    )
    detail: bool = Field(
        True,
        description="each level starts from the carried picture at its size plus what the coarser level changed; "
        "published: from the coarser level alone",
    )
    moving: Literal["torn", "all"] = Field(
        "torn",
        description="pixels that move: those near a seam or a filled place of the carried picture; or, as published, "
        "all",
    )
    noise: float = Field(
        0.0, ge=0, le=10, description="deviation of the noise added to the coarsest start, in colours from -1 to 1"
    )
    size_limit: int = Field(1024, ge=16, description="longest side that is worked at; results have full size")
    coarsest: int = Field(21, ge=16, le=1024, description="shortest side of the coarsest level, in pixels")
    factor: float = Field(0.85, ge=0.3, le=0.95, description="size of a level as a share of the next finer one")
    patch: Literal[3, 5, 7, 9, 11, 13, 15] = Field(7, description="side of the patches that are compared, in pixels")
    filters: int = Field(64, ge=1, le=4096, description="random directions drawn at each step")
    samples: int = Field(
        16_000,
        ge=100,
        le=10_000_000,
        description="patches compared at a step, at most: larger levels take every n-th row and column, from another "
        "first one at each step",
    )
    iterations: tuple[Iterations, ...] = Field(
        (300, 300, 200, 150), min_length=1, description="steps by level, the coarsest first, the last for the rest"
    )
    rate: float = Field(0.01, gt=0, le=1, description="Adam's rate, in colours from -1 to 1")
    last_rate: float = Field(0.0, ge=0, le=1, description="share of the rate that is left at a level's end")
    distance: Literal["absolute", "squared"] = Field("absolute", description="what sorted responses differ by")

    @field_validator("iterations", mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        """One number is one for all levels."""
        return (value,) if isinstance(value, int) and not isinstance(value, bool) else value


#: The default recipe first.
RECIPES: dict[str, dict[str, Any]] = {
    "guided": {},
    "published": {
        "classes": False,
        "origins": False,
        "detail": False,
        "moving": "all",
        "noise": 0.1,
        "samples": 10_000_000,
        "iterations": (300,),
        "last_rate": 1.0,
    },
}
