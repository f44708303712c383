"""What a fit leaves in its folder, and what can be resumed from it."""

import json
import os
import signal

import pytest

import analogon
from analogon import ModelError

pytest.importorskip("torch", reason="fitting needs the extra 'neural'")

from analogon.training import driver
from analogon.training.checkpoint import FILE, Checkpoint


def same(a, b, target) -> bool:
    theirs = b._synthesizer.arrays()
    weights = all((value == theirs[key]).all() for key, value in a._synthesizer.arrays().items())
    return weights and bool((a.render(target).image == b.render(target).image).all())


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class ListenerError(Exception):
    """Raised to break a run off."""


def test_a_fit_broken_off_in_its_first_seconds_can_be_resumed(fit, target, tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "REPORT_SECONDS", -1.0)

    def break_off(event):
        if event.stage == "training":
            raise ListenerError

    with pytest.raises(ListenerError):
        fit(folder=tmp_path, progress=break_off)
    events = []
    resumed = fit(folder=tmp_path, resume=True, progress=events.append)
    assert [e.step for e in events if e.stage == "training"] == [2, 3, 4, 5, 6]
    assert same(resumed, fit(), target)


def test_a_model_that_cannot_be_saved_is_not_lost(fit, target, tmp_path, sentence):
    def obstruct(event):
        if event.step == event.steps and event.stage == "training":
            (tmp_path / "model.safetensors").mkdir()

    with pytest.raises(analogon.AnalogonError) as error:
        fit(folder=tmp_path, progress=obstruct)
    sentence(error.value, tmp_path / "model.safetensors")
    assert Checkpoint.read(tmp_path, {}).step == 6
    (tmp_path / "model.safetensors").rmdir()
    events = []
    recovered = fit(folder=tmp_path, resume=True, progress=events.append)
    assert {e.step for e in events if e.stage == "training"} == {6}
    assert same(recovered, fit(), target)
    assert same(analogon.load(tmp_path, device="cpu"), recovered, target)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("folder", ["nowhere", "empty", "other"])
def test_nothing_to_resume(fit, tmp_path, folder, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "history.jsonl").write_text('{"step": 10}\n')
    before = sorted(tmp_path.rglob("*"))
    events = []
    with pytest.raises(ModelError, match="nothing to resume") as error:
        fit(folder=tmp_path / folder, resume=True, progress=events.append)
    sentence(error.value, tmp_path / folder, "--resume")
    assert events == []
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "other" / "history.jsonl").read_text() == '{"step": 10}\n'


@pytest.mark.parametrize("minutes", [None, 0.01])
def test_a_finished_fit_is_not_fitted_again(fit, target, tmp_path, minutes):
    settings = {"folder": tmp_path, "previews": [target], "minutes": minutes, "steps": 12, "size": 0.75}
    model = fit(**settings)
    before = contents(tmp_path)
    events = []
    again = fit(resume=True, progress=events.append, **settings)
    assert [e.stage for e in events] == ["finished already"]
    assert same(again, model, target)
    assert again.record == json.loads(json.dumps(dict(model.record))) | {
        key: again.record[key] for key in ("format", "palette")
    }
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 1}, "another seed:"),
        ({"width": 5}, "another configuration:"),
        ({"size": 0.75}, "another configuration:"),
        ({"steps": 7}, "another configuration:"),
        ({"previews": []}, "another list of targets:"),
        ({"minutes": 1}, "another time budget and another limit of steps:"),
        ({"given": None}, "another picture or labels:"),
    ],
    ids=str,
)
def test_a_finished_fit_of_other_arguments_is_refused(fit, make_exemplar, target, tmp_path, changes, words, sentence):
    fit(folder=tmp_path, previews=[target])
    before = contents(tmp_path)
    if "given" in changes:
        changes = {"given": make_exemplar((25, 32))}
    with pytest.raises(ModelError, match=words) as error:
        fit(**{"folder": tmp_path, "previews": [target], "resume": True, **changes})
    sentence(error.value, tmp_path, "is finished", "--resume", "analogon render")
    assert contents(tmp_path) == before


def test_an_interrupted_fit_without_its_checkpoint_is_refused(fit, tmp_path, monkeypatch, sentence):
    monkeypatch.setattr(driver, "REPORT_SECONDS", -1.0)

    def interrupt(event):
        if event.stage == "training" and event.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    fit(folder=tmp_path, progress=interrupt)
    (tmp_path / FILE).unlink()
    with pytest.raises(ModelError, match="checkpoint is gone") as error:
        fit(folder=tmp_path, resume=True)
    sentence(error.value, tmp_path, "--resume")
