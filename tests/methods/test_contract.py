"""What every method promises, for every method of the registry and each of its recipes."""

from pathlib import Path

import numpy as np
import pytest

import analogon
from analogon import LabelMap, Palette
from analogon.methods import registry

pytest.importorskip("torch", reason="the methods need the extra 'neural'")

CASES = [(name, recipe) for name, entry in registry.METHODS.items() for recipe in entry.recipes]


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def fit(request, exemplar, small):
    """Fits the parametrised method with small settings."""
    name, recipe = request.param
    settings = small[name, recipe]

    def run(given=exemplar, **changes):
        return analogon.fit(given, name, recipe=recipe, device="cpu", **{**settings, **changes})

    run.settings = settings
    return run


@pytest.fixture(scope="module")
def model(fit):
    return fit()


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


def test_the_size_that_is_worked_at_changes_the_picture_and_not_its_size(fit, model, target):
    small = fit(size_limit=16).render(target).image
    assert small.shape == (*target.shape, 3)
    assert (small != model.render(target).image).any()
    # a factor is a factor of the exemplar's longest side, here 32
    assert (fit(size=0.5).render(target).image == small).all()


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(fit, model, target):
    picture = model.render(target).image
    assert (fit().render(target).image == picture).all()
    assert (fit(seed=1).render(target).image != picture).any()


def test_training_changes_the_picture(fit, model, target):
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


def test_progress_ends_with_all_steps_done(fit):
    events = []
    model = fit(progress=events.append)
    assert events[-1].step == events[-1].steps == model.config["steps"]
    stages = list(dict.fromkeys(e.stage for e in events))
    assert stages in (["preparing", "training"], ["training"])
    assert [(stages.index(e.stage), e.step) for e in events] == sorted((stages.index(e.stage), e.step) for e in events)


def test_every_method_folder_is_registered():
    folders = {path.parent.name for path in Path(registry.__file__).parent.glob("*/method.py")}
    assert folders == {entry.package.rpartition(".")[2] for entry in registry.METHODS.values()}
    assert folders == set(registry.METHODS)


def test_every_recipe_has_small_settings(small):
    assert set(small) == set(CASES)
