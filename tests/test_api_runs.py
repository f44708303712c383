"""Fits that are broken off, killed, resumed, interrupted, out of time or not finite."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import analogon
from analogon import ModelError, TrainingError, api

pytest.importorskip("torch", reason="fitting needs the extra 'neural'")

from analogon.methods.semia import method as semia
from analogon.training import driver
from analogon.training.checkpoint import FILE, Checkpoint

RECIPES = ("fast", "paper")
#: The package that is tested, for processes that start elsewhere.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(analogon.__file__).parents[1])}


def same(a, b, target) -> bool:
    theirs = b._synthesizer.arrays()
    weights = all((value == theirs[key]).all() for key, value in a._synthesizer.arrays().items())
    return weights and bool((a.render(target).image == b.render(target).image).all())


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class ListenerError(Exception):
    """Raised to break a run off."""


def stop_at(step):
    def listener(event):
        if event.stage == "training" and event.step == step:
            raise ListenerError

    return listener


# -- broken off and resumed --------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("broken", [1, 3])
def test_a_broken_fit_resumed_gives_the_model_of_an_unbroken_one(fit, target, tmp_path, eager, recipe, broken):
    settings = {"previews": [target], "steps": 6}
    with pytest.raises(ListenerError):
        fit(recipe, folder=tmp_path, progress=stop_at(broken), **settings)
    assert (tmp_path / FILE).is_file()
    assert not (tmp_path / "model.safetensors").exists()
    resumed = fit(recipe, folder=tmp_path, resume=True, **settings)
    assert same(resumed, fit(recipe, **settings), target)
    assert resumed.stopped is None
    assert not (tmp_path / FILE).exists()


CHILD = """
import json, sys, time
import numpy as np
import analogon
from analogon.training import driver

driver.CHECKPOINT_SECONDS = driver.REPORT_SECONDS = -1.0
options = json.loads(sys.argv[1])

def report(event):
    if event.stage == "training":
        print(event.step, flush=True)
        time.sleep(0.1)  # so that the signal arrives in time

