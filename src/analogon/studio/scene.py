"""A project as a scene: how its objects lie to each other, and sentences that change that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from analogon.layout import Scene, operations_of
from analogon.serving.messages import Message
from analogon.studio.projects import Moment, Projects


class Sentence(Message):
    """Sentences that change the layout of a version, all or none of them."""

    version: int
    text: Annotated[str, Field(max_length=4000)]
    fill: Annotated[str, Field(min_length=1, max_length=200)] = "behind"


def router(projects: Projects, after: Callable[[Moment, Moment], dict[str, Any]]) -> APIRouter:
    """What a page can ask and say; ``after`` tells what a change has changed."""
    routes = APIRouter()

    @routes.get("/projects/{identity}/scene")
    def scene(identity: str, of: str | None = None) -> dict[str, Any]:
        opened = projects.get(identity)
        moment = opened.moment()
        seen: Scene = opened.once("scene", moment.project.version, lambda: Scene(moment.layout))
        # an object that was deleted while a page asked about it lies nowhere
        told = seen.told(of) if of is None or of in moment.layout.handles() else ()
        return {
            "version": moment.project.version,
            "relations": [{"subject": one.subject, "predicate": one.predicate, "object": one.object} for one in told],
        }

    @routes.post("/projects/{identity}/sentence")
    def say(identity: str, asked: Sentence) -> dict[str, Any]:
        opened = projects.get(identity)
        before = opened.at(asked.version)
        operations = operations_of(before.layout, asked.text, asked.fill)
        if operations:
            before, now = opened.apply(asked.version, operations)
        else:
            now = before
        return {**after(before, now), "operations": [one.record() for one in operations]}

    return routes
