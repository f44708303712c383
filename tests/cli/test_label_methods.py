import re

import numpy as np
import pytest
from PIL import Image

import analogon as package


def test_label_writes_a_map_that_make_can_use(analogon, case, tmp_path):
    answer = analogon("label", case.image, "-o", tmp_path / "new" / "first.png", "--classes", 2)
    assert answer.code == 0, answer.err
    labels = package.read_labels(tmp_path / "new" / "first.png")
    assert labels.palette.names == ("region 1", "region 2")
    disc = labels.ids == 2
    true_disc = np.asarray(Image.open(case.labels).convert("RGB"))[..., 0] == 240
    assert (disc == true_disc).mean() > 0.98
    assert re.search(r"^#[0-9a-f]{6}  region 1  \d+\.\d %$", answer.out, re.MULTILINE)
    package.load_exemplar(case.image, tmp_path / "new" / "first.png")


def test_classes_change_the_map(analogon, tmp_path):
    levels = np.random.default_rng(0).random((8, 8, 3)).repeat(10, 0).repeat(10, 1)
    Image.fromarray((levels * 255).astype(np.uint8)).save(tmp_path / "squares.png")
    counts = []
    for classes in (3, 9):
        assert analogon("label", tmp_path / "squares.png", "-o", tmp_path / "l.png", "--classes", classes).code == 0
        counts.append(len(package.read_labels(tmp_path / "l.png").palette))
    assert counts == [3, 9]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "first.jpg"), ["first.jpg", ".png"]),
        (("-o", "first/.png"), ["first/.png", "no name"]),
        (("-o", "first.png", "--classes", 1), ["2 to 64", "--classes"]),
    ],
)
def test_label_refuses(analogon, case, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    sentence = analogon("label", case.image, *arguments).sentence
    for word in words:
        assert word in sentence
    assert list(tmp_path.glob("first*")) == []


def test_label_never_overwrites_the_picture(analogon, case):
    before = case.image.read_bytes()
    assert "overwrite" in analogon("label", case.image, "-o", case.image).sentence
    assert case.image.read_bytes() == before


def test_label_refuses_a_folder(analogon, case, tmp_path):
    (tmp_path / "labels.png").mkdir()
    assert "is a folder" in analogon("label", case.image, "-o", tmp_path / "labels.png").sentence


def test_methods_lists_each_method(analogon):
    answer = analogon("methods")
    assert answer.code == 0
    for info in package.list_methods():
        assert re.search(rf"^{info.name}: .*{re.escape(info.summary)}", answer.out, re.MULTILINE)
        for recipe in info.recipes:
            assert recipe in answer.out


def test_methods_shows_the_settings_of_one(analogon):
    answer = analogon("methods", "semia")
    assert answer.code == 0
    (info,) = [info for info in package.list_methods() if info.name == "semia"]
    assert info.fields
    for line in ("steps: int = fast 600, paper 2500", "norm: batch | instance = instance"):
        assert f"\n  {line}\n" in answer.out
    for field in info.fields:
        assert field.doc.split()[0] in answer.out
        (line,) = re.findall(rf"^  {field.name}: (.*)$", answer.out, re.MULTILINE)
        assert line.startswith(f"{field.type} = ")
        for recipe in info.recipes:
            assert line.endswith(f"= {field.default}") or f"{recipe} {field.values[recipe]}" in line


def test_methods_shows_what_can_be_done_with_models_of_one(analogon):
    lines = (
        "  learns several pictures at once: analogon fit FOLDER FOLDER",
        "  its models can be exported: analogon export",
    )
    for info in package.list_methods():
        said = analogon("methods", info.name).out.splitlines()
        assert [line in said for line in lines] == [info.many, info.exports]
    assert package.describe_method("collage").many and package.describe_method("collage").exports
    assert not package.describe_method("semia").many and not package.describe_method("semia").exports


def test_an_unknown_method(analogon):
    sentence = analogon("methods", "semai").sentence
    assert "semai" in sentence and "semia" in sentence


def test_methods_shows_the_options_that_a_method_takes(analogon, copying):
    options = "--keep, --tile, --preview, --guide, --places, --mask and --also"
    assert f"\n  takes: {options}\n" in analogon("methods", "copying").out
    assert "takes:" not in analogon("methods", "semia").out
