"""A service that runs, and what is asked of it."""

import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from PIL import Image

import analogon
from analogon.io.labels import labels_writer
from analogon.service.limits import Limits
from analogon.service.server import create_app
from analogon.service.service import Service
from analogon.service.tokens import hashed
from analogon.serving.listening import listen

SIDE = 16
PALETTE = analogon.Palette(
    (analogon.LabelClass(1, "wall", (40, 90, 160)), analogon.LabelClass(2, "ball", (240, 200, 30)))
)
CODE = "import sys; from analogon.cli import main; sys.exit(main())"
NARROW = {"width": 4, "discriminator_width": 4, "segmenter_width": 4, "invented": 1}
"""Settings of SemIA that are learnt at once."""
POSTGRES = Path("/usr/lib/postgresql/15/bin")


def layout(column: int = 5, side: int = SIDE) -> analogon.LabelMap:
    rows, columns = np.mgrid[0:side, 0:side]
    ids = 1 + ((rows - side // 2) ** 2 + (columns - column) ** 2 <= (side // 4) ** 2).astype(np.int64)
    return analogon.LabelMap(ids, PALETTE)


def photo(side: int = SIDE) -> np.ndarray:
    colours = layout(side=side).colors().astype(int)
    return np.clip(colours + np.random.default_rng(0).integers(-12, 13, colours.shape), 0, 255).astype(np.uint8)


def png(pixels: np.ndarray, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


def labels_png(one: analogon.LabelMap) -> bytes:
    file = io.BytesIO()
    labels_writer("labels.png", one)(file)
    return file.getvalue()


@contextmanager
def serving(data: Path, tokens: dict[str, str] | None = None, limits: Limits | None = None, **more):
    """The address of a service in a thread of this process; ``tokens`` are owners by token."""
    listening = listen("127.0.0.1", 0)
    service = Service(data, limits=limits or Limits(), **more)
    app = create_app(service, {hashed(token): owner for token, owner in (tokens or {}).items()})
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", lifespan="on"))
    service.watching.ending = lambda: server.should_exit
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        listening.close()


class Process:
    """`analogon serve` in a process of its own, always on the same port."""

    def __init__(self, data: Path, *more: str) -> None:
        self.arguments = ["serve", "--data", str(data), *more]
        self.port = 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, *self.arguments, "--port", str(self.port)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.address = self.process.stdout.readline().split()[0]
        self.port = int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=20)

    def end(self) -> int:
        self.process.terminate()
        self.process.communicate(timeout=60)
        return self.process.returncode


def until(holds, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextmanager
def postgresql(folder: Path):
    """The URL of an empty database of a PostgreSQL that runs for this test."""
    (folder / "socket").mkdir()
    as_user: list[str] = []
    if os.geteuid() == 0:  # which PostgreSQL refuses to be
        for one in (folder, folder / "socket"):
            shutil.chown(one, "nobody")
        path = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
        as_user = [shutil.which("runuser", path=path) or "runuser", "-u", "nobody", "--"]
    data = folder / "data"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    control = [*as_user, POSTGRES / "pg_ctl", "-D", data]
    subprocess.run([*as_user, POSTGRES / "initdb", "-D", data, "-U", "me", "--auth=trust", "--no-sync"], **quiet)
    options = f"-k {folder / 'socket'} -c listen_addresses= -c fsync=off"
    subprocess.run([*control, "-w", "-l", folder / "log", "-o", options, "start"], **quiet)
    try:
        yield f"postgresql://me@/postgres?host={folder / 'socket'}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
