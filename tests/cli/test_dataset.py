import json
import re

import numpy as np
import pytest
from PIL import Image

from analogon import datasets


def test_scenes_are_written_and_shown(analogon, tmp_path):
    root = tmp_path / "scenes"
    answer = analogon("dataset", "scenes", "-n", 4, "--val", 2, "--size", "48x40", "--seed", 3, "-o", root)
    assert answer.code == 0 and "4 scenes in train, 2 in val" in answer.out, answer.err
    first = datasets.load_pictures(root)[0]
    asked = datasets.Scenes(4, datasets.SceneSettings(3, (40, 48)))[0]
    assert (first.labels == asked.labels).all()
    assert datasets.load_pictures(root, split="val")[0].name == "000004"
    shown = analogon("dataset", "show", root)
    assert shown.code == 0, shown.err
    assert "train: 4 pictures of 48x40, with instance maps, 5 classes" in shown.out
    assert "val: 2 pictures" in shown.out and "test:" not in shown.out
    shares = [float(s) for s in re.findall(r"([\d.]+) % of the pixels", shown.out.split("val:")[0])]
    assert abs(sum(shares) - 100) < 0.5 and shares == sorted(shares, reverse=True)


def test_styles_are_those_asked_for(analogon, tmp_path):
    drawn = {}
    for styles in ("classes", "picture"):
        root = tmp_path / styles
        assert analogon("dataset", "scenes", "-n", 6, "--val", 0, "--styles", styles, "-o", root).code == 0
        told = json.loads((root / "train" / "scenes.json").read_text())["scenes"]
        drawn[styles] = max(len(set(scene["styles"].values())) for scene in told)
        assert not (root / "val").exists()
    assert drawn["picture"] == 1 < drawn["classes"]


def test_the_classes_and_the_layout_of_a_set_can_be_named(analogon, tmp_path):
    for kind, array in (("images", np.zeros((16, 16, 3))), ("labels", np.full((16, 16), 3))):
        (tmp_path / kind).mkdir()
        Image.fromarray(array.astype(np.uint8)).save(tmp_path / kind / "0.png")
    assert "class 3: 100.0 %" in analogon("dataset", "show", tmp_path).out
    assert "road: 100.0 %" in analogon("dataset", "show", tmp_path, "--classes", "camvid").out
    assert "leftImg8bit" in analogon("dataset", "show", tmp_path, "--layout", "cityscapes").sentence


def test_the_first_file_that_is_wrong_is_named(analogon, tmp_path):
    datasets.write_scenes(tmp_path, datasets.Scenes(3), "train")
    wrong = tmp_path / "train" / "labels" / "000001.png"
    Image.fromarray(np.full((64, 64), 77, np.uint8)).save(wrong)
    sentence = analogon("dataset", "show", tmp_path).sentence
    assert str(wrong) in sentence and "77" in sentence


def test_what_is_missing_in_another_split_is_named_too(analogon, tmp_path):
    datasets.write_scenes(tmp_path, datasets.Scenes(2), "train")
    datasets.write_scenes(tmp_path, datasets.Scenes(2), "test")
    gone = tmp_path / "test" / "labels" / "000001.png"
    gone.unlink()
    sentence = analogon("dataset", "show", tmp_path).sentence
    assert "000001.png" in sentence and "no label map" in sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--size", "16x64"), ["16x64", "at least 32x32"]),
        (("--val", -1), ["--val"]),
        (("-n", 0), ["0 scenes"]),
        (("--seed", -1), ["seed -1"]),
    ],
)
def test_scenes_that_cannot_be_are_refused(analogon, tmp_path, arguments, words):
    sentence = analogon("dataset", "scenes", "-o", tmp_path / "new", *arguments).sentence
    assert all(word in sentence for word in words)
    assert not (tmp_path / "new").exists()


def test_a_set_is_never_overwritten(analogon, tmp_path):
    arguments = ("dataset", "scenes", "-n", 1, "--val", 1, "-o", tmp_path)
    assert analogon(*arguments).code == 0
    assert "holds a data set already" in analogon(*arguments).sentence
    (tmp_path / "train").rename(tmp_path / "test")
    assert "holds a data set already" in analogon(*arguments).sentence
    assert not (tmp_path / "train").exists()
