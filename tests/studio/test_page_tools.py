"""The tools of the page in a real browser: what is painted there is, to the pixel, what the operations store."""

import json
import shutil
import time
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import analogon
from analogon.layout import Layout
from analogon.layout.history import operation
from analogon.layout.regions import polygon, stroke

from .standin import Project, served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
HEIGHT, WIDTH = 96, 128


def drawn() -> analogon.LabelMap:
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Studio:
    """The page with one project; places are rows and columns of the picture."""

    def __init__(self, browser: Browser, url: str, app, project: Project) -> None:
        self.app, self.project = app, project
        self.before = project.layout
        app.state.operations.clear()
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 720})
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.problems.append(said.text))
        self.page.goto(url + "#demo")
        self.until(
            "Boolean(window.studio?.things.owners && studio.superpixels && studio.live?.socket.readyState === 1)"
        )

    def until(self, true: str) -> None:
        """Wait; the page lets nobody evaluate texts, so it is asked again and again from here."""
        end = time.monotonic() + 15
        while not self.page.evaluate(true):
            assert time.monotonic() < end, true
            self.page.wait_for_timeout(15)

    def at(self, row: float, column: float) -> tuple[float, float]:
        """Where a place is in the window."""
        box = self.page.locator("#stage").bounding_box()
        left, top, zoom = self.page.evaluate("[...studio.stage.at, studio.stage.zoom]")
        return box["x"] + left + column * zoom, box["y"] + top + row * zoom

    def drag(self, *way: tuple[float, float], keep: bool = False) -> None:
        self.page.mouse.move(*self.at(*way[0]))
        self.page.mouse.down()
        for place in way[1:]:
            self.page.mouse.move(*self.at(*place), steps=4)
        if not keep:
            self.page.mouse.up()

    def painted(self) -> np.ndarray:
        """What the page holds, as places of classes."""
        self.until("!studio.sending && !studio.queue.length")
        return self.now()

    def now(self) -> np.ndarray:
        return np.array(self.page.evaluate("[...studio.labels.values]")).reshape(HEIGHT, WIDTH)

    def held(self, layout: Layout) -> np.ndarray:
        return np.searchsorted([3, 7, 20, 21], layout.ids)

    def expected(self) -> np.ndarray:
        """What comes of the operations that the page has sent, done by the library."""
        layout = self.before
        for one in self.app.state.operations:
            layout = operation(one).apply(layout)
        return self.held(layout)

    def agree(self, words: list[str]) -> np.ndarray:
        after = self.painted()
        assert [one["do"] for one in self.app.state.operations] == words
        assert (after == self.expected()).all()
        assert (after != self.held(self.before)).any()
        return after


@pytest.fixture
def studio(browser: Browser) -> Iterator[Studio]:
    labels = drawn()
    project = Project("demo", Image.fromarray(labels.colors()), "Demo", labels)
    with served({"demo": project}) as (url, app):
        made = Studio(browser, url, app, project)
        yield made
        made.page.close()
        assert made.problems == []


def test_strokes_and_outlines_have_the_same_pixels_as_in_the_library(studio: Studio) -> None:
    random = np.random.default_rng(0)
    for _ in range(60):
        points = np.round(random.uniform(-20, 110, (random.integers(1, 9), 2)) * 64) / 64
        radii = np.round(random.uniform(0, 14, len(points)) * 64) / 64
        corners = np.round(random.uniform(-20, 110, (random.integers(3, 9), 2)) * 2) / 2
        found = studio.page.evaluate(
            """async ([points, radii, corners, height, width]) => {
              const raster = await import("./page/raster.js");
              const [a, b] = [new Set(), new Set()];
              raster.stroke({ height, width }, points, radii, (place) => a.add(place));
              raster.polygon({ height, width }, corners, (place) => b.add(place));
              return [[...a], [...b]];
            }""",
            [points.tolist(), radii.tolist(), corners.tolist(), HEIGHT, WIDTH],
        )
        shape = HEIGHT, WIDTH
        assert sorted(found[0]) == np.flatnonzero(stroke(shape, points.tolist(), radii.tolist())).tolist()
        assert sorted(found[1]) == np.flatnonzero(polygon(shape, corners.tolist())).tolist()


