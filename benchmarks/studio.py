"""How soon the studio's pictures follow: drafts while a hand moves, then final pictures, for several pages at once.

python benchmarks/studio.py PHOTO LABELS [--pages 20] [--moves 200] [--size 512x384]

PHOTO and LABELS are resized. Each page has a project of its own and moves its largest movable object about; a message
is sent when the draft of the former one is there. Seconds are from sending to the last byte.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import httpx
import numpy as np
from PIL import Image
from websockets.sync.client import connect

import analogon


def archive(photo: Path, labels: Path, size: tuple[int, int]) -> bytes:
    """The case as the studio imports it."""
    data, picture = io.BytesIO(), io.BytesIO()
    Image.open(photo).convert("RGB").resize(size).save(picture, "PNG")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(data, "w") as packed:
        path = Path(folder) / "label.png"
        analogon.write_labels(path, analogon.read_labels(labels).resize(size[::-1]))
        packed.writestr("img.png", picture.getvalue())
        packed.writestr("label.png", path.read_bytes())
    return data.getvalue()


def stage(socket, number: int, wanted: str) -> None:
    """Receive until this stage of this message is there."""
    while True:
        header = json.loads(socket.recv(timeout=300))
        if "box" not in header:
            raise SystemExit(f"the studio says: {header['error']}")
        socket.recv(timeout=60)
        if (header["number"], header["stage"]) == (number, wanted):
            return


def watch(url: str, identity: str, state: dict, moves: int, drafts: list[float], finals: list[float]) -> None:
    area = state["size"][0] * state["size"][1]
    movable = [one for one in state["objects"] if one["area"] < area / 4]
    name = max(movable or state["objects"], key=lambda one: one["area"])["name"]
    with connect(url.replace("http", "ws", 1) + f"api/projects/{identity}/live", max_size=None) as socket:
        for number in range(1, moves + 1):
            angle = number / 15
            move = {"do": "move", "of": name, "right": round(30 * np.sin(angle)), "down": round(10 * np.cos(angle))}
            for want, shown, seconds in (("preview", "draft", drafts), ("final", "final", finals)):
                if want == "final" and number % 20:
                    continue
                key = number if want == "preview" else -number
                message = {"want": want, "version": state["version"], "operations": [move], "number": key}
                began = time.perf_counter()
                socket.send(json.dumps(message))
                stage(socket, key, shown)
                seconds.append(time.perf_counter() - began)


def told(what: str, seconds: list[float]) -> str:
    middle, most = np.percentile(seconds, [50, 95])
    return f"{what}: median {middle:.3f} s, 95 % within {most:.3f} s, most {max(seconds):.3f} s of {len(seconds)}"


def memory(process: int) -> str:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return "memory unknown"
    return next(line for line in lines if line.startswith("VmRSS")).replace("\t", " ")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("photo", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--pages", type=int, default=1)
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--size", default="512x384")
    asked = parser.parse_args()
    width, height = (int(side) for side in asked.size.split("x"))
    code = "import sys; from analogon.cli import main; sys.exit(main())"
    with tempfile.TemporaryDirectory() as data:
        server = subprocess.Popen(
            [sys.executable, "-c", code, "studio", "--data", data, "--port", "0", "--no-browser"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[0]
            with httpx.Client(base_url=url, timeout=300) as client:
                packed = archive(asked.photo, asked.labels, (width, height))
                names = [client.post("api/import", content=packed).raise_for_status().json()["id"]
                         for _ in range(asked.pages)]  # fmt: skip
                states = [client.get(f"api/projects/{name}").raise_for_status().json() for name in names]
            watch(url, names[0], states[0], 20, [], [])  # compiles what is not compiled yet
            print(memory(server.pid))
            drafts, finals = list[float](), list[float]()
            threads = [
                threading.Thread(target=watch, args=(url, name, state, asked.moves, drafts, finals))
                for name, state in zip(names, states, strict=True)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            print(told("drafts", drafts))
            print(told("final pictures", finals))
            print(memory(server.pid))
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
