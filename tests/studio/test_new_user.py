"""Somebody new: from a dropped photo to an exported picture in one go, in a real browser.

The pictures of the documentation are made here: ``SCREENSHOTS=docs/images/studio pytest -m slow
tests/studio/test_new_user.py``.
"""

import base64
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from scipy import ndimage as ndi

import analogon
from analogon.layout import Layout
from analogon.layout.history import operation

from .browsing import DROP, Tab, needs_chromium

pytest.importorskip("torch")
pytestmark = [needs_chromium, pytest.mark.slow]
PHOTO = Path(__file__).parents[2] / "examples" / "flower" / "img.jpg"
LARGEST_SCREENSHOT = 150_000
NEAR = 14
"""Pixels about an edit that may change, so that it fits in: 3 % of the diagonal."""


class Visit(Tab):
    """What the new user does over and over."""

    def __init__(self, browser: Browser, url: str, album: Path) -> None:
        super().__init__(browser.new_page(accept_downloads=True), url)
        self.album = album
        album.mkdir(parents=True, exist_ok=True)

    def take(self, name: str) -> None:
        """A screenshot, small enough for the documentation."""
        self.page.wait_for_timeout(300)  # what fades in has done so
        image = Image.open(io.BytesIO(self.page.screenshot()))
        path = self.album / f"{name}.webp"
        image.save(path, "WEBP", quality=82, method=6)
        assert path.stat().st_size <= LARGEST_SCREENSHOT

    def classes(self) -> list[str]:
        return self.page.locator("#classes .choose span").all_text_contents()

    def objects(self) -> list[str]:
        return self.page.locator("#objects .choose").all_text_contents()

    def choose(self, name: str) -> None:
        """A step, or a way to look at the picture."""
        self.page.get_by_role("radio", name=name).click()

    def rename(self, old: str, new: str) -> None:
        self.page.locator("#classes .choose", has_text=old).dblclick()
        self.page.locator("#asking-name").fill(new)
        self.page.locator("#asking-name").press("Enter")
        expect(self.page.locator("#classes .choose", has_text=new)).to_be_visible()

    def export(self, name: str) -> bytes:
        self.page.get_by_role("button", name="Import / export").click()
        with self.page.expect_download() as coming:
            self.page.locator("#menu a", has_text=name).click()
        return Path(coming.value.path()).read_bytes()


