from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage as ndi

import analogon
from analogon import Exemplar, LabelClass, LabelMap, Palette
from analogon.ops import engine, reflections
from analogon.ops.arrange import cell_size
from analogon.ops.reflections import Water, concerned, waters

from .textures import render, texture

SHAPE = (160, 208)
LINE = 80
CELL = cell_size(SHAPE)
SKY, TOWER, LAKE = range(3)
COLOURS = {7: ("sky", (40, 90, 160)), 3: ("tower", (200, 60, 60)), 5: ("lake", (0, 0, 200))}
PALETTE = Palette(tuple(LabelClass(n, *named) for n, named in COLOURS.items()))
EXAMPLES = Path(__file__).parents[2] / "examples"


def skyline(*towers: tuple[int, int]) -> np.ndarray:
    """Towers (middle, height) above a lake, as places in the palette."""
    rows, cols = np.indices(SHAPE)
    ids = np.where(rows < LINE, SKY, LAKE).astype(np.uint16)
    for middle, height in towers:
        ids[(rows < LINE) & (rows >= LINE - height) & (abs(cols - middle) < 14)] = TOWER
    return ids


def labelled(ids: np.ndarray) -> LabelMap:
    return LabelMap(np.array(PALETTE.ids)[ids], PALETTE)


def picture(ids: np.ndarray) -> np.ndarray:
    """The lake shows, darker and in waves, what is above it."""
    image = np.where((ids == TOWER)[..., None], texture(SHAPE, 1, mean=0.3), texture(SHAPE, 2, mean=0.75))
    waves = np.rint(6 * texture(SHAPE, 3)[..., 0] - 3).astype(int)
    rows, cols = np.indices(SHAPE)
    shown = 0.8 * image[np.clip(2 * LINE - 1 - rows, 0, None), np.clip(cols + waves, 0, SHAPE[1] - 1)]
    return np.where((ids == LAKE)[..., None], shown + 0.1 * texture(SHAPE, 4), image).astype(np.float32)


def found(source: np.ndarray, target: np.ndarray, image: np.ndarray) -> list[Water]:
    return waters(np.rint(image * 255).astype(np.uint8), source, target, cell_size(target.shape), source.shape)


BEFORE = ((40, 50), (84, 34), (160, 60))
EDITS = {
    "gone": (BEFORE[0], BEFORE[2]),
    "moved": (BEFORE[0], (116, 34), BEFORE[2]),
    "added": (*BEFORE, (120, 60)),
    "swapped": (BEFORE[0], (84, 60), (160, 34)),
}


@pytest.mark.parametrize("keep", ["none", "auto"])
@pytest.mark.parametrize("edit", list(EDITS))
def test_reflections_go_where_the_things_above_go(edit, keep, monkeypatch):
    source, target = skyline(*BEFORE), skyline(*EDITS[edit])
    exemplar, truth = Exemplar(picture(source), labelled(source)), picture(target)
    lake = target == LAKE

    def error() -> float:
        difference = (render(exemplar, labelled(target), keep=keep, reflections=True).image - truth).mean(-1)
        return float(abs(ndi.gaussian_filter(difference, 3))[lake].mean())

    with_them = error()
    monkeypatch.setattr(reflections, "waters", lambda *_: [])
    assert with_them < 0.6 * error()


def test_what_the_edit_does_not_concern_stays_in_the_water_too():
    source, target = skyline(*BEFORE), skyline(*EDITS["gone"])
    exemplar = Exemplar(picture(source), labelled(source))
    result = render(exemplar, labelled(target), reflections=True)
    assert (result.image[:, 120:] == exemplar.image[:, 120:]).all()
    assert (result.image[LINE:, 76:92] != exemplar.image[LINE:, 76:92]).any((0, 2)).all()
    untouched = render(exemplar, labelled(target))  # unless it is asked for, no water far from the edit changes
    assert (untouched.image[LINE + 24 :] == exemplar.image[LINE + 24 :]).all()


@pytest.mark.parametrize("change", ["nothing", "an outline by a pixel", "what is too high to be seen"])
def test_water_is_left_alone_where_nothing_changes_that_it_shows(change):
    source = skyline(*BEFORE)[: LINE + 50]
    target = source.copy()
    if change == "an outline by a pixel":
        target[LINE - 51, 26:54] = TOWER
    elif change == "what is too high to be seen":
        target[4:24, 60:110] = TOWER
    image = picture(skyline(*BEFORE))[: LINE + 50]
    assert found(source, target, image) == []
    target[40:70, 100:130] = TOWER
    (water,) = found(source, target, image)
    assert water.class_ == LAKE


def test_a_layout_of_another_size_shows_the_same():
    source = skyline(*BEFORE)
    wider = source.repeat(2, 0).repeat(2, 1)
    assert found(source, wider, picture(source)) == []
    wider[100:160, 230:260] = TOWER
    (water,) = found(source, wider, picture(source))
    assert water.changed.any() and water.ours.shape == water.changed.shape


