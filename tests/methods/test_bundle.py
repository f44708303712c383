import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from analogon.errors import InputError, ModelError
from analogon.methods.bundle import FILE, FORMAT, NOTE, Bundle

RECORD = {"method": "semia", "config": {"width": 4}, "seed": 3, "fit_seconds": 1.5, "stopped": None}


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "a.weight": rng.normal(size=(3, 2, 1)).astype(np.float32),
        "a.count": np.array(7, np.int64),
        "turned": rng.normal(size=(4, 5)).astype(np.float32).T,
    }


@pytest.fixture
def bundle(exemplar, arrays):
    return Bundle(RECORD, exemplar, arrays)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_is_written_is_read(bundle, arrays, tmp_path):
    bundle.write(tmp_path / "deep" / "model")
    found = Bundle.read(tmp_path / "deep" / "model")
    assert {key: found.record[key] for key in RECORD} == RECORD
    assert found.exemplar.digest() == bundle.exemplar.digest()
    assert found.exemplar.labels.palette == bundle.exemplar.labels.palette
    assert set(found.arrays) == set(arrays)
    for key, value in arrays.items():
        assert found.arrays[key].dtype == value.dtype
        assert found.arrays[key].shape == value.shape
        assert (found.arrays[key] == value).all()


def test_there_are_two_files_and_the_note_says_what_the_model_says(bundle, tmp_path):
    bundle.write(tmp_path)
    assert files(tmp_path) == {FILE, NOTE}
    note = json.loads((tmp_path / NOTE).read_text())
    with safe_open(str(tmp_path / FILE), "np") as stored:
        assert json.loads(stored.metadata()["model"]) == note
    assert note["format"] == FORMAT
    assert note["palette"] == [
        [0, "wall", [40, 90, 160]], [7, "ball", [240, 200, 30]], [3, "floor", [60, 160, 60]]
    ]  # fmt: skip


def test_the_note_is_not_needed(bundle, tmp_path):
    bundle.write(tmp_path)
    (tmp_path / NOTE).write_text("scribbled over")
    assert Bundle.read(tmp_path).record["seed"] == 3


def test_a_later_model_replaces_an_earlier_one(bundle, exemplar, tmp_path):
    bundle.write(tmp_path)
    Bundle({**RECORD, "seed": 9}, exemplar, {"b": np.ones(2, np.float32)}).write(tmp_path)
    found = Bundle.read(tmp_path)
    assert found.record["seed"] == 9
    assert set(found.arrays) == {"b"}
    assert files(tmp_path) == {FILE, NOTE}


def test_a_failed_write_leaves_the_earlier_model_alone(bundle, exemplar, tmp_path):
    bundle.write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    unwritable = Bundle({**RECORD, "seed": 9}, exemplar, {"b": np.array([object()])})
    with pytest.raises(SafetensorError):
        unwritable.write(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_in_place_of_the_folder(bundle, tmp_path, sentence):
    (tmp_path / "model").write_text("precious")
    for folder in (tmp_path / "model", tmp_path / "model" / "inside"):
        with pytest.raises((ModelError, InputError)) as error:
            bundle.write(folder)
        assert str(folder) in sentence(error.value)
    assert (tmp_path / "model").read_text() == "precious"


@pytest.mark.parametrize("folder", ["nowhere", ""])
def test_no_model(tmp_path, folder, sentence):
    with pytest.raises(ModelError, match="holds no model") as error:
        Bundle.read(tmp_path / folder)
    assert str(tmp_path) in sentence(error.value)
    assert "analogon fit" in str(error.value)


def damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "text":
        path.write_text("These are no tensors.\n")
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "no header":
        path.write_bytes(content[:4])
    elif how == "no record":
        save_file({"exemplar.image": np.zeros((2, 2, 3), np.float32)}, path)
    else:
        with safe_open(str(path), "np") as stored:
            record = json.loads(stored.metadata()["model"])
            tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
        if how == "no picture":
            del tensors["exemplar.image"]
        elif how == "stray id":
            tensors["exemplar.ids"][0, 0] = 99
        elif how == "no seed":
            del record["seed"]
        elif how == "list":
            record = [record]
        save_file(tensors, path, {"model": "{" if how == "half a record" else json.dumps(record)})


@pytest.mark.parametrize(
    "how",
    ["text", "empty", "truncated", "no header", "no record", "no picture", "stray id", "no seed", "list",
     "half a record"],
)  # fmt: skip
def test_a_damaged_model(bundle, tmp_path, how, sentence):
    bundle.write(tmp_path)
    damaged(tmp_path / FILE, how)
    with pytest.raises(ModelError, match="damaged") as error:
        Bundle.read(tmp_path)
    assert str(tmp_path / FILE) in sentence(error.value)
    assert "fit it again" in str(error.value)


def test_a_newer_format(exemplar, arrays, tmp_path, sentence):
    Bundle({**RECORD, "format": FORMAT + 1}, exemplar, arrays).write(tmp_path)
    with pytest.raises(ModelError, match="newer version") as error:
        Bundle.read(tmp_path)
    assert "update the package" in sentence(error.value)
