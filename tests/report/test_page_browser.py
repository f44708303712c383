"""The page in a real browser: opened as a file, without a network."""

import shutil

import pytest

from analogon.report.page import write_page

from .page_example import NASTY, QUOTED, example, places

CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    comparison = example(tmp_path_factory.mktemp("comparison"))
    path = tmp_path_factory.mktemp("elsewhere") / "report.html"  # away from the comparison's pictures
    write_page(comparison, path)
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address):
    """Opens the page; afterwards nothing may have gone wrong or been asked of a network."""
    contexts, troubles = [], []

    def visit(**options):
        usual = {"viewport": {"width": 1100, "height": 800}, "reduced_motion": "reduce"}
        context = browser.new_context(offline=True, **{**usual, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("data:", address)) or troubles.append(request.url))
        page.goto(address)
        page.locator(".stage").first.scroll_into_view_if_needed()
        page.wait_for_selector(".stage .cover.right img", state="attached")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert troubles == []


def until(page, expression):
    """Waits for a condition; the page's own policy forbids what `wait_for_function` does."""
    for _ in range(80):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")


def transforms(section):
    """The transformations of all layers that show something."""
    return section.evaluate_all(
        "nodes => nodes.flatMap(node => [...node.querySelectorAll('.layer')])"
        ".filter(layer => layer.firstElementChild).map(layer => layer.style.transform)"
    )


def column(table, number):
    return table.locator("tbody tr").evaluate_all(f"rows => rows.map(row => row.cells[{number}].dataset.value)")


def cut(stage):
    return int(stage.locator(".handle").get_attribute("aria-valuenow"))


def drag(page, box, start, end, steps=6):
    page.mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"], steps=steps)
    page.mouse.up()


def test_it_opens_quietly_and_shows_all_pictures(visit):
    page = visit()
    images = page.locator(".tile img")
    assert images.count() == 11
    assert images.evaluate_all("all => all.every(one => one.complete && one.naturalWidth === 90)")
    assert page.locator(".tile.failed").inner_text().startswith("Failed. The fit of 'semia' ended <b>early</b>")


def test_text_from_outside_does_nothing(visit):
    page = visit()
    assert page.title() == "Three & <more>"
    assert page.locator("h3").all_inner_texts()[1] == f"Target {NASTY}"
    assert page.locator(".legend li").first.inner_text() == QUOTED
    options = page.locator(".stage select").first.locator("option")
    assert QUOTED in options.all_text_contents()
    assert page.locator("script").count() == 3


def test_the_slider_is_dragged(visit):
    page = visit()
    stage = page.locator(".stage").first
    stage.scroll_into_view_if_needed()
    assert cut(stage) == 50
    box = stage.locator(".pane").bounding_box()
    drag(page, box, (0.5, 0.5), (0.8, 0.6))
    assert cut(stage) == 80
    clip = stage.locator(".cover.left").evaluate("node => getComputedStyle(node).clipPath")
    assert abs(float(clip.removeprefix("inset(0px ").split("%")[0]) - 20) < 0.5
    drag(page, box, (0.2, 0.2), (0.1, 0.2))  # anywhere else, too
    assert cut(stage) == 10


def test_the_slider_moves_by_keys(visit):
    page = visit()
    stage = page.locator(".stage").first
    stage.locator(".handle").focus()
    page.keyboard.press("ArrowLeft")
    assert cut(stage) == 48
    page.keyboard.press("Shift+ArrowRight")
    assert cut(stage) == 58
    page.keyboard.press("End")
    assert cut(stage) == 100
    page.keyboard.press("Home")
    assert cut(stage) == 0
    text = stage.locator(".handle").get_attribute("aria-valuetext")
    assert text == f"0 % Source, 100 % {QUOTED}"


def test_any_two_pictures_can_be_compared(visit):
    page = visit()
    section = page.locator("section.target").first
    section.locator(".tile[data-name=patch] .side-left").click()
    section.locator(".stage select").last.select_option(label="Provenance of patch")
    stage = section.locator(".stage")
    stage.locator(".cover.right canvas").wait_for(state="attached")
    assert stage.locator(".tag").all_inner_texts() == ["patch", "Provenance of patch"]
    stage.get_by_text("Swap").click()
    stage.locator(".cover.left canvas").wait_for(state="attached")
    assert stage.locator(".tag").all_inner_texts() == ["Provenance of patch", "patch"]


