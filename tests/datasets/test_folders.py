import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analogon import InputError, LabelClass, LabelError, LabelMap, OptionError, Palette, write_labels
from analogon.datasets import ClassList, Pair, find_splits, folders, known_classes, load_pictures, survey, write_classes

from .conftest import PLACES, SHAPE, labels_of, make, picture, write

SHARED = Path(__file__).parents[3] / "shared" / "data"
LAYOUTS = tuple(name for name in PLACES if name != "samples")
WITH_INSTANCES = ("cityscapes", "coco_stuff", "custom")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_recognised_and_its_splits_are_found(layout: str, dataset: Callable[..., Path]) -> None:
    root = dataset(layout)
    pictures, test = load_pictures(root), load_pictures(root, split="test")
    assert (len(pictures), len(test)) == (2, 1)
    assert [p.name for p in load_pictures(root, layout, "val")] == [p.name for p in test]
    for number, pair in enumerate([*pictures, *test]):
        assert (pair.labels == labels_of(number, (0, 1, 2))).all() and pair.labels.dtype == np.int64
        assert pair.image.shape == (*SHAPE, 3) and pair.image.dtype == np.float32
        if pictures.files[0].image.suffix == ".png":
            assert (pair.image == picture(number) / np.float32(255)).all()
        if layout in WITH_INSTANCES:
            assert pair.instances is not None and (pair.instances == pair.labels * 100).all()
        else:
            assert pair.instances is None
    assert pictures.has_instances == (layout in WITH_INSTANCES)


@pytest.mark.parametrize(
    ("layout", "classes", "channels", "unknown"),
    [("ade20k", 151, 151, 0), ("cityscapes", 35, 36, None), ("coco_stuff", 183, 184, 255), ("deepfashion", 8, 8, None)],
)
def test_published_sets_have_the_channels_of_their_networks(
    layout: str, classes: int, channels: int, unknown: int | None, dataset: Callable[..., Path]
) -> None:
    pictures = load_pictures(dataset(layout))
    assert (len(pictures.palette), pictures.semantic_channels, pictures.unknown) == (classes, channels, unknown)
    if unknown is not None:
        place = pictures.palette.index_of(unknown)
        assert (pictures.channels(np.full((2, 2), unknown)) == place).all()
        assert place == (0 if layout == "ade20k" else classes - 1)


def test_portraits_of_coco_stuff_are_learnt_too(dataset: Callable[..., Path]) -> None:
    root = dataset("coco_stuff")
    for kind, suffix in (("img", "jpg"), ("label", "png"), ("inst", "png")):
        source = root / f"train_{kind}" / f"001.{suffix}"
        (root / f"train_{kind}_portrait").mkdir()
        source.rename(root / f"train_{kind}_portrait" / f"000.{suffix}")
    assert [p.name for p in load_pictures(root)] == ["000", "portrait 000"]
    assert load_pictures(root)[1].instances is not None


def test_samples_that_were_made_are_all_to_learn_from(
    dataset: Callable[..., Path], sentence: Callable[..., str]
) -> None:
    root = dataset("samples")
    (root / "samples" / ".draft").mkdir()
    pictures = load_pictures(root)
    assert [p.name for p in pictures] == ["000000", "000001"] and find_splits(root) == ("train",)
    assert (pictures[1].labels == labels_of(1, (0, 1, 2))).all() and pictures.has_instances
    with pytest.raises(InputError, match="no pictures of the split 'val'"):
        load_pictures(root, split="val")
    (root / "samples" / "000001" / "labels.png").unlink()
    with pytest.raises(InputError, match="is missing") as error:
        load_pictures(root)
    sentence(error.value, root / "samples" / "000001" / "labels.png")


def test_splits_are_those_with_pictures_of_their_own(dataset: Callable[..., Path]) -> None:
    assert {layout: find_splits(dataset(layout)) for layout in LAYOUTS} == dict.fromkeys(LAYOUTS, ("train", "val"))
    root = dataset("custom")
    (root / "val").rename(root / "test")
    assert find_splits(root) == ("train", "test")
    with pytest.raises(InputError, match="of the layout ade20k"):
        find_splits(root, "ade20k")


def test_a_survey_counts_pixels_and_pictures(dataset: Callable[..., Path]) -> None:
    root = dataset("custom")
    write(root / "train" / "labels" / "0.png", np.zeros(SHAPE, np.uint8))
    read: list[int] = []
    told = survey(load_pictures(root), read.append)
    shares = np.bincount(labels_of(1, (0, 1, 2)).ravel(), minlength=3) / (2 * SHAPE[0] * SHAPE[1])
    assert told.shares == pytest.approx({0: 0.5 + shares[0], 1: shares[1], 2: shares[2]})
    assert told.appearances == {0: 2, 1: 1, 2: 1} and read == [1, 2]
    assert (told.pictures, told.smallest, told.largest, told.has_instances) == (2, SHAPE, SHAPE, True)
    for kind in ("images", "labels", "instances"):
        write(root / "train" / kind / "1.png", np.zeros((30, 17), np.uint8))
    told = survey(load_pictures(root))
    assert (told.smallest, told.largest) == ((16, 17), (30, 20)) and told.appearances[2] == 0


