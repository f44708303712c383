"""Objects on the page: bending, groups, sentences, keys, fingers; and what goes wrong, told in sentences."""

from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from .browsing import Studio, held, needs_chromium
from .test_page_flow import CONTRAST, NAMELESS

pytestmark = needs_chromium
TREE, HOUSE = (40, 26), (40, 90)

UNSEEN_FOCUS = """() => {
  const one = document.activeElement;
  const seen = (element) => element && getComputedStyle(element).outlineStyle !== "none";
  const marked = seen(one) || (one.matches("input") && seen(one.nextElementSibling)) || seen(one.closest("label"));
  return one === document.body || marked ? "" : one.outerHTML;
}"""


def chosen(studio: Studio) -> list[str]:
    return studio.page.evaluate("studio.selection.map((one) => one.name)")


def shift_click(studio: Studio, row: float, column: float) -> None:
    studio.page.keyboard.down("Shift")
    studio.click(row, column)
    studio.page.keyboard.up("Shift")


def choose_both(studio: Studio) -> None:
    studio.click(*TREE)
    shift_click(studio, *HOUSE)
    assert chosen(studio) == ["tree", "house"]


def group_both(studio: Studio) -> None:
    choose_both(studio)
    studio.page.keyboard.press("Control+g")
    studio.page.locator("#asking-name").fill("yard")
    studio.page.keyboard.press("Enter")
    studio.until("studio.selected?.name === 'yard'")


def test_an_object_is_bent_by_its_handles_and_by_any_point_of_it(studio: Studio) -> None:
    studio.page.keyboard.press("w")
    studio.click(*TREE)
    studio.drag((28, 16), (22, 10), keep=True)
    while_down = studio.labels()
    studio.page.mouse.up()
    after = studio.agree(["deform"])
    handles = np.array(studio.operations[0]["handles"])
    moved = (handles[:, :2] != handles[:, 2:]).any(1)
    assert len(handles) == 9 and moved.sum() == 1
    assert np.allclose(handles[moved][0], (28, 16, 22, 10), atol=0.3)
    known = while_down < 4
    assert (while_down == after)[known].mean() > 0.995 and (while_down == 2).sum() > 700
    studio.until("studio.selected?.box[0] < 28")
    studio.drag((50, 30), (50, 44))
    studio.agree(["deform", "deform"])
    assert len(studio.operations[1]["handles"]) == 10


def test_a_bend_that_is_given_up_leaves_nothing(studio: Studio) -> None:
    studio.page.keyboard.press("w")
    studio.click(*TREE)
    studio.drag((28, 16), (20, 8), keep=True)
    assert not (studio.labels() == held(studio.before)).all()
    studio.page.keyboard.press("Escape")
    studio.page.mouse.up()
    assert studio.unchanged()


def test_several_objects_go_together(studio: Studio) -> None:
    choose_both(studio)
    studio.drag(TREE, (45, 31))
    after = studio.agree(["move", "move"])
    assert (after[33:73, 21:41] == 2).all() and (after[29:69, 89:117] == 3).all()
    assert chosen(studio) == ["tree", "house"]
    bottom, right = studio.page.evaluate("studio.selected.box.slice(2)")
    studio.drag((bottom, right), (bottom - 10, right - 22))
    studio.agree(["move", "move", "scale", "scale"])
    first, second = studio.operations[2:]
    assert first["about"] == second["about"] and first["factor"] == second["factor"] < 1
    shift_click(studio, *studio.page.evaluate("studio.things.named('house').pivot"))
    assert chosen(studio) == ["tree"]


def test_a_group_is_one_thing_until_it_is_undone(studio: Studio) -> None:
    group_both(studio)
    expect(studio.page.locator("#objects .choose[aria-pressed=true]")).to_have_text("yard2")
    studio.drag(HOUSE, (43, 94))
    studio.agree(["group", "move"])
    assert studio.operations[1]["of"] == "yard"
    studio.page.keyboard.press("w")
    studio.drag(studio.page.evaluate("studio.selected.box.slice(0, 2)"), (20, 14))
    studio.agree(["group", "move", "deform"])
    studio.page.keyboard.press("v")
    studio.page.get_by_role("button", name="Ungroup").click()
    studio.until("studio.selection.length === 2")
    assert studio.operations[-1] == {"do": "ungroup", "of": "yard"} and sorted(chosen(studio)) == ["house", "tree"]


