"""Targets read against the classes of the source."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analogon.data import LabelClass, LabelMap, Palette
from analogon.errors import LabelError, OptionError
from analogon.io import UnusedKeys, read_labels, read_target, write_labels

GREEN, ORANGE, CYAN, BLUE = (0, 249, 0), (255, 147, 0), (0, 253, 255), (0, 0, 255)
COLORED = Palette((LabelClass(4, "grass", GREEN), LabelClass(2, "zebra", ORANGE), LabelClass(9, "sky", CYAN)))
WHERE = np.zeros((40, 50), int)
WHERE[8:30, 10:35] = 1
WHERE[:8] = 2


def painted(*colors: tuple[int, int, int]) -> np.ndarray:
    return np.array(colors, np.uint8)[WHERE]


def indexed(path: Path, ids: np.ndarray, colors: dict[int, tuple[int, int, int]]) -> Path:
    entries = np.zeros((256, 3), np.uint8)
    entries[list(colors)] = list(colors.values())
    image = Image.fromarray(ids.astype(np.uint8))
    image.putpalette(entries.ravel().tolist())
    image.save(path)
    return path


EXPECTED = np.array([4, 2, 9])[WHERE]


@pytest.mark.parametrize(
    "colors",
    [
        (GREEN, ORANGE, CYAN),
        ((49, 255, 8), (253, 144, 10), (0, 253, 255)),
        ((141, 249, 58), (230, 146, 34), (0, 240, 250)),
        ((0, 249, 1), (254, 147, 0), (1, 254, 255)),
    ],
)
def test_colors_are_matched_by_relative_nearness(colors: tuple[tuple[int, int, int], ...]) -> None:
    target = read_target(painted(*colors), COLORED)
    assert (target.ids == EXPECTED).all()
    assert target.palette is COLORED


@pytest.mark.parametrize("quality", [60, 95])
def test_soft_compressed_targets_in_other_greens(
    quality: int, soft: Callable[..., np.ndarray], as_jpeg: Callable[..., Image.Image]
) -> None:
    rgb = soft((90, 100), (49, 255, 8), ((10, 20, 60, 70), (253, 144, 10)))
    target = read_target(as_jpeg(Image.fromarray(rgb), quality), COLORED)
    assert set(target.present()) == {4, 2}
    assert target.share(2) == pytest.approx(np.pi * 625 / 9000, rel=0.02)


def test_a_class_that_the_source_lacks_is_named(tmp_path: Path, sentence: Callable[..., str]) -> None:
    Image.fromarray(painted(GREEN, (255, 0, 0), CYAN)).save(tmp_path / "new.png")
    with pytest.raises(LabelError) as error:
        read_target(tmp_path / "new.png", COLORED)
    text = sentence(error, str(tmp_path / "new.png"))
    assert "#ff0000 on 27.5 % of its pixels" in text
    assert "nearest is 'zebra' (#ff9300)" in text
    assert "--map '#ff0000=zebra'" in text


def test_the_largest_lacking_class_is_named_and_small_ones_are_not_dropped() -> None:
    rgb = painted(GREEN, (255, 0, 0), (120, 0, 200))
    with pytest.raises(LabelError, match="#ff0000"):
        read_target(rgb, COLORED)
    small = painted(GREEN, ORANGE, CYAN)
    small[20:24, 40:45] = (255, 0, 255)
    with pytest.raises(LabelError, match=r"#ff00ff on 1\.0 %"):
        read_target(small, COLORED)


@pytest.mark.parametrize("key", ["#ff0000", "#FF0000", "#fa0503", "ff0000", " FF0000", "red"])
@pytest.mark.parametrize("value", ["zebra", "2", "#ff9300", "ff9300", " zebra "])
def test_a_mapping_resolves_a_lacking_class(key: str, value: str) -> None:
    target = read_target(painted(GREEN, (255, 0, 0), CYAN), COLORED, {key: value})
    assert (target.ids == EXPECTED).all()


def test_a_mapping_comes_before_everything_else() -> None:
    target = read_target(painted(GREEN, ORANGE, CYAN), COLORED, {"#ff9300": "sky"})
    assert (target.ids == np.array([4, 9, 9])[WHERE]).all()


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"#ff0000": "zebar"}, "'zebar' is no class of the source: did you mean 'zebra'?"),
        ({"#ff0000": "qqq"}, "use one of 'grass', 'zebra', 'sky'."),
        ({"#ff00": "sky"}, "'#ff00' is no colour: write it as #rrggbb."),
    ],
)
def test_impossible_mappings_are_told(mapping: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError) as error:
        read_target(painted(GREEN, ORANGE, CYAN), COLORED, mapping)
    assert str(error.value).startswith("--map: ")
    assert message in str(error.value)


@pytest.mark.parametrize("key", ["nonsense", "#123456", "123456", "7b0ac8", "77", "reed"])
def test_a_key_that_the_target_lacks_is_refused(key: str) -> None:
    with pytest.raises(OptionError) as error:
        read_target(painted(GREEN, ORANGE, CYAN), COLORED, {key: "zebra"})
    assert str(error.value) == (
        f"--map: '{key}' is no class of a target: use one of 'green' (#00f900), 'cyan' (#00fdff), 'orange' (#ff9300)."
    )


def test_six_digits_are_an_id_where_the_target_has_it_and_else_a_colour(tmp_path: Path) -> None:
    ids = np.array([110000, 2, 9])[WHERE]
    target = read_target(ids, COLORED, {"110000": "grass"})
    assert (target.ids == EXPECTED).all()
    with pytest.raises(OptionError, match=r"'9090' is no class of a target: use one of .*110000 "):
        read_target(ids, COLORED, {"110000": "grass", "9090": "sky"})
    painted_red = read_target(painted((0x11, 0, 0), ORANGE, CYAN), COLORED, {"110000": "grass"})
    assert (painted_red.ids == EXPECTED).all()


def test_several_targets_share_a_mapping() -> None:
    unused = UnusedKeys(mapping := {"ff0000": "zebra", "ff00ff": "sky"})
    for colors, expected in (((GREEN, (255, 0, 0), CYAN), EXPECTED), ((GREEN, ORANGE, (255, 0, 255)), EXPECTED)):
        assert (read_target(painted(*colors), COLORED, mapping, unused).ids == expected).all()
    unused.refuse()
    unused = UnusedKeys(mapping := {"ff0000": "zebra", "blue": "sky"})
    read_target(painted(GREEN, (255, 0, 0), CYAN), COLORED, mapping, unused)
    with pytest.raises(OptionError, match="'blue' is no class"):
        unused.refuse()


def test_two_colors_that_differ_are_not_one_class() -> None:
    with pytest.raises(LabelError, match="#ffa548"):  # the farther of the two from orange
        read_target(painted(GREEN, ORANGE, (255, 165, 72)), COLORED)
    both = read_target(painted(GREEN, ORANGE, (255, 165, 72)), COLORED, {"#ffa548": "zebra"})
    assert (both.ids == np.array([4, 2, 2])[WHERE]).all()


def test_two_colors_that_look_the_same_are_one_class() -> None:
    target = read_target(painted(GREEN, ORANGE, (254, 146, 1)), COLORED)
    assert (target.ids == np.array([4, 2, 2])[WHERE]).all()


def test_a_color_between_two_classes_is_neither() -> None:
    near = Palette((LabelClass(0, "a", (200, 100, 0)), LabelClass(1, "b", (200, 130, 0))))
    with pytest.raises(LabelError, match="#c87300"):
        read_target(np.full((20, 20, 3), (200, 115, 0), np.uint8), near)


def test_classes_of_the_source_that_noise_would_merge_are_told_apart(
    as_jpeg: Callable[..., Image.Image],
) -> None:
    near = Palette((LabelClass(0, "a", (200, 20, 30)), LabelClass(1, "b", (225, 30, 40)), LabelClass(2, "c", GREEN)))
    where = np.kron(WHERE, np.ones((3, 3), int))
    target = read_target(as_jpeg(Image.fromarray(near.colors[where]), 80), near)
    assert (target.ids == where).mean() > 0.985


def test_a_thin_class_of_the_source_is_kept_where_an_unknown_one_is_absorbed(
    soft: Callable[..., np.ndarray],
) -> None:
    rgb = soft((64, 64), GREEN, ((10, 36, 50, 60), ORANGE)).copy()
    rgb[10:12, 4:60] = (90, 0, 130)
    rgb[8:14, 20:23] = (90, 0, 130)
    assert len(read_labels(rgb).palette) == 2
    lined = Palette((*COLORED.classes, LabelClass(5, "line", (90, 0, 130))))
    assert (read_target(rgb, lined).ids == 5).sum() == 56 * 2 + 4 * 3


def test_a_class_of_the_source_that_looks_like_the_rim_of_another_is_kept(soft: Callable[..., np.ndarray]) -> None:
    rgb = soft((64, 96), CYAN, ((10, 6, 80, 60), ORANGE), ((30, 30, 40, 40), (255, 139, 0)))
    rimmed = Palette((*COLORED.classes, LabelClass(5, "rim", (255, 139, 0))))
    assert len(read_labels(rgb).palette) == 2
    assert read_target(rgb, rimmed).share(5) == pytest.approx(np.pi * 25 / 6144, rel=0.15)


# Ids.

GREYS = read_labels(np.array([0, 6, 12])[WHERE])


@pytest.mark.parametrize("mode", ["L", "RGB", "array", "npy", "P"])
def test_ids_are_matched_exactly_and_never_rounded(tmp_path: Path, mode: str, sentence: Callable[..., str]) -> None:
    def stored(ids: np.ndarray) -> np.ndarray | Path:
        if mode == "array":
            return ids
        if mode == "npy":
            np.save(tmp_path / "a.npy", ids)
            return tmp_path / "a.npy"
        if mode == "P":
            return indexed(tmp_path / "a.png", ids, {int(i): (int(i) * 9, 50, 200) for i in np.unique(ids)})
        Image.fromarray(ids.astype(np.uint8)).convert(mode).save(tmp_path / "a.png")
        return tmp_path / "a.png"

    ids = np.array([12, 0, 6])[WHERE]
    assert (read_target(stored(ids), GREYS.palette).ids == ids).all()
    with pytest.raises(LabelError) as error:
        read_target(stored(np.array([0, 7, 12])[WHERE]), GREYS.palette)
    text = sentence(error, "array" if mode == "array" else str(tmp_path))
    assert "has 7 on 27.5 %" in text
    assert "nearest is 'class 6'" in text
    assert "--map '7=class 6'" in text or "--map 7" in text
    fixed = read_target(stored(np.array([0, 7, 12])[WHERE]), GREYS.palette, {"7": "class 6"})
    assert (fixed.ids == GREYS.ids).all()


def test_a_soft_mask_is_matched_to_a_clean_one(
    soft: Callable[..., np.ndarray], as_jpeg: Callable[..., Image.Image]
) -> None:
    source = read_labels(np.where(WHERE == 1, 255, 0))
    mask = Image.fromarray(soft((70, 90), (0, 0, 0), ((20, 10, 70, 60), (255, 255, 255)))).convert("L")
    for image in (mask, as_jpeg(mask, 70).convert("L"), mask.convert("RGB")):
        assert read_target(image, source.palette).share(255) == pytest.approx(np.pi * 625 / 6300, rel=0.02)


def test_written_targets_fit_by_class_by_name_and_by_color(tmp_path: Path) -> None:
    def written(*classes: LabelClass) -> Path:
        palette = Palette(classes)
        write_labels(tmp_path / "a.png", LabelMap(np.array(palette.ids)[WHERE], palette))
        return tmp_path / "a.png"

    same = written(*COLORED.classes)
    assert (read_target(same, COLORED).ids == EXPECTED).all()
    # Other ids and colours, the same names: in another order than the colours suggest.
    named = written(LabelClass(0, "sky", GREEN), LabelClass(1, "grass", (1, 1, 1)), LabelClass(2, "zebra", CYAN))
    assert (read_target(named, COLORED).ids == np.array([9, 4, 2])[WHERE]).all()
    # Numbers are no names.
    numbered = Palette(
        (LabelClass(0, "class 0", CYAN), LabelClass(1, "class 1", GREEN), LabelClass(2, "class 2", ORANGE))
    )
    other = written(LabelClass(0, "class 0", GREEN), LabelClass(1, "class 1", ORANGE), LabelClass(2, "class 2", CYAN))
    assert (read_target(other, numbered).ids == np.array([1, 2, 0])[WHERE]).all()
    unknown = written(*COLORED.classes[:2], LabelClass(7, "house", (120, 0, 200)))
    with pytest.raises(LabelError, match="#7800c8"):
        read_target(unknown, COLORED)
    assert (read_target(unknown, COLORED, {"house": "sky"}).ids == EXPECTED).all()


def test_indexed_targets_fit_a_colored_source_by_color_whatever_the_indices(tmp_path: Path) -> None:
    path = indexed(tmp_path / "a.png", np.array([2, 9, 0])[WHERE], {2: GREEN, 9: (250, 150, 5), 0: CYAN})
    assert (read_target(path, COLORED).ids == EXPECTED).all()


def test_indexed_targets_fit_by_index_where_their_colors_say_nothing(tmp_path: Path) -> None:
    path = indexed(tmp_path / "a.png", EXPECTED, {4: (1, 2, 3), 2: (90, 0, 90), 9: (70, 70, 200)})
    assert (read_target(path, COLORED).ids == EXPECTED).all()


def test_renumbered_indices_with_the_colors_of_a_source_of_ids(tmp_path: Path) -> None:
    colors = GREYS.palette.colors.tolist()
    path = indexed(tmp_path / "a.png", np.array([1, 2, 3])[WHERE], {i + 1: tuple(c) for i, c in enumerate(colors)})
    assert (read_target(path, GREYS.palette).ids == GREYS.ids).all()


def test_grey_targets_of_a_colored_source() -> None:
    source = Palette(
        (
            LabelClass(0, "black", (0, 0, 0)),
            LabelClass(1, "red", (255, 0, 0)),
            LabelClass(2, "white", (255, 255, 255)),
        )
    )
    by_color = read_target(Image.fromarray(np.array([255, 0, 255], np.uint8)[WHERE]), source)
    assert (by_color.ids == np.array([2, 0, 2])[WHERE]).all()
    by_id = read_target(Image.fromarray(np.array([2, 0, 1], np.uint8)[WHERE]), source)
    assert (by_id.ids == np.array([2, 0, 1])[WHERE]).all()


def test_target_and_source_may_differ_in_size() -> None:
    assert read_target(painted(GREEN, ORANGE, CYAN).repeat(3, 0), COLORED).shape == (120, 50)