exemplar = analogon.load_exemplar(np.load("image.npy"), np.load("labels.npy"))
target = analogon.load_target(exemplar, np.load("target.npy"))
model = analogon.fit(exemplar, "semia", device="cpu", folder="model", previews=[target], progress=report, **options)
print(model.stopped)
"""


@pytest.fixture
def child(exemplar, target, small, tmp_path):
    """Starts a fit of its own process in `tmp_path`, which waits a moment after each step."""
    np.save(tmp_path / "image.npy", exemplar.image)
    np.save(tmp_path / "labels.npy", exemplar.labels.ids)
    np.save(tmp_path / "target.npy", target.ids)
    running = []

    def start(recipe, **changes):
        options = json.dumps({**small["semia", recipe], "recipe": recipe, **changes})
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=ENVIRONMENT,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def as_child(tmp_path, target):
    """The exemplar and target as the child reads them."""
    exemplar = analogon.load_exemplar(np.load(tmp_path / "image.npy"), np.load(tmp_path / "labels.npy"))
    return exemplar, analogon.load_target(exemplar, np.load(tmp_path / "target.npy"))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_killed_fit_resumed_gives_the_model_of_an_unbroken_one(fit, child, request, tmp_path, recipe):
    process = child(recipe, steps=25)
    for _ in range(4):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    folder = tmp_path / "model"
    assert not (folder / "model.safetensors").exists()

    exemplar, target = request.getfixturevalue("as_child")
    settings = {"given": exemplar, "steps": 25, "previews": [target]}
    events = []
    resumed = fit(recipe, folder=folder, resume=True, progress=events.append, **settings)
    assert 4 <= next(e.step for e in events if e.stage == "training") < 25
    assert same(resumed, fit(recipe, folder=tmp_path / "whole", **settings), target)
    steps = [json.loads(line)["step"] for line in (folder / "history.jsonl").read_text().splitlines()]
    assert steps == [10, 20, 25]


@pytest.mark.slow
def test_ctrl_c_keeps_a_model_that_renders_and_can_be_resumed(fit, child, request, tmp_path):
    process = child("fast", steps=60)
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.split()[-1] == "interrupted"
    folder = tmp_path / "model"
    assert {"model.safetensors", "model.json", "history.jsonl", FILE} <= files(folder)
    early = analogon.load(folder, device="cpu")
    assert early.stopped == "interrupted"
    assert json.loads((folder / "model.json").read_text())["stopped"] == "interrupted"

    exemplar, target = request.getfixturevalue("as_child")
    settings = {"given": exemplar, "steps": 60, "previews": [target]}
    resumed = fit(folder=folder, resume=True, **settings)
    assert resumed.stopped is None
    assert analogon.load(folder, device="cpu").stopped is None
    assert same(resumed, fit(**settings), target)
    assert (early.render(target).image != resumed.render(target).image).any()


def test_ctrl_c_in_this_process(fit, target, tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "REPORT_SECONDS", -1.0)

    def interrupt(event):
        if event.stage == "training" and event.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    model = fit(steps=9, folder=tmp_path, progress=interrupt)
    assert model.stopped == "interrupted"
    assert analogon.load(tmp_path, device="cpu").stopped == "interrupted"
    assert model.render(target).image.shape == (24, 32, 3)
    assert same(fit(steps=9, folder=tmp_path, resume=True), fit(steps=9), target)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 1}, "another seed"),
        ({"width": 5}, "another configuration"),
        ({"steps": 7}, "another configuration"),
        ({"recipe": "paper"}, "another configuration"),
        ({"previews": []}, "another list of targets"),
        ({"minutes": 1}, "another time budget"),
        ({"given": None}, "another picture"),
    ],
    ids=str,
)
def test_a_checkpoint_of_another_fit_is_refused(fit, make_exemplar, target, tmp_path, eager, changes, words, sentence):
    with pytest.raises(ListenerError):
        fit(folder=tmp_path, previews=[target], progress=stop_at(3))
    before = (tmp_path / FILE).read_bytes()
    if "given" in changes:
        changes = {"given": make_exemplar((25, 32))}
    with pytest.raises(ModelError, match=words) as error:
        fit(**{"folder": tmp_path, "previews": [target], "resume": True, **changes})
    assert str(tmp_path / FILE) in sentence(error.value)
    assert "--resume" in str(error.value)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_damaged_checkpoint_is_refused(fit, tmp_path, eager, sentence):
    with pytest.raises(ListenerError):
        fit(folder=tmp_path, progress=stop_at(3))
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:-1])
    with pytest.raises(ModelError, match="damaged") as error:
        fit(folder=tmp_path, resume=True)
    assert str(tmp_path / FILE) in sentence(error.value)
    fit(folder=tmp_path)


def test_a_fit_in_a_thread(fit, target):
    models = []
    thread = threading.Thread(target=lambda: models.append(fit()))
    thread.start()
    thread.join()
    assert same(models[0], fit(), target)


# -- what is not finite ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(
    "absurd",
    [{"lr_generator": 1e38}, {"lr_discriminator": 1e38}, {"gan": 1e38}, {"reconstruction": 1e38}],
    ids=str,
)
def test_absurd_settings_end_in_one_sentence_and_no_model(fit, tmp_path, recipe, absurd, sentence):
    with pytest.raises(TrainingError, match=r"stopped at step \d because .*(nan|inf|finite)") as error:
        fit(recipe, folder=tmp_path, **absurd)
    kept = (tmp_path / FILE).exists()
    assert (f"the last good state is kept in '{tmp_path}'" if kept else "no checkpoint yet") in sentence(error.value)
    assert "learning rate" in str(error.value) and "loss weights" in str(error.value)
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_late_nan_names_step_and_loss_and_keeps_the_last_good_state(
    fit, target, tmp_path, eager, monkeypatch, recipe, sentence
):
    trainer_step = semia.Trainer.step

    def step(self, n, share):
        if n == 4:  # the rate becomes absurd in the fifth step
            self.config = self.config.model_copy(update={"lr_discriminator": 1e38})
        return trainer_step(self, n, share)

    with monkeypatch.context() as patch:
        patch.setattr(semia.Trainer, "step", step)
        with pytest.raises(TrainingError, match=r"step [56] because the loss '\w+' is nan") as error:
            fit(recipe, steps=8, folder=tmp_path)
    assert f"the last good state is kept in '{tmp_path}'" in sentence(error.value)
    assert files(tmp_path) == {FILE, "history.jsonl"}
    assert same(fit(recipe, steps=8, folder=tmp_path, resume=True), fit(recipe, steps=8), target)


# -- time budget -------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    """A clock by which every step takes 125 ms, and nothing else any time."""
    clock = SimpleNamespace(now=0.0)
    trainer_step = semia.Trainer.step

    def step(self, n, share):
        clock.now += 0.125
        return trainer_step(self, n, share)

    monkeypatch.setattr(semia.Trainer, "step", step)
    for module in (driver, semia):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_time_budget_is_kept_and_the_model_tells_its_steps(fit, clock, recipe, tmp_path):
    timed = fit(recipe, minutes=0.025, steps=None, folder=tmp_path)
    assert timed.stopped is None
    assert clock.now == pytest.approx(1.5)
    assert timed.config["steps"] == analogon.load(tmp_path).config["steps"] == 12
    # they are near what so many steps give: times are not exact
    counted = fit(recipe, steps=12)
    assert counted.config == timed.config
    for name, value in timed._synthesizer.arrays().items():
        assert np.allclose(value, counted._synthesizer.arrays()[name], atol=1e-4)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_machine_that_grows_busy_changes_the_steps_alone(fit, clock, recipe, monkeypatch):
    rates = []
    step = semia.Trainer.step

    def busy(self, n, share):
        clock.now += 0.375 if n >= 3 else 0.0
        log = step(self, n, share)
        rates.append(self.optimisers["generator"].param_groups[0]["lr"])
        return log

    monkeypatch.setattr(semia.Trainer, "step", busy)
    model = fit(recipe, minutes=0.025, steps=None, decay_from=0.0, decay_to=0.0)
    assert model.config["steps"] == len(rates) == 5
    assert clock.now <= 1.5
    assert np.allclose(np.array(rates) / rates[0], 1 - np.array([0, 1, 2, 3, 7]) / 12)


def test_steps_and_minutes_end_with_whichever_is_first(fit, clock, target):
    few = fit(minutes=1, steps=3)
    assert few.config["steps"] == 3
    assert same(few, fit(steps=3), target)
    assert fit(minutes=0.025, steps=100_000).config["steps"] == 12


@pytest.mark.slow
def test_a_budget_on_the_wall_clock(fit):
    begun = time.monotonic()
    model = fit(minutes=0.05, steps=None)
    took = time.monotonic() - begun
    assert 1.0 < took < 15
    assert model.stopped is None
    assert model.config["steps"] >= 2


def test_a_resumed_fit_takes_what_is_left_of_its_time_and_tells_all_of_it(fit, clock, tmp_path, eager, monkeypatch):
    monkeypatch.setattr(api, "time", SimpleNamespace(monotonic=lambda: clock.now))
    settings = {"minutes": 0.025, "steps": None, "folder": tmp_path}
    with pytest.raises(ListenerError):
        fit(progress=stop_at(5), **settings)
    note = Checkpoint.read(tmp_path, {})
    assert (note.step, note.seconds) == (5, pytest.approx(0.625))
    clock.now += 1000
    resumed = fit(resume=True, **settings)
    assert (resumed.config["steps"], resumed.fit_seconds, resumed.stopped) == (12, pytest.approx(1.5), None)
    assert not (tmp_path / FILE).exists()


def test_an_interrupted_fit_tells_its_steps_and_seconds_and_so_does_what_follows(fit, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(api, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(driver, "REPORT_SECONDS", -1.0)

    def interrupt(event):
        if event.stage == "training" and event.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    settings = {"steps": 9, "folder": tmp_path}
    early = fit(progress=interrupt, **settings)
    assert (early.config["steps"], early.fit_seconds) == (4, pytest.approx(0.5))
    resumed = fit(resume=True, **settings)
    assert (resumed.config["steps"], resumed.fit_seconds) == (9, pytest.approx(1.125))
