import json

import numpy as np
import pytest

from analogon import METRICS, InputError, LabelError, LabelMap
from analogon.datasets import Scenes, SceneSettings, make_scene
from analogon.datasets.scenes import CLASSES, DISC, GROUND, SKY, palette_of_styles
from analogon.metrics import (
    ClassChange,
    class_changes,
    class_control,
    class_diversity,
    colour_distance,
    diversity,
    oracle_figures,
)

LAYOUTS = [LabelMap(pair.labels, CLASSES) for pair in Scenes(3)]


def own_codes(layout, seeds):
    """A painter whose classes have a colour each, by the class's own seed."""
    return painted(layout, {c: np.random.default_rng(seed).random(3) for c, seed in seeds.items()})


def one_code(layout, seeds):
    """A painter that mixes the seeds of all classes into each colour."""
    mixed = sum(seeds.values())
    return painted(layout, {c: np.random.default_rng((mixed, c)).random(3) for c in seeds})


def painted(layout, colors):
    return np.array([colors[c] for c in range(5)], np.float32)[layout.ids]


def mean_square(first, second):
    return float(((first - second) ** 2).mean())


def test_a_class_with_its_own_code_changes_alone():
    apart = class_control(class_changes(own_codes, LAYOUTS, pairs=2, seed=1), mean_square)
    mixed = class_control(class_changes(one_code, LAYOUTS, pairs=2, seed=1), mean_square)
    assert apart.mcsd > 0.01 and apart.mocd == 0
    assert mixed.mcsd > 0.01 and mixed.mocd > 0.05
    assert apart.pairs == mixed.pairs == 2 * sum(len(layout.present()) for layout in LAYOUTS)
    assert apart.notes == () and apart.classes.keys() == {c.name for c in CLASSES.classes}


def test_figures_are_the_means_of_masked_distances():
    layout = LAYOUTS[0]
    black, white = (np.full((64, 64, 3), value, np.float32) for value in (0.0, 1.0))
    sky, ground = (float((layout.ids == c).mean()) for c in (SKY, GROUND))
    half = np.where((layout.ids == SKY)[..., None], white, 0.5 * white)
    changes = [ClassChange(layout, SKY, black, half), ClassChange(layout, GROUND, black, white)]
    told = class_control([*changes, changes[0]], mean_square)
    assert told.classes["sky"] == pytest.approx({"csd": sky, "ocd": 0.25 * (1 - sky), "pairs": 2})
    assert told.classes["ground"] == pytest.approx({"csd": ground, "ocd": 1 - ground, "pairs": 1})
    assert told.mcsd == pytest.approx((sky + ground) / 2)
    assert told.mocd == pytest.approx((0.25 * (1 - sky) + 1 - ground) / 2)
    assert told.pairs == 3 and json.loads(json.dumps(told.record()))["pairs"] == 3


def test_what_cannot_be_measured_is_left_out_and_said():
    bare = LabelMap(np.zeros((32, 32), np.int64), CLASSES)
    black = np.zeros((32, 32, 3), np.float32)
    told = class_control([ClassChange(bare, DISC, black, black), ClassChange(bare, SKY, black, black + 1)], mean_square)
    assert told.pairs == 1 and "disc" not in told.classes
    assert told.classes["sky"]["csd"] == 1 and told.classes["sky"]["ocd"] is None and told.mocd is None
    assert any("'disc'" in note for note in told.notes) and any("'sky'" in note for note in told.notes)
    undefined = class_control([ClassChange(bare, SKY, black, black)], lambda one, other: None)
    assert undefined.mcsd is None and any("not defined" in note for note in undefined.notes)
    assert class_control([], mean_square).mcsd is None


def test_pairs_differ_in_the_code_of_one_class_and_a_seed_says_which():
    asked = []

    def note(layout, seeds):
        asked.append(dict(seeds))
        return np.zeros((*layout.shape, 3), np.float32)

    changes = list(class_changes(note, LAYOUTS[:1], pairs=2, seed=3))
    present = LAYOUTS[0].present()
    assert [c.class_id for c in changes] == [*present, *present]
    for start in (0, len(present) + 1):
        before, *after = asked[start : start + len(present) + 1]
        for class_id, seeds in zip(present, after, strict=True):
            assert {c for c in seeds if seeds[c] != before[c]} == {class_id}
    first = list(asked)
    asked.clear()
    list(class_changes(note, LAYOUTS[:1], pairs=2, seed=3))
    assert asked == first
    asked.clear()
    list(class_changes(note, LAYOUTS[:1], pairs=2, seed=4))
    assert asked != first


