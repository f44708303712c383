"""The application of the studio: what a page can ask for."""

from __future__ import annotations

import asyncio
import base64
import io
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError
from starlette.exceptions import HTTPException as AnyHTTPException

from analogon.catalogue import list_methods
from analogon.data import LabelMap
from analogon.errors import AnalogonError
from analogon.segment import first_labels
from analogon.serving.failures import failure
from analogon.studio import classes, exporting, scene
from analogon.studio.gate import Gate
from analogon.studio.jobs import Jobs, jobs_router
from analogon.studio.live import BROKEN, GONE, Live
from analogon.studio.messages import Change, Classes, Labels, Operations, Scribbles, Version
from analogon.studio.projects import Moment, Opened, Projects, changed_box, operations_from, read_label_file, state_of
from analogon.studio.repeating import keyed, made_before
from analogon.studio.segmenting import Stroke, refined, segmented, segmenters, superpixels
from analogon.studio.store import NoProjectError, OutdatedError, Store
from analogon.studio.warming import begin

THUMBNAIL = 320
"""Longer side of the picture of a project in the list."""
_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
          ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
          ".webmanifest": "application/manifest+json", ".png": "image/png", ".woff2": "font/woff2"}  # fmt: skip


class Studio:
    """What the routes share."""

    def __init__(self, data: Path) -> None:
        self.store = Store.open(data)
        self.projects = Projects(self.store, data)
        self.jobs = Jobs(self.projects)
        cores = os.cpu_count() or 1
        self.drafts = ThreadPoolExecutor(max(1, cores), "draft")
        self.finals = ThreadPoolExecutor(max(1, cores // 2), "final")
        # what takes seconds has threads of its own, so that no page waits behind another one's upload
        self.uploads = ThreadPoolExecutor(max(1, cores), "upload")

    def close(self) -> None:
        """End what runs."""
        self.jobs.close()
        for pool in (self.drafts, self.finals, self.uploads):
            pool.shutdown(wait=False, cancel_futures=True)
        self.store.close()


def create_app(data: Path, *, token: str | None = None, warmed: bool = True) -> FastAPI:
    """The application that serves the projects under a folder.

    Args:
        token: what browsers have to know, where others than this machine reach the server.
        warmed: load what renders in the background at the start, so that the first picture comes soon.

    Raises:
        InputError: the folder cannot be used.
    """
    studio = Studio(data)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        ends = begin() if warmed else lambda: None
        yield
        ends()
        studio.close()

    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        dependencies=[Depends(keyed)],
    )
    app.state.studio = studio
    _page(app)
    app.include_router(_general(studio), prefix="/api")
    app.include_router(_projects(studio), prefix="/api")
    app.include_router(exporting.router(studio.projects, studio.uploads), prefix="/api")
    app.include_router(scene.router(studio.projects, _after), prefix="/api")
    app.include_router(jobs_router(studio.jobs), prefix="/api")
    app.include_router(_live(studio), prefix="/api")
    _errors(app, studio.projects)
    app.add_middleware(Gate, token=token)
    return app


def _page(app: FastAPI) -> None:
    page = resources.files("analogon.studio") / "page"

    @app.get("/")
    def index() -> Response:
        return page_file("index.html")

    @app.get("/page/{path:path}")
    def page_file(path: str) -> Response:
        parts = path.split("/")
        suffix = Path(parts[-1]).suffix
        known = suffix in _TYPES and all(part and not part.startswith(".") and "\\" not in part for part in parts)
        found = page.joinpath(*parts) if known else None
        if found is None or not found.is_file():
            raise HTTPException(404, "There is no such page.")
        return Response(found.read_bytes(), media_type=_TYPES[suffix], headers={"Cache-Control": "no-cache"})


def _general(studio: Studio) -> APIRouter:
    router = APIRouter()

    @router.get("/methods")
    def methods() -> list[dict[str, Any]]:
        torch = find_spec("torch") is not None
        return [
            {
                "name": one.name,
                "summary": one.summary,
                "recipes": list(one.recipes),
                "learns": one.learns,
                "available": torch or not one.neural,
                "seconds_estimate": studio.projects.seconds.get(one.name),
            }
            for one in list_methods()
        ]

    @router.get("/segmenters")
    def installed() -> list[str]:
        return sorted(segmenters())

    return router


def _projects(studio: Studio) -> APIRouter:
    router = APIRouter()
    projects = studio.projects

    @router.get("/projects")
    def listing() -> list[dict[str, Any]]:
        return [
            {
                "id": one.id,
                "title": one.title,
                "changed": one.changed,
                "size": [one.height, one.width],
                "thumbnail": f"/api/projects/{one.id}/thumbnail.webp",
            }
            for one in studio.store.projects()
        ]

    @router.post("/projects", status_code=201)
    async def create(request: Request, title: str = "") -> dict[str, str]:
        body = await request.body()
        loop = asyncio.get_running_loop()
        opened = await loop.run_in_executor(studio.uploads, projects.create, body, title)
        return {"id": opened.id}

    @router.get("/projects/{identity}")
    def project(identity: str) -> dict[str, Any]:
        return _whole(projects.get(identity))

    @router.patch("/projects/{identity}")
    def change(identity: str, new: Change) -> dict[str, Any]:
        opened = projects.get(identity)
        studio.store.change(identity, new.columns(studio.store.project(identity)))
        return _whole(opened)

    @router.delete("/projects/{identity}")
    def remove(identity: str) -> dict[str, bool]:
        projects.delete(identity, lambda: studio.jobs.stop_all(identity))
        return {"deleted": True}

    @router.get("/projects/{identity}/photo.{form}")
    def photo(identity: str, form: str) -> Response:
        return exporting.picture(projects.get(identity).photo, form)

    @router.get("/projects/{identity}/thumbnail.webp")
    def thumbnail(identity: str) -> Response:
        image = Image.fromarray(projects.get(identity).photo)
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        file = io.BytesIO()
        image.save(file, "WEBP", quality=80)
        return Response(file.getvalue(), media_type="image/webp", headers={"Cache-Control": "private, max-age=86400"})

    @router.get("/projects/{identity}/labels.bin")
    def labels(identity: str) -> Response:
        moment = projects.get(identity).moment()
        return _numbers(packed_labels(moment.base), moment)

    @router.get("/projects/{identity}/target.bin")
    def target(identity: str) -> Response:
        moment = projects.get(identity).moment()
        return _numbers(packed_labels(moment.layout.target), moment)

    @router.get("/projects/{identity}/owners.bin")
    def owners(identity: str, version: int | None = None) -> Response:
        opened = projects.get(identity)
        moment = opened.moment() if version is None else opened.at(version)
        return _numbers(moment.layout.owners.astype("<i4"), moment)

    @router.get("/projects/{identity}/superpixels.bin")
    def cells(identity: str, count: Annotated[int, Query(ge=16, le=20000)] = 900) -> Response:
        opened = projects.get(identity)
        found = opened.once("superpixels", count, lambda: superpixels(opened.photo, count))
        return Response(found.astype("<u4").tobytes(), media_type="application/octet-stream")

    @router.post("/projects/{identity}/labels")
    async def relabel(identity: str, request: Request, version: int | None = None) -> dict[str, Any]:
        body = await request.body()
        image = request.headers.get("content-type", "").startswith("image/")
        loop = asyncio.get_running_loop()
        opened = await loop.run_in_executor(studio.uploads, projects.get, identity)
        return await loop.run_in_executor(studio.uploads, _relabelled, opened, body, image, version)

    @router.post("/projects/{identity}/classes")
    def edit_classes(identity: str, asked: Classes) -> dict[str, Any]:
        opened = projects.get(identity)
        before = opened.at(asked.version) if asked.version is not None else opened.moment()
        made, carry = classes.edited(before.base, asked)
        return _after(before, opened.relabel(before.project.version, made, carry=carry)) | _classes(opened)

    @router.post("/projects/{identity}/scribbles")
    def scribble(identity: str, asked: Scribbles) -> dict[str, Any]:
        opened = projects.get(identity)
        before = opened.at(asked.version) if asked.version is not None else opened.moment()
        strokes = [Stroke(one.class_id, tuple(one.points), one.radius) for one in asked.strokes]
        made = refined(opened.photo, before.base, strokes)
        return _after(before, opened.relabel(before.project.version, made)) | _classes(opened)

    @router.post("/projects/{identity}/operations")
    def operate(identity: str, asked: Operations) -> dict[str, Any]:
        before, after = projects.get(identity).apply(asked.version, operations_from(asked.operations))
        return _after(before, after)

    @router.post("/projects/{identity}/undo")
    def undo(identity: str, asked: Version) -> dict[str, Any]:
        return _stepped(projects.get(identity), asked, -1)

    @router.post("/projects/{identity}/redo")
    def redo(identity: str, asked: Version) -> dict[str, Any]:
        return _stepped(projects.get(identity), asked, 1)

    return router


def _relabelled(opened: Opened, body: bytes, image: bool, version: int | None) -> dict[str, Any]:
    """Labels of an uploaded map, or made anew as a message asks."""
    before = opened.moment()
    if image:
        made = read_label_file(body)
    else:
        asked = Labels.model_validate_json(body)
        version = asked.version if version is None else version
        made = (
            first_labels(opened.photo, asked.classes)
            if asked.segmenter is None
            else segmented(asked.segmenter, opened.image)
        )
    return _after(before, opened.relabel(before.project.version if version is None else version, made)) | _classes(
        opened
    )


def _stepped(opened: Opened, asked: Version, by: int) -> dict[str, Any]:
    version = opened.moment().project.version if asked.version is None else asked.version
    before, after = opened.go(version, by)
    return _after(before, after) | _classes(opened)


def _after(before: Moment, after: Moment) -> dict[str, Any]:
    """What a change has changed: the box, and the new target in it as places in the classes, packed."""
    top, left, bottom, right = box = changed_box(before.layout.ids, after.layout.ids)
    if before.base.palette.ids != after.base.palette.ids:
        top, left, bottom, right = box = (0, 0, *after.layout.shape)
    values = packed_labels(after.layout.target)[top:bottom, left:right]
    return {
        **state_of(after),
        "changed": {"box": list(box)},
        "dropped": max(0, before.operations - after.operations) if before.base is not after.base else 0,
        "target": base64.b64encode(values.tobytes()).decode(),
    }


def _classes(opened: Opened) -> dict[str, Any]:
    palette = opened.moment().base.palette
    return {"classes": palette.to_json()}


def _whole(opened: Opened) -> dict[str, Any]:
    moment = opened.moment()
    project = moment.project
    at = f"/api/projects/{project.id}"
    return {
        "id": project.id,
        "title": project.title,
        "size": [project.height, project.width],
        "method": project.method,
        "recipe": project.recipe,
        "settings": exporting.settings(project),
        "seed": project.seed,
        "job": project.job,
        "photo": f"{at}/photo.png",
        "labels": f"{at}/labels.bin",
        "segment": {"classes": len(moment.base.palette)},
        **state_of(moment),
        **_classes(opened),
    }


def packed_labels(labels: LabelMap) -> NDArray[Any]:
    """Each pixel's place in the classes: uint8 (h, w), of which there are 256 at most."""
    return labels.indices().astype(np.uint8)


def _numbers(values: NDArray[Any], moment: Moment) -> Response:
    headers = {"X-Version": str(moment.project.version)}
    return Response(values.tobytes(), media_type="application/octet-stream", headers=headers)


def _live(studio: Studio) -> APIRouter:
    router = APIRouter()

    @router.websocket("/projects/{identity}/live")
    async def live(socket: WebSocket, identity: str) -> None:
        await socket.accept()
        try:
            opened = await asyncio.to_thread(studio.projects.get, identity)
        except NoProjectError:
            await socket.close(GONE, "There is no such project.")
            return
        except (AnalogonError, DatabaseError, OSError) as error:
            await socket.close(BROKEN, (failure(error) or (422, str(error)))[1])
            return
        await Live(socket, opened, studio.drafts, studio.finals).run()

    return router


def _errors(app: FastAPI, projects: Projects) -> None:
    @app.exception_handler(AnyHTTPException)
    async def refuse(_request: Request, error: AnyHTTPException) -> Response:
        return _error(error.status_code, f"{error.detail.rstrip('.')}.")

    @app.exception_handler(RequestValidationError)
    async def misread(_request: Request, error: RequestValidationError) -> Response:
        first: dict[str, Any] = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        return _error(422, f"The request cannot be read at {place or 'its beginning'}: {first['msg']}.")

    @app.exception_handler(ValidationError)
    async def misread_too(_request: Request, error: ValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return _error(422, f"The request cannot be read at {place or 'its beginning'}: {first['msg']}.")

    @app.exception_handler(AnalogonError)
    async def wrong(_request: Request, error: AnalogonError) -> Response:
        return _error(*(failure(error) or (422, str(error))))

    @app.exception_handler(NoProjectError)
    async def missing(_request: Request, _error_of_name: NoProjectError) -> Response:
        return _error(404, "There is no such project: it may have been deleted in another window.")

    @app.exception_handler(OutdatedError)
    async def outdated(request: Request, error: OutdatedError) -> Response:
        made = await asyncio.to_thread(made_before, projects, request)
        if made is not None:
            return JSONResponse(made)
        sentence = "The project has changed in another window: load it again."
        return JSONResponse({"error": sentence, "version": error.version}, 409)

    @app.exception_handler(DatabaseError)
    @app.exception_handler(OSError)
    async def unable(_request: Request, error: Exception) -> Response:
        return _error(*(failure(error) or (507, f"The server cannot do this at the moment ({error}).")))


def _error(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence.encode(errors="replace").decode()}, status)
