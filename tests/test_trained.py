import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="networks need the extra 'neural'")

import torch
from tests.networks.small import SETTINGS, small_set

import analogon
from analogon.cli import main
from analogon.datasets.scenes import Scenes, SceneSettings, write_scenes

QUICK = {**SETTINGS, "device": "cpu", "recipe": "paper", "steps": 3, "lr_generator": 0.02}


@pytest.fixture(scope="module")
def model():
    return analogon.train("spade", small_set(), **QUICK)


@pytest.fixture(scope="module")
def target():
    pictures = small_set()
    return analogon.LabelMap(pictures[4].labels, pictures.palette)


def style(model, i):
    pair = small_set()[i]
    return model.load_style(pair.image, analogon.LabelMap(pair.labels, model.palette))


def test_a_target_of_any_size_gets_a_picture_of_its_size(model, target):
    for shape in ((64, 64), (50, 71), (16, 16)):
        image = model.render(target.resize(shape)).image
        assert image.shape == (*shape, 3) and image.dtype == np.float32
        assert image.min() >= 0 and image.max() <= 1 and image.std() > 0.001


def test_seed_and_style_decide_the_look(model, target):
    plain = model.render(target)
    assert (plain.image == model.render(target, seed=model.seed).image).all()
    assert (plain.image != model.render(target, seed=model.seed + 1).image).any()
    a, b = style(model, 0), style(model, 1)
    styled = model.render(target, style=a)
    assert (styled.image == model.render(target, style=a, seed=9).image).all()
    assert (styled.image != model.render(target, style=b).image).any()
    mixed = model.render(target, style=[(0.5, a), (0.5, b)])
    assert (mixed.image != styled.image).any()
    assert (model.render(target, style=[(1.0, a), (0.0, b)]).image == styled.image).all()
    assert mixed.record()["wishes"]["styles"] == [
        {"weight": 0.5, "exemplar": a.digest()}, {"weight": 0.5, "exemplar": b.digest()}
    ]  # fmt: skip


def test_a_saved_model_paints_the_same(model, target, tmp_path, sentence):
    model.save(tmp_path / "model")
    assert analogon.is_trained(tmp_path / "model")
    before = torch.get_rng_state()
    loaded = analogon.load_trained(tmp_path / "model", device="cpu")
    assert torch.equal(torch.get_rng_state(), before)
    assert (loaded.render(target).image == model.render(target).image).all()
    assert (loaded.config, loaded.palette, loaded.seed) == (model.config, model.palette, model.seed)
    with pytest.raises(analogon.ModelError) as error:
        analogon.load(tmp_path / "model")
    sentence(error.value, tmp_path / "model")


def test_a_model_of_one_picture_is_none_of_a_data_set(exemplar, tmp_path, sentence):
    analogon.fit(exemplar, "patch", folder=tmp_path / "one")
    assert not analogon.is_trained(tmp_path / "one")
    with pytest.raises(analogon.ModelError) as error:
        analogon.load_trained(tmp_path / "one")
    sentence(error.value, tmp_path / "one")
    with pytest.raises(analogon.ModelError) as error:
        analogon.is_trained(tmp_path / "none")
    sentence(error.value, tmp_path / "none")


def test_the_edges_of_instances_are_shown_where_there_are_any(target):
    with_edges, without = (analogon.train("spade", small_set(), **{**QUICK, "instances": yes}) for yes in (True, False))
    assert (with_edges.config["instances"], without.config["instances"]) == (True, False)
    assert (with_edges.render(target).image != without.render(target).image).any()


def test_a_folder_is_learnt_and_kept(tmp_path):
    write_scenes(tmp_path / "data", Scenes(4, SceneSettings(seed=3)))
    events = []
    made = analogon.train("spade", tmp_path / "data", folder=tmp_path / "model", progress=events.append, **QUICK)
    assert made.palette.names == small_set().palette.names
    assert events[-1].step == events[-1].steps == 3
    again = analogon.train("spade", tmp_path / "data", folder=tmp_path / "model", resume=True, **QUICK)
    assert again.record == json.loads(
        json.dumps(made.record | {k: again.record[k] for k in ("format", "learnt", "palette")})
    )
    assert not (tmp_path / "model" / "checkpoint.safetensors").exists()


class StopError(Exception):
    pass


