import importlib
import inspect
import json
import math

import numpy as np
import pytest

from analogon import METRICS, Exemplar, InputError, LabelClass, LabelMap, Palette, Provenance, Scorer, Scores
from analogon.metrics import CLASS_METRICS, SCORED
from analogon.metrics.outlines import _outline

from .conftest import PALETTE, SHAPE, noisy, soft

pytestmark = pytest.mark.usefixtures("quick")


def checked(scores: Scores) -> Scores:
    """What holds for all scores: every figure is there, in its range and no NaN, and the record is strict JSON."""
    assert list(scores.figures) == list(SCORED)
    for figures, metrics in [(scores.figures, METRICS), *((each, CLASS_METRICS) for each in scores.classes.values())]:
        for name, value in figures.items():
            if value is not None:
                assert metrics[name].low <= value <= metrics[name].high + 1e-9, name
    for note in scores.notes:
        assert note[0].isupper() and note.endswith(".") and ". " not in note
    assert json.loads(json.dumps(scores.record(), allow_nan=False))["notes"] == list(scores.notes)
    return scores


@pytest.fixture(scope="module")
def good(scene, scorer) -> Scores:
    return checked(scorer.score(scene.right, scene.target, provenance=scene.provenance))


def test_the_right_picture_has_good_figures(good):
    assert good.figures["miou"] > 0.9 and good.figures["coherence@1"] < 1 and good.figures["completeness@1"] < 1
    assert good.figures["sharpness"] == pytest.approx(1, abs=0.05)
    assert good.figures["ghost"] == pytest.approx(1, abs=0.15)
    assert good.figures["used"] == 1 and good.figures["largest_copy"] == pytest.approx(83 / 120)
    assert good.classes.keys() == {"wall", "ball", "floor"}
    for figures in good.classes.values():
        assert figures.keys() < CLASS_METRICS.keys() and figures["iou"] > 0.9
        assert figures["coherence@1"] < 1 and figures["sharpness"] == pytest.approx(1, abs=0.1)


def drawn(scene) -> np.ndarray:
    """The outline of the ball where it was."""
    image = scene.right.copy()
    image[_outline(np.where(scene.exemplar.labels.ids == 7, 1, 0))] = 0.9
    return image


def tiled(scene) -> np.ndarray:
    """A floor of one piece."""
    image = scene.right.copy()
    image[60:] = np.tile(scene.exemplar.image[66:80, 20:32], (2, 10, 1))
    return image


