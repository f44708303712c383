"""The page in a real browser: mouse, fingers and keys; two people at once; a server that goes away."""

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect, sync_playwright

from analogon.study.design import Study

from .compared import words_in
from .people import Served, rows

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visitor:
    """Somebody with a browser of their own; what goes wrong in its page, and all it is sent, is kept."""

    def __init__(self, browser: Browser, url: str, **options) -> None:
        self.context: BrowserContext = browser.new_context(**options)
        self.touch = options.get("has_touch", False)
        self.context.set_default_timeout(15_000)
        self.problems: list[str] = []
        self.received: list[Response] = []
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("response", lambda response: self.received.append(response))
        self.page.goto(url)

    def begin(self) -> "Visitor":
        self.page.get_by_role("checkbox").check()
        self.page.get_by_role("button", name="Begin", exact=True).click()
        expect(self.page.locator("#screen")).to_be_visible()
        return self

    def at(self, question: int) -> None:
        expect(self.page.locator("#count")).to_have_text(re.compile(rf"^Question {question} of "))

    def order(self) -> list[str]:
        return self.page.locator(".card").evaluate_all("cards => cards.map((card) => card.dataset.id)")

    def letters(self) -> str:
        return "".join(self.page.locator(".card .letter").all_text_contents())

    def code(self) -> str:
        """As the dialog for those who stop tells it."""
        self.page.locator("#pause").click()
        code = self.page.locator("#code").text_content()
        self.page.get_by_role("button", name="Go on now").click()
        return code.replace("-", "")

    def drag(self, start: int, end: int, *, drop: bool = True) -> None:
        """Drag the card in one place to another, by its picture with the mouse and by its handle with a finger."""
        cards = self.page.locator(".card")
        cards.nth(start).scroll_into_view_if_needed()
        grip = cards.nth(start).locator(".grip" if self.touch else ".picture").bounding_box()
        first, last = cards.nth(start).bounding_box(), cards.nth(end).bounding_box()
        x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
        points = [(x + part * (last["x"] - first["x"]), y + part * (last["y"] - first["y"])) for part in (0.1, 0.5, 1)]
        if self.touch:
            fingers = self.context.new_cdp_session(self.page)

            def send(kind: str, *places: tuple[float, float]) -> None:
                points = [{"x": x, "y": y} for x, y in places]
                fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

            send("touchStart", (x, y))
            for point in points:
                send("touchMove", point)
            send("touchEnd")
            fingers.detach()
            return
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for point in points:
            self.page.mouse.move(*point)
        if drop:
            self.page.mouse.up()

    def next(self) -> list[str]:
        """Go on; returns the ranking that was on the screen."""
        ranking = self.order()
        self.page.locator("#next").click()
        return ranking

    def close(self) -> None:
        self.context.close()
        assert not self.problems


@pytest.fixture
def visit(browser: Browser) -> Iterator:
    visitors = []

    def run(url: str, **options) -> Visitor:
        visitors.append(Visitor(browser, url, **(options or DESK)))
        return visitors[-1]

    yield run
    for visitor in visitors:
        visitor.close()


def test_two_people_at_once_and_a_server_that_is_killed(make, serve, visit):
    served: Served = serve(make(questions=2, checks=1, layout=True))
    one, other = visit(served.url, **DESK).begin(), visit(served.url, **PHONE).begin()
    codes = {one: one.code(), other: other.code()}
    given: dict[Visitor, list[list[str]]] = {one: [], other: []}

    for person in (one, other):
        person.at(1)
        before = person.order()
        person.drag(0, 2)
        assert person.order() == [before[1], before[2], before[0], *before[3:]]
        given[person].append(person.next())
        person.at(2)
    served.kill()
    for person in (one, other):
        before = person.order()
        person.drag(2, 0)
        assert person.order() == [before[2], before[0], before[1], *before[3:]]
        given[person].append(person.next())
        expect(person.page.get_by_role("status")).to_contain_text("The server does not answer")
        expect(person.page.get_by_role("status")).to_contain_text("kept on this device")
        person.at(2)
    served.start()
    for person in (other, one):
        person.at(3)
        expect(person.page.locator("#trouble")).to_be_hidden()
        expect(person.page.locator("#prompt")).to_contain_text("layout")
        expect(person.page.locator("#given figure")).to_have_count(3)
        person.drag(1, 0)
        given[person].append(person.next())
        person.at(4)
        person.drag(1, 2)
        given[person].append(person.next())
        expect(person.page.get_by_role("heading", name="Thank you")).to_be_visible()
    served.kill()
    study = Study.read(served.folder)
    for number, person in enumerate((one, other), 1):
        stored = rows(served.folder, codes[person])
        assert [row[:2] for row in stored] == [(step.question, step.criterion) for step in study.steps(number)]
        assert [row[2] for row in stored] == given[person]
        assert all(row[3] == 1 and 0 < row[4] < 60 for row in stored)


