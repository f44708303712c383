"""Every setting of Deep Image Analogy, its recipes, and what each means. No torch here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PatchSide = Literal[1, 3, 5, 7, 9]
Reach = Annotated[int, Field(ge=0, le=16)]
Share = Annotated[float, Field(ge=0, le=1)]


class Config(BaseModel):
    """Configuration of Deep Image Analogy. Of lists the first value is for the coarsest of five levels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: str = Field("filters", description="'filters', a fixed filter bank, or 'vgg19:FILE' (safetensors)")
    compare: Literal["deviations", "directions"] = Field(
        "deviations",
        description="features are compared as differences from the picture's mean, or, as published, as directions: "
        "each pixel's vector at length 1",
    )
    edit: Literal["carried", "colours"] = Field(
        "carried",
        description="the picture A that stands for the target: the source carried by the layouts, or the layout "
        "painted in the mean colours of its classes",
    )
    label_weight: float = Field(4.0, ge=0, le=1000, description="how much a wrong class counts; features count 1")
    carried: bool = Field(True, description="where the layouts alone would take a pixel is tried at every level")
    blend: tuple[Share, Share, Share, Share] = Field(
        (0.9, 0.8, 0.7, 0.2), description="how much of A's own features stays, by the level that is gone to"
    )
    patches: tuple[PatchSide, PatchSide, PatchSide, PatchSide, PatchSide] = Field(
        (3, 3, 3, 5, 5), description="sides of the patches that are compared, in features"
    )
    exhaustive: int = Field(
        2, ge=0, le=5, description="levels, from the coarsest, that compare every patch with every other one"
    )
    reach: tuple[Reach, Reach, Reach, Reach, Reach] = Field(
        (6, 6, 4, 4, 2), description="at the other levels, how far around a match every place is tried, in features"
    )
    rounds: int = Field(
        3, ge=1, le=8, description="how often each level is matched, anew with what its last field says; published: 1"
    )
    sweeps: int = Field(2, ge=1, le=16, description="how often neighbours' matches are tried, 8, 4, 2 and 1 apart")
    random_tries: int = Field(
        0, ge=0, le=12, description="random places tried per pixel; PatchMatch's way, patented in the USA (8,861,869)"
    )
    output: Literal["copy", "mean"] = Field(
        "copy",
        description="each pixel is the one of the source that most patches over it agree on, or, as published, the "
        "mean of all they say, which has no provenance",
    )
    size_limit: int = Field(1024, ge=16, description="longest side that is worked at; results have full size")


#: The default recipe first.
RECIPES: dict[str, dict[str, Any]] = {
    "guided": {},
    "published": {"compare": "directions", "label_weight": 0.0, "carried": False, "rounds": 1},
}
