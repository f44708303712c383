"""Figures of models of data sets."""

import json
from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("torch", reason="networks need the extra 'neural'")

from tests.metrics.learned.conftest import random_weights
from tests.networks.small import ATTENTIVE, GROUPED, small_set

import analogon
from analogon.evaluating import Some
from analogon.result import Result

QUICK = {"device": "cpu", "recipe": "paper", "steps": 1, "batch": 1, "lr_generator": 0.05}
PICTURES = small_set(6)


@pytest.fixture(scope="module")
def grouped():
    return analogon.train("groupdnet", PICTURES, **{**GROUPED, **QUICK})


@pytest.fixture(scope="module")
def attentive():
    return analogon.train("msca", PICTURES, **{**ATTENTIVE, **QUICK})


def test_a_model_of_classes_has_all_figures_that_take_no_weights(grouped, tmp_path):
    events = []
    told = analogon.evaluate(grouped, PICTURES, count=2, progress=events.append)
    assert [event.step for event in events] == list(range(1, len(events) + 1)) and events[0].steps == len(events)
    assert told.names == ["000000", "000005"] and [image.shape for image in told.images] == [(64, 64, 3)] * 2
    assert {name for name, value in told.figures.items() if value is None} == {
        "net_miou", "net_accuracy", "fid", "kid", "diversity_lpips", "oracle_style"
    }  # fmt: skip
    assert told.distance == "colours" and told.exemplars == []
    assert set(told.classes["sky"]) == {"diversity", "csd", "ocd", "pairs"} and told.classes["sky"]["pairs"] == 2
    told.save(tmp_path / "report.json")
    record = json.loads((tmp_path / "report.json").read_text())
    assert record["figures"] == pytest.approx(told.figures) and "miou" in record["meanings"] and record["seed"] == 0
    again = analogon.evaluate(grouped, PICTURES, count=2)
    other = analogon.evaluate(grouped, PICTURES, count=2, seed=1)
    assert again.figures == told.figures and other.figures["mcsd"] != told.figures["mcsd"]


def test_looks_come_from_pictures_whose_classes_are_alike_and_never_from_the_own_one(attentive):
    told = analogon.evaluate(attentive, PICTURES, count=3, fraction=0.2)
    wanted = analogon.datasets.matched(Some(PICTURES, [0, 2, 5]), PICTURES, fraction=0.2)
    assert told.exemplars == wanted and all(match.layout != match.exemplar for match in wanted)
    assert [match.layout for match in wanted] == list(told.names)
    match = wanted[1]
    place = [PICTURES.name(n) for n in range(6)].index(match.exemplar)
    exemplar = PICTURES[place].exemplar(PICTURES.palette)
    target = analogon.LabelMap(PICTURES[2].labels, PICTURES.palette)
    assert (told.images[1] == attentive.render(target, style=exemplar).image).all()
    assert told.figures["oracle_style"] is not None and told.figures["mcsd"] is None
    assert any("mCSD" in note for note in told.notes) and any("diversity" in note for note in told.notes)


class Copying:
    """A model that paints the true pictures."""

    takes, palette = frozenset(), PICTURES.palette

    def render(self, layout, **_):
        pair = next(p for p in PICTURES if (p.labels == layout.ids).all())
        return Result(pair.image, "copies", {}, 0, 0.0)


def test_true_pictures_have_the_best_figures_and_false_ones_have_not():
    true = analogon.evaluate(Copying(), PICTURES).figures
    assert true["oracle_miou"] == 1 and true["miou"] > 0.9

    class Turned(Copying):
        def render(self, layout, **_):
            return Result(super().render(layout).image[::-1].copy(), "copies", {}, 0, 0.0)

    false = analogon.evaluate(Turned(), PICTURES).figures
    assert false["miou"] < 0.6 * true["miou"] and false["accuracy"] < true["accuracy"] - 0.3


def test_pixels_of_no_known_class_do_not_count():
    class Hidden(type(PICTURES)):
        def __init__(self):
            super().__init__(2, PICTURES.settings)
            self.unknown = 0  # the sky

    class Blind(Copying):
        def render(self, layout, **_):
            image = super().render(layout).image.copy()
            image[layout.ids == 0] = image[layout.ids == 1].mean(0)
            return Result(image, "blind", {}, 0, 0.0)

    figures = [analogon.evaluate(Blind(), pictures).figures["miou"] for pictures in (Hidden(), Some(PICTURES, [0, 1]))]
    assert figures[0] > figures[1] + 0.1


def test_what_cannot_be_judged_is_refused(grouped, tmp_path, sentence):
    class Other(type(PICTURES)):
        def __init__(self):
            super().__init__(2, PICTURES.settings)
            self.palette = analogon.Palette(self.palette.classes[:4])

    for change, named in (
        ({"count": 0}, "0 pictures"),
        ({"seed": -1}, "seed"),
        ({"data": Other()}, "other classes"),
        ({"data": tmp_path / "none"}, "none"),
        ({"weights": analogon.Weights(lpips=tmp_path / "no.safetensors")}, "no.safetensors"),
    ):
        with pytest.raises(analogon.AnalogonError) as error:
            analogon.evaluate(grouped, **{"data": PICTURES, **change})
        sentence(error.value, named)


def test_weights_give_the_figures_that_take_them(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import helper

    # scores of classes: how near a colour is to the mean one of the class in the set
    colours = np.stack([np.concatenate([p.image[p.labels == c] for p in PICTURES]).mean(0) for c in range(5)]).astype(
        np.float32
    )
    weight = helper.make_tensor("w", 1, (5, 3, 1, 1), (2 * colours).ravel())
    bias = helper.make_tensor("b", 1, (5,), -(colours**2).sum(1))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w", "b"], ["y"])],
        "near",
        [value("x", 1, (1, 3, "h", "w"))],
        [value("y", 1, (1, 5, "h", "w"))],
        [weight, bias],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, tmp_path / "near.onnx")
    figures = analogon.evaluate(Copying(), PICTURES, weights=analogon.Weights(segmenter=tmp_path / "near.onnx")).figures
    assert figures["net_accuracy"] > 0.5 and figures["net_miou"] is not None


def test_a_network_measures_how_far_all_pairs_are_apart(grouped, tmp_path):
    import torch

    from analogon.features.perceptual import LPIPS
    from analogon.metrics.learned import lpips

    with torch.device("meta"):
        network = LPIPS()
    weights = analogon.Weights(lpips=random_weights(network, tmp_path / "lpips.safetensors"))
    told = analogon.evaluate(grouped, PICTURES, count=2, weights=weights)
    apart = []
    for place, n in enumerate((0, 5)):
        layout = analogon.LabelMap(PICTURES[n].labels, PICTURES.palette)
        looks = [grouped.render(layout, seed=place + 2 * turn).image for turn in range(3)]
        apart += [lpips(one, other, weights) for one, other in combinations(looks, 2)]
    assert told.figures["diversity_lpips"] == pytest.approx(np.mean(apart))
    assert told.distance == "LPIPS"
    assert told.figures["mcsd"] != analogon.evaluate(grouped, PICTURES, count=2).figures["mcsd"]