def test_a_broken_off_training_goes_on_bit_for_bit(tmp_path, eager, sentence):
    settings = {**QUICK, "steps": 5, "average": 0.5}
    whole = analogon.train("spade", small_set(), **settings)

    def stop(event):
        if event.step == 3:
            raise StopError

    with pytest.raises(StopError):
        analogon.train("spade", small_set(), folder=tmp_path, progress=stop, **settings)
    assert list((tmp_path / "previews").iterdir())
    with pytest.raises(analogon.ModelError) as error:
        analogon.train("spade", small_set(4), folder=tmp_path, resume=True, **settings)
    sentence(error.value, "data set")
    resumed = analogon.train("spade", small_set(), folder=tmp_path, resume=True, **settings)
    ours, theirs = whole._trained.arrays(), resumed._trained.arrays()
    assert all((ours[name] == theirs[name]).all() for name in ours)


def test_a_machine_that_is_taken_away_leaves_a_checkpoint(tmp_path, eager):
    def preempt(event):
        if event.step == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    assert threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    settings = {**QUICK, "steps": 50}
    stopped = analogon.train("spade", small_set(), folder=tmp_path, progress=preempt, **settings)
    assert stopped.stopped == "interrupted" and stopped.config["steps"] < 6
    assert (tmp_path / "checkpoint.safetensors").exists()
    assert signal.getsignal(signal.SIGTERM) is before
    assert analogon.load_trained(tmp_path, device="cpu").stopped == "interrupted"


def test_two_processes_do_not_learn_into_one_folder(tmp_path, capsys, sentence):
    write_scenes(tmp_path / "data", Scenes(4, SceneSettings(seed=3)))
    folder = tmp_path / "model"
    settings = [f"--set={name}={str(value).lower()}" for name, value in SETTINGS.items() if name != "steps"]
    command = ["train", "spade", "--data", str(tmp_path / "data"), "-o", str(folder), "--device", "cpu", *settings]
    code = "import sys; from analogon.cli import main; sys.exit(main(sys.argv[1:]))"
    other = subprocess.Popen([sys.executable, "-c", code, *command, "--steps", "1000000"], stderr=subprocess.DEVNULL)
    try:
        while not (folder / "checkpoint.safetensors").exists():
            assert other.poll() is None
            time.sleep(0.05)
        for more in (["--steps", "3"], ["--steps", "1000000", "--resume"]):
            assert main([*command, *more]) == 2
            error = capsys.readouterr().err.splitlines()[-1]
            sentence(error.removeprefix("analogon: error: "), f"'{folder}'", "another folder with -o")
        with pytest.raises(analogon.OptionError, match="Another model"):
            pair = small_set()[0]
            analogon.fit(pair.exemplar(small_set().palette), "patch", folder=folder)
    finally:
        other.terminate()
        other.wait()
    steps = [json.loads(line)["step"] for line in (folder / "history.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps)) and other.returncode == 0
    assert main([*command, "--steps", "3"]) == 0 and analogon.load_trained(folder).config["steps"] == 3


def test_a_training_that_is_refused_leaves_no_folder(tmp_path):
    with pytest.raises(analogon.OptionError):
        analogon.train("spade", small_set(), folder=tmp_path / "new" / "model", **{**QUICK, "crop": 64})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"method": "patch"}, "'patch'"),
        ({"minutes": -1}, "minutes"),
        ({"seed": -1}, "seed"),
        ({"resume": True}, "folder"),
        ({"steps": 0}, "'steps'"),
        ({"width": "wide"}, "'width'"),
        ({"crop": 64}, "windows (crop) of 64 pixels do not fit in pictures (load) of 36"),
        ({"data": Path("none")}, "none"),
    ],
)
def test_what_cannot_be_is_refused(change, named, sentence):
    with pytest.raises(analogon.AnalogonError) as error:
        analogon.train(**{"method": "spade", "data": small_set(), **QUICK, **change})
    sentence(error.value, named)


def test_looks_that_cannot_be_are_refused(model, target, sentence):
    plain = analogon.train("spade", small_set(), **{**QUICK, "styled": False, "steps": 1})
    with pytest.raises(analogon.OptionError) as error:
        plain.render(target, style=style(plain, 0))
    sentence(error.value, "--style")
    assert (plain.render(target).image == plain.render(target, seed=4).image).all()
    with pytest.raises(analogon.OptionError) as error:
        model.render(target, seed=-1)
    sentence(error.value, "seed")
    with pytest.raises(analogon.LabelError):
        model.render(
            analogon.LabelMap(np.zeros((8, 8), int), analogon.Palette((analogon.LabelClass(9, "x", (1, 2, 3)),)))
        )
