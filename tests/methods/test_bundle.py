import json
import os
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.errors import InputError, ModelError, OptionError
from analogon.methods.bundle import FILE, FORMAT, NOTE, Bundle, TrainedBundle, held
from analogon.run import CHECKPOINT

RECORD = {
    "method": "semia",
    "config": {"width": 4},
    "seed": 3,
    "fit_seconds": 1.5,
    "stopped": None,
    "inputs": {"exemplar": "ab12", "targets": ["cd34"]},
    "requested": {"seed": 3},
    "device": "cpu",
    "threads": 2,
}


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


@pytest.mark.parametrize("own", [True, False])
def test_a_checkpoint_stays_only_where_it_is_of_this_fit(bundle, tmp_path, own):
    (tmp_path / CHECKPOINT).write_bytes(b"state")
    bundle.write(tmp_path, checkpoint=own)
    assert files(tmp_path) == {FILE, NOTE} | ({CHECKPOINT} if own else set())


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
    for read, made in ((TrainedBundle.read, "one with `analogon train"), (TrainedBundle.is_in, "or `analogon train")):
        with pytest.raises(ModelError, match="holds no model") as error:
            read(tmp_path / folder)
        sentence(error.value, tmp_path, made)


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
        elif how.removeprefix("no ") in RECORD:
            del record[how.removeprefix("no ")]
        elif how in ("nan", "inf"):
            tensors["learnt.a.weight"][1, 0, 0] = float(how)
        elif how == "stray request":
            record["requested"] = ["seed"]
        elif how == "list":
            record = [record]
        save_file(tensors, path, {"model": "{" if how == "half a record" else json.dumps(record)})


@pytest.mark.parametrize(
    "how",
    ["text", "empty", "truncated", "no header", "no record", "no picture", "stray id", "list", "half a record",
     "stray request", "nan", "inf", *(f"no {key}" for key in RECORD)],
)  # fmt: skip
def test_a_damaged_model(bundle, tmp_path, how, sentence):
    bundle.write(tmp_path)
    damaged(tmp_path / FILE, how)
    with pytest.raises(ModelError, match="damaged") as error:
        Bundle.read(tmp_path)
    sentence(error.value, tmp_path / FILE, "fit it again")


@pytest.mark.parametrize(
    ("largest", "kind"), [(7, np.uint8), (255, np.uint8), (256, np.uint16), (65536, np.uint32), (2**31 - 1, np.uint32)]
)
def test_ids_take_no_more_room_than_they_need(tmp_path, largest, kind):
    ids = np.zeros((3, 4), np.int64)
    ids[1, 2] = largest
    palette = Palette((LabelClass(0, "wall", (0, 0, 0)), LabelClass(largest, "ball", (9, 9, 9))))
    exemplar = Exemplar(np.zeros((3, 4, 3), np.float32), LabelMap(ids, palette))
    Bundle(RECORD, exemplar, {}).write(tmp_path)
    with safe_open(str(tmp_path / FILE), "np") as stored:
        assert stored.get_tensor("exemplar.ids").dtype == kind
    assert Bundle.read(tmp_path).exemplar.digest() == exemplar.digest()


# -- before the work ---------------------------------------------------------------------------------------------


def test_a_folder_that_takes_a_model_is_left_as_it_is(bundle, tmp_path):
    Bundle.check_folder(tmp_path / "new" / "folder")
    assert not list(tmp_path.iterdir())
    bundle.write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    Bundle.check_folder(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", [FILE, NOTE])
def test_a_folder_in_place_of_a_file(bundle, tmp_path, name, sentence):
    (tmp_path / name).mkdir()
    with pytest.raises(ModelError, match="is a folder") as error:
        Bundle.check_folder(tmp_path)
    sentence(error.value, tmp_path, name, "-o")
    with pytest.raises((ModelError, InputError)):
        bundle.write(tmp_path)


def test_a_folder_that_cannot_be(tmp_path, sentence):
    (tmp_path / "file").write_text("precious")
    for folder in (tmp_path / "file", tmp_path / "file" / "inside", Path("/proc/self/model")):
        with pytest.raises(ModelError, match="cannot be written to") as error:
            Bundle.check_folder(folder)
        sentence(error.value, folder, "-o")


def test_a_newer_format(exemplar, arrays, tmp_path, sentence):
    Bundle({**RECORD, "format": FORMAT + 1}, exemplar, arrays).write(tmp_path)
    with pytest.raises(ModelError, match="newer version") as error:
        Bundle.read(tmp_path)
    assert "update the package" in sentence(error.value)


# -- masks and frames --------------------------------------------------------------------------------------------


@pytest.fixture
def joined(exemplar):
    mask = np.ones(exemplar.shape, bool)
    mask[2:5, 3:9] = False
    return Exemplar.join([Exemplar(exemplar.image, exemplar.labels, mask), exemplar])


def test_mask_and_frame_come_back(joined, tmp_path):
    Bundle(RECORD, joined, {}).write(tmp_path)
    found = Bundle.read(tmp_path).exemplar
    assert (found.usable == joined.usable).all()
    assert found.frame == joined.frame == (24, 32)
    assert found.digest() == joined.digest()


def test_models_from_before_there_were_masks_are_read(bundle, exemplar, tmp_path):
    bundle.write(tmp_path)
    with safe_open(str(tmp_path / FILE), "np") as stored:
        record = json.loads(stored.metadata()["model"])
        tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
    assert "exemplar.usable" not in tensors
    assert "frame" not in record
    save_file(tensors, tmp_path / FILE, {"model": json.dumps({**record, "format": 1})})
    found = Bundle.read(tmp_path).exemplar
    assert (found.usable, found.frame) == (None, exemplar.shape)


@pytest.mark.parametrize(
    ("record", "usable"),
    [({"frame": [99, 1]}, None), ({"frame": [3]}, None), ({"frame": "all"}, None), ({}, np.zeros((2, 2), bool)),
     ({}, np.zeros((24, 32), bool)), ({}, np.ones((24, 32), np.uint8))],
)  # fmt: skip
def test_a_damaged_mask_or_frame(bundle, tmp_path, record, usable, sentence):
    bundle.write(tmp_path)
    with safe_open(str(tmp_path / FILE), "np") as stored:
        note = {**json.loads(stored.metadata()["model"]), **record}
        tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
    if usable is not None:
        tensors["exemplar.usable"] = usable
    save_file(tensors, tmp_path / FILE, {"model": json.dumps(note)})
    with pytest.raises(ModelError, match="damaged") as error:
        Bundle.read(tmp_path)
    sentence(error.value)


# -- while a model is learnt ---------------------------------------------------------------------------------------


def test_who_is_refused_does_not_take_the_folder_away(tmp_path, monkeypatch):
    folder, mkdir = tmp_path / "new" / "model", Path.mkdir
    others = ExitStack()

    def overtaken(path, *args, **more):
        """Another one comes in between, having seen that there is no folder as well."""
        monkeypatch.setattr(Path, "mkdir", mkdir)
        others.enter_context(held(folder))
        mkdir(path, *args, **more)

    monkeypatch.setattr(Path, "mkdir", overtaken)
    with others:
        with pytest.raises(OptionError, match="Another model"), held(folder):
            pass
        assert folder.is_dir()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="to root every folder can be read")
def test_a_folder_that_cannot_be_read_can_still_be_written_to(tmp_path):
    tmp_path.chmod(0o300)
    try:
        with held(tmp_path):
            (tmp_path / FILE).touch()
    finally:
        tmp_path.chmod(0o700)
    assert (tmp_path / FILE).exists()
