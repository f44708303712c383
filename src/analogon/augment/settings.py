"""What samples are asked to be: everything that changes them, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from analogon.errors import OptionError
from analogon.methods.registry import DEFAULT_METHOD

#: Ways to invent a layout; :mod:`analogon.augment.inventing` tells them apart.
Kind = Literal["cells", "grafts", "instances", "mixes", "predicted", "warps"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Shortest and longest side of a sample, in pixels.
SMALLEST, LARGEST = 16, 8192

Side = Annotated[int, Field(ge=SMALLEST, le=LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseModel):
    """How samples are invented, rendered and judged.

    Raises:
        OptionError: a value is of another form or out of its range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, ge=0, lt=2**32, description="of all random numbers, together with the index of a sample")
    size: tuple[Side, Side] | None = Field(None, description="height and width; none: those of the annotated pictures")
    layouts: tuple[Kind, ...] = Field(
        (), description="ways to invent layouts; none: chosen by the pictures' statistics"
    )
    strength: float = Field(1.0, ge=0, le=3, description="how far layouts go from the annotated ones")
    targets: dict[str, Share] = Field({}, description="share of the pixels that a class should have, by its name")
    things: tuple[str, ...] = Field((), description="classes of single objects; none: by the pictures' statistics")
    method: str = Field(DEFAULT_METHOD, description="what renders the layouts")
    recipe: str | None = Field(None, description="of the method")
    options: dict[str, Any] = Field({}, description="fields of the method's configuration, and steps and minutes")
    grain: bool = Field(True, description="make pictures as rough from pixel to pixel as their sources")
    agreement: Share = Field(0.9, description="least share of pixels whose source has the class that is asked for")
    stretch: float = Field(3.0, ge=1, description="most that a class may grow beyond what its source has of it")
    similarity: Share = Field(0.98, description="most of a sample that may lie together as in a source")
    cost: float = Field(4.0, gt=0, description="most visible seams, the steps across them against those of the source")

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = str(first["loc"][0]) if first["loc"] else "value"
            if first["type"] == "extra_forbidden":
                raise OptionError(f"Samples have no setting '{where}': leave it out.") from None
            message = first["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
            raise OptionError(f"The setting '{where}' cannot be {first['input']!r}: it {message}.") from None

    @field_validator("size", mode="before")
    @classmethod
    def _square(cls, value: Any) -> Any:
        """One number is the side of a square."""
        return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("layouts", "things", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        """One text is one name or several with commas between."""
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(",")) if value not in ("", "auto") else ()

    def record(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return self.model_dump(mode="json")
