"""What a page sends."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from analogon.catalogue import describe_method
from analogon.errors import OptionError
from analogon.methods import registry
from analogon.serving.messages import Message, title_of
from analogon.studio.store import Project

Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Channel = Annotated[int, Field(ge=0, le=255)]
Text = Annotated[str, Field(min_length=1, max_length=120)]


class Version(Message):
    """The version that a change is for; without one, whatever is the latest."""

    version: int | None = None


class Operations(Message):
    """Operations on the layout of a version, all or none of which are done."""

    version: int
    operations: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]


class Labels(Version):
    """First labels anew: by a number of classes, or by a segmenter."""

    classes: int = 6
    segmenter: str | None = None


class Renamed(Message):
    """A class gets another name."""

    id: int
    name: Text


class Coloured(Message):
    """A class gets another colour."""

    id: int
    color: tuple[Channel, Channel, Channel]


class Added(Message):
    """A new class."""

    name: Text
    color: tuple[Channel, Channel, Channel] | None = None


class Classes(Version):
    """One change of the classes."""

    merge: tuple[int, int] | None = None
    rename: Renamed | None = None
    color: Coloured | None = None
    add: Added | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.merge, self.rename, self.color, self.add)) != 1:
            raise ValueError("give one of merge, rename, color and add")
        return self


class Scribble(Message):
    """A stroke that says what class its pixels are of."""

    class_id: Annotated[int, Field(alias="class")]
    points: Annotated[list[tuple[Number, Number]], Field(min_length=1, max_length=20_000)]
    radius: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = 3.0


class Scribbles(Version):
    """Strokes that refine the labels of the photo."""

    strokes: Annotated[list[Scribble], Field(min_length=1, max_length=200)]


class Change(Message):
    """Of a project: what is given changes."""

    title: str | None = None
    method: str | None = None
    recipe: str | None = None
    settings: dict[str, Any] | None = None
    seed: Annotated[int, Field(ge=0, le=4294967295)] | None = None
    job: str | None = None

    def columns(self, project: Project) -> dict[str, Any]:
        """The columns that change, checked.

        Raises:
            OptionError: there is no such method, recipe or setting.
        """
        given = self.model_fields_set
        found: dict[str, Any] = {}
        if "title" in given and self.title is not None:
            found["title"] = title_of(self.title)
        if "seed" in given and self.seed is not None:
            found["seed"] = self.seed
        if "method" in given and self.method is not None:
            found |= {"method": self.method, "recipe": None, "settings": "{}"}
        if "recipe" in given:
            found["recipe"] = self.recipe
        if "settings" in given:
            found["settings"] = json.dumps(self.settings or {})
        if "job" in given:
            found["job"] = self.job
        if {"method", "recipe", "settings"} & found.keys():
            method = found.get("method", project.method)
            settings = json.loads(found.get("settings", project.settings))
            registry.get(method).configure(found.get("recipe", project.recipe), settings)
        return found


class Training(Message):
    """A training that is asked for."""

    method: str
    recipe: str | None = None
    minutes: Annotated[float, Field(gt=0, le=24 * 60)] | None = None
    steps: Annotated[int, Field(ge=1, le=1_000_000)] | None = None

    def check(self) -> None:
        """OptionError where it cannot be done."""
        info = describe_method(self.method)
        if not info.learns:
            raise OptionError(f"Method '{self.method}' needs no training: choose it, and it renders at once.")
        registry.get(self.method).configure(self.recipe, {})
