"""What is done on the page lasts: servers that are killed, answers that are lost, two windows, and steps undone."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Route, expect

from analogon.serving.listening import listen
from analogon.studio.gate import COOKIE

from .browsing import Studio, Tab, held, imported, needs_chromium, stored
from .served import serving

pytestmark = needs_chromium
CODE = "import sys; from analogon.cli import main; sys.exit(main())"
UNDER_WAY = "studio.sending || studio.queue.length"


@contextmanager
def program(data: Path, port: int) -> Iterator[tuple[subprocess.Popen, str]]:
    """`analogon studio` as people start it, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "studio", "--port", str(port), "--no-browser", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process, process.stdout.readline().split()[0]
    finally:
        process.kill()
        process.communicate(timeout=20)


def free_port() -> int:
    with closing(listen("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def paint(tab: Tab, row: float) -> None:
    tab.drag((row, 40), (row, 56), (row, 80))


def brushed(tab: Tab) -> None:
    tab.page.keyboard.press("b")
    tab.page.keyboard.press("3")
    tab.page.evaluate("studio.radius.brush = 2")


def forgiven(tab: Tab, *words: str) -> None:
    """What a browser writes down by itself where a request fails."""
    left = [said for said in tab.problems if not any(word in said for word in words)]
    tab.problems.clear()
    assert left == []


@pytest.mark.slow
def test_killed_while_strokes_are_painted_the_last_second_is_lost_at_most(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    with program(tmp_path, port) as (process, url), httpx.Client(base_url=url, timeout=60) as client:
        studio = Studio(browser.new_page(), url, client)
        brushed(studio)
        lifted = list[float]()
        for row in range(4, 92, 4):
            paint(studio, row)
            lifted.append(time.monotonic())
        process.kill()  # SIGKILL, with strokes on their way
        killed = time.monotonic()
    studio.page.close()  # and the page is gone as well
    with program(tmp_path, port) as (_, url), httpx.Client(base_url=url, timeout=60) as client:
        studio.remote.client = client
        found = studio.operations
        assert len(found) >= sum(one < killed - 1 for one in lifted) > 10
        assert [one["points"][0][0] for one in found] == pytest.approx(range(4, 4 + 4 * len(found), 4), abs=0.5)
        target = np.frombuffer(client.get(f"{studio.remote.at}/target.bin").content, np.uint8)
        assert (target == studio.expected(found).ravel()).all()


@pytest.mark.slow
def test_a_page_waits_for_a_server_that_was_killed_and_nothing_is_lost(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    with program(tmp_path, port) as (process, url), httpx.Client(base_url=url, timeout=60) as client:
        studio = Studio(browser.new_page(), url, client)
        brushed(studio)
        paint(studio, 10)
        studio.ready()
        process.kill()
        process.wait()
        paint(studio, 20)
        paint(studio, 30)
        expect(studio.page.locator("#away")).to_be_visible()
        assert studio.page.evaluate(UNDER_WAY)
    with program(tmp_path, port) as (_, url), httpx.Client(base_url=url, timeout=60) as client:
        studio.remote.client = client
        studio.until(f"!({UNDER_WAY})", 30)
        expect(studio.page.locator("#away")).to_be_hidden()
        after = studio.agree(["brush", "brush", "brush"])
        assert (after[[10, 20, 30], 60] == 2).all()
        studio.settled()  # by a connection of its own
        assert (studio.picture() == studio.remote.picture("result.png")).all()
        forgiven(studio, "ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")
        studio.close()


@pytest.mark.parametrize("what", ["move", "undo"])
def test_a_change_whose_answer_is_lost_is_not_made_twice(studio: Studio, what: str) -> None:
    studio.drag((40, 90), (40, 94))
    studio.drag((40, 94), (40, 98))
    studio.agree(["move", "move"])
    lost = list[Route]()

    def lose(route: Route) -> None:
        route.fetch()
        lost.append(route)
        route.abort()

    where = re.compile("/(operations|undo)$")
    studio.page.route(where, lose, times=1)
    if what == "move":
        studio.page.keyboard.press("ArrowRight")
    else:
        studio.page.keyboard.press("Control+z")
    studio.agree(["move"] * (3 if what == "move" else 1))
    assert len(lost) == 1
    paint(studio, 10)
    studio.ready()
    assert (studio.labels() == studio.remote.bytes("target.bin")).all()
    forgiven(studio, "ERR_FAILED", "409")


def test_two_windows_paint_at_once_and_both_strokes_are_kept(browser: Browser, studio: Studio, url: str) -> None:
    other = Tab(browser.new_page(), f"{url}#{studio.remote.id}")
    other.opened()
    for tab in (studio, other):
        brushed(tab)
    studio.drag((10, 40), (10, 60), keep=True)
    other.drag((80, 40), (80, 60), keep=True)
    studio.page.mouse.up()
    other.page.mouse.up()
    other.ready()
    studio.ready()
    assert sorted(round(one["points"][0][0]) for one in studio.operations) == [10, 80]
    known = studio.expected(studio.operations)
    assert (known[[10, 80], 50] == 2).all()
    for tab in (studio, other):
        tab.page.evaluate("dispatchEvent(new Event('focus'))")  # as when somebody comes back to it
    studio.until("studio.project.undo === 2")
    other.until("studio.project.undo === 2")
    studio.shows(known)
    other.shows(known)
    other.page.keyboard.press("Control+z")
    other.ready()
    assert len(studio.operations) == 1
    studio.page.evaluate("dispatchEvent(new Event('focus'))")
    studio.until("studio.project.undo === 1")
    left = studio.expected(studio.operations)
    assert (known != left).any()
    studio.shows(left)
    other.shows(left)
    for tab in (studio, other):
        forgiven(tab, "409")
    other.close()


def test_another_window_was_faster_and_the_stroke_is_stored_all_the_same(studio: Studio) -> None:
    brushed(studio)
    studio.remote.do({"do": "move", "of": "house", "down": 3}).raise_for_status()
    studio.drag((10, 10), (10, 30))
    after = studio.agree(["move", "brush"])
    assert after[10, 20] == 2 and after[66, 90] == 3
    assert len(studio.problems) == 1
    forgiven(studio, "409")


def test_merged_classes_are_undone_with_what_was_done_on_them(studio: Studio) -> None:
    page = studio.page
    studio.drag((40, 90), (40, 60))
    moved = studio.agree(["move"])
    page.keyboard.press("m")
    studio.click(80, 60)
    studio.click(10, 10)
    expect(page.locator("#classes li")).to_have_count(3)
    expect(page.locator("#note")).to_contain_text("undo brings it back")
    assert studio.operations == []
    merged = np.array([0, 0, 1, 2])[held(studio.before)]
    studio.shows(merged)
    page.keyboard.press("v")
    page.wait_for_timeout(500)  # the layout is shown again
    page.keyboard.press("Control+z")
    expect(page.locator("#classes li")).to_have_count(4)
    assert page.locator("#classes .choose span").all_text_contents() == ["sky", "grass", "tree", "house"]
    assert (studio.agree(["move"]) == moved).all()
    page.keyboard.press("Control+z")
    assert studio.unchanged()
    for _ in range(2):
        page.keyboard.press("Control+Shift+z")
    expect(page.locator("#classes li")).to_have_count(3)
    studio.shows(merged)
    studio.drag((40, 90), (40, 60))
    studio.ready()
    assert studio.remote.state()["undo"] == 3 and (studio.labels()[30:60, 55:80] == 2).all()


def test_the_token_is_asked_for_once_and_is_not_in_the_address(browser: Browser, tmp_path: Path) -> None:
    token = "a-token-for-this-test"
    with serving(tmp_path, token=token) as url, httpx.Client(base_url=url, cookies={COOKIE: token}) as client:
        stranger = Tab(browser.new_page(), url)
        assert "open the address that it printed" in stranger.page.locator("body").inner_text()
        stranger.close("401")
        project = imported(client)
        guest = Tab(browser.new_page(), f"{url}?token={token}#{project.id}")
        guest.opened()
        assert guest.page.url == f"{url}#{project.id}"
        brushed(guest)
        paint(guest, 10)
        guest.settled()  # the live connection has the cookie, too
        assert [one["do"] for one in stored(project)] == ["brush"]
        guest.page.reload()
        guest.opened()
        assert guest.labels()[10, 60] == 2
        guest.close()


def trained(studio: Studio, steps: int) -> dict:
    """The training of a project, when it has made so many steps."""
    deadline = time.monotonic() + 90
    while True:
        jobs = studio.remote.client.get(f"{studio.remote.at}/jobs").json()
        if jobs and jobs[0]["stage"] == "training" and jobs[0]["step"] >= steps:
            return jobs[0]
        assert time.monotonic() < deadline, jobs
        time.sleep(0.1)


@pytest.mark.slow
def test_a_training_goes_on_while_its_page_is_loaded_again(studio: Studio) -> None:
    pytest.importorskip("torch")
    page = studio.page
    studio.drag((40, 90), (40, 60))
    page.locator("#method").select_option("semia")
    page.locator("#recipe").select_option("fast")
    page.locator("#minutes").fill("10")
    page.get_by_role("button", name="Train").click()
    before = trained(studio, 2)
    page.reload()
    studio.opened()
    trained(studio, before["step"] + 1)
    studio.until(f"Number(document.querySelector('#job-bar').value) > {before['step'] / before['steps']}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#note")).to_contain_text("what it has learnt is kept", timeout=60_000)
    expect(page.locator("#job")).to_be_hidden()
    page.reload()
    studio.opened()
    studio.settled()
    state = studio.remote.state()
    assert (state["method"], state["job"]) == ("semia", before["job"])
    expect(page.locator("#job")).to_be_hidden()
    expect(page.locator("#method")).to_have_value("semia")
    assert (studio.picture() == studio.remote.picture("result.png")).all()