DAMAGES = {
    "blur": (
        lambda scene: soft(scene.right),
        ["coherence@1", "coherence@2", "completeness@1", "bidirectional", "wasserstein", "sharpness", "kept_psnr"],
    ),
    "noise": (
        lambda scene: noisy(scene.right),
        ["miou", "accuracy", "coherence@1", "completeness@1", "bidirectional", "wasserstein", "sharpness", "kept_ssim"],
    ),
    "wrong layout": (lambda scene: scene.exemplar.image, ["miou", "accuracy", "coherence@1", "coherence@4", "ghost"]),
    "tiling": (tiled, ["completeness@1", "completeness@2", "bidirectional", "wasserstein", "kept_psnr"]),
    "ghosts": (drawn, ["ghost", "coherence@1", "bidirectional"]),
    "wrong colours": (lambda scene: scene.right[..., ::-1].copy(), ["miou", "coherence@4", "wasserstein"]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_makes_the_right_figures_worse(scene, scorer, damage):
    spoil, worse = DAMAGES[damage]
    target = scene.exemplar.labels if "kept_psnr" in worse or "kept_ssim" in worse else scene.target
    clean = scene.exemplar.image if target is scene.exemplar.labels else scene.right
    if target is scene.target:
        before, after = (checked(scorer.score(image, target)) for image in (clean, spoil(scene)))
    else:  # what has to stay is seen where nothing was asked to change
        moved = type(scene)(scene.exemplar, target, clean, scene.provenance)
        before, after = (checked(scorer.score(image, target)) for image in (clean, spoil(moved)))
    for name in worse:
        assert METRICS[name].badness(after.figures[name]) > METRICS[name].badness(before.figures[name]), name


def test_a_copy_of_the_source_is_perfect_but_for_the_layout(scene, scorer):
    copied = Provenance(np.stack(np.indices(SHAPE), -1), SHAPE)
    scores = checked(scorer.score(scene.exemplar.image, scene.exemplar.labels, provenance=copied))
    for name in (
        "bidirectional",
        "wasserstein",
        *(f"{way}@{s}" for way in ("coherence", "completeness") for s in (1, 2, 4)),
    ):
        assert scores.figures[name] == 0, name
    assert scores.figures["kept_psnr"] == math.inf and scores.figures["kept_ssim"] == 1
    assert scores.record()["figures"]["kept_psnr"] == "inf"
    assert scores.figures["sharpness"] == scores.figures["used"] == scores.figures["largest_copy"] == 1
    assert scores.figures["ghost"] is None and any("outline" in note for note in scores.notes)


def test_scores_are_repeated_and_follow_the_seed(scene, scorer, good, monkeypatch):
    bad = noisy(scene.right)
    first = scorer.score(bad, scene.target)
    assert scorer.score(bad, scene.target) == first
    other = Scorer(scene.exemplar, seed=4).score(bad, scene.target)
    for name in ("miou", "coherence@1", "wasserstein", "bidirectional"):
        assert other.figures[name] != first.figures[name]
        assert other.figures[name] == pytest.approx(first.figures[name], rel=0.1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert Scorer(scene.exemplar).score(bad, scene.target) == first


def test_without_provenance_nothing_is_told_of_copies(scene, scorer):
    scores = checked(scorer.score(scene.right, scene.target))
    assert scores.figures["used"] is None and scores.figures["largest_copy"] is None
    assert any("where the pixels come from" in note for note in scores.notes)


def test_another_size(scene, scorer):
    shape = (64, 70)
    target = LabelMap(scene.target.ids[:64, :70], PALETTE)
    scores = checked(scorer.score(scene.right[:64, :70], target))
    assert scores.figures["ghost"] is scores.figures["kept_psnr"] is scores.figures["kept_ssim"] is None
    assert any("differ in size" in note for note in scores.notes)
    assert scores.figures["coherence@1"] < 1 and scores.figures["coherence@8"] is None
    assert any("too small" in note and "1/8" in note for note in scores.notes)
    places = Provenance(scene.provenance.places[:64, :70], SHAPE)
    assert scorer.score(scene.right[:64, :70], target, provenance=places).figures["used"] < 0.7
    assert shape == places.shape


@pytest.mark.parametrize("shape", [(16, 16), (16, 90), (14, 30), (5, 7), (1, 1)])
def test_small_pictures(scene, scorer, shape):
    ids = scene.target.ids[: shape[0], : shape[1]]
    assert (
        checked(scorer.score(scene.right[: shape[0], : shape[1]], LabelMap(ids, PALETTE))).figures["miou"] is not None
    )
    small = Exemplar(scene.exemplar.image[50 : 50 + shape[0], : shape[1]], LabelMap(ids, PALETTE))
    scores = checked(Scorer(small).score(scene.right, LabelMap(scene.target.ids, PALETTE)))
    assert (scores.figures["coherence@1"] is None) == (min(shape) < 14)
    same = checked(Scorer(small).score(small.image, small.labels))
    assert same.figures["coherence@1"] == (None if min(shape) < 14 else 0)
    assert same.figures["kept_psnr"] == (math.inf if shape[0] * shape[1] >= 200 else None)


def test_tiny_and_absent_classes(scene):
    ids = np.array(scene.target.ids)
    ids[ids == 7] = 0
    ids[20, 32] = 7
    tiny = LabelMap(ids, PALETTE)
    scores = checked(Scorer(scene.exemplar).score(scene.right, tiny))
    assert scores.classes["ball"]["sharpness"] is None and scores.classes["ball"]["iou"] is not None
    assert any("'ball'" in note and "1/2 and 1/4" in note for note in scores.notes)
    there = checked(Scorer(Exemplar(scene.exemplar.image, tiny)).score(scene.right, scene.target))
    assert there.classes["ball"]["coherence@4"] is None
    without = LabelMap(np.where(scene.exemplar.labels.ids == 7, 0, scene.exemplar.labels.ids), PALETTE)
    absent = checked(Scorer(Exemplar(scene.exemplar.image, without)).score(scene.right, scene.target))
    assert set(absent.classes["ball"].values()) == {None}
    others = [absent.classes[name]["iou"] for name in ("wall", "floor")]
    assert absent.figures["miou"] == pytest.approx(np.mean(others)) and min(others) > 0.9
    assert absent.figures["accuracy"] > 0.95
    nothing = LabelMap(np.full(SHAPE, 7), PALETTE)
    strange = checked(Scorer(Exemplar(scene.exemplar.image, without)).score(scene.right, nothing))
    assert strange.figures["miou"] is strange.figures["accuracy"] is strange.figures["coherence@1"] is None
    assert ["not in the source" in note for note in absent.notes if "'ball'" in note] == [True]
    usable = scene.exemplar.labels.ids != 7
    hidden = checked(
        Scorer(Exemplar(scene.exemplar.image, scene.exemplar.labels, usable)).score(scene.right, scene.target)
    )
    assert hidden.classes["ball"]["coherence@1"] is None and any("not in the source" in note for note in hidden.notes)


def test_one_class(scene):
    even = LabelMap(np.zeros(SHAPE, np.int64), PALETTE)
    scores = checked(Scorer(Exemplar(scene.exemplar.image, even)).score(scene.right, even))
    assert scores.figures["miou"] == scores.figures["accuracy"] == 1


def test_even_pictures():
    image, labels = np.full((40, 40, 3), 0.5, np.float32), LabelMap(np.zeros((40, 40), np.int64), PALETTE)
    scores = checked(Scorer(Exemplar(image, labels)).score(image, labels))
    assert scores.figures["coherence@1"] == 0 and scores.figures["sharpness"] == 1


def test_classes_count_by_their_patches(scene):
    """So low a picture has patches at full size only."""
    part = (slice(36, 62), slice(None))
    low = Exemplar(scene.exemplar.image[part], LabelMap(scene.exemplar.labels.ids[part], PALETTE))
    target = LabelMap(scene.target.ids[part], PALETTE)
    scores = checked(Scorer(low).score(scene.right[part] * np.where(target.ids == 7, 0.5, 1)[..., None], target))
    inner = target.ids[3:-3, 3:-3]
    shares = {name: float((inner == number).mean()) for name, number in (("wall", 0), ("ball", 7), ("floor", 3))}
    for figure in ("coherence@1", "wasserstein"):
        values = {name: figures[figure] for name, figures in scores.classes.items() if figures[figure] is not None}
        total = sum(shares[name] for name in values)
        mean = sum(shares[name] * value for name, value in values.items()) / total
        assert scores.figures[figure] == pytest.approx(mean) and max(values.values()) > 2 * mean


def test_masks_and_several_pictures(scene):
    usable = np.ones(SHAPE, bool)
    usable[:, 90:] = False
    masked = Exemplar(scene.exemplar.image, scene.exemplar.labels, usable)
    joined = Exemplar.join([masked, scene.exemplar])
    for exemplar in (masked, joined):
        assert exemplar.frame == SHAPE
        scores = checked(Scorer(exemplar).score(scene.exemplar.image, scene.target))
        assert scores.figures["ghost"] > 1.5 and scores.figures["coherence@1"] > 3
    alone = Scorer(masked).score(scene.right, scene.target).figures
    assert alone["coherence@1"] > 1 + Scorer(joined).score(scene.right, scene.target).figures["coherence@1"]


def test_what_cannot_be_used_does_not_have_to_stay(scene):
    """A scrawl on the source that the mask leaves out, and that the result has no more."""
    image = scene.exemplar.image.copy()
    image[10:20, 80:110] = 1
    usable = np.ones(SHAPE, bool)
    usable[10:20, 80:110] = False
    whole, masked = (
        Scorer(Exemplar(image, scene.exemplar.labels, mask)).score(scene.exemplar.image, scene.exemplar.labels).figures
        for mask in (None, usable)
    )
    assert whole["kept_psnr"] < 30 and whole["kept_ssim"] < 0.97
    assert masked["kept_psnr"] == math.inf and masked["kept_ssim"] == 1
    copied = Scorer(Exemplar(image, scene.exemplar.labels, usable)).score(image, scene.exemplar.labels).figures
    assert min(copied["bidirectional"], copied["coherence@1"], copied["wasserstein"]) > 0


def test_a_mask_that_leaves_no_whole_patch(scene):
    usable = np.zeros(SHAPE, bool)
    usable[::5] = True
    scores = checked(
        Scorer(Exemplar(scene.exemplar.image, scene.exemplar.labels, usable)).score(scene.right, scene.target)
    )
    assert scores.figures["coherence@1"] is None and scores.figures["miou"] > 0.5


def test_names_of_classes_are_the_targets(scene, scorer):
    renamed = Palette(tuple(LabelClass(c.id, f"my {c.name}", c.color) for c in PALETTE.classes))
    assert scorer.score(scene.right, LabelMap(scene.target.ids, renamed)).classes.keys() == {
        "my wall", "my ball", "my floor",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda image: image[:-1], "120x87"),
        (lambda image: image[..., 0], "(h, w, 3)"),
        (lambda image: (image * 255).astype(np.uint8), "uint8"),
        (lambda image: image * 2, "[0, 1]"),
        (lambda image: np.where(image > 0.5, np.nan, image), "[0, 1]"),
    ],
)
def test_what_is_no_result(scene, scorer, sentence, spoil, words):
    with pytest.raises(InputError) as error:
        scorer.score(spoil(scene.right), scene.target)
    assert words in str(error.value)


def test_the_provenance_of_another_result(scene, scorer, sentence):
    for wrong in (Provenance(scene.provenance.places[1:], SHAPE), Provenance(scene.provenance.places, (99, 120))):
        with pytest.raises(InputError) as error:
            scorer.score(scene.right, scene.target, provenance=wrong)
        sentence(error.value, "120x88")


@pytest.mark.parametrize("metric", [*METRICS.values(), *CLASS_METRICS.values()], ids=lambda metric: metric.name)
def test_every_metric_says_what_it_is(metric):
    assert metric.low < metric.high and metric.title and len(metric.title) < 24 and metric.source
    assert metric.meaning[0].isupper() and metric.meaning.endswith(".") and ". " not in metric.meaning
    better, worse = {"higher": (2, 1), "lower": (1, 2), "one": (1.1, 0.8)}[metric.better]
    assert metric.badness(better) < metric.badness(worse)
    assert metric.arrow in ("↑", "↓", "→1")


def test_ratios_are_as_bad_either_way():
    metric = METRICS["sharpness"]
    assert metric.badness(0.5) == pytest.approx(metric.badness(2)) and metric.badness(0) == math.inf


@pytest.mark.parametrize(
    "name",
    [
        "patches.coherence", "patches.completeness", "patches.bidirectional", "wasserstein.wasserstein",
        "agreement.accuracy", "agreement.overlaps", "sharpness.sharpness", "outlines.ghost", "preserved.psnr",
        "preserved.ssim", "copying.used", "copying.largest_copy", "variety.diversity",
    ],
)  # fmt: skip
def test_docstrings_tell_range_direction_and_source(name):
    module, function = name.split(".")
    text = inspect.getdoc(getattr(importlib.import_module(f"analogon.metrics.{module}"), function))
    assert "Range" in text and ("better" in text or "ideal" in text)
    assert "Source:" in text or "et al." in text


def test_without_weights_the_figures_that_take_them_say_so(good):
    assert good.figures["sifid"] is good.figures["lpips"] is good.figures["net_miou"] is None
    assert any("weights" in note for note in good.notes)


def test_weights_that_are_not_there(scene, tmp_path, sentence):
    from analogon import Weights

    with pytest.raises(InputError) as error:
        Scorer(scene.exemplar, weights=Weights(segmenter=tmp_path / "none.onnx"))
    sentence(error.value, tmp_path / "none.onnx")
