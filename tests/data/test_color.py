import numpy as np
import pytest

from analogon.data.color import class_names, color_distances, color_name, hex_color, id_color, parse_hex_color


def test_hex_colors_round_trip() -> None:
    assert hex_color((49, 255, 8)) == "#31ff08"
    assert parse_hex_color(" #31FF08 ") == (49, 255, 8)


@pytest.mark.parametrize("text", ["31ff08", "#31ff0", "#31ff088", "#31ff0g", "", "green"])
def test_other_texts_are_no_colors(text: str) -> None:
    assert parse_hex_color(text) is None


def test_distances_follow_the_eye() -> None:
    green, other_green, orange, red = (0, 249, 0), (49, 255, 8), (255, 147, 0), (255, 0, 0)
    near, far, reddish = color_distances([green, green, orange], [other_green, orange, red])[[0, 0, 2], [0, 1, 2]]
    assert near < 0.05 < reddish < far


def test_distances_do_not_stretch_black() -> None:
    dark = color_distances([(0, 0, 0)], [(8, 0, 24)])[0, 0]
    assert dark < color_distances([(0, 0, 0)], [(72, 72, 72)])[0, 0] / 4


@pytest.mark.parametrize(
    ("color", "name"),
    [((0, 249, 0), "green"), ((255, 147, 0), "orange"), ((0, 253, 255), "cyan"), ((0, 0, 130), "dark blue")],
)
def test_common_colors_have_common_names(color: tuple[int, int, int], name: str) -> None:
    assert color_name(color) == name


def test_classes_that_would_share_a_word_are_numbered() -> None:
    assert class_names([(255, 0, 0), (0, 0, 255), (0, 0, 250)], [4, 5, 6]) == ["red", "class 5", "class 6"]


def test_ids_get_different_colors() -> None:
    colors = np.array([id_color(i) for i in range(512)])
    assert len(np.unique(colors, axis=0)) == 512
    assert [id_color(i) for i in (0, 1, 2, 3)] == [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)]
