"""A studio that runs, and what is asked of it."""

import io
import json
import threading
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import uvicorn
from PIL import Image
from websockets.sync.client import connect

import analogon
from analogon.io.labels import labels_writer
from analogon.serving.listening import listen
from analogon.studio.server import create_app

HEIGHT, WIDTH = 64, 96
PALETTE = analogon.Palette(
    (
        analogon.LabelClass(1, "sky", (120, 180, 250)),
        analogon.LabelClass(2, "grass", (60, 160, 60)),
        analogon.LabelClass(3, "tree", (0, 90, 0)),
    )
)


def layout_ids() -> np.ndarray:
    ids = np.ones((HEIGHT, WIDTH), np.int64)
    ids[40:] = 2
    ids[20:44, 10:26] = 3
    return ids


def labels() -> analogon.LabelMap:
    return analogon.LabelMap(layout_ids(), PALETTE)


def photo() -> np.ndarray:
    colours = labels().colors().astype(int)
    noise = np.random.default_rng(0).integers(-12, 13, colours.shape)
    return np.clip(colours + noise, 0, 255).astype(np.uint8)


def png(pixels: np.ndarray, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


def labels_png(one: analogon.LabelMap) -> bytes:
    file = io.BytesIO()
    labels_writer("labels.png", one)(file)
    return file.getvalue()


@contextmanager
def serving(data: Path, token: str | None = None, host: str = "127.0.0.1"):
    """The address of a studio in a thread of this process."""
    listening = listen(host, 0)
    app = create_app(data, token=token, warmed=False)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="websockets-sansio", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


class Page:
    """A browser's page on one project, without the browser."""

    def __init__(self, client: httpx.Client, identity: str | None = None) -> None:
        self.client = client
        if identity is None:
            made = client.post("api/projects", params={"title": "A tree"}, content=png(photo())).raise_for_status()
            identity = made.json()["id"]
        self.id, self.at = identity, f"api/projects/{identity}"

    @classmethod
    def labelled(cls, client: httpx.Client) -> "Page":
        """With labels that are known to the pixel."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("img.png", png(photo()))
            archive.writestr("label.png", labels_png(labels()))
        made = client.post("api/import", params={"title": "A tree"}, content=data.getvalue())
        return cls(client, made.raise_for_status().json()["id"])

    def state(self) -> dict:
        return self.client.get(self.at).raise_for_status().json()

    @property
    def version(self) -> int:
        return self.state()["version"]

    def post(self, where: str, **values) -> httpx.Response:
        return self.client.post(f"{self.at}/{where}", **values)

    def do(self, *operations: dict, version: int | None = None) -> httpx.Response:
        version = self.version if version is None else version
        return self.post("operations", json={"version": version, "operations": list(operations)})

    def bytes(self, name: str, kind: type = np.uint8) -> np.ndarray:
        content = self.client.get(f"{self.at}/{name}").raise_for_status().content
        return np.frombuffer(content, kind).reshape(self.state()["size"])

    def ids(self, name: str = "target.bin") -> np.ndarray:
        """The label map as ids."""
        known = np.array([one["id"] for one in self.state()["classes"]])
        return known[self.bytes(name)]

    def picture(self, name: str) -> np.ndarray:
        content = self.client.get(f"{self.at}/{name}").raise_for_status().content
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


class Watching:
    """A page that shows what the live connection sends."""

    def __init__(self, url: str, identity: str, **more) -> None:
        address = url.replace("http", "ws", 1) + f"api/projects/{identity}/live"
        self.socket = connect(address, max_size=None, legacy=True, **more)
        self.shown = photo().copy()
        self.number = 0

    def want(self, want: str, version: int, *operations: dict) -> int:
        self.number += 1
        message = {"want": want, "version": version, "operations": list(operations), "number": self.number}
        self.socket.send(json.dumps(message))
        return self.number

    def receive(self) -> dict:
        header = json.loads(self.socket.recv(timeout=120))
        if "box" in header:
            data = self.socket.recv(timeout=20)
            top, left, bottom, right = header["box"]
            assert header["format"] == "rgb"
            self.shown[top:bottom, left:right] = np.frombuffer(data, np.uint8).reshape(bottom - top, right - left, 3)
        return header

    def until(self, stage: str) -> list[dict]:
        got = [self.receive()]
        while got[-1].get("stage") != stage:
            assert "error" not in got[-1], got[-1]
            got.append(self.receive())
        return got

    def close(self) -> None:
        self.socket.close()
