import json

import pytest

pytest.importorskip("torch", reason="training needs the extra 'neural'")

import torch
from safetensors.torch import save_file

from analogon.errors import ModelError
from analogon.training.checkpoint import FILE, Checkpoint

IDENTITY = {
    "picture": "ab12",
    "targets": ["cd34", "ef56"],
    "configuration": {"width": 4, "patch_sizes": (5, 3), "lr": 0.002},
    "seed": 0,
    "time budget": None,
}


@pytest.fixture
def checkpoint():
    draws = torch.Generator().manual_seed(0)
    tensors = {
        "weight": torch.randn(3, 4, generator=draws),
        "tiny": torch.tensor([1e-42, -0.0, 3e38]),
        "step": torch.tensor(7.0),
        "count": torch.tensor([2**60 + 1]),
        "half": torch.randn(5, generator=draws).to(torch.bfloat16),
    }
    return Checkpoint(7, 0.25, 12.5, IDENTITY, tensors)


def bits(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8).tolist()


def test_what_is_written_is_read_bit_for_bit(checkpoint, tmp_path):
    checkpoint.write(tmp_path / "run")
    found = Checkpoint.read(tmp_path / "run", IDENTITY)
    assert (found.step, found.share, found.seconds) == (7, 0.25, 12.5)
    assert set(found.tensors) == set(checkpoint.tensors)
    for key, value in checkpoint.tensors.items():
        assert found.tensors[key].dtype == value.dtype
        assert found.tensors[key].shape == value.shape
        assert bits(found.tensors[key]) == bits(value)


def test_one_file_is_left_and_the_later_one_counts(checkpoint, tmp_path):
    checkpoint.write(tmp_path)
    Checkpoint(8, 0.25, 12.5, IDENTITY, checkpoint.tensors).write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert Checkpoint.read(tmp_path, IDENTITY).step == 8


def test_a_failed_write_leaves_the_earlier_one(checkpoint, tmp_path):
    checkpoint.write(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    # two names for one memory are what the format refuses
    shared = torch.zeros(4)
    with pytest.raises(RuntimeError):
        Checkpoint(8, 0.25, 12.5, IDENTITY, {"a": shared, "b": shared}).write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_no_checkpoint(tmp_path, folder, sentence):
    with pytest.raises(ModelError, match="nothing to resume") as error:
        Checkpoint.read(tmp_path / folder, IDENTITY)
    sentence(error.value, tmp_path / folder, "--resume")


def test_a_file_in_place_of_the_folder(checkpoint, tmp_path, sentence):
    (tmp_path / "run").write_text("precious")
    for folder in (tmp_path / "run", tmp_path / "run" / "inside"):
        with pytest.raises(ModelError) as error:
            checkpoint.write(folder)
        sentence(error.value, folder)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 1}, "another seed;"),
        ({"targets": ["ef56", "cd34"]}, "another targets;"),
        ({"configuration": {**IDENTITY["configuration"], "width": 5}}, "another configuration;"),
        ({"configuration": {**IDENTITY["configuration"], "more": 1}}, "another configuration;"),
        ({"time budget": 3.0}, "another time budget;"),
        ({"picture": "cd34", "seed": 1}, "another picture and seed;"),
        ({"picture": "cd34", "seed": 1, "time budget": 1.0}, "another picture, seed and time budget;"),
    ],
)
def test_a_checkpoint_of_another_run(checkpoint, tmp_path, changed, words, sentence):
    checkpoint.write(tmp_path)
    with pytest.raises(ModelError) as error:
        Checkpoint.read(tmp_path, {**IDENTITY, **changed})
    assert words in sentence(error.value)
    assert str(tmp_path / FILE) in str(error.value)
    assert "--resume" in str(error.value)


@pytest.mark.parametrize(
    "how", ["text", "empty", "truncated", "no note", "half a note", "no step", "no share", "no identity", "list"]
)
def test_a_damaged_checkpoint(checkpoint, tmp_path, how, sentence):
    checkpoint.write(tmp_path)
    path = tmp_path / FILE
    content = path.read_bytes()
    note = {"step": 7, "share": 0.25, "seconds": 12.5, "identity": IDENTITY}
    if how == "text":
        path.write_text("These are no tensors.\n")
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(content[:-1])
    elif how == "no note":
        save_file(checkpoint.tensors, path)
    elif how == "half a note":
        save_file(checkpoint.tensors, path, {"checkpoint": json.dumps(note)[:-9]})
    elif how == "list":
        save_file(checkpoint.tensors, path, {"checkpoint": json.dumps([note])})
    else:
        del note[how.removeprefix("no ")]
        save_file(checkpoint.tensors, path, {"checkpoint": json.dumps(note)})
    with pytest.raises(ModelError, match="damaged") as error:
        Checkpoint.read(tmp_path, IDENTITY)
    assert str(path) in sentence(error.value)
    assert "--resume" in str(error.value)