def test_zoom_and_pan_are_the_same_in_all_pictures_of_a_target(visit):
    page = visit()
    first, second = page.locator("section.target").nth(0), page.locator("section.target").nth(1)
    pane = first.locator(".tile .pane").nth(1)
    pane.click()
    page.mouse.wheel(0, -240)
    until(page, "document.querySelector('.percent').value !== '100 %'")
    found = transforms(first)
    assert len(found) == 9  # six tiles and three layers of the stage
    assert len(set(found)) == 1
    assert "scale(1)" not in found[0]
    assert set(transforms(second)) == {"translate(0%, 0%) scale(1)"}
    drag(page, pane.bounding_box(), (0.8, 0.5), (0.3, 0.5))
    moved = transforms(first)
    assert len(set(moved)) == 1
    assert moved != found
    page.keyboard.press("0")
    assert set(transforms(first)) == {"translate(0%, 0%) scale(1)"}
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    assert len(set(transforms(first))) == 1
    assert "scale(1.5)" in transforms(first)[0]


def test_the_wheel_scrolls_the_page_where_no_picture_was_chosen(visit):
    page = visit()
    pane = page.locator(".tile .pane").first
    pane.scroll_into_view_if_needed()
    pane.hover()
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 120)
    until(page, f"scrollY > {before}")
    assert page.locator(".percent").first.inner_text() == "100 %"


def test_a_double_click_goes_near_and_back(visit):
    page = visit()
    pane = page.locator(".tile .pane").first
    pane.dblclick(position={"x": 20, "y": 20})
    assert page.locator(".percent").first.inner_text() == "300 %"
    pane.dblclick(position={"x": 20, "y": 20})
    assert page.locator(".percent").first.inner_text() == "100 %"


def heat(canvas):
    """Of a canvas: how many pixels are the coldest colour, and how many there are."""
    return canvas.evaluate(
        "node => { const data = node.getContext('2d').getImageData(0, 0, node.width, node.height).data;"
        " let cold = 0; for (let i = 0; i < data.length; i += 4) cold += data[i] === 6 && data[i + 2] === 14;"
        " return [cold, data.length / 4]; }"
    )


def test_differences_are_computed(visit):
    page = visit()
    section = page.locator("section.target").first
    section.get_by_label("Against source").check()
    section.locator(".tile[data-name=patch] canvas").wait_for()
    cold, count = heat(section.locator(".tile[data-name=source] canvas"))
    assert cold == count  # a copy of the source
    cold, count = heat(section.locator(".tile[data-name=patch] canvas"))
    assert cold < 0.1 * count
    assert section.locator(".tile[data-name=source] .words").inner_text() == "0.0 levels off"
    assert float(section.locator(".tile[data-name=patch] .words").inner_text().split()[0]) > 10
    section.get_by_label("Pictures", exact=True).check()
    section.locator(".tile canvas").first.wait_for(state="detached")
    stage = section.locator(".stage")
    stage.get_by_label("Difference", exact=True).check()
    stage.locator(".cover.heat canvas").wait_for()
    assert "levels" in stage.locator(".scale").inner_text()
    stage.locator("select").last.select_option(label="Source")
    until(page, "document.querySelector('.scale').textContent.includes('square 0.0')")


def test_provenance_is_painted_and_leads_to_the_source(visit):
    page = visit()
    section = page.locator("section.target").first
    section.get_by_label("Provenance", exact=True).check()
    canvas = section.locator(".tile[data-name=patch] canvas")
    canvas.wait_for()
    red, green, blue = canvas.evaluate("node => [...node.getContext('2d').getImageData(40, 30, 1, 1).data].slice(0, 3)")
    row, across = places()[30, 40]
    wanted = [255 * (across + 0.5) / 90, 255 * (row + 0.5) / 60]
    assert [red, green] == pytest.approx(wanted, abs=1)
    assert blue == pytest.approx(255 - sum(wanted) / 2, abs=1)
    pane = section.locator(".tile[data-name=patch] .pane")
    box = pane.bounding_box()
    pane.hover(position={"x": 40.5 / 90 * box["width"], "y": 30.5 / 60 * box["height"]})
    until(page, "document.querySelector('.readout').value.includes('from')")
    assert section.locator(".readout").inner_text() == f"column 40, row 30 · from column {across}, row {row}"
    origin = section.locator(".tile[data-kind=source] .origin")
    assert origin.is_visible()
    assert float(origin.evaluate("node => node.style.left").rstrip("%")) == pytest.approx(100 * (across + 0.5) / 90)