def test_a_double_click_takes_one_out_of_a_group(studio: Studio) -> None:
    group_both(studio)
    studio.page.mouse.dblclick(*studio.at(*HOUSE))
    assert chosen(studio) == ["house"]
    studio.page.locator("#stage").focus()
    studio.page.keyboard.press("ArrowUp")
    studio.agree(["group", "move"])
    assert studio.operations[1]["of"] == "house"


def test_objects_are_chosen_and_moved_by_keys_alone(studio: Studio) -> None:
    page = studio.page
    page.locator("#stage").focus()
    page.keyboard.press("n")
    first = chosen(studio)
    page.keyboard.press("n")
    second = chosen(studio)
    page.keyboard.press("Shift+N")
    assert chosen(studio) == first != second
    expect(page.locator("#spoken")).to_contain_text(f"{first[0]} chosen")
    while chosen(studio) != ["tree"]:
        page.keyboard.press("n")
    for _ in range(3):
        page.keyboard.down("ArrowRight")  # as a key that is held repeats
    page.keyboard.down("Shift")
    page.keyboard.down("ArrowDown")
    # asked of the page, at once: what rests for 0.7 s is stored
    assert page.evaluate("!studio.sending && !studio.queue.length && studio.project.undo === 0")
    assert (studio.labels()[38:78, 19:39] == 2).all()
    page.keyboard.up("ArrowDown")
    page.keyboard.up("Shift")
    after = studio.agree(["move"])
    assert (studio.operations[0]["right"], studio.operations[0]["down"]) == (3, 10)
    assert (after[38:78, 19:39] == 2).all()
    expect(page.locator("#spoken")).to_have_text("tree: move +3, +10 px")


def test_arrow_keys_are_given_up_with_escape_and_end_before_an_undo(studio: Studio) -> None:
    studio.click(*TREE)
    studio.page.keyboard.down("ArrowLeft")
    studio.page.keyboard.press("Escape")
    studio.page.keyboard.up("ArrowLeft")
    assert studio.unchanged() and chosen(studio) == ["tree"]
    studio.page.keyboard.down("ArrowLeft")
    studio.page.keyboard.press("Control+z")
    studio.page.keyboard.up("ArrowLeft")
    assert studio.unchanged()
    assert studio.remote.state()["redo"] == 1


def test_depth_by_keys_and_buttons(studio: Studio) -> None:
    studio.click(*TREE)
    for key in ("PageDown", "Shift+PageDown", "PageUp", "Shift+PageUp"):
        studio.page.keyboard.press(key)
        studio.ready()
    for name in ("To the back", "To the front"):
        studio.page.get_by_role("button", name=name).click()
        studio.ready()
    found = [one["to"] for one in studio.operations]
    assert found == ["backward", "back", "forward", "front", "back", "front"]


def test_a_sentence_changes_the_layout_and_the_new_object_is_chosen(studio: Studio) -> None:
    field = studio.page.locator("#sentence")
    field.fill("tree: duplicate, left of house")
    field.press("Enter")
    studio.until("studio.selection.length === 1")
    after = studio.agree(["duplicate", "move"])
    assert chosen(studio) == ["tree 3"] and (after == 2).sum() == (held(studio.before) == 2).sum() + 800
    field.fill("delete")
    field.press("Enter")
    studio.until("studio.selection.length === 0")
    assert studio.operations[-1] == {"do": "delete", "of": "tree 3"}


def test_a_sentence_that_cannot_be_done_says_why_beside_it(studio: Studio) -> None:
    studio.page.locator("#sentence").fill("boat: delete")
    studio.page.locator("#sentence").press("Enter")
    expect(studio.page.locator("#say-error")).to_contain_text("There is no object 'boat'")
    assert studio.unchanged()
    expect(studio.page.locator("#sentence")).to_have_value("boat: delete")
    assert len(studio.problems) == 1 and "422" in studio.problems.pop()  # which the browser itself writes down


def test_a_relation_is_seen_and_changed(studio: Studio) -> None:
    studio.page.locator("#objects .choose", has_text="tree 2").click()
    relation = studio.page.get_by_label("tree 2: how it lies to house")
    expect(relation).to_have_value("left of")
    relation.select_option("right of")
    studio.until("studio.things.named('tree 2').pivot[1] > studio.things.named('house').pivot[1]")
    studio.agree(["move"])
    expect(studio.page.get_by_label("tree 2: how it lies to house")).to_have_value("right of")


