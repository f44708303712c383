"""What a service is asked and answers."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from analogon.data.color import hex_color
from analogon.service.tables import Job, Project
from analogon.serving.messages import Message

Kind = Literal["render", "fit", "augment"]
State = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED = ("done", "failed", "cancelled")
Identity = Annotated[str, StringConstraints(pattern="^[0-9a-f]{16}$")]
Seed = Annotated[int, Field(ge=0, le=4294967295)]
#: A name that is printed: no control characters, and no halves of letters.
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]


class Answer(BaseModel):
    """What a server says; a client of an older version passes over what it does not know."""

    model_config = ConfigDict(extra="ignore")


class ErrorMessage(Answer):
    """Why something was not done, in one sentence."""

    error: str


class ClassInfo(Answer):
    """A class of a label map: its id, its name and its colour ("#rrggbb")."""

    id: int
    name: str
    color: str


class ProjectInfo(Answer):
    """A picture with its label map."""

    id: Identity
    title: str
    created: str
    width: int
    height: int
    classes: list[ClassInfo]

    @classmethod
    def of(cls, row: Project) -> ProjectInfo:
        """A row as an answer."""
        classes = [
            ClassInfo(id=one["id"], name=one["name"], color=hex_color(tuple(one["color"])))
            for one in json.loads(row.classes)
        ]
        return cls(id=row.id, title=row.title, created=row.created, width=row.width, height=row.height,
                   classes=classes)  # fmt: skip


class ProjectList(Answer):
    """Projects in the order of coming; ``next`` is the ``after`` of those that follow, if there are more."""

    projects: list[ProjectInfo]
    next: int | None


class ProgressInfo(Answer):
    """How far a job is: the stage, steps that are done and planned in it, latest losses, an estimate."""

    stage: str | None = None
    step: int | None = None
    steps: int | None = None
    losses: dict[str, float] = {}
    seconds_left: float | None = None


class JobInfo(Answer):
    """A job.

    Attributes:
        state: "queued", "running", and at the end "done", "failed" or "cancelled".
        stopping: it runs, and was asked to end.
        error: one sentence, where it failed.
        request: what it was asked for.
        files: names of the files of the result, and their bytes.
        record: how the result came about.
    """

    id: Identity
    project: Identity
    kind: Kind
    state: State
    stopping: bool
    created: str
    started: str | None
    ended: str | None
    error: str | None
    request: dict[str, Any]
    progress: ProgressInfo
    files: dict[str, int]
    record: dict[str, Any] | None

    @property
    def over(self) -> bool:
        """It has ended, one way or another."""
        return self.state in ENDED

    @classmethod
    def of(cls, row: Job) -> JobInfo:
        """A row as an answer."""
        told = json.loads(row.progress)
        losses = {name: value for name, value in told.pop("losses", {}).items() if math.isfinite(value)}
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in ("id", "project", "kind", "state", "stopping")},
                **{name: getattr(row, name) for name in ("created", "started", "ended")},
                "error": row.error or None,
                "request": json.loads(row.request),
                "progress": {**told, "losses": losses},
                "files": json.loads(row.files),
                "record": json.loads(row.record) if row.record else None,
            }
        )


class JobList(Answer):
    """Jobs in the order of coming; ``next`` is the ``after`` of those that follow, if there are more."""

    jobs: list[JobInfo]
    next: int | None


class MethodAnswer(Answer):
    """A method.

    Attributes:
        learns: it is fitted first, and renders name that fit as their ``model``.
        takes: what it can be asked for besides a layout.
        available: what it needs is installed.
    """

    name: str
    summary: str
    recipes: list[str]
    learns: bool
    takes: list[str]
    available: bool


class Health(Answer):
    """A server that works, and its version."""

    status: Literal["ok"]
    version: str


class StorageInfo(Answer):
    """Bytes of projects and jobs that are stored of whom asks, and the most there may be."""

    used: int
    most: int


class Strict(Message):
    """What is asked for is written down as JSON, which has no infinite numbers."""

    @model_validator(mode="before")
    @classmethod
    def _finite(cls, given: Any) -> Any:
        try:
            json.dumps(given, allow_nan=False)
        except (ValueError, RecursionError, TypeError):
            raise ValueError("it holds what JSON has no way to write") from None
        return given


class NewFit(Strict):
    """A fit that is asked for: the budget is in minutes or in steps, or else the recipe's number of steps."""

    method: Name
    recipe: Name | None = None
    minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    steps: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    seed: Seed = 0
    settings: dict[str, Any] = Field(default_factory=dict)


class NewRender(Strict):
    """A render that is asked for, besides its target.

    Attributes:
        method, recipe, settings, seed: of one that is not fitted first; none for the usual one.
        model: the fit whose model renders, in the place of these.
        mapping: what classes that the picture lacks stand for.
        keep: "auto": what the edit does not concern stays as it is; "none": nothing needs to.
        tile, preview, polish: see ``Model.render``.
        provenance: the result says where its pixels come from.
    """

    method: Name | None = None
    recipe: Name | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    seed: Seed = 0
    model: Identity | None = None
    mapping: dict[str, str] = Field(default_factory=dict)
    keep: Literal["auto", "none"] = "auto"
    tile: bool = False
    preview: bool = False
    polish: bool | None = None
    provenance: bool = False


class NewAugmentation(Strict):
    """Samples that are asked for.

    Attributes:
        count: how many.
        formats: what the data set is written as besides the samples; see ``analogon augment --format``.
        validation: share of the samples that formats hold back.
        settings: of the samples; see ``analogon.augment.Settings``.
    """

    count: Annotated[int, Field(ge=1, le=100_000)]
    formats: Annotated[list[Name], Field(max_length=16)] = Field(default_factory=lambda: ["png"])
    validation: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0
    settings: dict[str, Any] = Field(default_factory=dict)
