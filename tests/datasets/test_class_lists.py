import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analogon import InputError, LabelError, Palette
from analogon.data.color import id_color
from analogon.datasets import KNOWN_LISTS, ClassList, known_classes, read_classes, write_classes


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("ade20k", {0: "unknown", 1: "wall", 3: "sky", 5: "tree", 10: "grass", 22: "water", 150: "flag"}),
        ("camvid", {0: "sky", 3: "road", 8: "car", 11: "unlabelled"}),
        ("cityscapes", {0: "unlabeled", 7: "road", 23: "sky", 24: "person", 26: "car", 33: "bicycle"}),
        ("coco_stuff", {0: "person", 2: "car", 90: "hair brush", 91: "banner", 123: "grass", 156: "sky-other"}),
    ],
)
def test_published_classes_have_their_published_ids(name: str, some: dict[int, str]) -> None:
    palette = known_classes(name).palette
    assert {i: palette.get(i).name for i in some} == some


def test_published_colours() -> None:
    roads = known_classes("cityscapes").palette
    assert roads.get(7).color == (128, 64, 128) and roads.get(26).color == (0, 0, 142)
    rooms = known_classes("ade20k").palette
    assert (rooms.get(1).color, rooms.get(3).color, rooms.get(150).color) == (
        (120, 120, 120), (6, 230, 230), (92, 0, 255),
    )  # fmt: skip
    things = known_classes("coco_stuff").palette
    assert all(c.color == id_color(c.id + 1) for c in things.classes if c.id != 255)
    assert len({c.color for c in known_classes("camvid").palette.classes}) == 12


def test_lists_have_all_their_ids() -> None:
    ids = {name: known_classes(name).palette.ids for name in KNOWN_LISTS}
    assert ids == {
        "ade20k": tuple(range(151)),
        "camvid": tuple(range(12)),
        "cityscapes": tuple(range(35)),
        "coco_stuff": (*range(182), 255),
        "deepfashion": tuple(range(8)),
    }
    with pytest.raises(InputError, match="no list of classes 'voc'"):
        known_classes("voc")


def test_classes_are_written_and_read_back(tmp_path: Path) -> None:
    classes = ClassList(Palette.from_colors([(1, 2, 3), (200, 0, 0)], [4, 9]), unknown=9)
    write_classes(tmp_path / "classes.json", classes)
    assert read_classes(tmp_path / "classes.json") == classes


def test_colours_may_be_left_out_and_the_unknown_class_too(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text(json.dumps({"classes": [{"id": 3, "name": "sky"}], "unknown": 255}))
    read = read_classes(path)
    assert read.palette.ids == (3, 255) and read.palette.names == ("sky", "unknown") and read.unknown == 255
    assert read.palette.get(3).color == id_color(3)


def test_an_unknown_id_without_a_class_is_refused(sentence: Callable[..., str]) -> None:
    with pytest.raises(LabelError, match="id 7") as error:
        ClassList(Palette.from_colors([(0, 0, 0)]), unknown=7)
    sentence(error.value)
