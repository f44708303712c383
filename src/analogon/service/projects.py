"""The routes of projects."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, File, Form, HTTPException, Response, UploadFile

from analogon.service.answers import REPLAYED, After, Key, Most, Owner, Row, refusals, replayed
from analogon.service.messages import JobInfo, NewAugmentation, NewFit, NewRender, ProjectInfo, ProjectList
from analogon.service.models import project_folder
from analogon.service.service import Service
from analogon.service.tables import Job

_PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {"schema": {"type": "string"}}}}}
_ACCEPTED: dict[int | str, dict[str, Any]] = {**refusals(404, 409, 411, 413, 429), 202: {"headers": REPLAYED}}
_OBJECT = {"contentMediaType": "application/json"}


def router(service: Service) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/projects", tags=["projects"])

    @router.post(
        "",
        status_code=201,
        responses={**refusals(409, 411, 413), 201: {"headers": REPLAYED}},
        summary="A project of a picture with its label map.",
    )
    def create(
        owner: Owner,
        response: Response,
        image: Annotated[UploadFile, File(description="PNG, JPEG, WebP or TIFF.")],
        labels: Annotated[UploadFile, File(description="A label map of the same size.")],
        title: Annotated[str, Form(max_length=1000)] = "",
        key: Key = None,
    ) -> ProjectInfo:
        row, new = service.create(owner, key, title, image.file.read(), labels.file.read())
        response.headers.update(replayed(new))
        return ProjectInfo.of(row)

    @router.get("", responses=refusals(), summary="Projects in the order of coming.")
    def listing(owner: Owner, after: After = 0, limit: Most = 100) -> ProjectList:
        rows = service.store.projects(owner, after, limit)
        following = rows[-1].number if len(rows) == limit else None
        return ProjectList(projects=[ProjectInfo.of(row) for row in rows], next=following)

    @router.get("/{project}", responses=refusals(404), summary="One project.")
    def one(owner: Owner, project: Row) -> ProjectInfo:
        return ProjectInfo.of(service.store.project(owner, project))

    @router.delete(
        "/{project}",
        status_code=204,
        responses=refusals(404),
        summary="Delete a project with its jobs and all files; what runs of it ends.",
    )
    def remove(owner: Owner, project: Row) -> None:
        service.delete_project(owner, project)

    @router.get(
        "/{project}/files/{name}",
        responses={**refusals(404), **_PNG},
        response_class=Response,
        summary="The picture or the label map, as they are used.",
    )
    def file(owner: Owner, project: Row, name: Literal["image.png", "labels.png"]) -> Response:
        service.store.project(owner, project)
        content = service.files.read(f"{project_folder(project)}/{name}")
        return Response(content, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"})

    @router.post(
        "/{project}/renders",
        status_code=202,
        responses=_ACCEPTED,
        summary="A render of a new label map; it waits from now on.",
    )
    def render(
        owner: Owner,
        project: Row,
        response: Response,
        target: Annotated[UploadFile, File(description="The new label map, in the classes of the project.")],
        method: Annotated[str | None, Form(description="One that needs no fit; none is the usual one.")] = None,
        recipe: Annotated[str | None, Form()] = None,
        settings: Annotated[str, Form(json_schema_extra=_OBJECT, description="Of the method, as JSON.")] = "{}",
        seed: Annotated[int, Form(ge=0, le=4294967295)] = 0,
        model: Annotated[str | None, Form(description="The fit that renders, in the place of a method.")] = None,
        mapping: Annotated[
            str, Form(json_schema_extra=_OBJECT, description="What classes that the picture lacks stand for, as JSON.")
        ] = "{}",
        keep: Annotated[Literal["auto", "none"], Form(description="Whether what is not edited stays.")] = "auto",
        tile: Annotated[bool, Form(description="Continues without a seam at its edges.")] = False,
        preview: Annotated[bool, Form(description="A quick first impression.")] = False,
        polish: Annotated[bool | None, Form(description="Refine with pieces of the picture.")] = None,
        provenance: Annotated[bool, Form(description="Say where in the picture each pixel comes from.")] = False,
        key: Key = None,
    ) -> JobInfo:
        asked = NewRender(
            method=method or None,
            recipe=recipe or None,
            settings=_object("settings", settings),
            seed=seed,
            model=model or None,
            mapping=_object("mapping", mapping),
            keep=keep,
            tile=tile,
            preview=preview,
            polish=polish,
            provenance=provenance,
        )
        return _begun(response, service.render(owner, key, project, asked, target.file.read()))

    @router.post(
        "/{project}/fits",
        status_code=202,
        responses=_ACCEPTED,
        summary="A fit by a method that learns; renders name it as their model.",
    )
    def fit(
        owner: Owner, project: Row, response: Response, asked: Annotated[NewFit, Body()], key: Key = None
    ) -> JobInfo:
        return _begun(response, service.fit(owner, key, project, asked))

    @router.post(
        "/{project}/augmentations",
        status_code=202,
        responses=_ACCEPTED,
        summary="Labelled samples after the picture of the project, as a data set.",
    )
    def augment(
        owner: Owner, project: Row, response: Response, asked: Annotated[NewAugmentation, Body()], key: Key = None
    ) -> JobInfo:
        return _begun(response, service.augment(owner, key, project, asked))

    return router


def _begun(response: Response, made: tuple[Job, bool]) -> JobInfo:
    row, new = made
    response.headers.update(replayed(new))
    return JobInfo.of(row)


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise HTTPException(422, f"{name} is no JSON object: write it as {{}}.")
    return found
