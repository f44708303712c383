import json
import shutil
import tarfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from analogon import InputError, OptionError, read_labels
from analogon.augment.exporting import FORMATS, Export, export
from analogon.augment.values import SAMPLES, read_samples
from analogon.io import to_bytes

from .samples import CELL, GROUND, PALETTE, SPECK, hard_samples, masks_of, sample, write_dataset

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools
THINGS = (CELL, SPECK)
#: Share that is held back: two of seven.
HELD = 0.385


@pytest.fixture(scope="module")
def written(dataset):
    """Every format of the hard samples, some held back."""
    export(dataset, Export(tuple(FORMATS), validation=HELD))
    return dataset


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def by_part(written):
    """The samples that are trained on, and those held back, by what the png format says."""
    held = {path.stem for path in (written / "png" / "val" / "images").iterdir()}
    samples = {one.name: one for one in hard_samples()}
    return {
        "train": {name: one for name, one in samples.items() if name not in held},
        "val": {name: one for name, one in samples.items() if name in held},
    }


def test_indexed_pictures(written):
    parts = by_part(written)
    assert (len(parts["train"]), len(parts["val"])) == (5, 2)
    for part, samples in parts.items():
        for name, one in samples.items():
            places = [written / "png" / part / kind / f"{name}.png" for kind in ("images", "labels", "instances")]
            with Image.open(places[0]) as image, Image.open(places[1]) as labels, Image.open(places[2]) as instances:
                assert (np.asarray(image) == to_bytes(one.image)).all()
                assert labels.mode == "P" and (np.asarray(labels) == one.labels.ids).all()
                assert (np.asarray(labels.convert("RGB")) == one.labels.colors()).all()
                assert instances.mode == "I;16" and (np.asarray(instances) == one.instances).all()
            assert read_labels(places[1]).palette == PALETTE
    classes = json.loads((written / "png" / "classes.json").read_text(encoding="utf-8"))["classes"]
    assert [entry["thing"] for entry in classes] == [False, True, True, False]
    assert [entry["name"] for entry in classes] == list(PALETTE.names)


def test_indexed_pictures_are_a_data_set_to_learn(written):
    datasets = pytest.importorskip("analogon.datasets")
    for part, samples in by_part(written).items():
        pictures = datasets.load_pictures(written / "png", split=part)
        assert pictures.palette == PALETTE and len(pictures) == len(samples)
        for pair in pictures:
            one = samples[pair.name]
            assert (to_bytes(pair.image) == to_bytes(one.image)).all()
            assert (pair.labels == one.labels.ids).all() and (pair.instances == one.instances).all()


@pytest.mark.parametrize("kind", ["instances", "instances_rle"])
def test_coco_things(written, kind, capsys):
    for part, samples in by_part(written).items():
        coco = COCO(written / "coco" / "annotations" / f"{kind}_{part}.json")
        assert {c["id"]: c["name"] for c in coco.loadCats(coco.getCatIds())} == {
            CELL: "- cell 😀",
            SPECK: "yes",
        }
        assert {entry["file_name"] for entry in coco.imgs.values()} == {f"{name}.png" for name in samples}
        for image in coco.imgs.values():
            one = samples[Path(image["file_name"]).stem]
            with Image.open(written / "coco" / part / image["file_name"]) as picture:
                assert picture.size == (image["width"], image["height"]) == one.shape[::-1]
            found = coco.loadAnns(coco.getAnnIds(image["id"]))
            for entry, (class_id, mask) in zip(found, masks_of(one, THINGS), strict=True):
                assert entry["category_id"] == class_id
                assert (coco.annToMask(entry) == mask).all()
                rows, columns = np.nonzero(mask)
                left, top, width, height = entry["bbox"]
                assert (left, top) == (columns.min(), rows.min())
                assert (left + width, top + height) == (columns.max() + 1, rows.max() + 1)
                assert entry["area"] == mask.sum() and entry["iscrowd"] == 0
        assert min(coco.anns, default=1) == 1


