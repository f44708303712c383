"""What every method promises, for every method of the registry and each of its recipes."""

from pathlib import Path

import numpy as np
import pytest
from tests.copying import COPYING

import analogon
from analogon import Guide, LabelMap, Palette
from analogon.methods import registry
from analogon.ops import arrange

pytest.importorskip("torch", reason="the methods need the extra 'neural'")

ENTRIES = tuple(registry.METHODS.values())
CASES = [(entry.name, recipe) for entry in ENTRIES for recipe in entry.recipes]
#: The small method of the tests keeps the contract as well: it is one that learns nothing, and takes every wish.
COPIES = [(COPYING.name, recipe) for recipe in COPYING.recipes]


@pytest.fixture(scope="module", params=CASES + COPIES, ids=" ".join)
def fit(request, exemplar, small):
    """Fits the parametrised method with small settings; what is of use for training goes to those that learn only."""
    name, recipe = request.param
    settings = small.get((name, recipe), {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry.METHODS, COPYING.name, COPYING)
        entry = registry.get(name)

        def run(given=exemplar, **changes):
            asked = {**settings, **changes}
            if not entry.learns:
                asked = {option: value for option, value in asked.items() if option not in ("steps", "previews")}
            return analogon.fit(given, name, recipe=recipe, device="cpu", **asked)

        run.settings, run.entry = settings, entry
        yield run


@pytest.fixture(scope="module")
def model(fit):
    return fit()


@pytest.fixture(scope="module")
def again(fit):
    """The same fit once more, beside all that its listener was told."""
    events = []
    return fit(progress=events.append), events


@pytest.mark.parametrize("shape", [(24, 32), (16, 16), (29, 45), (37, 17)], ids=str)
def test_a_picture_has_the_size_of_its_target(model, make_target, shape):
    image = model.render(make_target(shape)).image
    assert image.shape == (*shape, 3)
    assert image.dtype == np.float32
    assert np.isfinite(image).all()
    assert image.min() >= 0 and image.max() <= 1
    assert image.std() > 0.01


def test_exemplars_of_any_size_are_taken(fit, make_exemplar, make_target):
    for shape in ((16, 16), (21, 27), (16, 80)):
        image = fit(make_exemplar(shape), steps=2).render(make_target((18, 23))).image
        assert image.shape == (18, 23, 3)


def test_the_size_that_is_worked_at_changes_the_picture_and_not_its_size(fit, target, monkeypatch):
    if "size_limit" not in fit.entry.config_type.model_fields:
        pytest.skip("works at the full size only")
    # cells of four pixels: fewer than one for each cell are never worked at
    monkeypatch.setattr(arrange, "GRID", 8)

    def first(model):
        return next(iter(model.stream(target))).image  # a draft where there is one: it hides nothing

    small = first(fit(size_limit=16))
    assert small.shape == (*target.shape, 3)
    assert (small != first(fit())).any()
    # a factor is a factor of the exemplar's longest side, here 32
    assert (first(fit(size=0.5)) == small).all()


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(fit, model, again, target):
    picture = model.render(target).image
    assert (again[0].render(target).image == picture).all()
    # a search without random tries, or without noise to start from, has nothing that a seed could change
    random = all(model.config.get(field, 1) > 0 for field in ("random_tries", "noise"))
    random &= model.config.get("start") != "carried"
    random |= "filters" in model.config  # drawn anew at every step
    assert (fit(seed=1).render(target).image != picture).any() == random


def test_training_changes_the_picture(fit, model, target):
    if not fit.entry.learns:
        pytest.skip("learns nothing")
    assert (fit(steps=2).render(target).image != model.render(target).image).any()


def test_different_targets_give_different_pictures(model, exemplar, target):
    assert (model.render(target).image != model.render(exemplar.labels).image).any()


def test_a_saved_model_renders_the_same(model, target, tmp_path):
    model.save(tmp_path / "model")
    loaded = analogon.load(tmp_path / "model", device="cpu")
    assert (loaded.render(target).image == model.render(target).image).all()
    assert loaded.method == model.method
    assert loaded.config == model.config
    assert loaded.seed == model.seed
    assert loaded.exemplar.digest() == model.exemplar.digest()
    assert loaded.exemplar.labels.palette == model.exemplar.labels.palette


def test_rendering_changes_nothing(model, target):
    first = model.render(target)
    assert (model.render(target).image == first.image).all()
    first.image[:] = 0
    assert model.render(target).image.any()


def test_inputs_stay_as_they_are(fit, make_exemplar, make_target, target):
    source = make_exemplar()
    image, ids = np.array(source.image), np.array(source.labels.ids)
    wanted = np.array(target.ids)
    settings, previews = dict(fit.settings), [target]
    given = analogon.load_exemplar(image, LabelMap(ids, source.labels.palette))
    fit(given, previews=previews).render(target)
    assert (image == source.image).all() and (ids == source.labels.ids).all()
    assert (given.image == source.image).all() and (given.labels.ids == source.labels.ids).all()
    assert (wanted == target.ids).all()
    assert fit.settings == settings
    assert previews == [target]


def test_the_order_of_a_targets_palette_does_not_matter(model, target):
    turned = LabelMap(target.ids, Palette(tuple(reversed(target.palette.classes))))
    assert (model.render(turned).image == model.render(target).image).all()


def test_nothing_is_printed_or_left_behind(fit, target, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fitted = fit(steps=2)
    fitted.render(target)
    assert not list(tmp_path.iterdir())
    fitted.save("model")
    analogon.load("model").render(target)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_progress_ends_with_all_steps_done(fit, again):
    if not fit.entry.learns:
        pytest.skip("learns nothing")
    model, events = again
    assert events[-1].step == events[-1].steps == model.config["steps"]
    stages = list(dict.fromkeys(e.stage for e in events))
    assert stages in (["preparing", "training"], ["training"])
    assert [(stages.index(e.stage), e.step) for e in events] == sorted((stages.index(e.stage), e.step) for e in events)


def test_what_says_where_its_pixels_come_from_is_made_of_them(fit, model, exemplar, target):
    result = model.render(target, keep="none") if "keep" in fit.entry.takes else model.render(target)
    assert (result.provenance is not None) == fit.entry.provenance
    assert result.labels.shape == target.shape
    assert all(seconds >= 0 for seconds in result.timing.values())
    if result.provenance is not None:
        assert result.provenance.source_shape == exemplar.shape
        assert (result.apply_to(exemplar.image) == result.image).all()
        assert (result.apply_to(exemplar.labels.ids) == result.labels.ids).all()


WISHES = {
    "keep": {"keep": np.ones((24, 32), bool)},
    "tile": {"tile": True},
    "preview": {"preview": True},
    "guides": {"guides": [Guide("ramp", np.linspace(1, 0, 24 * 32).reshape(24, 32), np.zeros((24, 32)))]},
    "places": {"places": np.stack([np.full((24, 32), 2), np.full((24, 32), 3)], -1)},
}


@pytest.mark.parametrize("wish", WISHES)
def test_a_wish_is_refused_or_changes_the_picture(fit, model, exemplar, target, wish, sentence):
    if wish not in fit.entry.takes:
        with pytest.raises(analogon.OptionError) as error:
            model.render(target, **WISHES[wish])
        sentence(error.value, f"'{model.method}'")
        return
    plain = {"keep": "none"} if "keep" in fit.entry.takes else {}
    result = model.render(target, **{**plain, **WISHES[wish]})
    assert result.image.shape == (*target.shape, 3)
    assert (result.image != model.render(target, **plain).image).any()
    if wish == "keep":
        assert (result.image == exemplar.image).all()


def test_a_mask_is_refused_or_what_it_leaves_out_is_not_used(fit, exemplar, target, sentence):
    mask = np.ones(exemplar.shape, bool)
    mask[:, 22:] = False
    masked = analogon.load_exemplar(exemplar.image, exemplar.labels, mask)
    if "mask" not in fit.entry.takes:
        with pytest.raises(analogon.OptionError) as error:
            fit(masked, steps=1)
        sentence(error.value, "--mask")
        return
    places = fit(masked).render(target).provenance.places
    assert mask[tuple(np.moveaxis(places, -1, 0))].all()


def test_an_error_of_the_listener_ends_a_render(model, target):
    class StopError(Exception):
        pass

    events = []
    model.render(target, progress=events.append)

    def stop(event):
        raise StopError

    if events:
        with pytest.raises(StopError):
            model.render(target, progress=stop)


def test_every_method_folder_is_registered():
    folders = {path.parent.name for path in Path(registry.__file__).parent.glob("*/method.py")}
    assert folders == {entry.package.rpartition(".")[2] for entry in ENTRIES}
    assert folders == {entry.name.replace("-", "_") for entry in ENTRIES}


def test_every_recipe_of_a_method_that_learns_has_small_settings(small):
    learning = {(entry.name, recipe) for entry in ENTRIES if entry.learns for recipe in entry.recipes}
    assert learning <= set(small) <= set(CASES)
