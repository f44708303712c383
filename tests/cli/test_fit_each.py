"""`analogon fit` of a folder of cases, by workers."""

import shutil

import pytest

import analogon as package


@pytest.fixture
def cases(case, tmp_path):
    """A folder of two cases."""
    root = tmp_path / "all"
    for name in ("one", "two"):
        shutil.copytree(case.folder, root / name)
    return root


def test_each_case_of_a_folder_becomes_a_model(analogon, cases, tmp_path):
    models = tmp_path / "models"
    answer = analogon("fit", cases, "-o", models, "--method", "patch", "--workers", 1)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines() == [f"Model: {models / 'one'}", f"Model: {models / 'two'}"]
    assert package.load(models / "two").method == "patch"
    answer = analogon(
        "fit", cases / "one", cases / "two", "-o", tmp_path / "again", "--method", "patch", "--workers", 1
    )
    assert answer.code == 0 and (tmp_path / "again" / "two" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--workers", "0"), "--workers"),
        (("--workers", "2", "--resume"), "--resume"),
        (("--workers", "2", "--preview", "label.png"), "--preview"),
        (("--gpus", "0.5"), "--gpus"),
        (("--gpus", "1.5", "--cluster", "auto"), "--gpus"),
        (("--cluster", "nowhere"), "nowhere"),
        (("--workers", "2", "--set", "output=x"), "output"),
    ],
    ids=str,
)
def test_options_that_do_not_do(analogon, cases, tmp_path, options, named):
    answer = analogon("fit", cases, "-o", tmp_path / "models", "--method", "patch", *options)
    assert named in answer.sentence
    assert not (tmp_path / "models").exists()


def test_workers_are_for_folders(analogon, case, tmp_path):
    answer = analogon("fit", case.image, case.labels, "-o", tmp_path / "models", "--method", "patch", "--workers", 2)
    assert str(case.image) in answer.sentence
    assert not (tmp_path / "models").exists()
