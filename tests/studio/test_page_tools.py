"""The tools of the page in a real browser: what is painted there is, to the pixel, what the operations store."""

import numpy as np
import pytest

from analogon.layout.regions import polygon, stroke

from .browsing import HEIGHT, WIDTH, Studio, held, needs_chromium

pytestmark = needs_chromium


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
    while_down = studio.labels()
    studio.page.mouse.up()
    after = studio.agree(["brush"])
    assert (while_down == after).all()
    assert (after[24:64, 84:112] == 3).all()
    studio.page.keyboard.press("Control+z")
    assert (studio.painted() == held(studio.before)).all()
    studio.page.keyboard.press("Control+Shift+z")
    assert (studio.painted() == after).all()


def test_polygon_and_lasso(studio: Studio) -> None:
    studio.page.keyboard.press("p")
    studio.page.keyboard.press("4")
    for place in ((10, 10), (10, 40.5), (24.5, 25)):
        studio.click(*place)
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
    studio.click(21.5, 51.5)
    after = studio.agree(["fill"])
    assert (after[20:24, 50:54] == 3).all() and after[40, 20] == 2
    studio.page.keyboard.press("Control+z")
    studio.page.locator("#contiguous").uncheck()
    studio.click(21.5, 51.5)
    after = studio.agree(["fill"])
    assert (after[20:24, 50:54] == 3).all() and after[40, 20] == 3


def test_superpixels_eraser_and_picker(studio: Studio) -> None:
    studio.page.keyboard.press("i")
    studio.click(40, 90)
    assert studio.page.evaluate("studio.currentName()") == "house"
    studio.page.keyboard.press("u")
    studio.drag((84, 10), (84, 30))
    after = studio.agree(["spans"])
    cells = np.frombuffer(studio.remote.client.get(f"{studio.remote.at}/superpixels.bin").content, "<u4")
    cells = cells.reshape(HEIGHT, WIDTH)
    met = np.isin(cells, cells[84, 10:31])
    assert (after[met] == 3).all() and (after[~met] == held(studio.before)[~met]).all()
    studio.page.keyboard.press("e")
    studio.page.evaluate("studio.radius.eraser = 5")
    studio.drag((30, 20), (50, 30))
    after = studio.agree(["spans", "brush"])
    assert studio.operations[-1]["erase"] and after[32, 21] != 2


@pytest.mark.parametrize("keys", [[], ["Alt"]])
def test_an_object_is_moved_or_copied_by_dragging(studio: Studio, keys: list[str]) -> None:
    studio.page.keyboard.press("v")
    for key in keys:
        studio.page.keyboard.down(key)
    studio.drag((40, 26), (45, 46.2), keep=True)
    while_down = studio.labels()
    studio.page.mouse.up()
    for key in keys:
        studio.page.keyboard.up(key)
    after = studio.agree(["duplicate" if keys else "move"])
    assert (after[33:73, 36:56] == 2).all()
    known = while_down < 4  # what an object leaves is open until the server has said what fills it
    assert (while_down == after)[known].all() and (known.all() if keys else not known.all())


def test_an_object_is_scaled_turned_nudged_mirrored_and_deleted(studio: Studio) -> None:
    studio.page.keyboard.press("v")
    studio.click(40, 26)
    studio.drag((68, 36), (80, 44), keep=True)
    while_down = studio.labels()
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


@pytest.mark.parametrize("keys", [[], ["Alt"]])
def test_what_is_dragged_comes_before_what_it_covers(studio: Studio, keys: list[str]) -> None:
    studio.page.keyboard.press("v")
    for key in keys:
        studio.page.keyboard.down(key)
    studio.drag((40, 98), (41, 30), keep=True)  # the house, whose class is the larger one, over the tree
    while_down = studio.labels()
    studio.page.mouse.up()
    for key in keys:
        studio.page.keyboard.up(key)
    after = studio.agree(["duplicate" if keys else "move"])
    assert (after[25:65, 16:44] == 3).all() and (while_down[25:65, 16:44] == 3).all()
    studio.page.keyboard.press("Control+z")
    assert studio.unchanged()  # which is one step


def test_a_depth_that_was_chosen_is_kept_by_a_drag(studio: Studio) -> None:
    studio.page.keyboard.press("v")
    studio.click(40, 98)
    studio.page.keyboard.press("PageDown")
    studio.until("studio.things.named('house').arranged")
    studio.drag((40, 98), (41, 30), keep=True)
    while_down = studio.labels()
    studio.page.mouse.up()
    after = studio.agree(["arrange", "move"])
    assert (after[28:68, 16:36] == 2).all() and (while_down[28:68, 16:36] == 2).all()


def test_a_background_that_is_dragged_stays_behind(studio: Studio) -> None:
    studio.page.keyboard.press("v")
    studio.drag((10, 60), (30, 60))
    after = studio.agree(["move"])
    assert (after[28:60, 16:36] == 2).all() and (after[24:60, 84:112] == 3).all()
