"""A studio in a process of its own, a case as it imports it, and its page in a real browser."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

import analogon

CASE = Path(__file__).parent.parent / "examples" / "flower"
CODE = "import sys; from analogon.cli import main; sys.exit(main())"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# The page is ready, and has been shown the picture that it wished for.
READY = "Boolean(window.studio?.things.owners && studio.superpixels && studio.live?.socket?.readyState === 1)"


@contextmanager
def studio(data: Path | None = None) -> Iterator[tuple[str, int]]:
    """The address and the process of `analogon studio`, by default on an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "-c", CODE, "studio", "--data", data or folder, "--port", "0", "--no-browser"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[0], server.pid
        finally:
            server.terminate()
            server.wait(60)


def archive(case: Path, size: tuple[int, int]) -> bytes:
    """A case folder, resized to (width, height), as the studio imports it."""
    data, picture = io.BytesIO(), io.BytesIO()
    (photo,) = case.glob("img.*")
    (labels,) = case.glob("label.*")
    Image.open(photo).convert("RGB").resize(size).save(picture, "PNG")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(data, "w") as packed:
        path = Path(folder) / "label.png"
        analogon.write_labels(path, analogon.read_labels(labels).resize(size[::-1]))
        packed.writestr("img.png", picture.getvalue())
        packed.writestr("label.png", path.read_bytes())
    return data.getvalue()


def imported(url: str, packed: bytes) -> str:
    """The name of a new project."""
    answer = httpx.post(f"{url}api/import", content=packed, timeout=300).raise_for_status()
    return str(answer.json()["id"])


def size_of(text: str) -> tuple[int, int]:
    """Width and height of "512x384"."""
    width, height = (int(side) for side in text.split("x"))
    return width, height


def resident(process: int) -> float:
    """Memory of a process that is in use, in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def told(what: str, seconds: list[float]) -> str:
    """Median, the 95th percentile and the most in one line."""
    middle, most = np.percentile(seconds, [50, 95])
    return f"{what}: median {middle:.3f} s, 95 % within {most:.3f} s, most {max(seconds):.3f} s of {len(seconds)}"


@contextmanager
def chromium():
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        raise SystemExit("There is no Chromium: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Shown:
    """The page of a project in a browser, and a mouse on it."""

    def __init__(self, browser, url: str, identity: str, script: str = "") -> None:
        self.page = browser.new_page(viewport={"width": 1280, "height": 720})
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.problems.append(said.text))
        if script:
            self.page.add_init_script(script)
        self.page.goto(f"{url}#{identity}")
        self.until(READY)

    def until(self, true: str, seconds: float = 60) -> None:
        """Wait; the page lets nobody evaluate texts, so it is asked again and again from here."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(true):
            if time.monotonic() > end:
                raise SystemExit(f"After {seconds:.0f} s it is still not true that {true}; {self.problems}")
            self.page.wait_for_timeout(15)

    def at(self, row: float, column: float) -> tuple[float, float]:
        """Where a place of the picture is in the window."""
        left, top, zoom = self.page.evaluate(
            "(() => { const box = studio.stage.element.getBoundingClientRect(); const {at, zoom} = studio.stage;"
            " return [box.left + at[0], box.top + at[1], zoom] })()"
        )
        return left + column * zoom, top + row * zoom

    def object_at(self, name: str) -> tuple[int, int]:
        """A row and column deep inside of where an object is seen."""
        from scipy import ndimage as ndi

        found = self.page.evaluate(
            "(name) => { const one = studio.things.named(name); return [studio.labels.height, studio.labels.width,"
            " [...studio.things.maskOf(one)]] }",
            name,
        )
        mask = np.array(found[2], bool).reshape(found[:2])
        inside = ndi.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(inside.argmax(), mask.shape)
        return int(row), int(column)
