"""What a render can be asked for, with a method that learns nothing and takes every wish."""

import json
import sys
from types import ModuleType

import numpy as np
import pytest

import analogon
from analogon import Guide, ModelError, OptionError
from analogon.methods import registry
from analogon.ops.parallel import threads
from analogon.provenance import Provenance
from analogon.rendering import Rendering


@pytest.fixture
def model(copying, exemplar):
    return analogon.fit(exemplar, "copying", seed=3)


def test_a_result_knows_where_its_pixels_come_from(model, exemplar, target):
    result = model.render(target)
    assert (exemplar.image[tuple(np.moveaxis(result.provenance.places, -1, 0))] == result.image).all()
    assert (result.apply_to(exemplar.image) == result.image).all()
    assert (result.labels.ids == target.ids).all() and result.labels.palette == target.palette
    assert result.record()["provenance"] == {
        "used": pytest.approx(result.provenance.used(), abs=1e-5),
        "kept": pytest.approx(result.provenance.kept(), abs=1e-5),
    }


def test_what_stays_is_the_edits_or_the_users_choice(model, exemplar, target):
    same = target.ids == exemplar.labels.ids
    auto, none = model.render(target), model.render(target, keep="none")
    stays = (auto.provenance.places == np.moveaxis(np.indices(target.shape), 0, -1)).all(-1)
    assert stays[same].all() and not stays[~same].any()
    assert none.provenance.kept() < 0.1
    mask = np.zeros(target.shape, bool)
    mask[3:9, 20:25] = True
    kept = model.render(target, keep=mask)
    assert (kept.image[mask] == exemplar.image[mask]).all()
    assert (kept.image[~mask] == none.image[~mask]).all()
    # what stays has the class that it had, whatever the target says
    mask[:] = True
    assert (model.render(target, keep=mask).labels.ids == exemplar.labels.ids).all()


@pytest.mark.parametrize("wish", ["tile", "preview", "guides", "places"])
def test_wishes_reach_the_method(model, exemplar, target, wish):
    ramp = np.linspace(1, 0, exemplar.labels.ids.size).reshape(exemplar.shape)
    asked = {wish: [Guide("ramp", ramp, np.zeros(target.shape))] if wish == "guides" else True}
    if wish == "places":
        asked = {wish: np.zeros((*target.shape, 2), int)}
    plain, other = model.render(target), model.render(target, **asked)
    assert (plain.image != other.image).any()
    assert other.record()["wishes"] != plain.record()["wishes"]
    assert (model.render(target, **asked).image == other.image).all()