def test_from_a_photo_to_a_picture(browser: Browser, url: str, tmp_path: Path) -> None:
    album = Path(os.environ["SCREENSHOTS"]) if "SCREENSHOTS" in os.environ else tmp_path
    photo = np.asarray(Image.open(PHOTO).convert("RGB"))
    height, width = photo.shape[:2]
    visit = Visit(browser, url, album)
    page = visit.page

    # A photo, dropped
    expect(page.get_by_text("Drop a photo here")).to_be_visible()
    visit.take("start")
    page.evaluate(DROP, [base64.b64encode(PHOTO.read_bytes()).decode(), "flower.jpg"])
    expect(page.locator("#classes li")).to_have_count(6)
    visit.opened()
    assert (visit.labels().shape, len(np.unique(visit.labels()))) == ((height, width), 6)

    # Its labels: six kinds are too many, and of three two are one flower
    page.locator("#count-number").fill("3")
    page.locator("#count-number").press("Enter")
    expect(page.locator("#classes li")).to_have_count(3)
    visit.until("new Set(studio.labels.values).size === 3")
    visit.take("labels")
    leaves, petals, heart = (visit.labels() == value for value in range(3))
    visit.click(128, 182)
    visit.click(*np.argwhere(petals & (np.indices(petals.shape)[0] < 60))[0] + 0.5)
    expect(page.locator("#classes li")).to_have_count(2)
    visit.until("new Set(studio.labels.values).size === 2")
    assert ((visit.labels() == 1) == (petals | heart)).all() and ((visit.labels() == 0) == leaves).all()
    visit.rename("region 1", "leaves")
    visit.rename("region 2", "flower")
    assert visit.classes() == ["leaves", "flower"]

    # Nothing has changed yet: the picture is the photo
    visit.choose("Change")
    visit.settled()
    assert (visit.picture() == photo).all()

    # The flower moves, and the picture follows while the hand does
    flower = ndi.label(petals | heart)[0]
    flower = flower == flower[128, 182]
    right, up = 95, 12
    visit.drag((128, 182), (124, 220), (128 - up, 182 + right), keep=True)
    visit.until("studio.newest.stage === 'preview'")
    assert (visit.picture() != photo).any()
    expect(page.locator("#note")).to_be_hidden(timeout=10_000)
    visit.take("following")
    page.mouse.up()
    visit.settled()
    moved = visit.picture()
    there = np.roll(flower, (-up, right), (0, 1))
    assert ((visit.labels() == 1) == ((petals | heart) & ~flower | there)).all()
    changed = (moved != photo).any(-1)
    assert changed[flower & ~there].mean() > 0.95 and changed[there].mean() > 0.95
    far = ndi.distance_transform_edt(~(flower | there)) > NEAR
    assert far.mean() > 0.4 and not changed[far].any()
    carried = np.abs(moved[there].astype(int) - photo[flower]).max(-1)
    assert (carried <= 8).mean() > 0.9  # it is this flower that has moved
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.locator("#theme").click()
    visit.take("compare")
    visit.choose("Where from")
    expect(page.locator("#provenance")).to_be_visible()
    visit.until(f"document.querySelector('#provenance').naturalWidth === {width}")
    visit.take("provenance")
    page.locator("#theme").click()
    visit.choose("Picture")

    # Undone and done again
    page.get_by_role("button", name="Undo").click()
    visit.settled()
    assert (visit.picture() == photo).all() and ((visit.labels() == 1) == (petals | heart)).all()
    page.get_by_role("button", name="Redo").click()
    visit.settled()
    assert (visit.picture() == moved).all()

    # Another method learns the photo for a while, and survives a reload
    page.locator("#method").select_option("semia")
    page.locator("#recipe").select_option("fast")
    page.locator("#minutes").fill("3")
    page.get_by_role("button", name="Train").click()
    expect(page.locator("#job-picture")).to_be_visible(timeout=180_000)
    visit.until("document.querySelector('#job-picture').naturalWidth > 0")
    page.locator("#job-cancel").scroll_into_view_if_needed()
    visit.take("training")
    page.reload()
    visit.opened()
    expect(page.locator("#job-picture")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#note")).to_contain_text("what it has learnt is kept", timeout=90_000)
    visit.opened()
    visit.settled(180)
    learnt = visit.picture()
    assert (learnt != moved).any()

    # Out: the picture has its recipe inside, and all the rest is there for the command line
    file = Image.open(io.BytesIO(visit.export("Picture, PNG")))
    recipe = json.loads(file.text["analogon"])
    assert (np.asarray(file.convert("RGB")) == learnt).all()
    assert recipe["render"]["method"] == "semia" and recipe["title"] == "flower"
    assert [one["name"] for one in recipe["classes"]] == ["leaves", "flower"]
    (move,) = recipe["operations"]
    assert (move["do"], move["of"], move["right"], move["down"]) == ("move", "flower", right, -up)
    with zipfile.ZipFile(io.BytesIO(visit.export("Folder"))) as archive:
        archive.extractall(tmp_path / "folder")
    labels = analogon.read_labels(tmp_path / "folder" / "label.png")
    target = analogon.read_labels(tmp_path / "folder" / "cond" / "target.png")
    assert labels.digest() == recipe["labels"]
    assert (operation(move).apply(Layout.split(labels)).ids == target.ids).all()
    assert (target.indices() == visit.labels()).all()

    # And it is all there the next time
    seen = visit.labels(), visit.classes(), visit.objects()
    page.goto("about:blank")
    page.goto(url)
    page.get_by_role("link", name="flower").click()
    visit.opened()
    visit.settled(180)
    assert (visit.labels() == seen[0]).all() and (visit.classes(), visit.objects()) == seen[1:]
    assert (visit.picture() == learnt).all()
    expect(page.locator("#title")).to_have_value("flower")
    expect(page.locator("#method")).to_have_value("semia")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    visit.close()