def test_255_is_unknown_where_there_is_an_unknown_class_and_else_an_error(
    dataset: Callable[..., Path], sentence: Callable[..., str]
) -> None:
    unknown = load_pictures(dataset("ade20k", (3, 255)))[0]
    assert set(np.unique(unknown.labels)) == {0, 3}
    pictures = load_pictures(dataset("cityscapes", (3, 255)))
    with pytest.raises(LabelError, match=r"id 255 on 50\.0 % of its pixels") as error:
        pictures[0]
    sentence(error.value, pictures.files[0].labels)


def test_pictures_are_brought_to_a_size_with_their_maps(dataset: Callable[..., Path]) -> None:
    root = dataset("custom")
    pair, small = load_pictures(root)[1], load_pictures(root, size=(8, 10))[1]
    assert small.image.shape == (8, 10, 3) and small.instances is not None
    assert (small.labels == pair.labels[1::2, 1::2]).all() and (small.instances == small.labels * 100).all()
    expected = Image.fromarray(picture(1)).resize((10, 8), Image.Resampling.BICUBIC)
    assert (small.image == np.asarray(expected) / np.float32(255)).all()
    assert load_pictures(root, size=8)[0].shape == (8, 10)
    with pytest.raises(OptionError, match="at least 1 pixel"):
        load_pictures(root, size=(8, 0))


