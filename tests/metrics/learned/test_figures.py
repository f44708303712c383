from dataclasses import replace

import numpy as np
import pytest

from analogon import InputError, LabelMap, OptionError
from analogon.metrics.learned import LEARNED, Weights, learned_figures, lpips, sifid
from analogon.metrics.learned import weights as files

from .conftest import picture
from .test_segmenting import PALETTE, painted, write


@pytest.fixture
def target():
    return LabelMap(np.array(PALETTE.ids)[np.arange(64) // 22][None].repeat(48, 0), PALETTE)


def test_every_figure_of_files_that_are_there(weights, target, tmp_path):
    everything = replace(weights, segmenter=write(tmp_path / "net.onnx").segmenter)
    source, result = picture(0), painted(target)
    figures, notes = learned_figures(source, result, target, everything)
    assert notes == ()
    assert list(figures) == list(LEARNED)
    assert figures["sifid"] == sifid(source, result, weights) and figures["lpips"] == lpips(source, result, weights)
    assert figures["net_miou"] == figures["net_accuracy"] == 1
    for name, metric in LEARNED.items():
        assert metric.low <= figures[name] <= metric.high


def test_agreement_by_hand_and_its_direction(target, tmp_path):
    """The left half of the first class looks like the second: 11 of 64 columns."""
    weights, result = write(tmp_path / "net.onnx"), painted(target)
    result[:, :11] = PALETTE.colors[1] / 255
    figures, _ = learned_figures(result, result, target, weights)
    assert figures["net_accuracy"] == pytest.approx(53 / 64)
    assert figures["net_miou"] == pytest.approx((11 / 22 + 22 / 33 + 1) / 3)
    noisy = (painted(target) + np.random.default_rng(0).normal(0, 0.5, result.shape)).clip(0, 1).astype(np.float32)
    assert learned_figures(result, noisy, target, weights)[0]["net_miou"] < 0.9


def test_without_files_the_notes_say_so(weights, target, tmp_path, sentence):
    image = picture(0)
    for nothing in (None, Weights()):
        figures, notes = learned_figures(image, image, target, nothing)
        assert figures == dict.fromkeys(LEARNED) and len(notes) == 1
        sentence(notes[0])
    figures, notes = learned_figures(image, image, target, Weights(inception=weights.inception))
    assert [name for name, value in figures.items() if value is not None] == ["sifid"]
    assert len(notes) == 2 and all(sentence(note) for note in notes)
    figures, notes = learned_figures(image, image, target, Weights(lpips=weights.lpips))
    assert [name for name, value in figures.items() if value is not None] == ["lpips"]
    assert len(notes) == 2 and all(sentence(note) for note in notes)


def test_pictures_that_a_figure_is_not_defined_for(weights, target, sentence):
    figures, notes = learned_figures(picture(0, (50, 50)), picture(1), target, weights)
    assert figures["lpips"] is None and figures["sifid"] > 0
    sentence(notes[0], "differ in size")
    tiny = picture(0, (12, 12))
    figures, notes = learned_figures(tiny, tiny, LabelMap(target.ids[:12, :12], PALETTE), weights)
    assert figures["lpips"] is figures["sifid"] is None
    assert all("small" in sentence(note) for note in notes[:2])


def test_files_are_checked_before_the_work(weights, tmp_path, sentence, monkeypatch):
    Weights().check()
    weights.check()
    for kind in ("inception", "lpips", "segmenter"):
        with pytest.raises(InputError) as error:
            Weights(**{kind: str(tmp_path / "none")}).check()
        sentence(error.value, tmp_path / "none")
    for module, kind in (
        ("torch", "inception"),
        ("torchmetrics", "inception"),
        ("torch", "lpips"),
        ("onnxruntime", "segmenter"),
    ):
        monkeypatch.setattr(files, "find_spec", lambda name, module=module: None if name == module else True)
        with pytest.raises(OptionError) as error:
            Weights(**{kind: weights.lpips}).check()
        sentence(error.value, module, "pip install 'analogon[metrics]'")
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    with pytest.raises(OptionError, match="torch"):
        learned_figures(picture(0), picture(0), LabelMap(np.full((48, 64), 5), PALETTE), weights)
