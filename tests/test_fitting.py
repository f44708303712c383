"""What a fit refuses, and takes, before any work."""

import numpy as np
import pytest

import analogon
from analogon import OptionError

pytest.importorskip("torch", reason="fitting needs the extra 'neural'")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "semai"}, ["'semai'", "did you mean 'semia'"]),
        ({"recipe": "fats"}, ["'fats'", "did you mean 'fast'"]),
        ({"widht": 8}, ["'widht'", "did you mean 'width'"]),
        ({"width": 1}, ["'width'", "1", "greater than or equal to 4"]),
        ({"norm": "layer"}, ["'norm'", "'layer'", "'batch' or 'instance'"]),
        ({"lr_generator": float("inf")}, ["'lr_generator'", "inf", "finite"]),
        ({"features": "vgg"}, ["'vgg'", "filters", "vgg19:FILE"]),
        ({"features": "vgg19:/no/such/file"}, ["/no/such/file"]),
        ({"steps": 0}, ["'steps'", "0"]),
        ({"steps": 1.5}, ["'steps'", "1.5"]),
        ({"minutes": 0}, ["minutes", "0", "above 0"]),
        ({"minutes": -1}, ["minutes", "-1"]),
        ({"minutes": float("nan")}, ["minutes", "nan"]),
        ({"minutes": float("inf")}, ["minutes", "inf"]),
        ({"minutes": "3"}, ["minutes", "'3'"]),
        ({"size": 0}, ["size", "0"]),
        ({"size": 1.5}, ["size", "1.5", "up to 1"]),
        ({"size": float("nan")}, ["size", "nan"]),
        ({"size": "half"}, ["size", "'half'"]),
        ({"seed": -1}, ["seed", "-1", "from 0"]),
        ({"seed": 2**32}, ["seed", str(2**32), str(2**32 - 1)]),
        ({"seed": 0.5}, ["seed", "0.5", "whole number"]),
        ({"device": "abacus"}, ["'abacus'", "'auto' or 'cpu'"]),
        ({"device": "meta"}, ["'meta'", "'auto' or 'cpu'"]),
        ({"device": None}, ["'None'", "'auto' or 'cpu'"]),
        ({"betas": [float("nan"), 0.9]}, ["'betas'", "[nan, 0.9]"]),
        ({"patch_samples": [0, 0]}, ["'patch_samples'", "[0, 0]"]),
        ({"resume": True}, ["resume", "folder"]),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_a_wrong_option_is_one_sentence_before_any_work(fit, options, words, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = {} if "resume" in options else {"folder": tmp_path / "model"}
    with pytest.raises(analogon.AnalogonError) as error:
        fit(**{**folder, **options})
    assert isinstance(error.value, OptionError | analogon.InputError)
    text = sentence(error.value)
    for word in words:
        assert word in text
    assert not list(tmp_path.iterdir())


def test_numbers_of_numpy_are_numbers(fit, target, tmp_path):
    plain = fit(seed=3, size=0.75, steps=2)
    numpy = fit(seed=np.int64(3), size=np.float32(0.75), steps=2)
    assert (plain.render(target).image == numpy.render(target).image).all()
    numpy.save(tmp_path)
    assert analogon.load(tmp_path).seed == 3


def test_the_largest_seed_works(fit):
    assert fit(seed=2**32 - 1, steps=1).seed == 2**32 - 1
