"""One picture, many jobs: the functions."""

import json

import numpy as np
import pytest

import analogon
from analogon.methods import registry

from .copying import COPYING

CORNERS = ((0.0, 0.25), (0.0, 0.75), (0.5, 0.75), (0.5, 0.25))


@pytest.fixture
def photo(exemplar, copying):
    """A picture of which nothing is known."""
    return exemplar.image


def method(**more):
    return {"method": "copying", **more}


def test_pictures_of_one_kind_differ_by_their_seeds(photo):
    several = analogon.vary(photo, 3, seed=5, **method())
    assert [one.seed for one in several] == [5, 6, 7]
    assert len({one.image.tobytes() for one in several}) == 3
    (again,) = analogon.vary(photo, seed=6, **method())
    assert (again.image == several[1].image).all()


def test_size_and_difference_of_variations(photo):
    (wide,) = analogon.vary(photo, size=(20, 70), **method())
    assert wide.image.shape == (20, 70, 3)
    (same,) = analogon.vary(photo, difference=0.0, **method())
    assert (same.image == photo).all()


def test_every_job_makes_its_picture(photo):
    edited = photo.copy()
    edited[4:8, 4:8] = 0.5
    mask = (edited != photo).any(-1)
    results = {
        "retarget": analogon.retarget(photo, (30, 20), **method()),
        "reshape": analogon.reshape(photo, (30, 40), CORNERS, **method()),
        "paint": analogon.paint(photo, edited[:18], difference=0.25, **method()),
        "edit": analogon.edit(photo, edited, mask, **method()),
        "harmonize": analogon.harmonize(photo, edited, mask, **method()),
        "upscale": analogon.upscale(photo, 1.5, **method()),
    }
    sizes = {"retarget": (30, 20), "reshape": (30, 40), "paint": (18, 32), "upscale": (36, 48)}
    for name, result in results.items():
        assert result.image.shape[:2] == sizes.get(name, (24, 32))
        assert result.record()["job"]["name"] == name
        assert "wishes" not in result.record()
    assert results["paint"].job["difference"] == 0.25
    assert analogon.edit(photo, edited, **method()).job["mask"] is None
    assert (results["edit"].image[~mask] == edited[~mask]).all()


def test_animations(photo):
    loop = analogon.animate(photo, 6, amount=1.0, frames_per_second=8, **method())
    assert len(loop.frames) == 6 and loop.loop and loop.frames_per_second == 8
    still = analogon.animate(photo, 6, amount=0.0, **method())
    assert max(still.changes()) == 0 < max(loop.changes())
    wider = analogon.retarget_through(photo, [(24, 32), (24, 40)], 5, **method())
    assert [frame.shape[1] for frame in wider.frames] == [32, 34, 36, 38, 40]
    assert not wider.loop


def test_paths_pictures_with_labels_and_models_are_taken(exemplar, photo, tmp_path):
    analogon.write_image(tmp_path / "photo.png", photo)
    (of_file,) = analogon.vary(str(tmp_path / "photo.png"), **method())
    assert np.abs(of_file.image - analogon.vary(photo, **method())[0].image).max() <= 0.5 / 255 + 1e-6
    model = analogon.prepare(exemplar, "vary", "copying")
    assert model.exemplar is exemplar
    model.save(tmp_path / "model")
    (of_model,) = analogon.vary(model)
    (of_folder,) = analogon.vary(tmp_path / "model")
    assert (of_model.image == of_folder.image).all()
    assert of_model.labels is not None and set(np.unique(of_model.labels.ids)) == {0, 3, 7}


def test_a_picture_without_labels_is_one_class(photo):
    assert analogon.load_exemplar(photo).labels.present() == (0,)


