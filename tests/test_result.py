import json

import numpy as np
import pytest
from PIL import Image

from analogon import InputError, LabelMap, OptionError, Provenance, Result, read_labels


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
        wishes={"keep": "auto"},
        timing={"painting": 0.123456},
    )


@pytest.fixture
def copied(exemplar, target):
    """A result whose rows are those of the exemplar, upside down."""
    rows, columns = np.mgrid[0:24, 0:32]
    way = Provenance(np.stack([23 - rows, columns], -1), exemplar.shape)
    labels = LabelMap(exemplar.labels.ids[::-1], exemplar.labels.palette)
    return Result(exemplar.image[::-1], "copying", {}, 0, 0.1, provenance=way, labels=labels)


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
        "wishes": {"keep": "auto"},
        "seconds": 0.123,
        "timing": {"painting": 0.1235},
        "size": [19, 23],
        "provenance": None,
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


PROVENANCE = {"new.provenance.npy", "new.provenance.png", "new.labels.png"}


def test_the_provenance_lies_beside_the_picture_if_asked_for(copied, tmp_path):
    copied.save(tmp_path / "new.png")
    assert {path.name for path in tmp_path.iterdir()} == {"new.png", "new.json"}
    copied.save(tmp_path / "new.png", provenance=True)
    assert {path.name for path in tmp_path.iterdir()} == {"new.png", "new.json"} | PROVENANCE
    assert (np.load(tmp_path / "new.provenance.npy") == copied.provenance.places).all()
    with Image.open(tmp_path / "new.provenance.png") as preview:
        assert np.abs(np.asarray(preview) / 255 - copied.provenance.preview()).max() < 0.51 / 255
    labels = read_labels(tmp_path / "new.labels.png")
    assert (labels.ids == copied.labels.ids).all() and labels.palette == copied.labels.palette
    record = json.loads((tmp_path / "new.json").read_text())
    assert record["provenance"] == {"used": 1.0, "kept": 0.0}


def test_a_result_without_provenance_has_none_to_save_or_apply(result, tmp_path, sentence):
    for use in (lambda: result.save(tmp_path / "new.png", provenance=True), lambda: result.apply_to(result.image)):
        with pytest.raises(OptionError) as error:
            use()
        sentence(error.value, "'semia'", "--polish")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("obstacle", ["new.json", "new.provenance.npy", "new.provenance.png", "new.labels.png"])
def test_all_files_are_written_or_none(copied, tmp_path, obstacle, sentence):
    (tmp_path / obstacle).mkdir()
    with pytest.raises(InputError) as error:
        copied.save(tmp_path / "new.png", provenance=True)
    sentence(error.value, tmp_path / obstacle)
    assert not (tmp_path / "new.png").exists()


def test_other_maps_are_carried_along_from_arrays_files_and_pictures(copied, exemplar, tmp_path, sentence):
    assert (copied.apply_to(exemplar.image) == copied.image).all()
    depth = np.random.default_rng(0).integers(0, 65536, exemplar.shape).astype(np.uint16)
    Image.fromarray(depth).save(tmp_path / "depth.png")
    np.save(tmp_path / "depth.npy", depth)
    with Image.open(tmp_path / "depth.png") as picture:
        for given in (depth, tmp_path / "depth.png", str(tmp_path / "depth.npy"), picture):
            carried = copied.apply_to(given)
            assert carried.dtype == np.uint16 and (carried == depth[::-1]).all()
    with pytest.raises(InputError, match="32x24") as error:
        copied.apply_to(depth[:-1])
    sentence(error.value)