def test_a_second_look_gives_the_same_without_the_file(
    dataset: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = dataset("custom")
    room = SHAPE[0] * SHAPE[1] * (3 + 1 + 1)  # for one picture: three colours, a class and an instance in a byte each
    monkeypatch.setattr(folders, "MAX_KEPT", room)
    pictures = load_pictures(root)
    first, second = pictures[0], pictures[1]
    for files in pictures.files:
        files.image.unlink()
    again = pictures[0]
    for one, other in ((first.image, again.image), (first.labels, again.labels), (first.instances, again.instances)):
        assert one is not None and other is not None and one.dtype == other.dtype and (one == other).all()
    assert second.name == "1"
    with pytest.raises(InputError, match="no file"):
        pictures[1]


def test_places_count_from_the_end_too_and_end(dataset: Callable[..., Path]) -> None:
    pictures = load_pictures(dataset("custom"))
    assert pictures[-1].name == pictures[np.int64(1)].name == "1"
    assert [p.name for p in pictures[:1]] == ["0"]
    with pytest.raises(IndexError):
        pictures[2]


def test_other_processes_can_be_given_the_pictures(dataset: Callable[..., Path]) -> None:
    pictures = load_pictures(dataset("custom"))
    sent = pickle.loads(pickle.dumps(pictures))  # noqa: S301 - as multiprocessing does it
    assert (sent[0].image == pictures[0].image).all()


def test_a_folder_of_ones_own_may_be_one_whole_or_split_inside(tmp_path: Path) -> None:
    for number in (10, 9):
        write(tmp_path / "whole" / "images" / f"{number}.png", picture(number))
        write(tmp_path / "whole" / "labels" / f"{number}.png", labels_of(number, (4, 7)))
        for kind, array in (("images", picture(number)), ("labels", labels_of(number, (4, 7)))):
            write(tmp_path / "inside" / kind / ("train" if number == 9 else "test") / f"{number}.png", array)
    whole = load_pictures(tmp_path / "whole")
    assert [p.name for p in whole] == ["9", "10"] and whole.palette.ids == (4, 7) and not whole.has_instances
    with pytest.raises(InputError, match="no pictures of the split 'val'"):
        load_pictures(tmp_path / "whole", split="val")
    inside = load_pictures(tmp_path / "inside", split="val")
    assert [p.name for p in inside] == ["10"]


def test_classes_come_from_the_call_the_folder_the_maps_or_their_ids(dataset: Callable[..., Path]) -> None:
    root = dataset("custom")
    assert load_pictures(root).palette.names == ("class 0", "class 1", "class 2")
    painted = Palette(tuple(LabelClass(i, name, (i, 0, 9)) for i, name in enumerate(("sky", "sea", "sand"))))
    for path in (root / "train" / "labels").iterdir():
        ids = np.asarray(Image.open(path))
        write_labels(path, LabelMap(ids, painted))
    assert load_pictures(root).palette == painted
    own = ClassList(Palette.from_colors([(0, 0, 0), (255, 0, 0), (0, 255, 0), (9, 9, 9)]), unknown=3)
    write_classes(root / "classes.json", own)
    named = load_pictures(root)
    assert (named.palette, named.unknown) == (own.palette, 3)
    assert load_pictures(root, classes="camvid").palette == known_classes("camvid").palette
    assert load_pictures(root, classes=root / "classes.json").palette == own.palette
    assert load_pictures(root, classes=ClassList(painted)).palette == painted


def test_coloured_label_maps_are_read_by_the_colours_of_their_classes(
    tmp_path: Path, sentence: Callable[..., str]
) -> None:
    palette = Palette((LabelClass(5, "sky", (0, 0, 255)), LabelClass(2, "grey road", (90, 90, 90))))
    labels = LabelMap(np.where(labels_of(0, (0, 1)) == 0, 5, 2), palette)
    for number in range(2):
        write(tmp_path / "images" / f"{number}.png", picture(number))
        write(tmp_path / "labels" / f"{number}.png", labels.colors())
    with pytest.raises(LabelError, match="in colours") as error:
        load_pictures(tmp_path)
    sentence(error.value, tmp_path / "labels" / "0.png", "classes.json")
    write_classes(tmp_path / "classes.json", ClassList(palette))
    pictures = load_pictures(tmp_path)
    assert (pictures[0].labels == labels.ids).all()
    strange = labels.colors()
    strange[:4] = (1, 2, 3)
    write(tmp_path / "labels" / "1.png", strange)
    with pytest.raises(LabelError, match="#010203") as error:
        pictures[1]
    sentence(error.value, tmp_path / "labels" / "1.png", "25.0 %")


def test_grey_colours_and_single_bits_are_ids(tmp_path: Path) -> None:
    write(tmp_path / "images" / "0.png", picture(0))
    grey = labels_of(0, (3, 250))
    write(tmp_path / "labels" / "0.png", np.repeat(grey[..., None], 3, axis=2))
    classes = ClassList(Palette.from_colors([(255, 0, 0), (0, 255, 0), (0, 0, 255)], [3, 250, 255]))
    assert (load_pictures(tmp_path, classes=classes)[0].labels == grey).all()
    Image.fromarray(grey == 3).save(tmp_path / "labels" / "0.png")
    black = load_pictures(tmp_path)
    assert black.palette.ids == (0, 255) and ((black[0].labels == 255) == (grey == 3)).all()


def test_coloured_instance_maps_number_their_colours(tmp_path: Path) -> None:
    write(tmp_path / "images" / "0.png", picture(0))
    write(tmp_path / "labels" / "0.png", labels_of(0, (0, 1)))
    colors = np.zeros((*SHAPE, 3), np.uint8)
    colors[:, 10:] = (7, 1, 2)
    write(tmp_path / "instances" / "0.png", colors)
    instances = load_pictures(tmp_path)[0].instances
    assert instances is not None and set(np.unique(instances)) == {0, 7 + 256 + 2 * 65536}


@pytest.mark.parametrize(
    ("layout", "missing", "says"),
    [
        ("custom", "train/labels/1.png", "no label map"),
        ("custom", "train/instances/1.png", "no instance map"),
        ("custom", "train/images/1.png", "of no picture"),
        ("custom", "train/labels", "no label maps"),
        ("coco_stuff", "train_label/001.png", "no label map"),
        ("coco_stuff", "train_inst/001.png", "no instance map"),
        ("ade20k", "annotations/all/ADE_train_00001.png", "no label map"),
        ("deepfashion", "cihp_train_mask/id_1.png", "no label map"),
        ("cityscapes", "gtFine/train/town1/town1_000001_000019_gtFine_labelIds.png", "no label map"),
        ("cityscapes", "gtFine/train/town1/town1_000001_000019_gtFine_instanceIds.png", "no instance map"),
    ],
)
def test_what_is_missing_is_named(
    layout: str, missing: str, says: str, dataset: Callable[..., Path], sentence: Callable[..., str]
) -> None:
    root = dataset(layout)
    gone = root / missing
    gone.rename(root / "elsewhere")
    with pytest.raises(InputError, match=says) as error:
        load_pictures(root, layout)
    sentence(error.value, root, "1" if gone.suffix else gone)


def test_a_label_map_as_jpeg_is_none(dataset: Callable[..., Path]) -> None:
    root = dataset("custom")
    (root / "train" / "labels" / "1.png").rename(root / "train" / "labels" / "1.jpg")
    with pytest.raises(InputError, match=r"1\.png' has no label map.*a JPEG is none"):
        load_pictures(root)


def test_two_pictures_of_one_name_are_refused(dataset: Callable[..., Path]) -> None:
    root = dataset("custom")
    write(root / "train" / "images" / "1.tif", picture(1))
    with pytest.raises(InputError, match="have the same name"):
        load_pictures(root)


def test_sizes_that_differ_name_both_files(dataset: Callable[..., Path], sentence: Callable[..., str]) -> None:
    root = dataset("custom")
    write(root / "train" / "instances" / "1.png", np.zeros((16, 17), np.uint8))
    pictures = load_pictures(root)
    with pytest.raises(LabelError, match="17x16") as error:
        pictures[1]
    sentence(error.value, pictures.files[1].instances, pictures.files[1].image, "20x16")


def test_a_folder_of_no_layout_says_what_is_expected(tmp_path: Path, sentence: Callable[..., str]) -> None:
    (tmp_path / "pics").mkdir()
    with pytest.raises(InputError, match=r"with pics in it.*images/.*labels/.*leftImg8bit.*train_img.*cihp") as error:
        load_pictures(tmp_path)
    sentence(error.value, tmp_path)
    for layout in LAYOUTS:
        with pytest.raises(InputError, match=f"split 'train' of the layout {layout}") as error:
            load_pictures(tmp_path, layout)
        sentence(error.value, tmp_path)
    with pytest.raises(InputError, match="no folder"):
        load_pictures(tmp_path / "nowhere")
    for options in ({"layout": "voc"}, {"split": "dev", "layout": "custom"}):
        with pytest.raises(OptionError, match="use") as wrong:
            load_pictures(tmp_path, **options)
        sentence(wrong.value, *options.values() if "split" not in options else "dev")
    with pytest.raises(InputError, match="list of classes 'mine'"):
        load_pictures(make(tmp_path / "set", "custom"), classes="mine")


def test_a_pair_becomes_an_exemplar(dataset: Callable[..., Path]) -> None:
    pictures = load_pictures(dataset("custom"))
    exemplar = pictures[0].exemplar(pictures.palette)
    assert exemplar.shape == SHAPE and (exemplar.image == pictures[0].image).all()


def test_maps_may_hold_any_whole_number(tmp_path: Path) -> None:
    write(tmp_path / "images" / "0.png", picture(0))
    for kind, low in (("labels", 0), ("instances", -1)):
        (tmp_path / kind).mkdir()
        np.save(tmp_path / kind / "0.npy", np.where(labels_of(0, (0, 1)) == 0, low, 70000).astype(np.int32))
    pair = load_pictures(tmp_path)[0]
    assert set(np.unique(pair.labels)) == {0, 70000}
    assert pair.instances is not None and set(np.unique(pair.instances)) == {-1, 70000}
    np.save(tmp_path / "labels" / "0.npy", np.zeros(SHAPE, np.float32))
    with pytest.raises(LabelError, match="whole ids"):
        load_pictures(tmp_path, classes="camvid")[0]


@pytest.mark.skipif(not (SHARED / "coco_stuff").is_dir(), reason="the sample is not there")
def test_the_sample_of_coco_stuff_is_named_as_it_looks() -> None:
    pictures = load_pictures(SHARED / "coco_stuff", split="val", size=(60, 80))

    def largest(pair: Pair) -> str:
        return pictures.palette.get(int(np.bincount(pair.labels.ravel()).argmax())).name

    named = {pair.name.lstrip("0"): largest(pair) for pair in pictures}
    assert len(pictures) == 8 and pictures.has_instances
    assert {k: named[k] for k in ("785", "1584", "1818", "1490")} == {
        "785": "snow", "1584": "bus", "1818": "zebra", "1490": "sea",
    }  # fmt: skip


@pytest.mark.skipif(not (SHARED / "camvid").is_dir(), reason="the road scenes are not there")
def test_the_road_scenes_are_a_set_of_ones_own() -> None:
    pictures = load_pictures(SHARED / "camvid", classes="camvid", size=(48, 64))
    assert (len(pictures), len(load_pictures(SHARED / "camvid", split="val", classes="camvid"))) == (123, 78)
    named = {pictures.palette.get(i).name for i in np.unique(pictures[0].labels).tolist()}
    assert {"sky", "road", "building"} < named


def test_classes_in_a_file_of_the_wrong_form_are_refused(
    dataset: Callable[..., Path], sentence: Callable[..., str]
) -> None:
    root = dataset("custom")
    for text in ("[", "[]", '{"classes": [{"id": "a", "name": "x"}]}', '{"classes": [{"id": 1}]}'):
        (root / "classes.json").write_text(text)
        with pytest.raises(InputError) as error:
            load_pictures(root)
        sentence(error.value, root / "classes.json")
    twice = {"classes": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}
    (root / "classes.json").write_text(json.dumps(twice))
    with pytest.raises(LabelError, match="id 1") as refused:
        load_pictures(root)
    sentence(refused.value, root / "classes.json")
