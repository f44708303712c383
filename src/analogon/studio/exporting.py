"""Projects as files: pictures with the recipe of the edit inside, a project file, and a folder of the convention."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Query, Request, Response
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from analogon.data import LabelMap
from analogon.errors import InputError
from analogon.io import read_target
from analogon.io.images import to_bytes
from analogon.io.labels import labels_writer
from analogon.io.opening import SUFFIXES
from analogon.layout import operation
from analogon.result import Result
from analogon.serving.uploads import opened_picture
from analogon.studio.projects import (
    LARGEST_PIXELS,
    Moment,
    Opened,
    Projects,
    operations_from,
    read_label_file,
    read_photo,
)
from analogon.studio.rendering import final, rendered
from analogon.studio.store import Project

FORMAT, VERSION = "analogon studio project", 1
PROJECT_FILE = "project.json"
RECIPE_KEY = "analogon"
"""Of the text chunk of a PNG file that holds the recipe."""
LARGEST_UNPACKED = 256 << 20
"""Bytes of all files of an archive together."""
MOST_FILES = 2000
LONGEST_WEBP = 16383
"""Pixels of a side."""
_LARGEST_JSON = 64 << 20
_FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "png": ("PNG", {"compress_level": 2}),
    "webp": ("WEBP", {"lossless": True, "quality": 40, "method": 2}),
}


def router(projects: Projects, uploads: ThreadPoolExecutor) -> APIRouter:
    """What a page can take out of a project, and bring in."""
    routes = APIRouter()

    @routes.get("/projects/{identity}/result.{form}")
    def result(identity: str, form: str) -> Response:
        opened = projects.get(identity)
        moment = opened.moment()
        if form not in ("png", "tiff", "webp"):
            raise HTTPException(404, "A result is a .png, .tiff or .webp file.")
        found = final(opened, moment, moment.layout)
        return _with_recipe(to_bytes(found.image), form, recipe(opened, moment, found))

    @routes.get("/projects/{identity}/provenance.webp")
    def provenance(identity: str) -> Response:
        opened = projects.get(identity)
        moment = opened.moment()
        found = final(opened, moment, moment.layout)
        if found.provenance is None:
            raise HTTPException(404, f"Method '{found.method}' paints new pixels, which come from nowhere.")
        return picture(to_bytes(found.provenance.preview()), "webp")

    @routes.get("/projects/{identity}/variants")
    def variants(identity: str, seeds: Annotated[int, Query(ge=1, le=16)] = 4) -> list[dict[str, Any]]:
        version = projects.get(identity).moment().project.version
        at = f"/api/projects/{identity}/variants"
        return [{"seed": seed, "url": f"{at}/{seed}.webp?version={version}"} for seed in range(1, seeds + 1)]

    @routes.get("/projects/{identity}/variants/{seed}.webp")
    def variant(identity: str, seed: int) -> Response:
        if not 0 <= seed <= 4294967295:
            raise HTTPException(404, "A seed is a number from 0 to 4294967295.")
        opened = projects.get(identity)
        moment = opened.moment()
        # a row that is not stored: as the project would be with this seed
        columns = {column.name: getattr(moment.project, column.name) for column in Project.__table__.columns}
        other = replace(moment, project=Project(**(columns | {"seed": seed})))
        return picture(to_bytes(rendered(opened, other, other.layout, cached=False).image), "webp")

    @routes.get("/projects/{identity}/target.png")
    def target(identity: str) -> Response:
        moment = projects.get(identity).moment()
        return _download(_labels_file(moment.layout.target), "image/png", "target.png")

    @routes.get("/projects/{identity}/project.zip")
    def project_file(identity: str) -> Response:
        return _download(packed_project(projects, identity), "application/zip", "project.zip")

    @routes.get("/projects/{identity}/folder.zip")
    def folder(identity: str) -> Response:
        opened = projects.get(identity)
        moment = opened.moment()
        files = {"img.png": encoded(opened.photo, "png"), "label.png": _labels_file(moment.base)}
        files["cond/target.png"] = _labels_file(moment.layout.target)
        return _download(_zipped(files), "application/zip", "folder.zip")

    @routes.post("/import", status_code=201)
    async def bring(request: Request, title: str = "") -> dict[str, str]:
        data = await request.body()
        opened = await asyncio.get_running_loop().run_in_executor(uploads, imported, projects, data, title)
        return {"id": opened.id}

    return routes


def settings(project: Project) -> dict[str, Any]:
    """Options of a project's method."""
    found: dict[str, Any] = json.loads(project.settings)
    return found


