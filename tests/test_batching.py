"""Models of several cases, each fitted on its own."""

import numpy as np
import pytest

import analogon
from analogon import InputError, ModelError, OptionError, write_image, write_labels
from analogon.cli import main
from analogon.methods import registry
from analogon.methods.bundle import Bundle

from .comparing.entrants import ENTRANTS, Copying


@pytest.fixture
def cases(tmp_path, make_exemplar):
    """A folder of two cases and one that is none."""
    for name, shape in {"one": (24, 32), "two": (20, 28)}.items():
        folder = tmp_path / "cases" / name
        folder.mkdir(parents=True)
        write_image(folder / "img.png", make_exemplar(shape).image)
        write_labels(folder / "label.png", make_exemplar(shape).labels)
    (tmp_path / "cases" / "none").mkdir()
    return tmp_path / "cases"


def same(one, other):
    """Whether two model folders hold the same, but for times."""
    first, second = Bundle.read(one), Bundle.read(other)
    assert first.arrays.keys() == second.arrays.keys()
    assert all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)
    assert np.array_equal(first.exemplar.image, second.exemplar.image)
    return first.record["requested"] == second.record["requested"]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_is_what_a_fit_makes(cases, tmp_path, workers):
    steps, out = [], tmp_path / "models"
    fitted = analogon.fit_each(cases, "patch", output=out, workers=workers, seed=3, progress=steps.append)
    assert [(one.name, one.folder, one.error) for one in fitted] == [
        ("one", out / "one", None), ("two", out / "two", None)
    ]  # fmt: skip
    assert [(step.step, step.steps) for step in steps] == [(0, 2), (1, 2), (2, 2)]
    for name in ("one", "two"):
        exemplar = analogon.load_exemplar(cases / name / "img.png", cases / name / "label.png")
        analogon.fit(exemplar, "patch", seed=3, folder=tmp_path / name)
        assert same(tmp_path / name, out / name)
        assert sorted(path.name for path in (out / name).iterdir()) == ["model.json", "model.safetensors"]


def test_what_is_there_is_not_fitted_again(cases, tmp_path, monkeypatch):
    fits = []

    class Counting(Copying):
        def fit(self, exemplar, *rest):
            fits.append(exemplar.shape)
            return super().fit(exemplar, *rest)

    monkeypatch.setitem(registry.METHODS, "copies", ENTRANTS["copies"].__class__(**{
        **vars(ENTRANTS["copies"]), "engine": Counting
    }))  # fmt: skip
    asked = {"method": "copies", "output": tmp_path / "models", "workers": 1}
    analogon.fit_each(cases / "one", **asked)
    assert fits == [(24, 32)]
    analogon.fit_each([cases / "one", cases / "two"], **asked)
    assert fits == [(24, 32), (20, 28)]
    analogon.fit_each(cases, **asked, shift=1)
    assert len(fits) == 4
    (tmp_path / "models" / "two" / "model.safetensors").write_bytes(b"torn")
    analogon.fit_each(cases, **asked, shift=1)
    assert fits[4:] == [(20, 28)]


def test_one_that_fails_keeps_no_other(cases, tmp_path, monkeypatch, sentence, capsys):
    class Picky(Copying):
        def fit(self, exemplar, *rest):
            if exemplar.shape == (24, 32):
                raise InputError("This picture has a size that nobody likes: give another.")
            return super().fit(exemplar, *rest)

    monkeypatch.setitem(registry.METHODS, "copies", ENTRANTS["copies"].__class__(**{
        **vars(ENTRANTS["copies"]), "engine": Picky
    }))  # fmt: skip
    one, two = analogon.fit_each(cases, "copies", output=tmp_path / "models", workers=1)
    assert "nobody likes" in sentence(one.error) and not one.folder.exists()
    assert two.error is None and analogon.load(two.folder).method == "copies"

    command = ["fit", str(cases), "-o", str(tmp_path / "more"), "--method", "copies", "--workers", "1"]
    assert main(command) == 2
    said = capsys.readouterr()
    assert said.out == f"Model: {tmp_path / 'more' / 'two'}\n"
    error = sentence(said.err.splitlines()[-1].removeprefix("analogon: error: "), "'one'", "nobody likes")
    assert error.startswith("One picture was not learnt")


def test_what_cannot_be_is_said_before(cases, tmp_path, sentence):
    out = tmp_path / "models"
    with pytest.raises(OptionError) as caught:
        analogon.fit_each([cases, cases / "one"], output=out)
    sentence(caught.value, out / "one")
    with pytest.raises(OptionError) as caught:
        analogon.fit_each([], output=out)
    sentence(caught.value)
    with pytest.raises(InputError) as caught:
        analogon.fit_each(cases / "none", output=out)
    sentence(caught.value, cases / "none")
    with pytest.raises(OptionError) as caught:
        analogon.fit_each(cases, output=out, gpus=0.5)
    sentence(caught.value, "--gpus")
    with pytest.raises(OptionError) as caught:
        analogon.fit_each(cases, output=out, method="patch", steps=3)
    sentence(caught.value, "--steps")
    assert not out.exists()
    out.write_text("a file")
    with pytest.raises(ModelError) as caught:
        analogon.fit_each(cases, "patch", output=out)
    sentence(caught.value, out)
