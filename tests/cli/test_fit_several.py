"""`analogon fit` of several case folders."""

import os
import shutil
import signal

import pytest

pytest.importorskip("torch", reason="fitting needs the extra 'neural'")

import analogon as package
from analogon.run import CHECKPOINT

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
    answer = analogon("fit", case.folder, tmp_path / "nope", "-o", tmp_path / "models", *SHORT)
    assert answer.sentence.startswith(f"{tmp_path / 'nope'} is no folder:")
    answer = analogon("fit", case.folder, second, case.image, "-o", tmp_path / "models", *SHORT)
    assert str(case.image) in answer.sentence
    answer = analogon("fit", second, case.folder, second, "-o", tmp_path / "models", *SHORT)
    assert str(tmp_path / "models" / "second") in answer.sentence
    assert not (tmp_path / "models").exists()


def test_help_names_the_folders_and_says_what_is_kept(analogon):
    words = " ".join(analogon("fit", "--help").out.replace("│", " ").split())
    assert " FOLDER Further case folders: " in words
    assert "not kept until all are done" in words
    assert "--resume Go on with the fit of one picture " in words


@pytest.mark.parametrize("taken", ["second", "second/model.safetensors"])
def test_a_place_that_takes_no_model_is_told_before_any_work(analogon, case, second, tmp_path, taken):
    obstacle = tmp_path / "models" / taken
    obstacle.parent.mkdir(parents=True)
    if taken == "second":
        obstacle.write_text("a file")
    else:
        obstacle.mkdir()
    before = sorted((tmp_path / "models").rglob("*"))
    answer = analogon("fit", case.folder, second, "-o", tmp_path / "models", *SHORT)
    assert str(tmp_path / "models" / "second") in answer.sentence
    assert sorted((tmp_path / "models").rglob("*")) == before


def test_one_model_that_cannot_be_written_costs_no_other(analogon, case, second, tmp_path, monkeypatch):
    third = shutil.copytree(case.folder, tmp_path / "third")
    learn = package.fit_many

    def obstructed(*arguments, **options):
        models = learn(*arguments, **options)
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "second").write_text("came about meanwhile")
        return models

    monkeypatch.setattr(package, "fit_many", obstructed)
    answer = analogon("fit", case.folder, second, third, "-o", tmp_path / "models", *SHORT)
    assert answer.code == 2
    assert str(tmp_path / "models" / "second") in answer.err
    for folder in (case.folder, third):
        assert package.load(tmp_path / "models" / folder.name, device="cpu").record["together"] == 3


def test_nothing_older_is_resumed_where_a_model_of_several_stands(analogon, case, second, tmp_path, monkeypatch):
    """A fit of one that was broken off, then one of several into the same place."""
    from analogon.training import driver

    monkeypatch.setattr(driver, "REPORT_SECONDS", -1.0)
    alone = tmp_path / "models" / case.folder.name
    longer = [3 if option == 2 else option for option in SHORT]
    exemplar = package.load_exemplar(case.image, case.labels)
    settings = {"batch": 1, "asked": 40, "steps": 3, "device": "cpu", "folder": alone}

    def interrupt(event):
        if event.stage == "training" and event.step == 1:
            os.kill(os.getpid(), signal.SIGINT)

    assert package.fit(exemplar, "collage", progress=interrupt, **settings).stopped == "interrupted"
    assert (alone / CHECKPOINT).exists()
    assert analogon("fit", case.folder, second, "-o", tmp_path / "models", *longer).code == 0
    assert not (alone / CHECKPOINT).exists()
    written = (alone / "model.safetensors").read_bytes()
    assert analogon("fit", case.folder, "-o", alone, "--resume", *longer).code == 0
    assert (alone / "model.safetensors").read_bytes() == written