def recipe(opened: Opened, moment: Moment, result: Result) -> dict[str, Any]:
    """How a picture came about: operations, method and versions, as JSON values."""
    project = moment.project
    history = opened.records(moment)
    return {
        "format": "analogon studio recipe",
        "version": 1,
        "title": project.title,
        "labels": moment.base.digest(),
        "classes": moment.base.palette.to_json(),
        "operations": history,
        "render": result.record(),
    }


def picture(pixels: NDArray[np.uint8], form: str) -> Response:
    """A picture as a response; one that is too long for WebP is PNG whatever it is called."""
    if form not in _FORMS:
        raise HTTPException(404, "There is a .png and a .webp file.")
    if max(pixels.shape) > LONGEST_WEBP:
        form = "png"
    return Response(encoded(pixels, form), media_type=f"image/{form}")


def encoded(pixels: NDArray[np.uint8], form: str) -> bytes:
    """A picture as a file, without loss."""
    kind, options = _FORMS[form]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def _with_recipe(pixels: NDArray[np.uint8], form: str, told: Mapping[str, Any]) -> Response:
    text = json.dumps(told, ensure_ascii=False)
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    if form == "png":
        chunk = PngInfo()
        chunk.add_itxt(RECIPE_KEY, text, zip=True)
        image.save(file, "PNG", compress_level=2, pnginfo=chunk)
    elif form == "tiff":
        image.save(file, "TIFF", compression="tiff_adobe_deflate", description=json.dumps(told))
    else:
        return picture(pixels, form)
    return _download(file.getvalue(), f"image/{form}", f"result.{form}")


def packed_project(projects: Projects, identity: str) -> bytes:
    """A project with all its steps as one file."""
    opened = projects.get(identity)
    project, steps = projects.store.with_steps(identity)
    files, names, told = dict[str, bytes](), list[str](), list[dict[str, Any]]()
    for step in steps:
        if "labels" not in step:
            told.append(step)
            continue
        if step["labels"] not in names:
            names.append(step["labels"])
            files[f"labels/{len(names) - 1}.png"] = (opened.folder / "labels" / step["labels"]).read_bytes()
        told.append({**step, "labels": names.index(step["labels"])})
    content = {"format": FORMAT, "version": VERSION, "title": project.title, "labels": len(names), "steps": told,
               "done": project.done}  # fmt: skip
    files["photo.png"] = encoded(opened.photo, "png")
    return _zipped(files | {PROJECT_FILE: json.dumps(content, ensure_ascii=False).encode()})


