"""Many renders through `analogon serve`, by several clients at once, with the server killed in the middle.

    python benchmarks/service.py --renders 10000
    python benchmarks/service.py --renders 500 --database postgresql://user@host/name

Each client sends its share of the renders, and remembers those that were acknowledged. When half of them are, the
server is killed (SIGKILL) and started again. At the end every acknowledged render has to be done once, with a picture
that is, to the pixel, what the method makes of that layout. The memory of the server is read all along.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import analogon
from analogon.io.images import to_bytes

LAYOUTS = 8
"""Different targets; each is asked for again and again."""


def exemplar(side: int) -> analogon.Exemplar:
    """A ball before a wall, as small as a picture can be."""
    palette = analogon.Palette.from_colors([(40, 90, 160), (240, 200, 30)])
    labels = analogon.LabelMap(ball(side, side // 3), palette)
    noise = np.random.default_rng(0).integers(-20, 21, (side, side, 3))
    pixels = np.clip(labels.colors().astype(int) + noise, 0, 255).astype(np.uint8)
    return analogon.Exemplar(pixels.astype(np.float32) / np.float32(255), labels)


def ball(side: int, column: int) -> np.ndarray:
    rows, columns = np.mgrid[0:side, 0:side]
    return ((rows - side // 2) ** 2 + (columns - column) ** 2 <= (side // 4) ** 2).astype(np.int64)


class Server:
    """A server in a process of its own, on the same port each time."""

    def __init__(self, data: Path, more: list[str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.data, self.more, self.address = data, more, f"http://127.0.0.1:{self.port}"
        self.memory: list[tuple[float, float]] = []
        self.start()
        threading.Thread(target=self._weigh, daemon=True).start()

    def start(self) -> None:
        """Begin, or begin again."""
        code = "import sys; from analogon.cli import main; sys.exit(main())"
        arguments = ["serve", "--data", str(self.data), "--port", str(self.port), "--max-queue", "1000000", *self.more]
        self.began = time.monotonic()
        self.process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline(), "the server has not begun"

    def kill(self) -> None:
        """As the system does when its memory is full."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """As Ctrl-C does."""
        self.process.terminate()
        self.process.wait(60)

    def _weigh(self) -> None:
        """MiB of the server, a few times a second."""
        while True:
            try:
                status = Path(f"/proc/{self.process.pid}/status").read_text()
                found = [line for line in status.splitlines() if line.startswith("VmRSS")]
                if found:
                    self.memory.append((time.monotonic(), int(found[0].split()[1]) / 1024))
            except OSError:
                pass
            time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renders", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--side", type=int, default=16, help="of the pictures, in pixels")
    parser.add_argument("--database", help="URL of an empty PostgreSQL database; else SQLite")
    parser.add_argument("--files", help="a place for files; else a folder")
    parser.add_argument("--no-kill", action="store_true")
    asked = parser.parse_args()
    more = ["--database", asked.database] if asked.database else []
    more += ["--files", asked.files] if asked.files else []
    with tempfile.TemporaryDirectory() as folder:
        run(asked, Server(Path(folder), more))


def run(asked: argparse.Namespace, server: Server) -> None:
    source = exemplar(asked.side)
    targets = [
        analogon.LabelMap(ball(asked.side, 2 + n * (asked.side - 4) // LAYOUTS), source.labels.palette)
        for n in range(LAYOUTS)
    ]
    model = analogon.fit(source)
    expected = [to_bytes(model.render(target).image) for target in targets]
    with analogon.Client(server.address) as client:
        project = client.create_project(source.image, source.labels, "bench")
    acknowledged: dict[str, int] = {}
    waits: list[float] = []
    half, lock = threading.Event(), threading.Lock()

    def send(number: int) -> None:
        with analogon.Client(server.address, patience=120) as mine:
            for n in range(number, asked.renders, asked.clients):
                began = time.monotonic()
                job = mine.render(project, targets[n % LAYOUTS], key=f"render-{n}")
                with lock:
                    waits.append(time.monotonic() - began)
                    acknowledged[job.id] = n
                    if len(acknowledged) >= asked.renders // 2:
                        half.set()

    began = time.monotonic()
    with ThreadPoolExecutor(asked.clients) as pool:
        sending = [pool.submit(send, number) for number in range(asked.clients)]
        down, left = 0.0, Counter[str]()
        if not asked.no_kill:
            half.wait()
            with analogon.Client(server.address) as client:
                left = Counter(job.state for job in client.jobs(project))
            killed = time.monotonic()
            server.kill()
            server.start()
            down = time.monotonic() - killed
        for one in sending:
            one.result()
        sent = time.monotonic() - began
        with analogon.Client(server.address, patience=120) as client:
            while any(True for _ in client.jobs(project, state="queued")) or any(
                True for _ in client.jobs(project, state="running")
            ):
                time.sleep(1.0)
        took = time.monotonic() - began
    report(asked, server, project.id, acknowledged, expected)
    weights = [weight for when, weight in server.memory if server.began < when < began + took]
    queue = f"{left['done']} done, {left['running']} running, {left['queued']} queued" if left else "-"
    print(f"| renders | {asked.renders} of {asked.side}x{asked.side} pixels, {asked.clients} clients |")
    print(f"| database, files | {'PostgreSQL' if asked.database else 'SQLite'}, {asked.files or 'folder'} |")
    print(f"| all done after | {took:.1f} s, {asked.renders / took:.0f} a second |")
    print(f"| all sent after | {sent:.1f} s |")
    print(f"| acknowledged after | median {1000 * statistics.median(waits):.0f} ms |")
    print(f"| when killed | {queue}; answers again after {down:.1f} s |")
    print(f"| memory of the server | {memory(weights)} |")
    server.end()


def memory(weights: list[float]) -> str:
    """How much there was in parts of the time since the server began last, and whether it grew after a tenth."""
    tenth = max(1, len(weights) // 10)
    at = [f"{100 * part // 20} % {statistics.median(weights[max(0, len(weights) * part // 20 - 5) :][:5]):.0f}"
          for part in (2, 5, 10, 15, 20)]  # fmt: skip
    warm = weights[tenth:]
    halves = [statistics.fmean(half) for half in (warm[: len(warm) // 2], warm[len(warm) // 2 :]) if half]
    return f"MiB at {', '.join(at)}; {' and '.join(f'{one:.1f}' for one in halves)} in halves after the first tenth"


def report(
    asked: argparse.Namespace, server: Server, project: str, acknowledged: dict[str, int], expected: list[np.ndarray]
) -> None:
    """Look at everything that was acknowledged."""
    with analogon.Client(server.address) as client:
        jobs = {job.id: job for job in client.jobs(project)}
        lost = [identity for identity in acknowledged if identity not in jobs]
        states = Counter(job.state for job in jobs.values())
        wrong = 0
        for identity, n in acknowledged.items():
            if identity in jobs and jobs[identity].state == "done":
                wrong += not np.array_equal(to_bytes(client.image(identity)), expected[n % LAYOUTS])
    print(f"| acknowledged | {len(acknowledged)}, lost {len(lost)}, made twice {len(jobs) - len(acknowledged)} |")
    print(f"| ended | {', '.join(f'{count} {state}' for state, count in sorted(states.items()))}, {wrong} wrong |")
    if lost or wrong or states["done"] != asked.renders or len(jobs) != asked.renders:
        server.kill()
        sys.exit("Something was lost.")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