def test_the_brush_paints_what_it_stores_and_locked_classes_stay(studio: Studio) -> None:
    studio.page.keyboard.press("b")
    studio.page.keyboard.press("3")
    studio.page.evaluate("studio.locked.add('house')")
    studio.page.evaluate("studio.radius.brush = 4.5")
    studio.drag((50, 40), (44.3, 70.7), (52, 100), keep=True)
    while_down = studio.now()
    studio.page.mouse.up()
    after = studio.agree(["brush"])
    assert (while_down == after).all()
    assert (after[24:64, 84:112] == 3).all()
    studio.page.keyboard.press("Control+z")
    assert (studio.painted() == studio.held(studio.before)).all()
    studio.page.keyboard.press("Control+Shift+z")
    assert (studio.painted() == after).all()


def test_polygon_and_lasso(studio: Studio) -> None:
    studio.page.keyboard.press("p")
    studio.page.keyboard.press("4")
    for place in ((10, 10), (10, 40.5), (24.5, 25)):
        studio.page.mouse.click(*studio.at(*place))
    studio.page.keyboard.press("Enter")
    studio.agree(["polygon"])
    studio.page.keyboard.press("l")
    studio.page.keyboard.press("2")
    studio.drag((70, 60), (90, 60), (80, 100), (72, 90))
    after = studio.agree(["polygon", "polygon"])
    assert after[12, 25] == 3


def test_fill_connected_and_everywhere(studio: Studio) -> None:
    studio.page.keyboard.press("f")
    studio.page.keyboard.press("4")
    studio.page.mouse.click(*studio.at(21.5, 51.5))
    after = studio.agree(["fill"])
    assert (after[20:24, 50:54] == 3).all() and after[40, 20] == 2
    studio.page.keyboard.press("Control+z")
    studio.painted()
    studio.app.state.operations.clear()
    studio.page.locator("#contiguous").uncheck()
    studio.page.mouse.click(*studio.at(21.5, 51.5))
    after = studio.agree(["fill"])
    assert (after[20:24, 50:54] == 3).all() and after[40, 20] == 3


def test_superpixels_eraser_and_picker(studio: Studio) -> None:
    studio.page.keyboard.press("i")
    studio.page.mouse.click(*studio.at(40, 90))
    assert studio.page.evaluate("studio.currentName()") == "house"
    studio.page.keyboard.press("u")
    studio.drag((84, 10), (84, 30))
    after = studio.agree(["spans"])
    assert (after[80:88, 8:32] == 3).all()
    studio.page.keyboard.press("e")
    studio.page.evaluate("studio.radius.eraser = 5")
    studio.drag((30, 20), (50, 30))
    after = studio.agree(["spans", "brush"])
    assert studio.app.state.operations[-1]["erase"] and after[32, 21] != 2


@pytest.mark.parametrize("keys", [[], ["Alt"]])
def test_an_object_is_moved_or_copied_by_dragging(studio: Studio, keys: list[str]) -> None:
    studio.page.keyboard.press("v")
    for key in keys:
        studio.page.keyboard.down(key)
    studio.drag((40, 26), (45, 46.2), keep=True)
    while_down = studio.now()
    studio.page.mouse.up()
    for key in keys:
        studio.page.keyboard.up(key)
    after = studio.agree(["duplicate" if keys else "move"])
    assert (after[33:73, 36:56] == 2).all()
    known = while_down < 4  # what an object leaves is open until the server has said what fills it
    assert (while_down == after)[known].all() and (known.all() if keys else not known.all())


