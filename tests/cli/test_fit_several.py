"""`analogon fit` of several case folders."""

import shutil

import pytest

pytest.importorskip("torch", reason="fitting needs the extra 'neural'")

import analogon as package

SHORT = ("--method", "collage", "--steps", 2, "--set", "batch=1", "--set", "asked=40", "--device", "cpu")


@pytest.fixture
def second(case, tmp_path):
    return shutil.copytree(case.folder, tmp_path / "second")


def test_each_folder_becomes_a_model_of_its_name(analogon, case, second, tmp_path):
    answer = analogon("fit", case.folder, second, "-o", tmp_path / "models", *SHORT)
    assert answer.code == 0, answer.err
    for folder in (case.folder, second):
        path = tmp_path / "models" / folder.name
        assert f"Model: {path}" in answer.out + answer.err
        assert package.load(path, device="cpu").record["together"] == 2


def test_three_folders(analogon, case, second, tmp_path):
    third = shutil.copytree(case.folder, tmp_path / "third")
    assert analogon("fit", case.folder, second, third, "-o", tmp_path / "models", *SHORT).code == 0
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == sorted(
        [case.folder.name, "second", "third"]
    )


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--resume",), "--resume"),
        (("--preview", "label.png"), "--preview"),
        (("--map", "red=1"), "--map"),
        (("--mask", "m.png"), "--mask"),
        (("--method", "semia"), "collage"),
    ],
    ids=str,
)
def test_what_goes_with_one_picture_only(analogon, case, second, tmp_path, options, named):
    short = SHORT if "--method" not in options else SHORT[2:4]
    answer = analogon("fit", case.folder, second, "-o", tmp_path / "models", *short, *options)
    assert named in answer.sentence
    assert not (tmp_path / "models").exists()


def test_folders_and_names_that_do_not_do(analogon, case, second, tmp_path):
    answer = analogon("fit", case.folder, second, case.image, "-o", tmp_path / "models", *SHORT)
    assert str(case.image) in answer.sentence
    answer = analogon("fit", second, case.folder, second, "-o", tmp_path / "models", *SHORT)
    assert str(tmp_path / "models" / "second") in answer.sentence
    assert not (tmp_path / "models").exists()
