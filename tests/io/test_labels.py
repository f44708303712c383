"""Clean maps: formats, ids, names, and what is written inside."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from analogon.data import LabelClass, LabelMap, Palette
from analogon.errors import InputError, LabelError
from analogon.io import read_labels, read_target, write_labels
from analogon.io.label_files import CLASSES_KEY

# Thin lines, single pixels and solid areas of five classes.
SHAPES = np.zeros((24, 32), int)
SHAPES[4:20, 5:14] = 1
SHAPES[10:12, :] = 2
SHAPES[3:9, 20:30] = 3
SHAPES[5, 25] = 4
SHAPES[22, ::3] = 4


def as_ids(values: list[int]) -> np.ndarray:
    return np.array(values)[SHAPES]


def palette_of(ids: list[int]) -> Palette:
    rng = np.random.default_rng(len(ids))
    return Palette(tuple(LabelClass(i, f"größe {i}", tuple(rng.integers(0, 256, 3).tolist())) for i in ids))


@pytest.mark.parametrize(
    "values",
    [[0, 1, 2, 3, 4], [0, 6, 12, 18, 24], [0, 1, 3, 2, 255], [255, 128, 0, 64, 7], [9, 40, 90, 250, 60]],
)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "array", "npy"])
def test_clean_ids_are_exact_however_near(tmp_path: Path, values: list[int], mode: str) -> None:
    ids = as_ids(values)
    image = Image.fromarray(ids.astype(np.uint8))
    if mode == "array":
        labels = read_labels(ids)
    elif mode == "npy":
        np.save(tmp_path / "a.npy", ids.astype(np.int16))
        labels = read_labels(tmp_path / "a.npy")
    else:
        if mode == "P":
            image.putpalette(np.random.default_rng(0).integers(0, 256, 768).tolist())
        else:
            image = image.convert(mode)
        image.save(tmp_path / "a.png")
        labels = read_labels(tmp_path / "a.png")
    assert (labels.ids == ids).all()
    assert labels.palette.ids == tuple(sorted(values))


def test_sixteen_bit_ids_are_exact(tmp_path: Path) -> None:
    ids = as_ids([0, 1, 300, 40000, 65535])
    Image.fromarray(ids.astype(np.uint16)).save(tmp_path / "a.png")
    assert (read_labels(tmp_path / "a.png").ids == ids).all()


def test_one_bit_maps_have_the_ids_0_and_255(tmp_path: Path) -> None:
    Image.fromarray(SHAPES > 0).save(tmp_path / "a.png")
    labels = read_labels(tmp_path / "a.png")
    assert (labels.ids == np.where(SHAPES > 0, 255, 0)).all()
    assert labels.palette.names == ("black", "white")


def test_random_ids_without_any_flat_place_are_exact() -> None:
    ids = np.random.default_rng(5).integers(0, 5, (20, 20))
    for values in ([0, 1, 2, 3, 4], [0, 60, 120, 180, 240]):
        assert (read_labels(Image.fromarray(np.array(values, np.uint8)[ids])).ids == np.array(values)[ids]).all()


def test_a_thin_id_between_two_others_is_no_blend_of_them() -> None:
    ids = np.zeros((30, 30), np.uint8)
    ids[8:22, 8:22] = 1
    ids[9:21, 9:21] = 2
    for step in (1, 6, 15, 25):
        assert (read_labels(Image.fromarray(ids * np.uint8(step))).ids == ids.astype(int) * step).all()


COLORS = np.array([[10, 10, 10], [12, 12, 12], [200, 0, 0], [200, 0, 6], [255, 147, 0]], np.uint8)


def test_few_exact_colors_are_classes_however_near() -> None:
    labels = read_labels(COLORS[SHAPES])
    assert (labels.colors() == COLORS[SHAPES]).all()
    # In the order of the colours, whatever their areas.
    assert (labels.ids == SHAPES).all()
    assert labels.palette.ids == (0, 1, 2, 3, 4)


def test_two_maps_with_the_same_colors_have_the_same_ids() -> None:
    other = read_labels(COLORS[np.roll(SHAPES[::-1], 7, axis=1)])
    assert (other.colors() == COLORS[np.roll(SHAPES[::-1], 7, axis=1)]).all()
    assert other.palette == read_labels(COLORS[SHAPES]).palette


def test_classes_are_named_after_their_colors_where_that_is_unique() -> None:
    colors = np.array([[0, 253, 255], [0, 249, 0], [255, 147, 0], [255, 0, 0], [250, 0, 0]], np.uint8)
    assert read_labels(colors[SHAPES]).palette.names == ("green", "cyan", "class 2", "class 3", "orange")


def test_ids_get_colors_that_the_eye_tells_apart() -> None:
    near, far = read_labels(as_ids([0, 1, 2, 3, 4])), read_labels(as_ids([0, 60, 120, 180, 255]))
    assert near.palette.names == tuple(f"class {i}" for i in range(5))
    assert np.ptp(near.palette.colors.astype(int), axis=0).min() >= 128
    assert far.palette.colors.tolist() == [[i] * 3 for i in (0, 60, 120, 180, 255)]


def test_indexed_maps_keep_their_colors(tmp_path: Path) -> None:
    image = Image.fromarray(as_ids([0, 2, 1, 3, 7]).astype(np.uint8))
    image.putpalette([0, 249, 0, 255, 147, 0, 0, 0, 255, 255, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 255, 255, 255])
    image.save(tmp_path / "a.png")
    palette = read_labels(tmp_path / "a.png").palette
    assert [(c.id, c.name) for c in palette.classes] == [
        (0, "green"),
        (1, "orange"),
        (2, "blue"),
        (3, "red"),
        (7, "white"),
    ]


def test_hidden_pixels_take_the_nearest_known_class() -> None:
    rgba = np.zeros((20, 40, 4), np.uint8)
    rgba[:, :20] = (0, 249, 0, 255)
    rgba[:, 20:] = (255, 147, 0, 200)
    rgba[:, 12:16] = (255, 0, 255, 127)  # whatever lies under it
    rgba[:, 16:28] = (1, 2, 3, 0)
    labels = read_labels(rgba)
    assert len(labels.palette) == 2
    assert (labels.ids == (np.arange(40) >= 20)).all()


def test_a_map_without_any_opaque_pixel_is_refused(tmp_path: Path, sentence: Callable[..., str]) -> None:
    Image.new("RGBA", (20, 20), (0, 255, 0, 100)).save(tmp_path / "a.png")
    with pytest.raises(LabelError, match="transparent everywhere") as error:
        read_labels(tmp_path / "a.png")
    sentence(error, str(tmp_path / "a.png"))


def test_exif_orientation_turns_labels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for mode in ("L", "P", "RGB"):
        Image.fromarray(SHAPES.astype(np.uint8) * 50).convert(mode).save(tmp_path / "a.png", exif=exif)
        assert (read_labels(tmp_path / "a.png").indices() == np.rot90(SHAPES, -1)).all()


@pytest.mark.parametrize("ids", [[0, 1, 2, 3, 4], [3, 7, 100, 254, 255], [0, 1, 256, 3000, 65535]])
@pytest.mark.parametrize("shape", [(24, 32), (16, 17)])
def test_written_maps_round_trip_exactly(tmp_path: Path, ids: list[int], shape: tuple[int, int]) -> None:
    labels = LabelMap(as_ids(ids)[: shape[0], : shape[1]], palette_of([*ids, 77]))  # 77 has no pixel
    write_labels(tmp_path / "a.png", labels)
    again = read_labels(tmp_path / "a.png")
    assert (again.ids == labels.ids).all()
    assert again.palette == labels.palette
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 256])
def test_any_number_of_classes_round_trips(tmp_path: Path, count: int) -> None:
    ids = np.random.default_rng(count).integers(0, count, (20, 20))
    labels = LabelMap(ids, palette_of(list(range(count))))
    write_labels(tmp_path / "a.png", labels)
    assert (read_labels(tmp_path / "a.png").ids == ids).all()


def test_written_maps_are_indexed_pngs_that_any_program_shows(tmp_path: Path) -> None:
    labels = LabelMap(SHAPES, palette_of([0, 1, 2, 3, 4]))
    write_labels(tmp_path / "a.png", labels)
    with Image.open(tmp_path / "a.png") as image:
        assert (image.format, image.mode) == ("PNG", "P")
        assert (np.asarray(image) == SHAPES).all()
        assert (np.asarray(image.convert("RGB")) == labels.colors()).all()


def test_classes_inside_are_dropped_where_another_program_changed_the_map(tmp_path: Path) -> None:
    labels = LabelMap(SHAPES, palette_of([0, 1, 2, 3, 4]))
    write_labels(tmp_path / "a.png", labels)
    with Image.open(tmp_path / "a.png") as image:
        text = PngInfo()
        text.add_itxt(CLASSES_KEY, image.info[CLASSES_KEY])
        image.putpalette([0, 249, 0, 255, 147, 0, 0, 0, 255, 255, 0, 0, 255, 255, 255])
        image.save(tmp_path / "b.png", pnginfo=text)
    assert read_labels(tmp_path / "b.png").palette.names == ("green", "orange", "blue", "red", "white")


@pytest.mark.parametrize("text", ["no json", json.dumps([{"id": 0}]), json.dumps(3)])
def test_damaged_classes_inside_are_dropped(tmp_path: Path, text: str) -> None:
    info = PngInfo()
    info.add_text(CLASSES_KEY, text)
    Image.fromarray(SHAPES.astype(np.uint16)).save(tmp_path / "a.png", pnginfo=info)
    assert read_labels(tmp_path / "a.png").palette.names[1] == "class 1"


def test_what_cannot_be_written_is_named(tmp_path: Path, sentence: Callable[..., str]) -> None:
    labels = LabelMap(SHAPES, palette_of([0, 1, 2, 3, 4]))
    large = LabelMap(np.zeros((16, 16), int), palette_of([0, 65536]))
    cases = [("a.jpg", labels, LabelError), ("no/a.png", labels, InputError), ("a.png", large, LabelError)]
    for name, what, kind in cases:
        with pytest.raises(kind) as error:
            write_labels(tmp_path / name, what)
        sentence(error, str(tmp_path / name))
    assert [p.name for p in tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((20, 20), -1), "holds the id -1"),
        (np.full((20, 20), 2**31), "holds the id 2147483648"),
        (np.arange(400).reshape(20, 20), "400 different ids, more than 256"),
        (np.zeros((20, 20)), "not float64"),
        (np.zeros((20, 20, 3)), "not float64"),
        (np.zeros((20, 20, 2), np.uint8), r"\(20, 20, 2\)"),
        (np.zeros(400, int), r"\(400,\)"),
    ],
)
def test_arrays_that_are_no_label_map_are_refused(
    tmp_path: Path, array: np.ndarray, message: str, sentence: Callable[..., str]
) -> None:
    np.save(tmp_path / "a.npy", array)
    for source, name in [(array, "array"), (tmp_path / "a.npy", str(tmp_path / "a.npy"))]:
        with pytest.raises(LabelError, match=message) as error:
            read_labels(source)
        sentence(error, name)


def test_booleans_are_the_ids_0_and_1() -> None:
    assert (read_labels(SHAPES > 0).ids == (SHAPES > 0)).all()


def test_npy_files_that_cannot_be_read_are_named(tmp_path: Path, sentence: Callable[..., str]) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("hello")
    (tmp_path / "empty.npy").write_bytes(b"")
    np.save(tmp_path / "good.npy", SHAPES)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "good.npy").read_bytes()[:-50])
    np.savez(tmp_path / "zip.npz", SHAPES)
    (tmp_path / "zip.npz").rename(tmp_path / "zip.npy")
    for name in ("objects", "text", "empty", "cut", "zip", "none"):
        with pytest.raises(InputError) as error:
            read_labels(tmp_path / f"{name}.npy")
        sentence(error, str(tmp_path / f"{name}.npy"))


def test_floating_point_maps_are_refused(tmp_path: Path, sentence: Callable[..., str]) -> None:
    Image.fromarray(SHAPES.astype(np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(LabelError, match="floating-point") as error:
        read_labels(tmp_path / "a.tif")
    sentence(error, str(tmp_path / "a.tif"))


def test_a_map_read_as_its_own_target_is_the_same(tmp_path: Path) -> None:
    labels = LabelMap(SHAPES, palette_of([0, 1, 2, 3, 4]))
    write_labels(tmp_path / "a.png", labels)
    assert (read_target(tmp_path / "a.png", labels.palette).ids == SHAPES).all()
