"""What can be done to a layout, as values: the form that all operations have."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analogon.errors import OptionError
from analogon.layout.arrangement import Layout

#: No number in an operation is larger: pictures have fewer rows and columns.
FARTHEST = 1_000_000
Name = Annotated[str, Field(min_length=1, max_length=500)]
Whole = Annotated[int, Field(ge=-FARTHEST, le=FARTHEST, strict=True)]
Number = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False, strict=True)]
Place = tuple[Number, Number]


class Operation(BaseModel):
    """One thing that is done to a layout.

    Objects and groups are given by their names. Points are (row, column), pixel *i* covers [*i*, *i* + 1). ``do`` is
    the word for it in files, and ``fill`` says what an object leaves behind: "behind" (the nearest of what lies behind
    it), "around" (the nearest of all) or the name of a class.

    Raises:
        OptionError: a value is of another form or out of its range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise OptionError(described(error, f"The operation '{self.word()}'")) from None

    @classmethod
    def word(cls) -> str:
        """The word for it in files."""
        return str(cls.model_fields["do"].default)

    def apply(self, layout: Layout) -> Layout:
        """The layout after it.

        Raises:
            OptionError: it names an object or a class that there is not, or leads too far outside. LabelError: nothing
                would be left.
        """
        raise NotImplementedError

    def record(self) -> dict[str, Any]:
        """The operation as JSON values, without what is as by default."""
        return {"do": self.word(), **self.model_dump(mode="json", exclude_defaults=True, exclude={"do"})}


def described(error: ValidationError, what: str) -> str:
    """The first thing that is wrong with values, in one sentence."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "value"
    if first["type"] == "extra_forbidden":
        return f"{what} has no '{where}': leave it out."
    if first["type"] == "missing":
        return f"{what} needs '{where}': give it."
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    shown = repr(first["input"])
    return f"{what} cannot have {shown if len(shown) < 60 else 'this'} as '{where}': it {message.rstrip('.')}."
