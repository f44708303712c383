"""Many people in the studio at once: how soon their pictures follow, and whether anything goes wrong.

python benchmarks/studio.py [--sessions 20] [--pages 3] [--minutes 2] [--case FOLDER] [--size 512x384]

Of the sessions some are pages in a real browser, the others are programs that ask for all that a page asks for: each
has a project of its own, drags objects with a live connection, stores operations, undoes them, paints, reads what it
shows, and exports. A message is sent when the draft of the former one is there; seconds are from sending to the last
byte. Whatever is refused, breaks off or is printed by a page as an error is counted, and ends the program with 1.
"""

import argparse
import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
from PIL import Image
from studio_hand import WATCH, stroke, watch
from studio_running import CASE, Shown, archive, chromium, imported, resident, size_of, studio, told
from websockets.sync.client import connect


class Session:
    """What one page would ask for, without the page."""

    def __init__(self, url: str, packed: bytes, number: int) -> None:
        self.client = httpx.Client(base_url=url, timeout=300)
        self.at = f"api/projects/{imported(url, packed)}"
        self.live = url.replace("http", "ws", 1) + f"{self.at}/live"
        self.random = np.random.default_rng(number)
        self.times: dict[str, list[float]] = {}
        self.messages = self.asked = 0

    def timed(self, name: str, what: Callable[[], object]) -> None:
        """Do something, and note how long it took."""
        began = time.perf_counter()
        what()
        self.times.setdefault(name, []).append(time.perf_counter() - began)
        self.asked += 1

    def get(self, name: str = "") -> httpx.Response:
        """The project, or what belongs to it."""
        return self.client.get(f"{self.at}/{name}".rstrip("/")).raise_for_status()

    def post(self, name: str, **values: object) -> dict:
        """Change the project."""
        found: dict = self.client.post(f"{self.at}/{name}", json=values).raise_for_status().json()
        return found

    def use(self, until: float) -> None:
        """Until the time is over."""
        with connect(self.live, max_size=None) as socket:
            while time.monotonic() < until:
                state = self.get().json()
                self.drag(socket, state)
                state = self.get().json()
                for name in ("owners.bin", "target.bin", "superpixels.bin", "thumbnail.webp"):
                    self.timed("others", lambda name=name: self.get(name))
                self.paint(state)
                self.timed("results", lambda: Image.open(io.BytesIO(self.get("result.png").content)).load())
                self.timed("stored", lambda: self.post("undo"))

    def drag(self, socket, state: dict) -> None:
        """Move an object about, and leave it where it came to."""
        height, width = state["size"]
        movable = [one for one in state["objects"] if 300 < one["area"] < height * width / 4]
        name = movable[self.random.integers(len(movable))]["name"]
        angle, move = self.random.uniform(0, 6), {}
        for n in range(1, 21):
            far = 2 * n
            move = {"do": "move", "of": name, "right": round(far * np.cos(angle)), "down": round(far * np.sin(angle))}
            self.timed("drafts", lambda move=move: self.wish(socket, "preview", state["version"], [move]))
        answer: dict = {}
        self.timed(
            "stored", lambda: answer.update(self.post("operations", version=state["version"], operations=[move]))
        )
        self.timed("final pictures", lambda: self.wish(socket, "final", answer["version"], []))
        self.timed("stored", lambda: self.post("undo", version=answer["version"]))

    def paint(self, state: dict) -> None:
        """One stroke anywhere."""
        height, width = state["size"]
        points = (self.random.random((12, 2)) * (height, width)).tolist()
        classes = [one["name"] for one in state["classes"]]
        brush = {"do": "brush", "paint": classes[self.random.integers(len(classes))], "points": points, "radius": 8.5}
        self.timed("stored", lambda: self.post("operations", version=state["version"], operations=[brush]))

    def wish(self, socket, want: str, version: int, operations: list[dict]) -> None:
        """Ask for a picture, and wait for its first one, or its last."""
        self.messages += 1
        number, stage = self.messages, "draft" if want == "preview" else want
        socket.send(json.dumps({"want": want, "version": version, "operations": operations, "number": number}))
        while True:
            header = json.loads(socket.recv(timeout=300))
            if "box" not in header:
                raise RuntimeError(header["error"])
            socket.recv(timeout=60)
            if (header["number"], header["stage"]) == (number, stage):
                return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--pages", type=int, default=3, help="how many of them are pages in a browser")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--case", type=Path, default=CASE)
    parser.add_argument("--size", default="512x384")
    asked = parser.parse_args()
    packed = archive(asked.case, size_of(asked.size))
    wrong: list[str] = []
    with studio() as (url, server), chromium() as browser:
        sessions = [Session(url, packed, n) for n in range(asked.sessions - asked.pages)]
        pages = [Shown(browser, url, imported(url, packed), WATCH) for _ in range(asked.pages)]
        for shown in pages:
            watch(shown)
        print(f"server {resident(server):.0f} MiB before")
        until = time.monotonic() + 60 * asked.minutes

        def run(one: Session) -> None:
            try:
                one.use(until)
            except Exception as error:  # whatever it is, it is one too many
                wrong.append(f"{type(error).__name__}: {error}")

        threads = [threading.Thread(target=run, args=(one,)) for one in sessions]
        for thread in threads:
            thread.start()
        strokes, soon = 0, list[float]()
        while time.monotonic() < until:
            for shown in pages:
                soon += [ms / 1000 for ms in stroke(shown, strokes, "b", 8)["soon"]]
                strokes += 1
            if not pages:
                time.sleep(1)
        for thread in threads:
            thread.join()
        wrong += [problem for shown in pages for problem in shown.problems]
        print(f"server {resident(server):.0f} MiB after")
    for name in ("drafts", "final pictures", "stored", "results", "others"):
        print(told(name, [second for one in sessions for second in one.times.get(name, [])] or [0.0]))
    print(told("previews in the browser", soon or [0.0]))
    asked_for = sum(one.asked for one in sessions)
    print(f"{len(sessions)} sessions asked {asked_for} times, {len(pages)} pages saw {strokes} strokes")
    print(f"{len(wrong)} errors")
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