def test_the_layout_can_lie_over_the_pictures(visit):
    page = visit()
    section = page.locator("section.target").first
    section.get_by_label("With layout").check()
    section.locator(".tile[data-name=patch] .sheer").wait_for()
    over = section.locator(".stage").get_by_label("Layout over it")
    over.focus()
    page.keyboard.press("End")
    assert section.locator(".stage .cover.over").evaluate("node => node.style.opacity") == "1"


def test_tables_sort_by_any_column_best_first_and_missing_last(visit):
    page = visit()
    table = page.locator("section.target table").first
    heads = table.locator("thead button")
    heads.nth(1).click()  # mIoU: higher is better
    assert column(table, 1) == ["0.91234", "0.9", "0.5"]
    assert table.locator("thead th").nth(1).get_attribute("aria-sort") == "descending"
    heads.nth(1).click()
    assert column(table, 1) == ["0.5", "0.9", "0.91234"]
    heads.nth(2).click()  # coherence: as numbers, lower is better
    assert column(table, 2) == ["0.0", "2.5", "12.0"]
    heads.nth(3).click()
    assert column(table, 3) == ["0.0", "10.25", ""]
    heads.nth(3).click()
    assert column(table, 3) == ["10.25", "0.0", ""]
    heads.nth(4).click()  # sharpness: nearest to 1
    assert column(table, 4)[0] == "1.0"
    heads.nth(5).click()  # infinity is a number
    assert column(table, 5) == ["inf", "30.0", ""]
    heads.nth(0).click()
    assert column(table, 0) == sorted(column(table, 0), key=str.lower)
    assert table.locator("th[aria-sort]").count() == 1


def test_explanations_show_on_hover_focus_and_tap(visit):
    page = visit()
    table = page.locator("section.target table").first
    tip = page.locator("#tip")
    assert tip.is_hidden()
    table.locator("thead button").nth(1).hover()
    assert tip.inner_text().startswith("How far each place looks like the class")
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    table.locator("td.missing").first.focus()
    assert "Coherence at half the size is left out" in tip.inner_text()


def test_one_statistic_is_shown_at_a_time(visit):
    page = visit()
    summary = page.locator("section.summary")
    assert summary.locator("table:visible").count() == 1
    assert "0.821 – 1.004" in summary.inner_text()
    summary.get_by_label("Wins").check()
    assert summary.locator("table:visible").count() == 1
    assert "1.5" in summary.inner_text()
    assert "Over 1 of 2 targets." in summary.locator("td[data-tip]").evaluate_all("all => all.map(a => a.dataset.tip)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_sticks_out(visit, scheme):
    options = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2, "color_scheme": scheme}
    page = visit(viewport={"width": 360, "height": 740}, **options)
    assert page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [360, 360]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(253, 253, 251)" if scheme == "light" else "rgb(20, 22, 26)")
    pane = page.locator(".tile .pane").first
    pane.scroll_into_view_if_needed()
    box = pane.bounding_box()
    for _ in range(2):
        page.touchscreen.tap(box["x"] + 30, box["y"] + 30)
    assert page.locator(".percent").first.inner_text() == "300 %"
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_two_fingers_zoom(visit):
    page = visit(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    pane = page.locator(".tile .pane").first
    pane.scroll_into_view_if_needed()
    box = pane.bounding_box()
    session = page.context.new_cdp_session(page)
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def touch(kind, spread):
        points = [{"x": middle[0] + side * spread, "y": middle[1], "id": side + 1} for side in (-1, 1)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if spread else []})

    touch("touchStart", 10)
    for spread in range(12, 32, 2):
        touch("touchMove", spread)
    touch("touchEnd", 0)
    until(page, "parseInt(document.querySelector('.percent').value) > 200")
    assert len(set(transforms(page.locator("section.target").first))) == 1
