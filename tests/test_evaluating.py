"""Figures of models of data sets."""

import json
import weakref
from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import ndimage

pytest.importorskip("torch", reason="networks need the extra 'neural'")

from tests.metrics.learned.conftest import random_weights
from tests.networks.small import hardly_learnt, small_set

import analogon
from analogon import evaluating
from analogon.evaluating import Some
from analogon.result import Result

PICTURES = small_set(6)


@pytest.fixture(scope="module")
def grouped():
    return hardly_learnt("groupdnet", PICTURES)


@pytest.fixture(scope="module")
def attentive():
    return hardly_learnt("msca", PICTURES)


def test_a_model_of_classes_has_all_figures_that_take_no_weights(grouped, tmp_path):
    events = []
    told = analogon.evaluate(grouped, PICTURES, count=2, progress=events.append)
    assert [event.step for event in events] == list(range(1, len(events) + 1)) and events[0].steps == len(events)
    assert told.names == ["000000", "000005"] and told.files == []
    assert {name for name, value in told.figures.items() if value is None} == {
        "net_miou", "net_accuracy", "fid", "kid", "diversity_lpips", "oracle_style"
    }  # fmt: skip
    assert set(told.real) == {"miou", "accuracy", "sharpness", "oracle_miou", "oracle_accuracy"}
    assert told.distance == "colours" and told.exemplars == []
    assert set(told.classes["sky"]) == {"diversity", "csd", "ocd", "pairs"} and told.classes["sky"]["pairs"] == 2
    told.save(tmp_path / "report.json")
    record = json.loads((tmp_path / "report.json").read_text())
    assert record["figures"] == pytest.approx(told.figures) and record["real pictures"] == pytest.approx(told.real)
    assert "miou" in record["meanings"] and record["seed"] == 0
    again = analogon.evaluate(grouped, PICTURES, count=2)
    other = analogon.evaluate(grouped, PICTURES, count=2, seed=1)
    assert again.figures == told.figures and other.figures["mcsd"] != told.figures["mcsd"]


def test_looks_come_from_pictures_whose_classes_are_alike_and_never_from_the_own_one(attentive, tmp_path):
    told = analogon.evaluate(attentive, PICTURES, count=3, fraction=0.2, folder=tmp_path / "new" / "pictures")
    wanted = analogon.datasets.matched(Some(PICTURES, [0, 2, 5]), PICTURES, fraction=0.2)
    assert told.exemplars == wanted and all(match.layout != match.exemplar for match in wanted)
    assert [match.layout for match in wanted] == list(told.names)
    match = wanted[1]
    place = [PICTURES.name(n) for n in range(6)].index(match.exemplar)
    exemplar = PICTURES[place].exemplar(PICTURES.palette)
    target = analogon.LabelMap(PICTURES[2].labels, PICTURES.palette)
    assert told.files == [tmp_path / "new" / "pictures" / f"{name}.png" for name in told.names]
    levels = np.rint(attentive.render(target, style=exemplar).image * 255)
    assert (np.rint(analogon.read_image(told.files[1]) * 255) == levels).all()
    assert told.figures["oracle_style"] is not None and told.figures["mcsd"] is None
    assert any("mCSD" in note for note in told.notes) and any("diversity" in note for note in told.notes)


class Copying:
    """A model that paints the true pictures."""

    takes, palette = frozenset(), PICTURES.palette

    def __init__(self, pictures=PICTURES):
        self.pictures = pictures

    def render(self, layout, **_):
        pair = next(p for p in self.pictures if (p.labels == layout.ids).all())
        return Result(self.changed(pair.image), "copies", {}, 0, 0.0)

    def changed(self, image):
        return image


class Turned(Copying):
    def changed(self, image):
        return image[::-1].copy()


class Blurred(Copying):
    def changed(self, image):
        return ndimage.gaussian_filter(image, (1, 1, 0))


def test_true_pictures_have_the_figures_of_real_ones_and_false_ones_have_not():
    pictures = small_set(12)
    true, turned, blurred = (analogon.evaluate(model(pictures), pictures) for model in (Copying, Turned, Blurred))
    assert {name: true.figures[name] for name in true.real} == pytest.approx(true.real)
    assert true.real == turned.real and true.real["oracle_miou"] == true.real["sharpness"] == 1
    assert true.real["miou"] > 0.8 and turned.figures["miou"] < 0.6 * true.real["miou"]
    assert turned.figures["accuracy"] < true.real["accuracy"] - 0.3
    assert blurred.figures["sharpness"] < 0.9 and blurred.figures["accuracy"] > turned.figures["accuracy"]


class Grains(type(PICTURES)):
    """Pictures whose classes nobody can tell: grains, and labels that have nothing to do with them."""

    def pair(self, index):
        rng = np.random.default_rng(index)
        pair = super().pair(index)
        return replace(
            pair, image=rng.random(pair.image.shape, np.float32), labels=rng.integers(0, 2, pair.labels.shape)
        )


def test_no_real_picture_is_known_by_heart():
    grains = Grains(3, PICTURES.settings)
    told = analogon.evaluate(Copying(grains), grains)
    assert told.real["accuracy"] == told.figures["accuracy"] == pytest.approx(0.5, abs=0.02)
    alone = analogon.evaluate(Copying(grains), grains, count=1)
    assert alone.figures["accuracy"] > 0.9 and "accuracy" not in alone.real
    assert any("by heart" in note for note in alone.notes)


def test_pictures_are_not_kept_in_memory(monkeypatch):
    monkeypatch.setattr(evaluating, "KNOWN", 1)
    alive, most = Counter(), Counter()

    def watched(image, kind):
        image = image.copy()
        alive[kind] += 1
        most[kind] = max(most[kind], alive[kind])
        weakref.finalize(image, alive.subtract, [kind])
        return image

    class Watched(type(PICTURES)):
        def pair(self, index):
            pair = super().pair(index)
            return replace(pair, image=watched(pair.image, "real"))

    class Drawing(Copying):
        takes = frozenset({"random"})

        def changed(self, image):
            return watched(image, "painted")

    told = analogon.evaluate(Drawing(), Watched(6, PICTURES.settings))
    assert len(told.names) == 6 and most["painted"] == evaluating.SAMPLES and 0 < most["real"] <= 2
    assert alive.total() == 0


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


def test_a_picture_of_nothing_known_says_nothing_of_classes():
    class Half(type(PICTURES)):
        def __init__(self, blank):
            super().__init__(3, PICTURES.settings)
            self.unknown, self.blank = 9, blank
            self.palette = analogon.Palette((*self.palette.classes, analogon.LabelClass(9, "unknown", (1, 2, 3))))

        def pair(self, index):
            pair = super().pair(index)
            return replace(pair, labels=np.full_like(pair.labels, 9)) if index in self.blank else pair

    class Flat(Copying):
        def render(self, layout, **_):
            return Result(np.full((*layout.shape, 3), 0.5, np.float32), "flat", {}, 0, 0.0)

    some, none = Half([1]), Half([0, 1, 2])
    model = Flat()
    model.palette = some.palette
    told = analogon.evaluate(model, some)
    without = analogon.evaluate(model, Some(some, [0, 2]))
    assert told.figures["accuracy"] == without.figures["accuracy"] and told.real == without.real
    nothing = analogon.evaluate(model, none)
    assert nothing.figures["miou"] is nothing.figures["sharpness"] is None and nothing.real == {}
    assert any("no pixel of a known class" in note for note in nothing.notes)


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