def test_a_model_is_not_told_how_to_fit(photo, tmp_path, sentence):
    model = analogon.prepare(photo, "vary", "copying")
    model.save(tmp_path / "model")
    for source in (model, tmp_path / "model"):
        for option in ("method", "recipe", "shift"):
            with pytest.raises(analogon.OptionError) as error:
                analogon.vary(source, **{option: "copying"})
            sentence(error.value, f"--{option}")
        with pytest.raises(analogon.OptionError) as error:
            analogon.vary(source, shift=0)
        sentence(error.value, "--shift")


def test_a_model_computes_where_it_was_loaded(photo, tmp_path, sentence):
    model = analogon.prepare(photo, "vary", "copying", device="cpu")
    assert model.device == "cpu" and len(analogon.vary(model, device="cpu")) == 1
    with pytest.raises(analogon.OptionError) as error:
        analogon.vary(model, device="cuda:1")
    sentence(error.value, "'cuda:1'", "'cpu'")


@pytest.mark.parametrize(
    ("job", "named"),
    [
        (lambda photo: analogon.vary(photo, 0, **method()), "--count"),
        (lambda photo: analogon.vary(photo, 1.5, **method()), "--count"),
        (lambda photo: analogon.vary(photo, size=(0, 5), **method()), "--size"),
        (lambda photo: analogon.vary(photo, seed=-1, **method()), "seed"),
        (lambda photo: analogon.retarget(photo, (0, 5), **method()), "--size"),
        (lambda photo: analogon.reshape(photo, (5, 5), CORNERS[::-1], **method()), "--corners"),
        (lambda photo: analogon.retarget_through(photo, [(24, 32)], **method()), "--sizes"),
        (lambda photo: analogon.edit(photo, photo[:20], **method()), "32x20"),
        (lambda photo: analogon.animate(photo, 1, **method()), "--frames"),
    ],
)
def test_nothing_is_fitted_for_what_cannot_be_done(photo, monkeypatch, sentence, job, named):
    def fit(*given, **more):
        raise AssertionError("a fit may take hours")

    monkeypatch.setattr(analogon.api, "fit", fit)
    with pytest.raises(analogon.AnalogonError) as error:
        job(photo)
    sentence(error.value, named)


def test_the_recipe_of_the_job_is_taken_unless_one_is_named(photo):
    assert analogon.retarget(photo, (24, 32), **method()).config == {"shift": 5}
    assert analogon.retarget(photo, (24, 32), **method(recipe="plain")).config == {"shift": 0}
    assert analogon.vary(photo, **method())[0].config == {"shift": 0}
    assert analogon.describe_method("copying").jobs["retarget"] == "later"


def test_where_no_method_is_named_the_first_is_taken_that_can(photo, monkeypatch, sentence):
    first = next(entry.name for entry in registry.METHODS.values() if "vary" in entry.jobs)
    assert analogon.describe_method(job="vary").name == first
    monkeypatch.setattr(registry, "METHODS", {"semia": registry.METHODS["semia"], "copying": COPYING})
    assert analogon.describe_method(job="vary").name == "copying"
    monkeypatch.setattr(registry, "METHODS", {registry.DEFAULT_METHOD: registry.METHODS["semia"]})
    with pytest.raises(analogon.OptionError) as error:
        analogon.describe_method(job="vary")
    sentence(error.value, "vary", "nor can any other")


def test_arguments_are_checked_at_once(photo, sentence):
    model = analogon.prepare(photo, "vary", "copying")
    with pytest.raises(analogon.OptionError) as error:
        model.perform([], seed=0)
    sentence(error.value)


def test_a_result_is_saved_with_its_job(photo, tmp_path):
    (result,) = analogon.vary(photo, difference=0.5, seed=2, **method())
    result.save(tmp_path / "new.png", provenance=True)
    told = json.loads((tmp_path / "new.json").read_text())
    assert told["job"] == {"name": "vary", "size": [24, 32], "difference": 0.5}
    assert told["seed"] == 2 and told["method"] == "copying"
    assert (tmp_path / "new.provenance.npy").exists()