def test_the_first_step_shows_the_photo_with_its_own_labels(studio: Studio) -> None:
    studio.drag(TREE, (45, 60))
    moved = studio.agree(["move"])
    studio.page.get_by_role("radio", name="1 Label").check(force=True)
    studio.until("studio.step === 'labels' && studio.labels.values[28 * 128 + 16] === 2")
    assert (studio.labels() == held(studio.before)).all()
    style = "getComputedStyle(document.querySelector('#before'))"
    assert studio.page.evaluate(f"[{style}.visibility, {style}.clipPath]") == ["visible", "none"]
    studio.page.get_by_role("button", name="Change the layout").click()
    studio.until("studio.step === 'change' && studio.labels.values[28 * 128 + 16] !== 2")
    assert (studio.labels() == moved).all()
    assert studio.page.evaluate(f"{style}.visibility") == "hidden"


def test_who_goes_on_and_undoes_at_once_sees_what_is_stored(studio: Studio) -> None:
    studio.drag(TREE, (45, 60))
    moved = studio.agree(["move"])
    studio.page.evaluate("studio.go('labels')")
    studio.page.evaluate("Promise.all([studio.go('change'), studio.again('undo')])")
    assert studio.unchanged()
    studio.page.evaluate("studio.go('labels')")
    studio.page.evaluate("Promise.all([studio.again('redo'), studio.go('change')])")
    assert (studio.agree(["move"]) == moved).all()


def test_objects_of_a_locked_class_stay(studio: Studio) -> None:
    studio.page.get_by_role("button", name="Lock tree").click()
    studio.drag(TREE, (40, 60))
    expect(studio.page.locator("#note")).to_contain_text("'tree' is locked")
    assert studio.unchanged() and chosen(studio) == []


def test_pen_pressure_is_switched_off_for_good(studio: Studio) -> None:
    studio.page.keyboard.press("b")
    studio.page.locator("#pressure").uncheck()
    studio.page.reload()
    studio.opened()
    studio.page.keyboard.press("b")
    studio.page.keyboard.press("4")
    studio.page.evaluate("studio.radius.brush = 8")
    client = studio.page.context.new_cdp_session(studio.page)
    for kind, column, force in (("mousePressed", 20, 0.25), ("mouseMoved", 60, 0.75), ("mouseReleased", 60, 0)):
        x, y = studio.at(75, column)
        client.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1,
                    "buttons": 1, "pointerType": "pen", "force": force})  # fmt: skip
    studio.agree(["brush"])
    assert studio.operations[0]["radius"] == 8


def test_how_long_a_method_takes_is_said_once_it_is_known(studio: Studio) -> None:
    studio.drag(TREE, (45, 60))
    studio.settled()
    expect(studio.page.locator("#method option").first).to_contain_text("patch (")
    expect(studio.page.locator("#method-note")).to_contain_text("The last picture took")
    studio.page.locator("#method").select_option("semia")
    expect(studio.page.locator("#method option", has_text="semia")).to_have_text("semia (trained first)")
    expect(studio.page.locator("#train")).to_be_visible()


def test_what_is_done_while_the_server_is_away_is_stored_when_it_is_back(studio: Studio) -> None:
    studio.page.context.set_offline(True)
    studio.drag(TREE, (45, 60))
    expect(studio.page.locator("#away")).to_be_visible()
    assert studio.operations == []
    studio.page.context.set_offline(False)
    expect(studio.page.locator("#away")).to_be_hidden(timeout=15_000)
    studio.agree(["move"])
    studio.problems.clear()  # the browser's own words about requests that failed


def test_a_project_that_was_deleted_elsewhere_is_left(studio: Studio) -> None:
    studio.remote.client.delete(studio.remote.at)
    studio.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(studio.page.locator("#start")).to_be_visible()
    expect(studio.page.locator("#note")).to_have_text("This project was deleted in another window.")
    studio.problems.clear()


def test_a_project_is_deleted_after_a_question(studio: Studio) -> None:
    page = studio.page
    page.locator("#home").click()
    remove = page.get_by_role("button", name="Delete Demo").first
    expect(remove).to_be_visible()
    count = page.locator("#projects li").count()
    remove.click()
    expect(page.locator("#asking")).to_contain_text("cannot be undone")
    expect(page.locator("#asking-name")).to_be_hidden()
    assert page.evaluate(CONTRAST) == []
    page.locator("#asking").get_by_role("button", name="Cancel").click()
    assert page.locator("#projects li").count() == count
    remove.click()
    page.locator("#asking-yes").click()
    expect(page.locator("#projects li")).to_have_count(count - 1)