def test_coco_stuff(written, capsys):
    for part, samples in by_part(written).items():
        coco = COCO(written / "coco" / "annotations" / f"stuff_{part}.json")
        for image in coco.imgs.values():
            one = samples[Path(image["file_name"]).stem]
            found = coco.loadAnns(coco.getAnnIds(image["id"]))
            assert [entry["category_id"] for entry in found] == [c for c in one.labels.present() if c == GROUND]
            assert all((coco.annToMask(entry) == (one.labels.ids == GROUND)).all() for entry in found)


def test_coco_is_judged_as_perfect_against_itself(written, capsys):
    from pycocotools.cocoeval import COCOeval

    truth = COCO(written / "coco" / "annotations" / "instances_train.json")
    runs = COCO(written / "coco" / "annotations" / "instances_rle_train.json")
    answer = truth.loadRes([{**entry, "score": 0.9} for entry in runs.anns.values()])
    judge = COCOeval(truth, answer, "segm")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    assert judge.stats[0] == pytest.approx(1)


def test_yolo(written):
    import yaml
    from pycocotools import mask as runs

    root = written / "yolo"
    about = yaml.safe_load((root / "data.yaml").read_text(encoding="utf-8"))
    assert about == {
        "train": "images/train",
        "val": "images/val",
        "names": {0: "- cell 😀", 1: "yes"},
    }
    for part, samples in by_part(written).items():
        assert {p.stem for p in (root / about[part]).iterdir()} == set(samples)
        assert {p.stem for p in (root / "labels" / part).iterdir()} == set(samples)
        for name, one in samples.items():
            lines = (root / "labels" / part / f"{name}.txt").read_text().splitlines()
            for line, (class_id, mask) in zip(lines, masks_of(one, THINGS), strict=True):
                number, *shares = line.split()
                assert THINGS[int(number)] == class_id
                corners = np.array(shares, float).reshape(-1, 2)
                assert len(corners) >= 4 and corners.min() >= 0 and corners.max() <= 1
                pixels = corners * one.shape[::-1]
                assert np.abs(pixels - pixels.round()).max() < 0.01
                drawn = runs.decode(runs.frPyObjects([pixels.round().ravel().tolist()], *one.shape))[..., 0]
                assert (drawn == mask).all()


