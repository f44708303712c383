"""Fingers, pens and mice in a real browser: who may paint, how hard, and who only moves the picture."""

from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser

from .browsing import Studio, Visitor, held, needs_chromium

pytestmark = needs_chromium
PAINTED = "studio.labels.values.some((one, place) => one !== studio.labels.stored[place])"


class Hands:
    """Fingers and a pen on a page, as the browser gets them from its devices."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.devices = studio.page.context.new_cdp_session(studio.page)
        self.down: dict[int, tuple[float, float]] = {}

    def fingers(self, kind: str) -> None:
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in self.down.items()]
        self.devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def touch(self, number: int, row: float, column: float) -> None:
        self.down[number] = self.studio.at(row, column)
        self.fingers("touchStart")

    def slide(self, number: int, row: float, column: float) -> None:
        self.down[number] = self.studio.at(row, column)
        self.fingers("touchMove")

    def lift(self) -> None:
        self.down.clear()
        self.fingers("touchEnd")

    def pen(self, kind: str, row: float, column: float, force: float) -> None:
        x, y = self.studio.at(row, column)
        self.devices.send(
            "Input.dispatchMouseEvent",
            {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1, "buttons": 1, "pointerType": "pen",
             "force": force},
        )  # fmt: skip

    def write(self, *way: tuple[float, float, float]) -> None:
        self.pen("mousePressed", *way[0])
        for one in way[1:]:
            self.pen("mouseMoved", *one)
        self.pen("mouseReleased", *way[-1][:2], 0)


@pytest.fixture(scope="module")
def toucher(browser: Browser, url: str) -> Visitor:
    return Visitor(browser, url, has_touch=True)


@pytest.fixture
def tablet(toucher: Visitor, url: str, client: httpx.Client) -> Iterator[Studio]:
    made = Studio(toucher.new_page(), url, client)
    yield made
    made.close()


def test_one_finger_paints_and_what_is_painted_is_stored(tablet: Studio) -> None:
    hands = Hands(tablet)
    tablet.page.get_by_role("button", name="Brush").tap()
    tablet.page.locator("#classes .choose").filter(has_text="house").tap()
    tablet.page.evaluate("studio.radius.brush = 4")
    hands.touch(0, 80, 10)
    for column in range(14, 61, 4):
        hands.slide(0, 80, column)
    hands.lift()
    after = tablet.agree(["brush"])
    assert (after[77:84, 10:60] == 3).all() and (after[:74] == held(tablet.before)[:74]).all()


def test_one_finger_moves_an_object(tablet: Studio) -> None:
    hands = Hands(tablet)
    tablet.page.get_by_role("button", name="Select and move").tap()
    hands.touch(0, 40, 26)
    hands.slide(0, 41, 36)
    hands.slide(0, 44, 46)
    hands.lift()
    after = tablet.agree(["move"])
    assert (after[32:72, 36:56] == 2).all()


def test_a_second_finger_takes_the_stroke_back_and_moves_the_picture(tablet: Studio) -> None:
    hands = Hands(tablet)
    tablet.page.keyboard.press("b")
    tablet.page.keyboard.press("4")
    zoom = tablet.page.evaluate("studio.stage.zoom")
    hands.touch(0, 30, 30)
    hands.slide(0, 40, 40)
    tablet.until(PAINTED)
    hands.touch(1, 60, 60)
    tablet.until(f"!{PAINTED}")
    assert tablet.unchanged()
    hands.slide(1, 90, 90)
    tablet.until(f"studio.stage.zoom > {1.2 * zoom}")
    hands.lift()
    hands.touch(0, 50, 50)
    hands.lift()
    tablet.agree(["brush"])


def test_only_a_pen_has_pressure_and_it_can_be_switched_off(studio: Studio) -> None:
    hands = Hands(studio)
    studio.page.keyboard.press("b")
    studio.page.keyboard.press("4")
    studio.page.evaluate("studio.radius.brush = 8")
    hands.write((75, 20, 0.25), (75, 60, 0.75))
    studio.agree(["brush"])
    radii = studio.operations[0]["radius"]
    assert isinstance(radii, list) and radii[0] == 2 and radii[-1] == 6
    studio.drag((10, 70), (10, 90))
    studio.page.locator("#pressure").uncheck()
    hands.write((85, 20, 0.25), (85, 60, 0.75))
    studio.agree(["brush", "brush", "brush"])
    assert [one["radius"] for one in studio.operations[1:]] == [8, 8]


def test_the_hand_that_holds_a_pen_does_not_paint(tablet: Studio) -> None:
    hands = Hands(tablet)
    tablet.page.keyboard.press("b")
    tablet.page.keyboard.press("4")
    tablet.page.evaluate("studio.radius.brush = 3")
    hands.pen("mousePressed", 10, 20, 0.5)
    hands.pen("mouseMoved", 10, 30, 0.5)
    hands.touch(0, 80, 100)
    hands.slide(0, 70, 100)
    hands.pen("mouseMoved", 10, 60, 0.5)
    hands.pen("mouseReleased", 10, 60, 0)
    hands.lift()
    after = tablet.agree(["brush"])
    rows = np.flatnonzero((after != held(tablet.before)).any(1))
    assert rows.max() < 20


def test_space_the_middle_button_the_wheel_and_two_fingers_never_paint(studio: Studio) -> None:
    hands = Hands(studio)
    for tool in "befpuv":
        studio.page.keyboard.press(tool)
        studio.page.keyboard.press("4")
        studio.page.evaluate("studio.stage.fit()")
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
        hands.touch(0, 40, 40)
        hands.touch(1, 60, 60)
        hands.slide(0, 30, 30)
        hands.lift()
        assert studio.unchanged()
