"""Every setting of GPNN, its recipes, and what each means. No numba here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

#: An alpha from here on is infinite: differences are below 1.
INFINITE = 100.0


class Config(BaseModel):
    """Configuration of GPNN."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label_weight: float = Field(
        0.1, ge=0, le=100, description="squared difference of a wrong class; white against black is 1, 0: colours alone"
    )
    alpha: float = Field(
        INFINITE, gt=0, le=INFINITE, description="small values ask for all of the source's patches; 100 is infinite"
    )
    levels: int = Field(5, ge=1, le=16, description="levels of the pyramid, as far as the pictures are large enough")
    factor: float = Field(0.75, ge=0.3, le=0.95, description="size of a level over that of the next finer one")
    rounds: int = Field(10, ge=1, le=100, description="how often patches are sought and averaged, by level")
    patch: Literal[3, 5, 7, 9] = Field(7, description="side of a patch, in pixels")
    noise: float = Field(0.0, ge=0, le=10, description="standard deviation of what is added to the start, by the seed")
    leaves: int = Field(
        32, ge=1, le=100000, description="leaves of the search tree looked through for a patch; more are more exact"
    )
    size_limit: int = Field(1024, ge=16, description="longest side that is worked at; results have full size")


#: The default recipe first.
RECIPES: dict[str, dict[str, Any]] = {"guided": {}, "editing": {"label_weight": 0.0}}