def test_yolo_in_another_rasteriser(written):
    """Pillow fills outlines by crossings as well, and draws the lines too: all of a mask is in, and few pixels more."""
    from PIL import ImageDraw

    one = hard_samples()[0]
    line = (written / "yolo").glob(f"labels/*/{one.name}.txt").__next__().read_text().splitlines()[0]
    corners = np.array(line.split()[1:], float).reshape(-1, 2) * one.shape[::-1]
    canvas = Image.new("1", (24 * 8, 20 * 8))
    ImageDraw.Draw(canvas).polygon([tuple(corner) for corner in corners * 8], fill=1)
    centres = np.asarray(canvas)[4::8, 4::8]
    assert (centres == (one.instances == 1)).all()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_hugging_face(written, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    for way in ("imagefolder", None):
        arguments = (way,) if way else (str(written / "hf"),)
        folder = {"data_dir": str(written / "hf")} if way else {}
        loaded = datasets.load_dataset(*arguments, **folder, cache_dir=str(tmp_path / str(way)))
        assert set(loaded) == {"train", "validation"}
        for part, samples in zip(("train", "validation"), by_part(written).values(), strict=True):
            assert loaded[part].column_names == ["image", "mask", "instances", "name", "record"]
            assert {row["name"] for row in loaded[part]} == set(samples)
            for row in loaded[part]:
                one = samples[row["name"]]
                assert (np.asarray(row["image"]) == to_bytes(one.image)).all()
                assert (np.asarray(row["mask"]) == one.labels.ids).all()
                assert (np.asarray(row["instances"]) == one.instances).all()
                record = json.loads(row["record"])
                assert record == {**one.record, "instance_classes": list(one.instance_classes)}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_shards(written):
    webdataset = pytest.importorskip("webdataset")
    for part, samples in by_part(written).items():
        shard = written / "wds" / f"{part}-000000.tar"
        stream = webdataset.WebDataset(f"file:{shard}".replace("%", "%25"), shardshuffle=False)
        rows = list(stream)
        assert {unquote(row["__key__"]) for row in rows} == set(samples)
        for row in rows:
            one = samples[unquote(row["__key__"])]
            files = written / SAMPLES / one.name
            for name in ("image.png", "labels.png", "instances.png", "record.json"):
                assert row[name] == (files / name).read_bytes()
        with tarfile.open(shard) as file:
            for member in file:
                assert (member.mtime, member.uid, member.gid, member.uname, member.mode) == (0, 0, 0, "", 0o644)


def test_shards_are_of_the_size_that_was_asked_for(dataset, tmp_path):
    copy = tmp_path / "set"
    shutil.copytree(dataset / SAMPLES, copy / SAMPLES)
    export(copy, Export(("wds",), shard=3))
    assert sorted(path.name for path in (copy / "wds").glob("*.tar")) == [f"train-00000{n}.tar" for n in range(3)]
    sizes = []
    for n in range(3):
        with tarfile.open(copy / "wds" / f"train-00000{n}.tar") as file:
            sizes.append(len(file.getnames()) // 4)
    assert sizes == [3, 3, 1]


def test_equal_samples_make_equal_files(written, tmp_path):
    """In another order of making, in another folder, at another time."""
    again = write_dataset(tmp_path / "other", hard_samples()[::-1])
    export(again, Export(tuple(FORMATS)[::-1], validation=HELD))
    for name in FORMATS:
        assert contents(again / name) == contents(written / name)


def test_a_format_is_replaced_as_a_whole(tmp_path):
    root = write_dataset(tmp_path / "set", hard_samples()[:2])
    export(root, Export(("png",), validation=0.5))
    assert (root / "png" / "val").is_dir()
    (root / ".png.part").mkdir()  # of a process that was killed
    (root / ".png.part" / "stray").touch()
    assert export(root, Export(("png",))) == [root / "png"]
    assert not (root / "png" / "val").exists()
    assert sorted(path.name for path in root.iterdir()) == ["png", SAMPLES]
    assert len(list((root / "png" / "train" / "images").iterdir())) == 2


def test_what_is_exported_does_not_change_the_samples(tmp_path):
    root = write_dataset(tmp_path / "set", hard_samples()[:2])
    before = contents(root / SAMPLES)
    export(root, Export(tuple(FORMATS)))
    shutil.rmtree(root / "png")
    assert contents(root / SAMPLES) == before


def test_which_classes_are_things_is_a_choice(tmp_path, capsys):
    root = write_dataset(tmp_path / "set", hard_samples()[:3])
    export(root, Export(("coco", "yolo"), things=("yes", str(GROUND))))
    coco = COCO(root / "coco" / "annotations" / "instances_rle_train.json")
    assert set(coco.getCatIds()) == {GROUND, SPECK}
    for image in coco.imgs.values():
        one = next(s for s in hard_samples() if s.name == Path(image["file_name"]).stem)
        found = coco.loadAnns(coco.getAnnIds(image["id"]))
        for entry, (class_id, mask) in zip(found, masks_of(one, (GROUND, SPECK)), strict=True):
            assert entry["category_id"] == class_id and (coco.annToMask(entry) == mask).all()


def test_samples_without_things(tmp_path, capsys):
    nothing = sample("000000", np.zeros((20, 24), np.int32), ())
    root = write_dataset(tmp_path / "set", [nothing])
    export(root, Export(("png", "coco", "hf", "wds")))
    coco = COCO(root / "coco" / "annotations" / "instances_train.json")
    assert not coco.anns and not coco.cats and len(coco.imgs) == 1
    with pytest.raises(OptionError) as error:
        export(root, Export(("png", "yolo")))
    assert "things" in str(error.value)
    assert not (root / "yolo").exists() and not list(root.glob(".*"))


def test_what_was_not_written_here_stays(tmp_path, sentence):
    root = write_dataset(tmp_path / "set", hard_samples()[:2])
    (root / "coco").mkdir()
    export(root, Export(("coco", "png")))  # an empty folder is nobody's
    (root / "wds").mkdir()
    (root / "wds" / "mine.tar").write_text("mine")
    (root / "hf").write_text("mine")
    before = contents(root)
    for name in ("wds", "hf"):
        with pytest.raises(OptionError) as error:
            export(root, Export(("png", name), validation=0.5))
        sentence(error.value, root / name)
    assert contents(root) == before
    export(root, Export(("png", "coco"), validation=0.5))  # what was is replaced
    assert (root / "coco" / "val").is_dir() and (root / "png" / "val").is_dir()


def test_samples_stay_in_their_part_when_others_are_added(tmp_path):
    nothing = np.zeros((16, 16), np.int32)
    names = [f"{number:06d}" for number in range(36) if number % 7 != 3] + ["käse"]
    held = []
    for count in (5, 15, len(names)):
        made = [sample(name, nothing, (), shape=nothing.shape) for name in names[:count]]
        root = write_dataset(tmp_path / str(count), made)
        export(root, Export(("png",), validation=0.2))
        parts = {part: {path.stem for path in (root / "png" / part / "images").glob("*")} for part in ("train", "val")}
        assert parts["train"] | parts["val"] == set(names[:count]) and not parts["train"] & parts["val"]
        held.append(parts["val"])
    assert held[0] < held[1] < held[2]
    assert held[1] == held[2] & set(names[:15])
    assert 0.15 < len(held[2]) / len(names) < 0.25
    # also of those that every second or third picture is the source of
    for every in (2, 3):
        for first in range(every):
            mine = [name for name in names[:-1] if int(name) % every == first]
            assert 0.1 <= len(held[2] & set(mine)) / len(mine) <= 0.3


def test_one_sample_is_never_held_back(tmp_path):
    root = write_dataset(tmp_path / "set", hard_samples()[:1])
    export(root, Export(("png",), validation=0.9))
    assert [path.name for path in (root / "png").iterdir() if path.is_dir()] == ["train"]


@pytest.mark.parametrize("there", [True, False])
def test_no_samples(tmp_path, there, sentence):
    (tmp_path / ("samples" if there else "other")).mkdir()
    with pytest.raises(InputError) as error:
        export(tmp_path, Export(("coco",)))
    sentence(error.value, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_sample(tmp_path, sentence):
    root = write_dataset(tmp_path / "set", hard_samples()[:2])
    (root / SAMPLES / "000001" / "labels.png").write_bytes(b"")
    with pytest.raises(InputError) as error:
        export(root, Export(("png", "wds")))
    sentence(error.value, "000001")
    assert [path.name for path in root.iterdir()] == [SAMPLES]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"formats": ("png", "voc")}, "voc"),
        ({"validation": 1.0}, "1.0"),
        ({"validation": -0.1}, "-0.1"),
        ({"shard": 0}, "0"),
    ],
)
def test_what_cannot_be_asked_for(changes, words, sentence):
    with pytest.raises(OptionError) as error:
        Export(**changes)
    sentence(error.value, words)


def test_a_class_that_is_not_there(dataset, sentence):
    with pytest.raises(OptionError) as error:
        export(dataset, Export(("png",), things=("cow",)))
    sentence(error.value, "cow")


def test_samples_come_back_as_they_were(dataset):
    for read, one in zip(read_samples(dataset), hard_samples(), strict=True):
        assert (read.instances == one.instances).all() and read.instance_classes == one.instance_classes
