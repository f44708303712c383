import json

import numpy as np
import pytest
from PIL import Image

from analogon import InputError, Result


@pytest.fixture
def result():
    return Result(
        image=np.random.default_rng(0).random((19, 23, 3), np.float32),
        method="semia",
        config={"width": 4, "patch_sizes": [5, 3]},
        seed=11,
        seconds=0.123456,
        inputs={"exemplar": "ab" * 32, "target": "cd" * 32, "targets": ["ef" * 32]},
        device="cuda",
        threads=3,
        fit={"fit_seconds": 7.5},
        versions={"analogon": "0.1", "torch": "2.13"},
    )


def test_the_picture_and_how_it_came_about_lie_side_by_side(result, tmp_path):
    result.save(tmp_path / "new.png")
    assert {path.name for path in tmp_path.iterdir()} == {"new.png", "new.json"}
    with Image.open(tmp_path / "new.png") as picture:
        assert picture.size == (23, 19)
        assert np.abs(np.asarray(picture, np.float32) / 255 - result.image).max() <= 0.5 / 255 + 1e-6
    assert json.loads((tmp_path / "new.json").read_text()) == {
        "method": "semia",
        "config": {"width": 4, "patch_sizes": [5, 3]},
        "seed": 11,
        "seconds": 0.123,
        "size": [19, 23],
        "inputs": {"exemplar": "ab" * 32, "target": "cd" * 32, "targets": ["ef" * 32]},
        "device": "cuda",
        "threads": 3,
        "fit": {"fit_seconds": 7.5},
        "versions": {"analogon": "0.1", "torch": "2.13"},
    }


def test_saving_again_replaces_both(result, tmp_path):
    result.save(tmp_path / "new.png")
    other = Result(np.zeros((4, 5, 3), np.float32), "semia", {}, 12, 0.0)
    other.save(str(tmp_path / "new.png"))
    assert json.loads((tmp_path / "new.json").read_text())["seed"] == 12
    with Image.open(tmp_path / "new.png") as picture:
        assert picture.size == (5, 4)
    assert {path.name for path in tmp_path.iterdir()} == {"new.png", "new.json"}


@pytest.mark.parametrize("name", ["new.xyz", "new", "no/such/folder.png"])
def test_a_place_that_takes_no_picture(result, tmp_path, name, sentence):
    with pytest.raises(InputError) as error:
        result.save(tmp_path / name)
    assert str(tmp_path / name) in sentence(error.value)
    assert not list(tmp_path.iterdir())
