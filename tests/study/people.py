"""Servers as processes of their own, and those who talk to them."""

import hashlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Served:
    """`analogon study serve` as a process, which can be killed and started again at the same address."""

    folder: Path
    port: int
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        code = "import sys; from analogon.cli import main; sys.exit(main())"
        arguments = ["study", "serve", str(self.folder), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        line = self.process.stdout.readline()
        assert self.url in line, line + self.process.stderr.read()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                httpx.get(self.url, timeout=5)
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err

    def kill(self) -> None:
        """As the system does when memory runs out: nothing is said, nothing is tidied up."""
        self.stop(signal.SIGKILL)


class Person:
    """A participant without a browser."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.code = client.post("api/participants", json={"consent": True}).raise_for_status().json()["code"]
        self.headers = {"Authorization": f"Bearer {self.code}"}

    def screens(self) -> list[dict]:
        return self.client.get("api/progress", headers=self.headers).raise_for_status().json()["screens"]

    def put(self, screen: dict, ranking: list[str], edit: int = 1, **changes: object) -> httpx.Response:
        body = {"ranking": ranking, "seconds": 3.5, "moves": 1, "edit": edit, **changes}
        path = f"api/answers/{screen['question']}/{screen['criterion']}"
        return self.client.put(path, json=body, headers=self.headers)


def ids(screen: dict) -> list[str]:
    return [card["id"] for card in screen["cards"]]


def rows(folder: Path, code: str) -> list[tuple]:
    """What is stored of one participant: question, criterion, ranking, edit, seconds, first_saved, saved."""
    with closing(sqlite3.connect(folder / "study.sqlite")) as database:
        found = database.execute(
            "SELECT question, criterion, ranking, edit, seconds, first_saved, saved FROM answers JOIN participants "
            "ON participant = id WHERE code_hash = ? ORDER BY first_saved",
            [hashlib.sha256(code.encode()).hexdigest()],
        ).fetchall()
    return [(question, criterion, json.loads(ranking), *rest) for question, criterion, ranking, *rest in found]
