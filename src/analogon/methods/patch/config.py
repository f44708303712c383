"""Every setting of the patch method, its recipes, and what each means. No numba here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Rounds = Annotated[int, Field(ge=0, le=64)]
Factor = Annotated[float, Field(ge=0.5, le=100)]
Weight = Annotated[float, Field(gt=0, le=1e7)]


class Config(BaseModel):
    """Configuration of the patch method. Of lists the first value is for the coarsest level, the last for the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Literal["pieces", "carried"] = Field(
        "pieces",
        description="start map: pieces chosen among many maps by classes and seams, or one motion per region",
    )
    things: tuple[str, ...] = Field((), description="names of classes whose regions always move as wholes")
    stuff: tuple[str, ...] = Field((), description="names of classes that fill their place and never move as wholes")
    mirror: bool = Field(False, description="copy from the mirror image of the picture as well; twice the work")
    reflections: bool = Field(
        False,
        description="where pixels are kept, too, water changes if it should show something else",
    )
    patch: Literal[3, 5, 7, 9] = Field(7, description="side of the patches that are compared, in pixels")
    rounds: tuple[Rounds, ...] = Field(
        (16, 6, 4, 3), min_length=1, description="how often search and vote take turns, by level"
    )
    leaps: int = Field(2, ge=0, le=3, description="levels, from the coarsest, that look for matches everywhere")
    reluctance: tuple[Factor, ...] = Field(
        (1.0, 1.5), min_length=1, description="by which factor a match from elsewhere must be better, by level"
    )
    uniformity: float = Field(
        180.0, ge=0, le=1e6, description="squared 8-bit difference per pixel that an even use of the source costs"
    )
    class_weight: tuple[Weight, Weight] = Field(
        (30000.0, 300000.0), description="squared 8-bit difference of a wrong class, coarsest and finest level"
    )
    depth_weight: float = Field(
        0.0, ge=0, le=60000, description="squared 8-bit difference of a depth in the class that is wrong by 3 pixels"
    )
    position_weight: float = Field(
        0.0, ge=0, le=10, description="how much the place inside an object counts; 1 is as much as the colours"
    )
    random_tries: int = Field(
        0, ge=0, le=12, description="random places tried per pixel; PatchMatch's way, patented in the USA (8,861,869)"
    )
    tone: bool = Field(True, description="fade tones where pieces meet in smooth places")

    @field_validator("rounds", "reluctance", mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        """One number is one for all levels."""
        return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("things", "stuff", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        """One text is one name or several with commas between: ``--set stuff=sky,grass``."""
        return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value


#: The default recipe first.
RECIPES: dict[str, dict[str, Any]] = {
    "default": {},
    "patchmatch": {"leaps": 0, "random_tries": 10, "rounds": (6, 6, 6, 6)},
}
