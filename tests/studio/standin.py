"""A small server that keeps to the interface of the studio, for tests of the page alone."""

import asyncio
import base64
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from PIL import Image

import analogon
from analogon.errors import AnalogonError
from analogon.layout import History
from analogon.layout.history import operation

PAGE = Path(analogon.__file__).parent / "studio" / "page"
POLICY = "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; connect-src 'self'"


class Project:
    """One photo, and what has been done to its labels."""

    def __init__(self, key: str, photo: Image.Image, title: str, labels: analogon.LabelMap | None = None) -> None:
        self.key, self.photo, self.title = key, photo.convert("RGB"), title
        self.version, self.seed = 0, 0
        self.method = "patch"
        self.begin(labels or self.segmented(5))

    def begin(self, labels: analogon.LabelMap) -> None:
        self.history, self.version = History(labels), self.version + 1

    def segmented(self, count: int) -> analogon.LabelMap:
        small = self.photo.resize((self.photo.width // 8, self.photo.height // 8)).resize(self.photo.size)
        found = small.quantize(count, dither=Image.Dither.NONE)
        ids = np.asarray(found).astype(int)
        colors = [(66, 135, 245), (70, 165, 80), (235, 190, 60), (205, 80, 90), (150, 90, 205), (90, 190, 195)]
        classes = (analogon.LabelClass(n, f"part {n + 1}", colors[n % 6]) for n in range(count))
        return analogon.LabelMap(ids, analogon.Palette(tuple(classes)))

    @property
    def layout(self):
        return self.history.layout

    def places(self) -> np.ndarray:
        return self.layout.target.indices().astype(np.uint8)

    def picture(self) -> np.ndarray:
        """Each class in the mean of its colour, where labels have changed."""
        image, now, then = np.asarray(self.photo).copy(), self.layout.ids, self.history.start.ids
        for one in np.unique(now):
            where = (then == one) if (then == one).any() else np.ones_like(then, bool)
            image[(now == one) & (now != then)] = np.asarray(self.photo)[where].mean(0)
        return image

    def shown(self) -> dict:
        return {
            "version": self.version,
            "objects": [
                {"id": o.id, "name": o.name, "class": o.class_id, "box": o.region.box, "pivot": o.pivot,
                 "class_name": self.layout.source.palette.get(o.class_id).name} for o in self.layout.objects
            ],
            "undo": len(self.history.done),
            "redo": len(self.history.undone),
        }  # fmt: skip


def changed_box(before: np.ndarray, after: np.ndarray) -> list[int]:
    """Top, left, bottom, right of what differs; of nothing where nothing does."""
    rows, columns = np.nonzero(before != after)
    return [int(n) for n in (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)] if len(rows) else [0] * 4


def create_app(projects: dict[str, Project]) -> FastAPI:
    app = FastAPI()
    app.mount("/page", StaticFiles(directory=PAGE))
    app.state.operations = []

    @app.middleware("http")
    async def guard(request: Request, call) -> Response:
        response = await call(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.exception_handler(AnalogonError)
    async def refused(_: Request, error: AnalogonError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 422)

    @app.get("/")
    def index() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    @app.get("/api/methods")
    def methods() -> list:
        return [
            {"name": "patch", "summary": "Copies patches of the photo; nothing is learned.", "recipes": [],
             "learns": False, "available": True, "seconds_estimate": 1.6},
            {"name": "semia", "summary": "Learns the photo first; edges follow the labels more freely.",
             "recipes": ["small"], "learns": True, "available": True, "seconds_estimate": 600},
        ]  # fmt: skip

    @app.get("/api/projects")
    def everything() -> list:
        return [
            {"id": p.key, "title": p.title, "changed": "2026-01-05T10:20:00Z", "size": p.layout.shape,
             "thumbnail": f"api/projects/{p.key}/photo.png"} for p in projects.values()
        ]  # fmt: skip

    @app.post("/api/projects")
    async def begin(request: Request, title: str = "") -> Response:
        body = await request.body()
        try:
            photo = await asyncio.to_thread(lambda: Image.open(io.BytesIO(body)).convert("RGB"))
        except OSError:
            return JSONResponse({"error": "This file is no picture: drop a PNG, JPEG, WebP or TIFF."}, 415)
        project = Project(f"p{len(projects)}", photo, title)
        projects[project.key] = project
        return JSONResponse({"id": project.key})

    @app.get("/api/projects/{key}")
    def one(key: str) -> Response:
        if key not in projects:
            return JSONResponse({"error": "There is no such project: it may have been deleted."}, 404)
        p = projects[key]
        classes = [{"id": c.id, "name": c.name, "color": c.color} for c in p.layout.source.palette.classes]
        more = {"id": key, "title": p.title, "size": p.layout.shape, "classes": classes, "seed": p.seed,
                "method": p.method, "photo": f"/api/projects/{key}/photo.png", "labels": ""}  # fmt: skip
        return JSONResponse({**p.shown(), **more})

    @app.patch("/api/projects/{key}")
    async def change(key: str, request: Request) -> dict:
        for name, value in (await request.json()).items():
            setattr(projects[key], name, value)
        return {}

    def png(image: np.ndarray) -> Response:
        out = io.BytesIO()
        Image.fromarray(image).save(out, "PNG")
        return Response(out.getvalue(), media_type="image/png")

    @app.get("/api/projects/{key}/{name}")
    def file(key: str, name: str) -> Response:
        p, (h, w) = projects[key], projects[key].layout.shape
        if name == "photo.png":
            return png(np.asarray(p.photo))
        if name == "provenance.webp":
            y, x = np.indices((h, w))
            return png(np.stack([x * 255 // w, y * 255 // h, np.full((h, w), 120)], -1).astype(np.uint8))
        if name == "result.png":
            return png(p.picture())
        if name == "variants":
            url = f"api/projects/{key}/result.png"
            return JSONResponse([{"seed": n, "url": url} for n in range(4)])
        y, x = np.indices((h, w))
        known = {
            "target.bin": lambda: p.places().tobytes(),
            "owners.bin": lambda: p.layout.owners.astype("<i4").tobytes(),
            "superpixels.bin": lambda: (y // 8 * (w // 8 + 1) + x // 8).astype("<u4").tobytes(),
        }
        return Response(known[name](), media_type="application/octet-stream")

    def told(p: Project, before: np.ndarray) -> dict:
        top, left, bottom, right = box = changed_box(before, p.places())
        target = base64.b64encode(p.places()[top:bottom, left:right].tobytes()).decode()
        return {**p.shown(), "changed": {"box": box}, "target": target}

    @app.post("/api/projects/{key}/{what}")
    async def act(key: str, what: str, request: Request) -> Response:
        p, said = projects[key], await request.json()
        if what in ("operations", "undo", "redo"):
            before = p.places()
            if said["version"] != p.version:
                return JSONResponse({"error": "Another tab was faster.", "version": p.version}, 409)
            if what == "operations":
                app.state.operations += said["operations"]
                p.history.apply(*(operation(one) for one in said["operations"]))
            else:
                getattr(p.history, what)()
            p.version += 1
            return JSONResponse(told(p, before))
        labels = p.layout.source
        if what == "labels":
            p.begin(p.segmented(said["classes"]))
        elif what == "classes" and "merge" in said:
            a, into = said["merge"]
            classes = tuple(c for c in labels.palette.classes if c.id != a)
            p.begin(analogon.LabelMap(np.where(labels.ids == a, into, labels.ids), analogon.Palette(classes)))
        elif what == "scribbles":
            app.state.operations.append(said)
        return JSONResponse({})

    @app.websocket("/api/projects/{key}/live")
    async def live(socket: WebSocket, key: str) -> None:
        await socket.accept()
        shown = np.asarray(projects[key].photo)
        try:
            while True:
                wish, p = await socket.receive_json(), projects[key]
                if wish["version"] != p.version:
                    continue
                draft = Project.__new__(Project)
                draft.__dict__.update(p.__dict__)
                draft.history = History(p.layout.source)
                draft.history.apply(*p.history.done, *(operation(one) for one in wish["operations"]))
                stage = "final" if wish["want"] == "final" else "preview"
                picture = draft.picture()
                top, left, bottom, right = box = changed_box((shown != picture).any(-1), np.zeros(p.layout.shape, bool))
                shown = picture
                await socket.send_json({"number": wish["number"], "stage": stage, "box": box, "seconds": 0.01})
                await socket.send_bytes(picture[top:bottom, left:right].tobytes())
        except (WebSocketDisconnect, AnalogonError):
            pass

    return app


@contextmanager
def served(projects: dict[str, Project]) -> Iterator[tuple[str, FastAPI]]:
    """The address of a server that runs, and the application."""
    app = create_app(projects)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/", app
    server.should_exit = True
    thread.join(5)
