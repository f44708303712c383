"""Several exemplars in one fit, through the public interface."""

import os
import signal
from types import SimpleNamespace

import numpy as np
import pytest

import analogon
from analogon import OptionError

pytest.importorskip("torch", reason="fitting needs the extra 'neural'")

from analogon.training import driver


@pytest.fixture
def exemplars(make_exemplar):
    """Of three sizes, the last without the third class."""
    given = [make_exemplar(shape) for shape in ((24, 32), (40, 22), (19, 27))]
    labels = given[2].labels
    ids = np.where(labels.ids == 3, 0, labels.ids)
    return [*given[:2], analogon.load_exemplar(given[2].image, ids)]


@pytest.fixture
def settings(small):
    return {**small["collage", "default"], "learning_rate": 0.002, "device": "cpu", "steps": 3}


def test_each_model_is_what_fit_makes_of_its_exemplar(exemplars, settings):
    """Up to the order of sums: weights within 1e-5."""
    events = []
    models = analogon.fit_many(exemplars, seed=4, size=0.75, progress=events.append, **settings)
    assert [(event.stage, event.step, event.steps) for event in events][-1] == ("training", 3, 3)
    for model, exemplar in zip(models, exemplars, strict=True):
        alone = analogon.fit(exemplar, "collage", seed=4, size=0.75, **settings)
        arrays, theirs = model._synthesizer.arrays(), alone._synthesizer.arrays()
        assert {key: value.shape for key, value in arrays.items()} == {k: v.shape for k, v in theirs.items()}
        assert all(np.allclose(value, theirs[key], rtol=1e-4, atol=1e-5) for key, value in arrays.items())
        assert model.config == alone.config
        assert model.exemplar is exemplar
        ours = {**model.record, "fit_seconds": 0}
        assert ours.pop("together") == 3
        assert ours == {**alone.record, "fit_seconds": 0}


def test_models_are_saved_and_render(exemplars, settings, tmp_path):
    for n, model in enumerate(analogon.fit_many(exemplars, **settings)):
        model.save(tmp_path / str(n))
        labels = exemplars[n].labels
        target = analogon.load_target(exemplars[n], np.roll(labels.ids, 5, 1))
        loaded = analogon.load(tmp_path / str(n), device="cpu")
        assert (loaded.render(target).image == model.render(target).image).all()
        assert loaded.record["together"] == 3


def test_a_time_budget_is_that_of_all(exemplars, settings, monkeypatch):
    from analogon.methods.collage import method, training

    clock = SimpleNamespace(now=0.0)
    step = training.Trainer.step

    def timed(self, n, share):
        clock.now += 0.25
        return step(self, n, share)

    monkeypatch.setattr(training.Trainer, "step", timed)
    for module in (driver, method):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    models = analogon.fit_many(exemplars, **{**settings, "steps": None}, minutes=0.025)
    assert [model.config["steps"] for model in models] == [6, 6, 6]


def test_ctrl_c_keeps_all_models(exemplars, settings, monkeypatch):
    monkeypatch.setattr(driver, "REPORT_SECONDS", -1.0)

    def interrupt(event):
        if event.step == 1:
            os.kill(os.getpid(), signal.SIGINT)

    models = analogon.fit_many(exemplars[:2], progress=interrupt, **{**settings, "steps": 5})
    assert [(model.stopped, model.config["steps"]) for model in models] == [("interrupted", 2)] * 2


@pytest.mark.parametrize("method", ["patch", "semia"])
def test_methods_that_learn_one_at_a_time_say_so(exemplars, method, sentence):
    with pytest.raises(OptionError) as error:
        analogon.fit_many(exemplars, method)
    sentence(error.value, method, "collage")


def test_nothing_to_fit(sentence):
    with pytest.raises(OptionError) as error:
        analogon.fit_many([])
    sentence(error.value, "exemplar")