def test_keys_move_a_card_and_say_so(standing, visit):
    person = visit(standing.url).begin()
    page, before = person.page, person.letters()
    said = page.locator("#announcer")
    page.locator(".card").first.focus()
    page.keyboard.press("ArrowRight")
    assert person.letters() == before[1] + before[0] + before[2:]
    expect(said).to_have_text(f"Picture {before[0]} is now in place 2 of {len(before)}.")
    focused = page.locator(".card:focus")
    expect(focused).to_have_attribute("aria-label", f"Picture {before[0]}, place 2 of {len(before)}")
    page.keyboard.press("End")
    assert person.letters() == before[1:] + before[0]
    page.keyboard.press("ArrowDown")
    assert person.letters() == before[1:] + before[0], "there is no place after the last"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    assert person.letters() == before
    page.keyboard.press("Tab")
    expect(focused).to_have_attribute("aria-label", f"Picture {before[1]}, place 2 of {len(before)}")
    page.keyboard.press("ArrowLeft")
    assert person.letters() == before[1] + before[0] + before[2:]
    assert page.locator(".card .place").all_text_contents() == [str(n + 1) for n in range(len(before))]
    page.locator(".card").first.get_by_role("button", name="one place down").click()
    assert person.letters() == before, "buttons do the same"


def test_a_drag_can_be_given_up(standing, visit):
    person = visit(standing.url).begin()
    before = person.letters()
    person.drag(0, 1, drop=False)
    expect(person.page.locator(".card").first.locator(".place")).to_have_text("2")
    person.page.keyboard.press("Escape")
    person.page.mouse.up()
    assert person.letters() == before
    expect(person.page.locator("#announcer")).to_contain_text("back in place 1")
    expect(person.page.locator(".lifted")).to_have_count(0)
    expect(person.page.locator("#viewer")).to_be_hidden()
    person.drag(0, 1)
    assert person.letters() != before
    expect(person.page.locator("#viewer")).to_be_hidden()


@pytest.mark.parametrize("options", [DESK, PHONE], ids=["click", "tap"])
def test_a_picture_is_enlarged(standing, visit, options):
    person = visit(standing.url, **options).begin()
    page, viewer = person.page, person.page.locator("#viewer")
    picture = page.locator(".card").nth(1).locator(".picture")
    small = picture.bounding_box()
    picture.tap() if person.touch else picture.click()
    expect(viewer).to_be_visible()
    expect(viewer.get_by_role("heading")).to_have_text("Picture B")
    shown = page.locator("#viewer-picture")
    assert shown.bounding_box()["width"] > 1.3 * small["width"]
    assert shown.get_attribute("src") == page.locator(".card").nth(1).locator("img").get_attribute("src")
    page.keyboard.press("ArrowLeft")
    expect(viewer.get_by_role("heading")).to_have_text("Picture A")
    page.get_by_role("button", name="Picture before").click()
    expect(viewer.get_by_role("heading")).to_have_text("Source")
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    assert person.letters() == "".join(sorted(person.letters())), "the arrow keys have moved no card"
    page.get_by_role("button", name="Enlarge: Source").click()
    expect(viewer.get_by_role("heading")).to_have_text("Source")
    page.get_by_role("button", name="Close").click()
    expect(viewer).to_be_hidden()


def test_stopping_and_coming_back(standing, visit):
    person = visit(standing.url).begin()
    person.drag(0, 1)
    first = person.next()
    person.at(2)
    person.drag(1, 0)
    begun, code = person.order(), person.code()
    person.page.reload()
    person.at(2)
    assert person.order() == begun, "what was begun is still there"
    elsewhere = visit(f"{standing.url}#{code}", **PHONE)
    elsewhere.at(2)
    assert code not in elsewhere.page.url, "the link in the address bar may be passed on"
    elsewhere.drag(0, 2)
    newer = elsewhere.next()
    elsewhere.at(3)
    person.page.reload()
    person.at(3)
    person.page.get_by_role("button", name="Back", exact=True).click()
    person.at(2)
    assert person.order() == newer != begun, "what was begun here is older"
    third = visit(standing.url)
    third.page.get_by_text("I have begun before").click()
    field = third.page.get_by_label("Code")
    field.fill("aaaa-bbbb-cccc-dddd")
    third.page.get_by_role("button", name="Go on").click()
    expect(third.page.get_by_role("alert").first).to_contain_text("belongs to nobody")
    field.fill(f" {code[:4].upper()} {code[4:]}")
    third.page.get_by_role("button", name="Go on").click()
    third.at(3)
    third.page.get_by_role("button", name="Back", exact=True).click()
    third.page.get_by_role("button", name="Back", exact=True).click()
    third.at(1)
    assert third.order() == first
    third.drag(0, 2)
    changed = third.next()
    third.at(2)
    stored = rows(standing.folder, code)
    assert [row[2] for row in stored][:1] == [changed] and [row[3] for row in stored] == [2, 1]
    third.page.go_back()
    third.at(1)
    assert third.order() == changed


