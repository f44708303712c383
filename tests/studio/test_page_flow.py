"""The page in a real browser: from a dropped photo to an edit, what follows the hand, and whether all can be read."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from .standin import served
from .test_page_tools import CHROMIUM, Studio, browser, drawn, studio

__all__ = ["browser", "studio"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

DROP = """([data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], "meadow.png", { type: "image/png" }));
  dispatchEvent(new DragEvent("dragover", { dataTransfer: carried, cancelable: true }));
  dispatchEvent(new DragEvent("drop", { dataTransfer: carried, cancelable: true }));
}"""

PICTURE = "[...studio.picture.getImageData(0, 0, studio.labels.width, studio.labels.height).data]"

# the ratio of WCAG 2 for each text that is seen, with the ground behind it
CONTRAST = """() => {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, n) => sum + one * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color[3] === 1) return color;
    }
    return [255, 255, 255, 1];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest(":disabled, noscript, option, #stage")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName} ${element.textContent.trim()} ${ratio}`);
  }
  return poor;
}"""

NAMELESS = """() => [...document.querySelectorAll("button, input, select, a")]
  .filter((one) => one.checkVisibility() && !one.ariaLabel && !one.labels?.length && !one.textContent.trim())
  .map((one) => one.outerHTML)"""


def classes_of(page: Page) -> list[str]:
    return page.locator("#classes .choose span").all_text_contents()


def test_a_dropped_photo_gets_labels_that_can_be_merged_and_are_there_after_a_reload(browser: Browser) -> None:
    with served({}) as (url, _):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(url)
        expect(page.get_by_text("Drop a photo here")).to_be_visible()
        buffer = io.BytesIO()
        Image.fromarray(drawn().colors()).save(buffer, "PNG")
        page.evaluate(DROP, [base64.b64encode(buffer.getvalue()).decode()])
        expect(page.locator("#classes li")).to_have_count(5)
        assert page.locator("#title").input_value() == "meadow"
        page.locator("#count-number").fill("3")
        page.locator("#count-number").press("Tab")
        expect(page.locator("#classes li")).to_have_count(3)
        expect(page.locator("body")).to_have_attribute("data-step", "labels")
        values = np.array(page.evaluate("[...studio.labels.values]")).reshape(96, 128)
        places = [np.argwhere(values == value)[0] + 0.5 for value in (0, 1)]
        left, top, zoom = page.evaluate("[...studio.stage.at, studio.stage.zoom]")
        box = page.locator("#stage").bounding_box()
        for y, x in places:
            page.mouse.click(box["x"] + left + x * zoom, box["y"] + top + y * zoom)
        expect(page.locator("#classes li")).to_have_count(2)
        names = classes_of(page)
        page.reload()
        expect(page.locator("#classes li")).to_have_count(2)
        assert classes_of(page) == names
        page.locator("#home").click()
        expect(page.locator("#projects")).to_contain_text("meadow")
        page.close()


def test_what_is_no_picture_is_refused_in_a_sentence(browser: Browser) -> None:
    with served({}) as (url, _):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(url)
        page.locator("#photo-file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
        expect(page.locator("#note")).to_have_text("This file is no picture: drop a PNG, JPEG, WebP or TIFF.")
        expect(page.locator("#note")).to_be_visible()
        page.close()


def test_the_picture_follows_while_the_hand_moves_and_elsewhere_stays(studio: Studio) -> None:
    page = studio.page
    before = np.array(page.evaluate(PICTURE), np.uint8).reshape(96, 128, 4)
    page.evaluate("studio.fillWith = 'grass'")
    studio.drag((40, 90), (40, 60), keep=True)
    studio.until("document.querySelector('#quality').textContent === 'Preview'")
    page.wait_for_timeout(100)
    during = np.array(page.evaluate(PICTURE), np.uint8).reshape(96, 128, 4)
    assert studio.app.state.operations == []
    changed = (during != before).any(-1)
    assert changed.any() and not changed[:, :50].any() and not changed[70:].any()
    page.keyboard.press("Escape")
    page.mouse.up()
    assert (studio.painted() == studio.held(studio.before)).all() and studio.app.state.operations == []
    studio.until("document.querySelector('#quality').textContent === 'Final'")
    assert (np.array(page.evaluate(PICTURE), np.uint8).reshape(96, 128, 4) == before).all()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_everything_can_be_read_and_has_a_name(browser: Browser, studio: Studio, theme: str) -> None:
    page = studio.page
    page.emulate_media(color_scheme=theme)
    page.reload()
    studio.until("Boolean(window.studio?.things.owners)")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert page.evaluate(CONTRAST) == [] and page.evaluate(NAMELESS) == []
    page.get_by_role("radio", name="1 Label").check(force=True)
    assert page.evaluate(CONTRAST) == [] and page.evaluate(NAMELESS) == []
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    page.keyboard.press("Escape")
    page.locator("#home").click()
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (1024, 768), (820, 1180)])
def test_it_fits_the_window(studio: Studio, size: tuple[int, int]) -> None:
    studio.page.set_viewport_size({"width": size[0], "height": size[1]})
    wide, tall = studio.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert wide <= size[0] and tall <= size[1]
    stage = studio.page.locator("#stage").bounding_box()
    assert stage["width"] > 0.55 * size[0] and stage["height"] > 0.4 * size[1]