def test_a_change_is_of_pictures_of_its_layout(sentence):
    right, wrong = np.zeros((64, 64, 3), np.float32), np.zeros((64, 60, 3), np.float32)
    with pytest.raises(InputError) as error:
        ClassChange(LAYOUTS[0], SKY, right, wrong)
    sentence(error.value, "60x64", "64x64")
    with pytest.raises(LabelError):
        ClassChange(LAYOUTS[0], 9, right, right)


def test_the_surrogate_distance_is_that_of_colours():
    black, white = (np.full((8, 8, 3), value, np.float32) for value in (0.0, 1.0))
    half = black.copy()
    half[:4] = 1
    full = colour_distance(black, white)
    assert full == pytest.approx(0.86, abs=0.01) and colour_distance(white, white) == 0
    assert colour_distance(black, half) == pytest.approx(full / np.sqrt(2))


def test_diversity_by_class():
    layout = LAYOUTS[0]
    rng = np.random.default_rng(0)
    still = rng.random((64, 64, 3)).astype(np.float32)
    other = rng.random((64, 64, 3)).astype(np.float32)
    changed = np.where((layout.ids == SKY)[..., None], other, still)
    told = class_diversity([still, changed], layout)
    assert told.keys() == {layout.palette.get(c).name for c in layout.present()}
    assert told["sky"]["diversity"] > 0.3 and told["sky"]["diversity_levels"] > 80
    assert all(figures == {"diversity": 0, "diversity_levels": 0} for name, figures in told.items() if name != "sky")
    whole = LabelMap(np.zeros((64, 64), np.int64), CLASSES)
    known = diversity([still, changed])
    assert class_diversity([still, changed], whole)["sky"] == pytest.approx(
        {name: known[name] for name in ("diversity", "diversity_levels")}
    )
    with pytest.raises(InputError, match="at least two"):
        class_diversity([still], layout)
    with pytest.raises(InputError, match="another size"):
        class_diversity([still, still[:32]], layout)


def test_the_oracle_finds_true_scenes_right_and_others_wrong():
    scenes = [make_scene(SceneSettings(), number) for number in range(6)]
    images = [scene.pair.image for scene in scenes]
    layouts = [scene.pair.labels for scene in scenes]
    styles = [dict(enumerate(scene.styles)) for scene in scenes]
    assert oracle_figures(images, layouts, styles) == {"oracle_miou": 1, "oracle_accuracy": 1, "oracle_style": 1}
    turned = oracle_figures(images[1:] + images[:1], layouts, styles)
    assert turned["oracle_miou"] < 0.6 and turned["oracle_style"] < 0.6
    assert oracle_figures(images, layouts)["oracle_style"] is None
    recoloured = [make_scene(SceneSettings(colouring=2), number).pair.image for number in range(6)]
    assert oracle_figures(recoloured, layouts, styles, colouring=2)["oracle_style"] == 1
    assert oracle_figures(recoloured, layouts, styles)["oracle_accuracy"] == 0


def test_the_style_figure_counts_classes_and_agreement_counts_pixels_of_all_pictures():
    scene = make_scene(SceneSettings(), 0)
    layout, present = scene.pair.labels, np.unique(scene.pair.labels).tolist()
    image = scene.pair.image.copy()
    wrong = (scene.styles[SKY] + 1) % 4
    image[layout == SKY] = palette_of_styles()[SKY, wrong, 0]
    asked = dict(enumerate(scene.styles))
    told = oracle_figures([image], [layout], [asked])
    assert told["oracle_miou"] == 1 and told["oracle_style"] == pytest.approx(1 - 1 / len(present))
    assert oracle_figures([image], [layout], [{SKY: wrong}])["oracle_style"] == 1
    image[layout == SKY] = palette_of_styles()[GROUND, 0, 0]
    told = oracle_figures([image, scene.pair.image], [layout, layout], [asked, asked])
    sky, ground = (int((layout == c).sum()) for c in (SKY, GROUND))
    expected = (len(present) - 2 + 0.5 + 2 * ground / (2 * ground + sky)) / len(present)
    assert told["oracle_miou"] == pytest.approx(expected)
    assert told["oracle_style"] == pytest.approx(1 - 1 / (2 * len(present)))


def test_lists_that_do_not_match_are_refused(sentence):
    scene = make_scene(SceneSettings(), 0)
    for lists in (([], []), ([scene.pair.image], []), ([scene.pair.image], [scene.pair.labels], [])):
        with pytest.raises(InputError) as error:
            oracle_figures(*lists)
        sentence(error.value)
    with pytest.raises(InputError, match="in one size"):
        oracle_figures([scene.pair.image[:32]], [scene.pair.labels])


def test_the_figures_are_listed():
    assert {"mcsd", "mocd", "oracle_miou", "oracle_accuracy", "oracle_style"} <= METRICS.keys()
    assert METRICS["mocd"].better == "lower" and METRICS["mcsd"].better == "higher"
