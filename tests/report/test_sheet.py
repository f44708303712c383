import numpy as np
import pytest

from analogon.data import LabelClass, LabelMap, Palette
from analogon.errors import InputError
from analogon.report import SheetRow, contact_sheet, picture_sheet, thumbnail

RED, GREEN = (255, 0, 0), (0, 200, 0)
PALETTE = Palette((LabelClass(0, "red", RED), LabelClass(7, "green", GREEN)))


def row(caption="moved", result_level=0.5, shape=(30, 40)):
    ids = np.zeros(shape, int)
    ids[: shape[0] // 2] = 7
    labels = LabelMap(ids, PALETTE)
    source = np.full((*shape, 3), 0.25, np.float32)
    result = np.full((20, 80, 3), result_level, np.float32)
    return SheetRow(caption, source, labels, LabelMap(ids[::-1], PALETTE), result)


def share(sheet, color):
    return np.isclose(sheet, np.array(color, np.float32) / 255, atol=1 / 255).all(-1).mean()


def test_a_sheet_is_a_picture():
    sheet = contact_sheet([row()])
    assert sheet.dtype == np.float32
    assert sheet.ndim == 3 and sheet.shape[2] == 3
    assert sheet.min() >= 0 and sheet.max() <= 1


def test_all_four_cells_stand_side_by_side():
    sheet = contact_sheet([row()])
    level = lambda value: [round(value * 255)] * 3  # noqa: E731
    areas = [share(sheet, level(0.25)), share(sheet, RED), share(sheet, GREEN), share(sheet, level(0.5))]
    # Source and both maps fill their boxes; the result is twice as wide as it is high per its width.
    assert areas[1] == pytest.approx(areas[2], rel=0.02)
    assert areas[0] == pytest.approx(areas[1], rel=0.02)
    assert areas[3] == pytest.approx(areas[0] * (320 * 80) / (320 * 240), rel=0.02)
    columns = [np.isclose(sheet, v, atol=1 / 255).all(-1).nonzero()[1].min() for v in (0.25098, 0.50196)]
    assert columns[0] < columns[1]


def test_labels_are_not_blended():
    shape = (7, 9)
    ids = np.arange(63).reshape(shape) % 2 * 7
    labels = LabelMap(ids, PALETTE)
    image = np.zeros((*shape, 3), np.float32)
    sheet = contact_sheet([SheetRow("", image, labels, labels, image)])
    cells = sheet[60:-40]
    blended = (cells[..., 0] > 0.05) & (cells[..., 0] < 0.95) & (cells[..., 2] < 0.05)
    assert not blended.any()


def test_one_row_below_the_other():
    one, two = contact_sheet([row()]), contact_sheet([row(), row(result_level=0.75)])
    assert two.shape[1] == one.shape[1]
    assert two.shape[0] > 1.7 * one.shape[0]
    assert share(two, [191] * 3) == pytest.approx(320 * 80 / (two.shape[0] * two.shape[1]), rel=0.02)


def test_captions_are_drawn_and_cut_to_the_width():
    plain, captioned = contact_sheet([row("")]), contact_sheet([row("moved")])
    assert captioned.shape == plain.shape
    assert captioned.mean() < plain.mean()
    assert contact_sheet([row("a very long name " * 50)]).shape == plain.shape


@pytest.mark.parametrize("shape", [(30, 40), (900, 1200), (1201, 777), (16, 900)])
def test_a_small_row_shows_the_same(shape):
    large = row(shape=shape)
    small = large.small()
    assert max(small.source.shape[0] / 240, small.source.shape[1] / 320) == 1
    assert small.target.shape == small.labels.shape == small.source.shape[:2]
    assert (contact_sheet([small]) == contact_sheet([large])).all()
    assert (contact_sheet([small.small()]) == contact_sheet([large])).all()


def test_rows_are_needed():
    with pytest.raises(InputError, match="at least one row"):
        contact_sheet([])


def test_pictures_stand_in_rows_of_four():
    grey = lambda level: np.full((30, 40, 3), level, np.float32)  # noqa: E731
    one, four, five = (picture_sheet([("seed 1", grey(0.5))] * count) for count in (1, 4, 5))
    assert four.shape[0] == one.shape[0] and four.shape[1] > 3 * one.shape[1]
    assert five.shape[1] == four.shape[1] and five.shape[0] > 1.5 * four.shape[0]
    assert share(five, [128] * 3) * five.size == pytest.approx(5 * share(one, [128] * 3) * one.size, rel=0.02)
    assert (picture_sheet([("seed 1", grey(0.5))]) != picture_sheet([("seed 2", grey(0.5))])).any()
    with pytest.raises(InputError):
        picture_sheet([])


def test_a_thumbnail_looks_the_same_on_a_sheet():
    ramp = np.repeat(np.linspace(0, 1, 900, dtype=np.float32)[None, :, None].repeat(600, 0), 3, 2)
    small = thumbnail(ramp)
    assert small.shape == (213, 320, 3)
    assert (picture_sheet([("", small)]) == picture_sheet([("", ramp)])).all()
