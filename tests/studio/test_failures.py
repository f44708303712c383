"""Full disks, locked files, kills and deletions at the worst moment: said in a sentence, and nothing is spoilt."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from analogon.layout import History, operation
from analogon.serving import database
from analogon.studio import store

from .served import Page, Watching, labels, photo, png, serving

MOVE = {"do": "move", "of": "tree", "right": 30}
LONG = {"method": "semia", "recipe": "fast", "minutes": 30}
CODE = "import sys; from analogon.cli import main; sys.exit(main())"


@contextmanager
def full_disk(most: int = 4096):
    """No file can get longer than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def started(data: Path):
    """A studio in a process of its own, which is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "studio", "--data", str(data), "--port", "0", "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process.stdout.readline().split()[0]
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)


def trainings(data: Path) -> list[int]:
    """Processes that train something under a folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told = one.read_bytes()
        except OSError:
            continue
        if b"analogon.serving.training" in told and str(data).encode() in told:
            found.append(int(one.parent.name))
    return found


def until(holds, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def learning(client: httpx.Client, job: str) -> bool:
    """Whether a training has something to keep."""
    state = client.get(f"api/jobs/{job}").json()
    return state["stage"] == "training" and state["step"] > 1


def replayed(page: Page) -> bool:
    """Whether the layout is what its recipe makes of the labels."""
    history = History(labels())
    for one in recipe(page):
        history.apply(operation(one))
    return bool((history.layout.ids == page.ids()).all())


def recipe(page: Page) -> list[dict]:
    """The operations that are stored."""
    with closing(sqlite3.connect(page.data / store.FILE)) as file:
        done = file.execute("SELECT done FROM projects WHERE id = ?", [page.id]).fetchone()[0]
        rows = file.execute("SELECT content FROM steps WHERE project = ? ORDER BY number", [page.id]).fetchall()
    return [json.loads(row[0]) for row in rows[1:done]]


def test_a_full_disk(client, page, data):
    page.do({"do": "move", "of": "tree", "right": 3}).raise_for_status()
    before, folders = page.state(), sorted((data / "projects").iterdir())
    with full_disk():
        for answer in (
            page.do(MOVE, version=before["version"]),
            page.post("undo", json={}),
            page.post("classes", json={"add": {"name": "boat"}}),
            page.post("labels", json={"classes": 3}),
            client.patch(page.at, json={"title": "other"}),
            client.post("api/projects", content=png(photo())),
        ):
            assert answer.status_code == 507, answer.text
            assert "disk" in answer.json()["error"] and str(data) not in answer.json()["error"]
        assert page.state() == before, "what is there can still be looked at"
        assert sorted((data / "projects").iterdir()) == folders, "nothing half-written is left"
        assert client.delete(page.at).status_code == 507
        assert not (data / "projects" / page.id).exists(), "its place on the disk is free again"
    assert client.delete(page.at).status_code == 200
    assert Page.labelled(client).do(MOVE).status_code == 200


def test_a_file_that_another_program_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.3)
    data = tmp_path / "data"
    with serving(data) as url, httpx.Client(base_url=url, timeout=60) as client:
        page = Page.labelled(client)
        version = page.version
        with closing(sqlite3.connect(data / store.FILE, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            answer = page.do(MOVE, version=version)
            assert answer.status_code == 503 and "Another program" in answer.json()["error"]
            assert page.version == version, "reading goes on"
            other.execute("ROLLBACK")
        assert page.do(MOVE, version=version).status_code == 200


def test_files_that_are_gone(tmp_path):
    data = tmp_path / "data"
    with serving(data) as url, httpx.Client(base_url=url, timeout=60) as client:
        page = Page.labelled(client)
    labels_, photo_ = (data / "projects" / page.id / name for name in ("labels", "photo.png"))
    labels_.rename(tmp_path / "labels")
    with serving(data) as url, httpx.Client(base_url=url, timeout=60) as client:
        page = Page(client, page.id)
        answer = client.get(page.at)
        assert answer.status_code == 422 and "none of its files" in answer.json()["error"]
        watching = Watching(url, page.id)
        watching.want("preview", 1)
        assert "none of its files" in watching.receive()["error"]
        (tmp_path / "labels").rename(labels_)
        watching.want("preview", 1)
        assert watching.receive()["stage"] == "draft", "the connection has stayed"
        watching.close()
    photo_.unlink()
    with serving(data) as url, httpx.Client(base_url=url, timeout=60) as client:
        answer = client.get(page.at)
        assert answer.status_code == 422 and "photo" in answer.json()["error"]
        with pytest.raises(ConnectionClosed) as closed:
            Watching(url, page.id).receive()
        assert closed.value.rcvd.code == 4500 and "photo" in closed.value.rcvd.reason
        assert client.delete(page.at).status_code == 200


@pytest.mark.slow
def test_a_message_that_is_too_long_and_uploads_of_others(tmp_path):
    noise = png(np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8))
    with started(tmp_path / "data") as url, httpx.Client(base_url=url, timeout=60) as client:
        page = Page.labelled(client)
        watching = Watching(url, page.id)
        with pytest.raises(ConnectionClosed):
            watching.socket.send("x" * (5 << 20))
            watching.receive()
        uploads = [threading.Thread(target=client.post, args=("api/projects",), kwargs={"content": noise})
                   for _ in range(8)]  # fmt: skip
        began = time.monotonic()
        for one in uploads:
            one.start()
        other = Watching(url, page.id)
        other.want("preview", page.version, MOVE)
        other.receive()
        soon = time.monotonic() - began
        for one in uploads:
            one.join()
        assert soon < (time.monotonic() - began) / 2, "nobody waits for the uploads of others"
        assert len(client.get("api/projects").json()) == 9


def test_two_windows_that_never_wait(page, data):
    page.data = data
    done: list[dict] = []

    def work(right: int) -> None:
        for n in range(12):
            one = {"do": "move", "of": "tree", "right": right, "down": n % 3 - 1}
            while (answer := page.do(one)).status_code == 409:
                pass
            answer.raise_for_status()
            done.append(one)

    threads = [threading.Thread(target=work, args=(right,)) for right in (1, -1, 2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    stored = recipe(page)
    ways = [[(one.get("right", 0), one.get("down", 0)) for one in many] for many in (done, stored)]
    assert sorted(ways[0]) == sorted(ways[1])
    assert replayed(page) and page.state()["undo"] == 36


def test_a_project_that_is_deleted_while_it_renders(url, client, data):
    for pause in (0.0, 0.02, 0.05, 0.1, 0.2):
        page = Page.labelled(client)
        watching = Watching(url, page.id)
        watching.want("final", page.version, MOVE)
        asked = threading.Thread(target=lambda page=page: client.get(f"{page.at}/variants/7.webp"))
        asked.start()
        time.sleep(pause)
        client.delete(page.at).raise_for_status()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                watching.want("preview", 1)
                watching.receive()
        assert closed.value.rcvd.code == 4404
        asked.join()
        for answer in (client.get(page.at), page.do(MOVE, version=1), page.post("labels", json={"classes": 3}),
                       page.post("jobs", json=LONG), client.get(f"{page.at}/result.png")):  # fmt: skip
            assert answer.status_code == 404, answer.text
        assert not (data / "projects" / page.id).exists()


def test_what_was_acknowledged_before_a_kill_is_there(tmp_path):
    data, acknowledged = tmp_path / "data", 0
    with started(data) as url, httpx.Client(base_url=url, timeout=60) as client:
        page = Page.labelled(client)
        version = page.version

        def paint() -> None:
            nonlocal acknowledged
            for n in range(10_000):
                points = [[5.0 + n % 40, 3.0], [5.0 + n % 31, 80.0 - n % 50]]
                stroke = {"do": "brush", "paint": ("sky", "tree")[n % 2], "points": points, "radius": 2.0}
                try:
                    version_now = page.do(stroke, version=version + n).raise_for_status().json()["version"]
                except httpx.TransportError:
                    return
                acknowledged = version_now - version

        painting = threading.Thread(target=paint)
        painting.start()
        until(lambda: acknowledged > 20)
    painting.join()
    with serving(data) as url, httpx.Client(base_url=url, timeout=60) as client:
        again = Page(client, page.id)
        again.data = data
        assert acknowledged <= again.state()["undo"] <= acknowledged + 1
        assert replayed(again)


class TestTrainings:
    """Nothing trains on that nobody waits for."""

    pytestmark = pytest.mark.slow

    @pytest.fixture(autouse=True)
    def torch(self) -> None:
        """They need it."""
        pytest.importorskip("torch")

    def test_one_that_is_cancelled_at_once(self, page, data):
        job = page.post("jobs", json=LONG).json()["job"]
        page.client.delete(f"api/jobs/{job}").raise_for_status()
        until(lambda: not trainings(data), 25)
        assert page.client.get(f"api/jobs/{job}").json()["state"] == "cancelled"
        assert page.post("jobs", json={**LONG, "minutes": None, "steps": 1}).status_code == 201
        until(lambda: not trainings(data))

    def test_one_whose_project_is_deleted(self, page, data):
        job = page.post("jobs", json=LONG).json()["job"]
        until(lambda: learning(page.client, job))
        assert len(trainings(data)) == 1
        page.client.delete(page.at).raise_for_status()
        assert not trainings(data)
        assert not (data / "projects" / page.id).exists()
        assert page.client.get(f"api/jobs/{job}").status_code == 404

    def test_one_whose_server_is_killed(self, tmp_path):
        data = tmp_path / "data"
        with started(data) as url, httpx.Client(base_url=url, timeout=60) as client:
            page = Page.labelled(client)
            job = page.post("jobs", json=LONG).json()["job"]
            until(lambda: learning(client, job))
        until(lambda: not trainings(data), 25)
        with serving(data) as url, httpx.Client(base_url=url, timeout=60) as client:
            assert client.get(f"api/jobs/{job}").json()["state"] == "cancelled"
            assert client.get(page.at).json()["job"] == job, "what it has learnt is there"
