"""Every control of the page in a real browser: what it changes, here and on the server."""

import numpy as np
import pytest
from playwright.sync_api import expect

from .browsing import WIDTH, Studio, held, needs_chromium

pytestmark = needs_chromium


def style(studio: Studio, element: str, name: str) -> str:
    return studio.page.evaluate(f"getComputedStyle(document.querySelector('{element}')).{name}")


def slide(studio: Studio, element: str, value: int) -> None:
    studio.page.locator(element).evaluate(
        "(one, value) => { one.value = value; one.dispatchEvent(new Event('input')); }", value
    )


def test_labels_fade_and_hide(studio: Studio) -> None:
    slide(studio, "#opacity", 80)
    assert style(studio, "#labels", "opacity") == "0.8"
    studio.page.locator("#stage").focus()
    studio.page.keyboard.press("h")
    assert style(studio, "#labels", "opacity") == "0"
    studio.page.keyboard.press("h")
    assert style(studio, "#labels", "opacity") == "0.8"


def test_before_and_after_and_where_pixels_are_from(studio: Studio) -> None:
    studio.page.locator("#stage").focus()
    studio.page.keyboard.press("c")
    slide(studio, "#compare", 30)
    assert style(studio, "#before", "clipPath") == "inset(0px 70% 0px 0px)"
    x, y = studio.at(48, 0.3 * 128)
    studio.page.mouse.move(x, y)
    studio.page.mouse.down()
    studio.page.mouse.move(*studio.at(48, 64), steps=3)
    studio.page.mouse.up()
    assert abs(float(studio.page.locator("#compare").input_value()) - 50) < 1
    assert studio.operations == []
    studio.page.get_by_role("radio", name="Where from").check(force=True)
    expect(studio.page.locator("#provenance")).to_be_visible()
    studio.until("document.querySelector('#provenance').naturalWidth === 128")


def test_zoom_by_keys_and_fit(studio: Studio) -> None:
    start = studio.page.evaluate("studio.stage.zoom")
    studio.page.locator("#stage").focus()
    studio.page.keyboard.press("+")
    assert studio.page.evaluate("studio.stage.zoom") == pytest.approx(1.25 * start)
    studio.page.keyboard.press("0")
    assert studio.page.evaluate("studio.stage.zoom") == start


def test_space_moves_the_picture_also_after_a_click_on_a_tool(studio: Studio) -> None:
    studio.page.get_by_role("button", name="Brush").click()
    start = studio.page.evaluate("studio.stage.at")
    studio.page.wait_for_timeout(30)
    studio.page.keyboard.down(" ")
    studio.drag((40, 40), (50, 70))
    studio.page.keyboard.up(" ")
    assert studio.page.evaluate("studio.name") == "brush" and studio.page.evaluate("studio.stage.at") != start
    assert (studio.painted() == held(studio.before)).all() and studio.operations == []


def test_sizes_by_keys_and_the_ring_has_the_true_size(studio: Studio) -> None:
    studio.page.keyboard.press("b")
    studio.page.evaluate("studio.radius.brush = 10")
    studio.page.keyboard.press("]")
    larger = studio.page.evaluate("studio.tool.ring()")
    assert larger == 11.5
    studio.page.mouse.move(*studio.at(48, 64))
    studio.page.wait_for_timeout(60)
    found = studio.page.evaluate(
        """() => {
          const { overlay, zoom } = studio.stage;
          const { data } = overlay.getContext("2d").getImageData(0, 0, overlay.width, overlay.height);
          const columns = [];
          for (let n = 3; n < data.length; n += 4) if (data[n] > 200) columns.push(((n - 3) / 4) % overlay.width);
          return (Math.max(...columns) - Math.min(...columns)) / devicePixelRatio / zoom;
        }"""
    )
    assert found == pytest.approx(2 * larger, abs=0.7)
    studio.page.keyboard.press("[")
    assert studio.page.evaluate("studio.tool.ring()") == 10