def test_an_object_is_scaled_turned_nudged_mirrored_and_deleted(studio: Studio) -> None:
    studio.page.keyboard.press("v")
    studio.page.mouse.click(*studio.at(40, 26))
    studio.drag((68, 36), (80, 44), keep=True)
    while_down = studio.now()
    studio.page.mouse.up()
    after = studio.agree(["scale"])
    assert (while_down == after)[while_down < 4].all()
    y, x = studio.page.evaluate("(({ y, x }) => [y, x])(studio.tool.handles()[0])")
    studio.drag((y, x), (y + 8, x + 20))
    studio.agree(["scale", "rotate"])
    studio.page.keyboard.press("ArrowRight")
    studio.agree(["scale", "rotate", "move"])
    studio.page.get_by_role("button", name="Mirror the object").click()
    studio.page.locator("#stage").focus()
    studio.page.keyboard.press("Delete")
    studio.agree(["scale", "rotate", "move", "flip", "delete"])


@pytest.mark.parametrize("tool", ["b", "e", "f", "p", "u", "v"])
def test_space_the_middle_button_the_wheel_and_two_fingers_never_paint(studio: Studio, tool: str) -> None:
    studio.page.keyboard.press(tool)
    studio.page.keyboard.press("4")
    start = studio.page.evaluate("[...studio.stage.at, studio.stage.zoom]")
    studio.page.keyboard.down(" ")
    studio.drag((40, 40), (50, 70))
    studio.page.keyboard.up(" ")
    moved = studio.page.evaluate("[...studio.stage.at, studio.stage.zoom]")
    assert moved[0] > start[0] and moved[1] > start[1]
    studio.page.mouse.down(button="middle")
    studio.page.mouse.move(*studio.at(20, 20))
    studio.page.mouse.up(button="middle")
    studio.page.mouse.wheel(0, -200)
    studio.until(f"studio.stage.zoom > {start[2]}")
    client = studio.page.context.new_cdp_session(studio.page)
    (x, y), (x1, y1) = studio.at(40, 40), studio.at(60, 60)
    for kind, points in (
        ("touchStart", [(x, y, 0)]), ("touchStart", [(x, y, 0), (x1, y1, 1)]),
        ("touchMove", [(x - 40, y - 40, 0), (x1, y1, 1)]), ("touchEnd", []),
    ):  # fmt: skip
        touches = [{"x": a, "y": b, "id": n} for a, b, n in points]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
    assert (studio.painted() == studio.held(studio.before)).all()
    assert studio.app.state.operations == []


def test_only_a_pen_has_pressure(studio: Studio) -> None:
    studio.page.keyboard.press("b")
    studio.page.keyboard.press("4")
    studio.page.evaluate("studio.radius.brush = 8")
    client = studio.page.context.new_cdp_session(studio.page)

    def pen(kind: str, row: float, column: float, force: float) -> None:
        x, y = studio.at(row, column)
        client.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1,
                    "buttons": 1, "pointerType": "pen", "force": force})  # fmt: skip

    pen("mousePressed", 75, 20, 0.25)
    pen("mouseMoved", 75, 60, 0.75)
    pen("mouseReleased", 75, 60, 0)
    studio.agree(["brush"])
    radii = studio.app.state.operations[0]["radius"]
    assert isinstance(radii, list) and radii[0] == 2 and radii[-1] == 6
    studio.drag((10, 70), (10, 90))
    studio.agree(["brush", "brush"])
    assert studio.app.state.operations[1]["radius"] == 8


def test_another_tab_was_faster_and_the_stroke_is_stored_all_the_same(studio: Studio) -> None:
    studio.project.history.apply(operation(json.loads('{"do": "move", "of": "house", "down": 3}')))
    studio.project.version += 1
    studio.page.keyboard.press("b")
    studio.page.keyboard.press("3")
    studio.drag((10, 10), (10, 30))
    after = studio.painted()
    assert (after == studio.held(studio.project.layout)).all()
    assert after[10, 20] == 2 and after[66, 90] == 3
    assert len(studio.problems) == 1 and "409" in studio.problems.pop()  # which the browser itself writes down