def plain_lake(image: np.ndarray) -> np.ndarray:
    return np.where(np.arange(SHAPE[0])[:, None, None] >= LINE, texture(SHAPE, 9, mean=0.6), image)


def not_upside_down(image: np.ndarray) -> np.ndarray:
    """What is above is shown somewhere else along the line."""
    return np.where(np.arange(SHAPE[0])[:, None, None] >= LINE, np.roll(image, 40, 1), image)


def everywhere_the_same(image: np.ndarray) -> np.ndarray:
    """Posts at even distances: shifted along the line it is like itself."""
    posts = np.where(np.arange(SHAPE[1]) // 8 % 2, 0.3, 0.7)[None, :, None]
    return (0.5 * posts + 0.2 * texture(SHAPE, 5)).astype(np.float32) + 0 * image


@pytest.mark.parametrize("drawn", [plain_lake, not_upside_down, everywhere_the_same])
def test_what_does_not_mirror_is_no_water(drawn):
    source, target = skyline(*BEFORE), skyline(*EDITS["gone"])
    assert found(source, target, picture(source))
    assert found(source, target, drawn(picture(source)).astype(np.float32)) == []


def test_a_slope_is_no_line():
    source, target = skyline(*BEFORE), skyline(*EDITS["gone"])
    rows, cols = np.indices(SHAPE)
    for ids in (source, target):
        ids[(rows >= LINE - 20) & (rows < LINE) & (rows > LINE - cols // 8)] = LAKE
    assert found(source, target, picture(source)) == []


@pytest.mark.parametrize("example", ["chelsea", "china", "coffee", "flower"])
def test_no_example_is_taken_for_water(example):
    case = analogon.find_case(EXAMPLES / example)
    exemplar = analogon.load_exemplar(case.image, case.labels)
    image = np.rint(exemplar.image * 255).astype(np.uint8)
    for target in case.targets:
        source_ids, ids = engine.class_places(exemplar, analogon.load_target(exemplar, target))
        assert waters(image, source_ids, ids, cell_size(ids.shape), exemplar.frame) == []


def lake(*edit: tuple[int, int]) -> Water:
    source = skyline(*BEFORE)
    (water,) = found(source, skyline(*edit), picture(source))
    return water


def test_cells_show_what_is_as_far_above_the_line():
    water = lake(*EDITS["moved"])
    for shown, towers in ((water.theirs, BEFORE), (water.ours, EDITS["moved"])):
        above = skyline(*towers)[:LINE][::-1]
        assert (shown[: LINE // CELL] == -1).all()
        assert (shown[LINE // CELL :] == above[CELL // 2 :: CELL, CELL // 2 :: CELL]).mean() > 0.98
    gone, new = (abs(np.arange(SHAPE[1]) - col)[CELL // 2 :: CELL] < 12 for col in (84, 116))
    assert water.changed[LINE // CELL : (LINE + 32) // CELL, gone | new].all()
    assert not water.changed[:, : 60 // CELL].any() and not water.changed[:, 140 // CELL :].any()
    pixels = concerned([water], CELL, SHAPE)
    assert pixels.shape == SHAPE and (pixels[CELL // 2 :: CELL, CELL // 2 :: CELL] == water.changed).all()


def test_water_is_asked_for_what_it_can_show():
    water = lake(*EDITS["moved"])
    planes = np.ones((1, *water.ours.shape), np.float32)
    theirs, ours = water.beside((planes, planes))
    assert theirs.shape == ours.shape == (3, *water.ours.shape)
    assert (ours[1:, water.ours == -1] == -1).all()
    for y, x, cost in ((LINE + 8, 116, reflections.PRICE), (LINE + 8, 160, 0), (LINE + 60, 84, 0)):
        assert abs(theirs[:, y // CELL, x // CELL] - ours[:, y // CELL, x // CELL]).sum() == cost
    none = Water(LAKE, np.where(water.theirs == TOWER, SKY, water.theirs), water.ours, water.changed)
    theirs, ours = none.beside((planes, planes))
    assert len(theirs) == 2 and (ours[1:, water.ours == TOWER] == -1).all()


def test_shifts_of_things_are_proposed_upside_down_and_shifts_to_what_is_to_be_shown():
    water = lake(*EDITS["gone"])
    given = np.array([(LAKE, 1, 0, 1, 0, 0, 0, 0), (TOWER, 1, 10, 1, -6, 0.02, 0, 0), (TOWER, 1, 3, -1, 7, 0, 0, 0)])
    maps = water.maps(given.astype(np.float32), CELL)
    assert (maps[:3] == given.astype(np.float32)).all()
    more = maps[3:]
    assert (more[:, 0] == LAKE).all() and (more[0, 1:5] == (1, -10, 1, -6)).all()
    assert 1 <= len(more) - 1 <= reflections.MOST and (more[1:, 2] == 0).all()
    rows, cols = np.nonzero(water.changed)
    led = [water.theirs[rows, np.clip(cols + int(shift) // CELL, 0, None)] == SKY for shift in more[1:, 4]]
    assert np.mean(np.any(led, 0)) > 0.9