def test_nothing_to_undo_is_no_error(studio: Studio) -> None:
    studio.page.locator("#stage").focus()
    studio.page.keyboard.press("Control+z")
    expect(studio.page.locator("#note")).to_have_text("There is nothing to undo.")
    studio.page.keyboard.press("Control+Shift+z")
    expect(studio.page.locator("#note")).to_have_text("There is nothing to redo.")
    assert studio.unchanged()


def test_sections_stay_folded(studio: Studio) -> None:
    studio.page.get_by_role("button", name="Scene").click()
    expect(studio.page.locator("#sentence")).to_be_hidden()
    studio.page.reload()
    studio.opened()
    expect(studio.page.locator("#sentence")).to_be_hidden()
    studio.page.get_by_role("button", name="Scene").click()
    expect(studio.page.locator("#sentence")).to_be_visible()


def test_small_parts_are_listed_apart(studio: Studio) -> None:
    dots = [{"do": "brush", "paint": "house", "points": [[10.5, 10.5 + 9 * n]], "radius": 1} for n in range(3)]
    studio.remote.do(*dots)
    studio.page.reload()
    studio.opened()
    rows = studio.page.locator("#objects .choose")
    expect(rows).to_have_text(["tree", "house", "grass", "sky", "4 small parts"])  # the front first
    rows.last.click()
    assert sorted(rows.all_text_contents()[5:]) == ["house 2", "house 3", "house 4", "tree 2"]
    rows.filter(has_text="house 4").click()
    assert chosen(studio) == ["house 4"]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_all_of_it_can_be_read_and_has_names(studio: Studio, theme: str) -> None:
    page = studio.page
    if page.evaluate("document.documentElement.dataset.theme") != theme:
        page.locator("#theme").click()
    choose_both(studio)
    assert page.evaluate(CONTRAST) == [] and page.evaluate(NAMELESS) == []
    studio.click(*TREE)
    expect(page.locator("#relations li").first).to_be_visible()
    page.locator("#sentence").fill("boat: delete")
    page.locator("#sentence").press("Enter")
    expect(page.locator("#say-error")).to_be_visible()
    page.locator("#files").click()
    assert page.evaluate(CONTRAST) == [] and page.evaluate(NAMELESS) == []
    page.keyboard.press("Escape")
    for tool in ("w", "b", "f"):
        page.locator("#stage").focus()
        page.keyboard.press(tool)
        assert page.evaluate(CONTRAST) == [] and page.evaluate(NAMELESS) == []
    page.locator("#add-class").click()
    assert page.evaluate(CONTRAST) == [] and page.evaluate(NAMELESS) == []
    page.keyboard.press("Escape")
    studio.problems.clear()


def test_whoever_goes_by_keys_sees_where_they_are(studio: Studio) -> None:
    studio.click(*TREE)
    page = studio.page
    page.locator("#home").focus()
    poor, seen = [], set()
    for _ in range(70):
        page.keyboard.press("Tab")
        poor.append(page.evaluate(UNSEEN_FOCUS))
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.dataset.tool"))
    assert [one for one in poor if one] == []
    assert {"title", "undo", "select", "stage", "fit", "sentence", "method", "seed"} - seen <= {"undo"}


@pytest.fixture
def tablet(browser: Browser, url: str, client: httpx.Client) -> Iterator[Studio]:
    made = Studio(browser.new_page(has_touch=True, is_mobile=True), url, client)
    made.page.set_viewport_size({"width": 820, "height": 1180})
    made.page.wait_for_timeout(100)
    yield made
    made.close()


def test_fingers_can_do_it_all_on_a_tablet(tablet: Studio) -> None:
    page = tablet.page
    page.touchscreen.tap(*tablet.at(*TREE))
    page.get_by_role("button", name="Choose several").tap()
    page.touchscreen.tap(*tablet.at(*HOUSE))
    assert chosen(tablet) == ["tree", "house"]
    sizes = page.evaluate(
        """[...document.querySelectorAll("button, select, input[type=checkbox], #tools button")]
          .filter((one) => one.checkVisibility() && !one.closest("#panels h2"))
          .map((one) => [one.id || one.title || one.textContent, one.getBoundingClientRect()])
          .filter(([, { width, height }]) => Math.min(width, height) < 36 && height < 44).map(([name]) => name)"""
    )
    assert sizes == []
    wide, tall = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert wide <= 820 and tall <= 1180
    page.get_by_role("button", name="Copy the object").tap()
    tablet.agree(["duplicate", "duplicate"])
    tablet.until("studio.selection.length === 2 && studio.selection.every((one) => /[23]$/.test(one.name))")