def imported(projects: Projects, data: bytes, title: str) -> Opened:
    """A new project from a project file, or from an archive of a folder of the convention.

    Nothing is unpacked to the disk, and files are looked up by the names that they must have.

    Raises:
        InputError: it is neither, too large, or holds what cannot be used.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise InputError(
            "This is no project file: give a .zip that was exported, or one with img.* and label.*."
        ) from None
    if len(entries) > MOST_FILES or sum(one.file_size for one in entries) > LARGEST_UNPACKED:
        raise InputError(f"The archive is too large: it may hold {LARGEST_UNPACKED >> 20} MiB in {MOST_FILES} files.")
    names = {one.filename for one in entries}
    if PROJECT_FILE in names:
        return _project(projects, archive, title)
    return _folder(projects, archive, names, title)


def _project(projects: Projects, archive: zipfile.ZipFile, title: str) -> Opened:
    try:
        content = json.loads(_read(archive, PROJECT_FILE, _LARGEST_JSON))
        json.dumps(content, ensure_ascii=False).encode()  # halves of letters are a ValueError
        if content.get("format") != FORMAT or content.get("version") != VERSION:
            raise InputError("The project file is of another kind or version: update analogon.")
        count, steps, done = int(content["labels"]), list(content["steps"]), int(content["done"])
        named = str(content.get("title", ""))
        right = (
            1 <= done <= len(steps)
            and "labels" in steps[0]
            and 1 <= count <= MOST_FILES
            and all("labels" not in one or one["labels"] in range(count) for one in steps)
        )
        if not right:
            raise ValueError("steps")
        given = [
            {"labels": int(one["labels"]), "carry": bool(one.get("carry"))} if "labels" in one else one for one in steps
        ]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, IndexError):
        raise InputError("The project file is damaged: export the project again.") from None
    operations_from([one for one in given if "labels" not in one])
    labels = [read_label_file(_read(archive, f"labels/{n}.png")) for n in range(count)]
    photo = read_photo(_read(archive, "photo.png"))
    _check_sizes(photo, labels)
    return projects.add(photo, title or named, labels, given, done)


def _folder(projects: Projects, archive: zipfile.ZipFile, names: set[str], title: str) -> Opened:
    """The picture, its labels and, where there is one of their size, the first target as the layout."""
    tops = sorted({name[: -len(leaf)] for name in names for s in SUFFIXES if name.endswith(leaf := f"img{s}")}, key=len)
    for top in tops:
        images = [name for s in SUFFIXES if (name := f"{top}img{s}") in names]
        maps = [name for s in SUFFIXES if (name := f"{top}label{s}") in names]
        if len(images) == 1 and len(maps) == 1:
            photo, labels = read_photo(_read(archive, images[0])), read_label_file(_read(archive, maps[0]))
            _check_sizes(photo, [labels])
            targets = sorted(name for name in names if name.startswith(f"{top}cond/") and name.endswith(SUFFIXES))
            steps = _painted(labels, _read(archive, targets[0])) if targets else []
            return projects.add(photo, title or top.strip("/"), [labels], [{"labels": 0, "carry": False}, *steps])
    raise InputError("The archive holds neither a project nor one img.* with one label.*: look what is in it.")


def _painted(labels: LabelMap, data: bytes) -> list[dict[str, Any]]:
    """Operations that make the labels those of a target file: one for each class. None for a target of another size."""
    target = read_target(opened_picture(data, LARGEST_PIXELS), labels.palette)
    if target.shape != labels.shape:
        return []
    steps = []
    for label in labels.palette.classes:
        new = (target.ids == label.id) & (labels.ids != label.id)
        edges = np.diff(np.pad(new, [(0, 0), (1, 1)]).astype(np.int8), axis=1)
        rows, starts = np.nonzero(edges == 1)
        stops = np.nonzero(edges == -1)[1]
        if len(rows):
            spans = np.stack([rows, starts, stops], 1).tolist()
            steps.append(operation({"do": "spans", "paint": label.name, "spans": spans}).record())
    return steps


def _check_sizes(photo: NDArray[np.uint8], labels: list[LabelMap]) -> None:
    if any(one.shape != photo.shape[:2] for one in labels):
        raise InputError("The photo and the label map in the archive have different sizes: give a map of its size.")


def _read(archive: zipfile.ZipFile, name: str, most: int = LARGEST_UNPACKED) -> bytes:
    """A file of an archive, which may be lying about its size."""
    try:
        with archive.open(name) as file:
            data = file.read(most + 1)
    except (KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise InputError(f"The archive has no readable '{name}': export it again.") from error
    if len(data) > most:
        raise InputError(f"'{name}' in the archive is over {most >> 20} MiB large: make it smaller.")
    return data


def _labels_file(labels: LabelMap) -> bytes:
    file = io.BytesIO()
    labels_writer("labels.png", labels)(file)
    return file.getvalue()


def _zipped(files: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in sorted(files.items()):
            # the same project is the same file
            archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content)
    return data.getvalue()


def _download(content: bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
