import numpy as np
import pytest

import analogon
from analogon.errors import ModelError
from analogon.jobs import Vary
from analogon.methods.singan.method import METHOD
from analogon.methods.singan.sizes import finest_of, ratios, scaled
from analogon.run import Run

SMALL = {"method": "singan", "device": "cpu", "width": 4, "window": 24, "scales": 3}


@pytest.mark.parametrize("recipe", ["fast", "paper"])
def test_a_fit_that_is_broken_off_and_resumed_is_the_same(make_exemplar, tmp_path, eager, recipe):
    """Through checkpoint files, broken off in the middle of each scale and at its end."""
    exemplar = make_exemplar((30, 44))

    class StopError(Exception):
        pass

    def stop_at(step):
        def listen(event):
            if event.step == step:
                raise StopError

        return listen

    whole = analogon.fit(exemplar, recipe=recipe, steps=6, **SMALL)
    for step in (1, 2, 3, 4, 5):
        folder = tmp_path / str(step)
        with pytest.raises(StopError):
            analogon.fit(exemplar, recipe=recipe, steps=6, folder=folder, progress=stop_at(step), **SMALL)
        resumed = analogon.fit(exemplar, recipe=recipe, steps=6, folder=folder, resume=True, **SMALL)
        arrays, expected = resumed._synthesizer.arrays(), whole._synthesizer.arrays()
        assert list(arrays) == list(expected)
        assert all((arrays[name] == expected[name]).all() for name in arrays), step


def test_a_fit_that_ends_early_makes_pictures_of_the_scales_that_it_has(make_exemplar, make_target):
    exemplar, target = make_exemplar((30, 44)), make_target((30, 44))
    for recipe in ("fast", "concurrent"):
        painter = analogon.fit(exemplar, recipe=recipe, steps=6, **SMALL)._synthesizer
        assert painter.ladder.last == 2
        for scales in (1, 2):
            short = _cut(painter, scales)
            assert short.ladder.last == scales - 1
            assert short.render(target, Run(device="cpu")).image.shape == (30, 44, 3)
            performance = short._performance(Run(device="cpu"))
            assert performance.trained == _trained_sizes(exemplar, short.config)[:scales]
            (made,) = short.perform([Vary((20, 50))], Run(device="cpu"))
            assert made.image.shape == (20, 50, 3)


def _trained_sizes(exemplar, config):
    return scaled(finest_of(exemplar.shape, config), ratios(exemplar.shape, config))


def _cut(painter, scales):
    """As if the fit had ended when so many scales were trained."""
    part = "generator.parts." if painter.config.network == "pyramid" else "generator.body."
    arrays = {
        name: array
        for name, array in painter.arrays().items()
        if not name.startswith(part) or int(name.removeprefix(part).split(".")[0]) < scales
    }
    arrays["amplitudes"] = arrays["amplitudes"][:scales]
    return METHOD.restore(painter.exemplar, painter.config, arrays, Run(device="cpu"))


def test_time_is_kept_and_every_scale_gets_some(make_exemplar):
    import time

    begun = time.monotonic()
    model = analogon.fit(make_exemplar((30, 44)), recipe="fast", minutes=0.04, **SMALL)
    assert time.monotonic() - begun < 8
    assert model._synthesizer.ladder.generator.scales == 3


def test_what_was_not_edited_stays(make_exemplar, make_target):
    exemplar, target = make_exemplar((30, 44)), make_target((30, 44))
    model = analogon.fit(exemplar, recipe="fast", steps=6, **SMALL)
    assert (model.render(exemplar.labels).image == exemplar.image).all()
    first, second = (model._synthesizer.render(target, Run(device="cpu", seed=seed)).image for seed in (0, 1))
    assert (first == exemplar.image).all(-1).any()
    assert 0 < (first != second).any(-1).mean() < 1


def test_where_layouts_enter_changes_the_picture(make_exemplar, make_target):
    exemplar, target = make_exemplar((30, 44)), make_target((30, 44))
    images = [
        analogon.fit(exemplar, recipe="fast", steps=6, inject=share, **SMALL).render(target).image for share in (0, 1)
    ]
    assert (images[0] != images[1]).any()


@pytest.mark.parametrize("damage", ["amplitudes", "anchor", "weights", "scales"])
def test_arrays_of_another_model_are_refused(make_exemplar, damage, sentence):
    exemplar = make_exemplar((30, 44))
    painter = analogon.fit(exemplar, recipe="fast", steps=3, **SMALL)._synthesizer
    arrays = dict(painter.arrays())
    if damage in arrays:
        arrays.pop(damage)
    elif damage == "weights":
        arrays["generator.head.0.weight"] = np.zeros((1, 1), np.float32)
    else:
        arrays["amplitudes"] = np.ones(9)
    with pytest.raises(ModelError) as error:
        METHOD.restore(exemplar, painter.config, arrays, Run(device="cpu"))
    sentence(error.value, "SinGAN")
