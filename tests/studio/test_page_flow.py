"""The page in a real browser: from a dropped photo to an edit, what follows the hand, and whether all can be read."""

import base64

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from .browsing import DROP, HEIGHT, WIDTH, Studio, Tab, needs_chromium, taken
from .served import png

pytestmark = needs_chromium

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


def names(tab: Tab) -> list[str]:
    return tab.page.locator("#classes .choose span").all_text_contents()


def test_a_dropped_photo_gets_labels_that_can_be_merged_and_are_there_after_a_reload(
    browser: Browser, url: str
) -> None:
    tab = Tab(browser.new_page(), url)
    page = tab.page
    expect(page.get_by_text("Drop a photo here")).to_be_visible()
    page.evaluate(DROP, [base64.b64encode(png(taken())).decode(), "meadow.png"])
    expect(page.locator("#classes li").first).to_be_visible()
    tab.opened()
    assert page.locator("#title").input_value() == "meadow"
    expect(page.locator("body")).to_have_attribute("data-step", "labels")
    page.locator("#count-number").fill("3")
    page.locator("#count-number").press("Tab")
    expect(page.locator("#classes li")).to_have_count(3)
    tab.until("new Set(studio.labels.values).size === 3")
    before = tab.labels()
    gone, into = (np.argwhere(before == value)[0] + 0.5 for value in (0, 1))
    left = names(tab)[1:]
    tab.click(*gone)
    tab.click(*into)
    expect(page.locator("#classes li")).to_have_count(2)
    tab.until("new Set(studio.labels.values).size === 2")
    after = tab.labels()
    assert names(tab) == left and (after == np.maximum(before, 1) - 1).all()
    page.reload()
    expect(page.locator("#classes li")).to_have_count(2)
    tab.opened()
    assert names(tab) == left and (tab.labels() == after).all()
    page.locator("#home").click()
    expect(page.locator("#projects")).to_contain_text("meadow")
    tab.close()


def test_what_is_no_picture_is_refused_in_a_sentence(browser: Browser, url: str) -> None:
    tab = Tab(browser.new_page(), url)
    tab.page.locator("#photo-file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(tab.page.locator("#note")).to_have_text(
        "This is no picture, or a damaged one: give a PNG, JPEG, WebP or TIFF file."
    )
    expect(tab.page.locator("#note")).to_be_visible()
    assert len(tab.problems) == 1 and "422" in tab.problems.pop()  # which the browser itself writes down
    tab.close()


def test_the_picture_follows_while_the_hand_moves_and_elsewhere_stays(studio: Studio) -> None:
    page = studio.page
    studio.settled()
    before = studio.picture()
    assert (before == taken()).all()
    page.evaluate("studio.fillWith = 'grass'")
    studio.drag((40, 90), (40, 60), keep=True)
    studio.until("studio.newest.stage === 'preview'")
    during = studio.picture()
    assert studio.operations == []
    changed = (during != before).any(-1)
    assert changed[30:60, 60:76].any(-1).all()  # where it is now
    assert changed[30:60, 92:108].any(-1).all()  # and where it was
    near = np.zeros((HEIGHT, WIDTH), bool)
    near[24 - 8 : 64 + 9, 54 - 8 : 112 + 9] = True
    assert not changed[~near].any()
    page.keyboard.press("Escape")
    page.mouse.up()
    assert studio.unchanged()
    studio.settled()
    assert (studio.picture() == before).all()


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


def test_it_fits_the_window(studio: Studio) -> None:
    page = studio.page
    for width, height in ((1280, 720), (1920, 1080), (1024, 768), (820, 1180)):
        page.set_viewport_size({"width": width, "height": height})
        wide, tall = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert wide <= width and tall <= height
        stage = page.locator("#stage").bounding_box()
        assert stage["width"] > 0.55 * width and stage["height"] > 0.4 * height