def test_the_record_has_wishes_and_timing(model, target):
    record = model.render(target, keep="none", preview=True).record()
    assert record["wishes"] == {"keep": "none", "tile": False, "preview": True, "guides": [], "polish": False}
    assert record["timing"] == {"copying": 0.25}
    assert record["threads"] == threads()
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"keep": "none"}, "--keep"),
        ({"keep": np.ones((24, 32), bool)}, "--keep"),
        ({"tile": True}, "--tile"),
        ({"preview": True}, "--preview"),
        ({"places": np.zeros((24, 32, 2), int)}, "--places"),
        ({"guides": [Guide("edges", np.zeros((24, 32)), np.zeros((24, 32)))]}, "--guide"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_method_that_takes_no_wish(copying, exemplar, target, asked, words, sentence):
    analogon.check_render(exemplar, target, "semia", keep="auto")
    analogon.check_render(exemplar, target, "copying", **asked)
    with pytest.raises(OptionError) as error:
        analogon.check_render(exemplar, target, "semia", **asked)
    sentence(error.value, "Method 'semia' cannot", words, "--method")


def test_provenance_is_to_be_had_of_copies_and_of_what_is_polished(copying, exemplar, target, sentence):
    analogon.check_render(exemplar, target, "copying", provenance=True)
    analogon.check_render(exemplar, target, "semia", provenance=True, polish=True)
    with pytest.raises(OptionError) as error:
        analogon.check_render(exemplar, target, "semia", provenance=True)
    sentence(error.value, "'semia'", "--provenance", "--polish")
    with pytest.raises(OptionError, match="'copying' joins pieces of the source already"):
        analogon.check_render(exemplar, target, "copying", polish=True)


def test_semia_renders_without_wishes_and_refuses_them(fit, target, sentence):
    pytest.importorskip("torch")
    model = fit(steps=1)
    result = model.render(target)
    assert result.provenance is None and result.labels is target
    assert set(result.timing) == {"painting"} and 0 < result.timing["painting"] <= result.seconds
    with pytest.raises(OptionError) as error:
        model.render(target, tile=True)
    sentence(error.value, "'semia'", "--tile")


def test_semia_refuses_masks_before_any_work(exemplar, make_exemplar, tmp_path, sentence):
    mask = np.ones(exemplar.shape, bool)
    mask[0] = False
    masked = analogon.load_exemplar(exemplar.image, exemplar.labels, mask)
    joined = analogon.Exemplar.join([exemplar, exemplar])
    for given in (masked, joined):
        with pytest.raises(OptionError) as error:
            analogon.fit(given, "semia", folder=tmp_path / "model")
        sentence(error.value, "'semia'", "--mask", "--also")
    assert not list(tmp_path.iterdir())


def test_what_a_mask_leaves_out_is_not_used_also_after_saving(copying, exemplar, target, tmp_path):
    mask = np.random.default_rng(0).random(exemplar.shape) < 0.5
    joined = analogon.Exemplar.join([analogon.load_exemplar(exemplar.image, exemplar.labels, mask), exemplar])
    model = analogon.fit(joined, "copying", folder=tmp_path)
    loaded = analogon.load(tmp_path)
    assert loaded.exemplar.digest() == joined.digest()
    assert loaded.exemplar.frame == joined.frame == exemplar.shape
    assert (loaded.exemplar.usable == joined.usable).all()
    for keep in ("auto", "none"):
        result = loaded.render(target, keep=keep)
        assert (result.image == model.render(target, keep=keep).image).all()
        assert joined.usable[tuple(np.moveaxis(result.provenance.places, -1, 0))].all()


# -- methods that learn nothing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"steps": 3}, "--steps"),
        ({"minutes": 1}, "--minutes"),
        ({"resume": True}, "--resume"),
        ({"previews": True}, "--preview"),
        ({"size": 0.5}, "--size"),
        ({"device": "cuda"}, "--device"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_options_of_training_are_refused(copying, exemplar, target, tmp_path, given, option, sentence):
    if "previews" in given:
        given = {"previews": [target]}
    with pytest.raises(OptionError) as error:
        analogon.fit(exemplar, "copying", folder=tmp_path / "model", **given)
    sentence(error.value, "'copying'", f"leave out {option}")
    assert not list(tmp_path.iterdir())


def test_a_model_of_nothing_learnt_is_saved_and_loaded(model, target, tmp_path):
    model.save(tmp_path)
    assert (analogon.load(tmp_path).render(target).image == model.render(target).image).all()
    with pytest.raises(ModelError):
        analogon.load(tmp_path / "nowhere")


def test_methods_say_what_they_do(copying):
    info = analogon.describe_method("copying")
    assert info.takes == {"keep", "tile", "preview", "guides", "places", "mask"}
    assert (info.learns, info.provenance, info.polish) == (False, True, False)
    semia = analogon.describe_method("semia")
    assert (semia.takes, semia.learns, semia.provenance, semia.polish) == (frozenset(), True, False, False)


# -- progress ----------------------------------------------------------------------------------------------------


def test_progress_is_passed_on_and_can_end_a_render(model, target):
    events = []
    model.render(target, progress=events.append)
    assert [(event.stage, event.step, event.steps) for event in events] == [("copying", n, 3) for n in (1, 2, 3)]

    class StopError(Exception):
        pass

    def stop(event):
        if event.step == 2:
            raise StopError

    with pytest.raises(StopError):
        model.render(target, progress=stop)
    assert model.render(target).image.shape == (24, 32, 3)


# -- polish ------------------------------------------------------------------------------------------------------


@pytest.fixture
def upside_down(monkeypatch):
    """A polish that anyone recognises: the source upside down."""

    def polish(exemplar, target, rendering, run, wishes):
        rows, columns = np.indices(target.shape)
        way = Provenance(np.stack([target.shape[0] - 1 - rows, columns], -1), exemplar.shape)
        assert rendering.image.shape == (*target.shape, 3) and wishes.keep == "auto"
        return Rendering(way.apply_to(exemplar.image), way, {"search": 0.5})

    module = ModuleType("analogon.ops")
    module.polish = polish
    monkeypatch.setitem(sys.modules, "analogon.ops", module)


def test_polish_is_the_last_step_of_who_asks_or_whose_way_it_is(upside_down, fit, exemplar, target, monkeypatch):
    pytest.importorskip("torch")
    model = fit(steps=1)
    plain, polished = model.render(target), model.render(target, polish=True)
    assert (polished.image == exemplar.image[::-1]).all()
    assert (polished.labels.ids == exemplar.labels.ids[::-1]).all()
    assert list(polished.timing) == ["painting", "polishing: search"]
    assert polished.wishes["polish"] and not plain.wishes["polish"]
    entry = registry.get("semia")
    changed = registry.Entry(entry.name, entry.summary, entry.package, entry.neural, polish=True)
    monkeypatch.setitem(registry.METHODS, "semia", changed)
    assert (model.render(target).image == polished.image).all()
    assert (model.render(target, polish=False).image == plain.image).all()
