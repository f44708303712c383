import numpy as np
import pytest

from analogon.data.palette import LabelClass, Palette, percent
from analogon.errors import LabelError

SKY, SEA = LabelClass(7, "sky", (0, 253, 255)), LabelClass(2, "deep sea", (0, 0, 255))


def test_columns_keep_the_order_given() -> None:
    palette = Palette((SKY, SEA))
    assert len(palette) == 2
    assert palette.ids == (7, 2)
    assert palette.names == ("sky", "deep sea")
    assert palette.colors.dtype == np.uint8
    assert palette.colors.tolist() == [[0, 253, 255], [0, 0, 255]]
    assert palette.index_of(2) == 1
    assert palette.get(7) is SKY
    assert palette.nearest((10, 20, 200)) is SEA


def test_json_round_trips() -> None:
    palette = Palette((SKY, SEA))
    assert Palette.from_json(palette.to_json()) == palette


def test_unknown_id_names_the_known_ones() -> None:
    with pytest.raises(LabelError, match=r"id 3: the palette has 7, 2\."):
        Palette((SKY, SEA)).index_of(3)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ((), "at least one class"),
        ((SKY, LabelClass(7, "air", (0, 0, 0))), "the id 7"),
        ((SKY, LabelClass(8, "sky", (0, 0, 0))), "the name 'sky'"),
        (tuple(LabelClass(i, f"c{i}", (0, 0, 0)) for i in range(257)), "at most 256"),
    ],
)
def test_impossible_palettes_are_refused(classes: tuple[LabelClass, ...], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        Palette(classes)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((-1, "a", (0, 0, 0)), "Class id -1"),
        ((2**31, "a", (0, 0, 0)), "out of range"),
        ((0, " ", (0, 0, 0)), "one line of text"),
        ((0, "a\nb", (0, 0, 0)), "one line of text"),
        ((0, "a", (0, 0, 256)), "0 to 255"),
    ],
)
def test_impossible_classes_are_refused(fields: tuple[int, str, tuple[int, int, int]], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        LabelClass(*fields)


@pytest.mark.parametrize(
    "data",
    [
        [{"id": 1}],
        [{"id": "x", "name": "a", "color": [0, 0, 0]}],
        [{"id": 1, "name": "a", "color": [0]}],
        [3],
    ],
)
def test_damaged_json_is_one_error(data: list[object]) -> None:
    with pytest.raises(LabelError, match="damaged"):
        Palette.from_json(data)  # type: ignore[arg-type]


def test_numpy_integers_become_plain_ones() -> None:
    made = LabelClass(np.int64(3), "a", tuple(np.array([1, 2, 3], np.uint8)))  # type: ignore[arg-type]
    assert type(made.id) is int
    assert [type(c) for c in made.color] == [int, int, int]


def test_a_share_is_never_rounded_to_nothing() -> None:
    assert percent(0.2468) == "24.7 %"
    assert percent(0.0001) == "less than 0.1 %"


def test_merging_goes_by_name_then_by_color() -> None:
    other = Palette((
        LabelClass(0, "sky", (10, 200, 250)),  # the same name, another blue
        LabelClass(1, "blue", (2, 0, 253)),  # another name, the same blue
        LabelClass(2, "sand", (230, 210, 160)),
    ))  # fmt: skip
    merged, ids = Palette((SKY, SEA)).merge(other)
    assert merged.classes[:2] == (SKY, SEA)
    assert ids == {0: 7, 1: 2, 2: 8}
    assert merged.classes[2] == LabelClass(8, "sand", (230, 210, 160))


def test_merging_with_itself_changes_nothing() -> None:
    palette = Palette((SKY, SEA, LabelClass(3, "class 3", (0, 255, 0))))
    assert palette.merge(palette) == (palette, {7: 7, 2: 2, 3: 3})


def test_a_name_that_is_only_a_number_says_nothing() -> None:
    first = Palette((SKY, LabelClass(1, "class 1", (0, 255, 0))))
    merged, ids = first.merge(Palette((LabelClass(1, "class 1", (255, 0, 0)), LabelClass(5, "class 5", (0, 255, 0)))))
    assert ids == {1: 8, 5: 1}
    assert merged.classes[2] == LabelClass(8, "class 8", (255, 0, 0))


def test_name_and_color_of_two_classes_contradict_each_other() -> None:
    with pytest.raises(LabelError, match=r"'sky' \(#0000ff\) has the name of 'sky'.*colour of 'deep sea'"):
        Palette((SKY, SEA)).merge(Palette((LabelClass(0, "sky", SEA.color),)))


def test_two_classes_are_not_merged_into_one() -> None:
    other = Palette((LabelClass(0, "sky", SKY.color), LabelClass(1, "heaven", SKY.color)))
    with pytest.raises(LabelError, match=r"Two classes would both be 'sky'.*'heaven'"):
        Palette((SKY, SEA)).merge(other)