def test_what_is_left_behind_and_locks(studio: Studio) -> None:
    studio.page.keyboard.press("v")
    studio.page.locator("#fill-with").select_option("house")
    studio.click(40, 26)
    studio.page.keyboard.press("Delete")
    after = studio.agree(["delete"])
    assert (after[28:68, 16:36] == 3).all()
    studio.page.get_by_role("button", name="Lock sky").click()
    studio.page.locator("#stage").focus()
    studio.page.keyboard.press("b")
    studio.page.keyboard.press("3")
    studio.drag((55, 60), (65, 60))
    after = studio.agree(["delete", "brush"])
    assert studio.operations[-1]["locked"] == ["sky"] and (after[:60, 55:65] == 0).all()


def test_depth_and_copies(studio: Studio) -> None:
    studio.page.keyboard.press("v")
    studio.click(40, 26)
    studio.page.keyboard.press("Control+d")
    studio.agree(["duplicate"])
    studio.until("studio.selected?.name === 'tree 3'")
    studio.page.get_by_role("button", name="Backward").click()
    studio.page.get_by_role("button", name="Forward").click()
    studio.painted()
    assert [one.get("to") for one in studio.operations] == [None, "backward", "forward"]


def test_method_seed_and_variants(studio: Studio) -> None:
    studio.drag((40, 90), (40, 60))
    studio.settled()
    before = studio.picture()
    expect(studio.page.locator("#method option").first).to_contain_text("patch")
    studio.page.locator("#method").select_option("semia")
    expect(studio.page.locator("#train")).to_be_visible()
    studio.page.locator("#method").select_option("patch")
    studio.page.locator("#seed").fill("7")
    studio.page.locator("#seed").press("Tab")
    studio.page.locator("#variants").click()
    studio.page.get_by_role("button", name="Take seed 2").click()
    expect(studio.page.locator("#seed")).to_have_value("2")
    studio.page.wait_for_timeout(100)
    studio.settled()
    state = studio.remote.state()
    assert (state["method"], state["seed"]) == ("patch", 2)
    after = studio.picture()
    assert (after != before).any() and (after == studio.remote.picture("result.png")).all()


def test_scribbles_divide_labels_anew_and_undo_brings_them_back(studio: Studio) -> None:
    studio.page.get_by_role("radio", name="1 Label").check(force=True)
    studio.page.locator("#stage").focus()
    studio.page.keyboard.press("s")
    studio.page.keyboard.press("2")
    studio.drag((70, 20), (80, 40))
    studio.page.keyboard.press("4")
    studio.drag((30, 90), (40, 100))
    studio.page.keyboard.press("2")
    studio.drag((40, 50), (50, 55))
    assert studio.unchanged()
    with studio.page.expect_request("**/scribbles") as asked:
        studio.page.get_by_role("button", name="Refine by scribbles").click()
    sent = asked.value.post_data_json["strokes"]
    assert [one["class"] for one in sent] == [7, 21, 7]
    assert np.allclose(sent[0]["points"][-1], (80, 40), atol=0.5)
    expect(studio.page.locator("#refine")).to_be_disabled()
    studio.until(f"studio.labels.values[{45 * WIDTH + 50}] === 1")
    after = studio.labels()
    assert (after[40:50, 50] == 1).all() and (after[:15] == held(studio.before)[:15]).all()
    assert (after == studio.remote.bytes("labels.bin")).all()
    studio.page.keyboard.press("Control+z")
    assert studio.unchanged()


def test_names_are_texts_and_nothing_else(studio: Studio) -> None:
    wicked = "<img src=x onerror=alert(1)>"
    studio.remote.client.patch(studio.remote.at, json={"title": wicked}).raise_for_status()
    studio.page.reload()
    studio.until("Boolean(window.studio?.things.owners)")
    assert studio.page.locator("#title").input_value() == wicked
    studio.page.locator("#home").click()
    expect(studio.page.locator("#projects a span").first).to_have_text(wicked)
    listed = studio.page.locator("#projects li").filter(has_text=wicked)
    assert listed.locator("img").count() == 1
