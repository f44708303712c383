"""The page of a studio that runs, in a real browser, and what is asked of it."""

import base64
import io
import json
import shutil
import time
import zipfile
from collections.abc import Mapping

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

import analogon
from analogon.layout import Layout
from analogon.layout.history import operation
from analogon.studio.projects import in_force

from . import served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
HEIGHT, WIDTH = 96, 128
PATIENCE = 20.0
"""Seconds in which even a busy machine shows what it takes a moment to show."""
expect.set_options(timeout=1000 * PATIENCE)

DROP = """([data, name]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name));
  dispatchEvent(new DragEvent("dragover", { dataTransfer: carried, cancelable: true }));
  dispatchEvent(new DragEvent("drop", { dataTransfer: carried, cancelable: true }));
}"""
PICTURE = "document.querySelector('#picture').toDataURL('image/png')"


def drawn() -> analogon.LabelMap:
    """Labels whose ids are none of their places."""
    classes = [
        (3, "sky", (120, 180, 250)),
        (7, "grass", (60, 160, 60)),
        (20, "tree", (0, 90, 0)),
        (21, "house", (200, 60, 40)),
    ]
    ids = np.full((HEIGHT, WIDTH), 3)
    ids[60:] = 7
    ids[28:68, 16:36] = 20
    ids[24:64, 84:112] = 21
    ids[20:24, 50:54] = 20
    return analogon.LabelMap(ids, analogon.Palette(tuple(analogon.LabelClass(*one) for one in classes)))


def taken() -> np.ndarray:
    """A photo of them, of which no two pixels are quite alike."""
    colours = drawn().colors().astype(int)
    noise = np.random.default_rng(0).integers(-12, 13, colours.shape)
    return np.clip(colours + noise, 0, 255).astype(np.uint8)


def imported(client: httpx.Client, title: str = "Demo") -> served.Page:
    """A new project with this photo and these labels."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("img.png", served.png(taken()))
        archive.writestr("label.png", served.labels_png(drawn()))
    made = client.post("api/import", params={"title": title}, content=data.getvalue()).raise_for_status()
    return served.Page(client, made.json()["id"])


def stored(remote: served.Page) -> list[dict]:
    """The operations that are in force on the server, as a project file tells them."""
    content = remote.client.get(f"{remote.at}/project.zip").raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        told = json.loads(archive.read("project.json"))
    return in_force(told["steps"][: told["done"]])[1]


def held(layout: Layout) -> np.ndarray:
    """A layout as places of classes."""
    return np.searchsorted([3, 7, 20, 21], layout.ids)


class Visitor:
    """Somebody who opens page after page and remembers nothing of the one before.

    One tab stays open on a file of the server: all pages are shown by its process, which starts as slowly as a page.
    """

    def __init__(self, browser: Browser, url: str, **context) -> None:
        self.context: BrowserContext = browser.new_context(**context)
        self.context.new_page().goto(f"{url}page/icon.svg")

    def new_page(self) -> Page:
        """A page of somebody who was never here, whatever the one before stored and however it ended."""
        first, *left = self.context.pages
        for page in left:
            page.close()
        self.context.set_offline(False)
        self.context.clear_cookies()
        first.evaluate("localStorage.clear()")
        return self.context.new_page()


class Tab:
    """A page of the browser with the studio in it; places are rows and columns of the picture."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.problems.append(said.text))
        self.page.goto(address)

    def close(self, *forgiven: str) -> None:
        """What went wrong in the page is nobody's secret; some words are what a browser writes down by itself."""
        self.page.close()
        assert [said for said in self.problems if not any(word in said for word in forgiven)] == []

    def until(self, true: str, seconds: float = PATIENCE) -> None:
        """Wait; the page lets nobody evaluate texts, so it is asked again and again from here."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(true):
            assert time.monotonic() < end, true
            self.page.wait_for_timeout(15)

    def opened(self) -> None:
        """The project is there with all that belongs to it."""
        self.until("Boolean(window.studio?.things.owners && studio.superpixels && studio.live)")
        self.until("studio.live.socket.readyState === 1")
        self.page.evaluate("studio.latency = (said) => (studio.newest = said) && undefined")
        self.page.evaluate("studio.live.ask('final', studio.version, [])")  # the one before may not have been noticed

    def ready(self) -> None:
        """All that was done is stored."""
        self.until("!studio.sending && !studio.queue.length")

    def settled(self, seconds: float = 60) -> None:
        """And its final picture is painted."""
        self.ready()
        self.until(
            "!studio.live.wish && studio.newest?.number === studio.live.number && studio.newest.stage === 'final'",
            seconds,
        )

    def at(self, row: float, column: float) -> tuple[float, float]:
        """Where a place is in the window."""
        box = self.page.locator("#stage").bounding_box()
        left, top, zoom = self.page.evaluate("[...studio.stage.at, studio.stage.zoom]")
        return box["x"] + left + column * zoom, box["y"] + top + row * zoom

    def click(self, row: float, column: float) -> None:
        self.page.mouse.click(*self.at(row, column))

    def drag(self, *way: tuple[float, float], keep: bool = False) -> None:
        self.page.mouse.move(*self.at(*way[0]))
        self.page.mouse.down()
        for place in way[1:]:
            self.page.mouse.move(*self.at(*place), steps=4)
        if not keep:
            self.page.mouse.up()

    def labels(self) -> np.ndarray:
        """The labels that the page holds, as places of classes."""
        height, width, values = self.page.evaluate(
            "[studio.labels.height, studio.labels.width, [...studio.labels.values]]"
        )
        return np.array(values).reshape(height, width)

    def shows(self, labels: np.ndarray) -> None:
        """The page holds these labels, or soon does."""
        end = time.monotonic() + PATIENCE
        while not (self.labels() == labels).all():
            assert time.monotonic() < end
            self.page.wait_for_timeout(30)

    def picture(self) -> np.ndarray:
        """What is painted in the canvas."""
        data = base64.b64decode(self.page.evaluate(PICTURE).split(",")[1])
        image = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
        assert (image[..., 3] == 255).all()
        return image[..., :3]


class Studio(Tab):
    """The page with a project whose labels are known to the pixel."""

    def __init__(self, page: Page, url: str, client: httpx.Client) -> None:
        self.remote = imported(client)
        self.before = Layout.split(drawn())
        super().__init__(page, f"{url}#{self.remote.id}")
        self.opened()

    @property
    def operations(self) -> list[dict]:
        """What is stored."""
        return stored(self.remote)

    def painted(self) -> np.ndarray:
        self.ready()
        return self.labels()

    def unchanged(self) -> bool:
        """Whether nothing was done, here or on the server."""
        return bool((self.painted() == held(self.before)).all()) and self.operations == []

    def expected(self, operations: list[Mapping]) -> np.ndarray:
        """What comes of operations, done by the library."""
        layout = self.before
        for one in operations:
            layout = operation(one).apply(layout)
        return held(layout)

    def agree(self, words: list[str]) -> np.ndarray:
        """Page, server and library have the same labels after the same operations."""
        after, done = self.painted(), self.operations
        assert [one["do"] for one in done] == words
        assert (after == self.expected(done)).all()
        assert (after != held(self.before)).any()
        target = self.remote.client.get(f"{self.remote.at}/target.bin").content
        assert (after == np.frombuffer(target, np.uint8).reshape(after.shape)).all()
        return after