def test_somebody_else_on_the_same_device(standing, visit):
    person = visit(standing.url).begin()
    code = person.code()
    person.page.locator("#pause").click()
    person.page.get_by_role("button", name="Begin as another person").click()
    assert person.begin().code() != code
    person.page.reload()
    person.at(1)
    assert person.code() != code


def test_what_one_person_began_is_not_shown_to_another(make, serve, visit):
    served = serve(make(questions=1))
    person, other = visit(served.url).begin(), visit(served.url).begin()
    code, mine = other.code(), other.order()
    person.drag(0, 2)
    if person.order() == mine:
        person.drag(0, 1)
    person.page.goto(f"{served.url}#{code}")
    expect(person.page.locator("#screen")).to_be_visible()
    assert person.code() == code and person.order() == mine
    person.page.locator("#next").click()
    expect(person.page.locator("#note")).to_contain_text("not moved")


def test_a_link_that_is_cut_off_leads_to_the_first_page(standing, visit):
    person = visit(f"{standing.url}#abcd%E0%A4%A")
    expect(person.page.locator("#welcome-note")).to_contain_text("belongs to nobody")
    person.begin().at(1)


def test_the_way_back_of_one_person_does_not_end_the_study_of_another(make, serve, visit):
    person = visit(serve(make(questions=2)).url).begin()
    for number in (1, 2):
        person.at(number)
        person.drag(0, 1)
        person.next()
    person.page.get_by_role("button", name="Look at my answers again").click()
    person.at(1)
    person.page.locator("#pause").click()
    person.page.get_by_role("button", name="Begin as another person").click()
    person.begin().at(1)
    person.page.go_back()
    person.page.wait_for_timeout(300)
    expect(person.page.locator("#thanks")).to_be_hidden()
    person.at(1)


def test_an_order_that_nobody_moved_is_asked_about(standing, visit):
    person = visit(standing.url).begin()
    code, before = person.code(), person.order()
    person.next()
    expect(person.page.locator("#note")).to_contain_text("not moved")
    person.at(1)
    assert not rows(standing.folder, code)
    person.page.get_by_role("button", name="This order is right").click()
    person.at(2)
    assert [row[2] for row in rows(standing.folder, code)] == [before]


def test_consent_comes_first(standing, visit):
    person = visit(standing.url)
    study = Study.read(standing.folder)
    for text in (study.title, *study.introduction.split("\n"), study.consent):
        expect(person.page.locator("#welcome")).to_contain_text(text)
    expect(person.page.locator("#welcome")).to_contain_text("8 questions")
    person.page.get_by_role("button", name="Begin", exact=True).click()
    expect(person.page.locator("#screen")).to_be_hidden()
    assert not any("participants" in one.url for one in person.received)


def test_nothing_in_the_page_names_a_contender(standing, visit):
    person = visit(standing.url).begin()
    person.drag(0, 1)
    person.next()
    person.at(2)
    got = [f"{one.url}\n{one.headers}\n{one.body().decode('latin-1')}" for one in person.received]
    text = "\n".join([*got, person.page.content(), *person.page.evaluate("Object.values(localStorage)")])
    assert "api/progress" in text and "api/answers" in text and "pictures/" in text and "IHDR" in text
    assert not words_in(text)
    assert all(one.url.startswith(standing.url) for one in person.received), "nothing comes from anywhere else"


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (1000, 1300)], ids=str)
def test_all_is_in_sight_on_a_desk(standing, visit, size):
    person = visit(standing.url, viewport={"width": size[0], "height": size[1]}).begin()
    source = person.page.locator("#given figure").bounding_box()
    for card in person.page.locator(".card").all():
        box = card.bounding_box()
        assert box["x"] > source["x"] + source["width"], "the results are at the right of the source"
        assert box["x"] + box["width"] <= size[0] and box["width"] >= 200
        assert box["y"] + box["height"] <= person.page.locator("#next").bounding_box()["y"]


def test_a_phone_shows_it_without_scrolling_sideways(standing, visit):
    person = visit(standing.url, **PHONE)
    sizes = [person.page.evaluate("document.documentElement.scrollWidth")]
    person.begin()
    sizes.append(person.page.evaluate("document.documentElement.scrollWidth"))
    assert sizes == [360, 360]
    for box in [one.bounding_box() for one in person.page.locator(".moves button, #next, #pause, .card, figure").all()]:
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
        assert box["width"] >= 40 and box["height"] >= 40, "a finger does not hit it"
    person.page.mouse.wheel(0, 400)
    expect(person.page.locator("#given")).to_be_in_viewport()
    expect(person.page.locator("#next")).to_be_in_viewport()
