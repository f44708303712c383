import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from analogon import InputError, OptionError
from analogon.datasets import Scenes, SceneSettings, load_pictures, make_scene, read_pixels, read_styles, write_scenes
from analogon.datasets.scenes import CLASSES, DISC, GROUND, PERIODS, SKY, palette_of_styles

COUNT = 40


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return Scenes(COUNT)


def test_a_scene_is_what_its_truth_says(scenes: Scenes) -> None:
    for index in range(COUNT):
        scene = scenes.scene(index)
        pair = scene.pair
        assert pair.image.shape == (64, 64, 3) and pair.image.dtype == np.float32 and pair.instances is not None
        assert 2 <= len(scene.objects) <= 4
        areas = [o.mask.sum() for o in scene.objects]
        bare = pair.instances == 0
        assert (pair.labels[: scene.horizon][bare[: scene.horizon]] == SKY).all()
        assert (pair.labels[scene.horizon :][bare[scene.horizon :]] == GROUND).all()
        covered = np.zeros((64, 64), bool)
        for thing in reversed(scene.objects):
            visible = thing.mask & ~covered
            assert ((pair.instances == thing.instance) == visible).all()
            assert (pair.labels[visible] == thing.class_id).all() and thing.class_id >= DISC
            assert thing.style == scene.styles[thing.class_id]
            top, left, bottom, right = thing.box
            inside = np.zeros_like(covered)
            inside[top:bottom, left:right] = True
            assert not (thing.mask & ~inside).any()
            window = thing.mask[top:bottom, left:right]
            assert all(window[edge].any() for edge in (0, -1)) and all(window[:, edge].any() for edge in (0, -1))
            covered |= thing.mask
        assert min(areas) > 0


def test_the_oracle_reads_every_pixel(scenes: Scenes) -> None:
    for settings in (scenes.settings, SceneSettings(rendering="art-1", colouring=3, size=(48, 96))):
        for index in range(10):
            scene = Scenes(10, settings).scene(index)
            classes, styles = read_pixels(scene.pair.image, settings.colouring)
            assert (classes == scene.pair.labels).all()
            assert (styles == np.array(scene.styles)[scene.pair.labels]).all()
            told = read_styles(scene.pair.image, scene.pair.labels, settings.colouring)
            assert told == {c: scene.styles[c] for c in np.unique(scene.pair.labels)}


def test_colours_of_styles_lie_ten_deviations_apart() -> None:
    colors = palette_of_styles().reshape(20, 2, 3)
    for one in range(20):
        for other in range(one):
            apart = np.linalg.norm(colors[one][:, None] - colors[other][None], axis=-1)
            assert apart.min() > 10 * SceneSettings().noise


def test_styles_are_read_where_the_layout_asks_for_the_class() -> None:
    scene = make_scene(SceneSettings(), 0)
    labels = scene.pair.labels
    image = scene.pair.image.copy()
    image[labels == SKY] = palette_of_styles()[GROUND, 1, 0]
    assert read_styles(image, labels)[SKY] is None
    sky = np.flatnonzero((labels == SKY).ravel())
    image.reshape(-1, 3)[sky[:30]] = palette_of_styles()[SKY, 3, 1]
    image.reshape(-1, 3)[sky[30:40]] = palette_of_styles()[SKY, 0, 1]
    assert read_styles(image, labels)[SKY] == 3


def test_scenes_are_the_same_everywhere_and_a_set_has_no_others(scenes: Scenes) -> None:
    digest = sha256()
    for pair in scenes[:5]:
        assert pair.instances is not None
        for array in (np.rint(pair.image * 255).astype(np.uint8), pair.labels, pair.instances):
            digest.update(np.ascontiguousarray(array).tobytes())
    assert digest.hexdigest() == DIGEST
    later = Scenes(3, first=10)
    assert (later[0].image == scenes[10].image).all() and later[0].name == "000010"
    assert (Scenes(1, SceneSettings(seed=1))[0].image != scenes[0].image).any()


def test_styles_are_drawn_for_each_class_or_for_all(scenes: Scenes) -> None:
    apart = [scenes.scene(i).styles for i in range(COUNT)]
    assert sum(len(set(styles)) > 1 for styles in apart) > COUNT * 0.8
    assert all({styles[c] for styles in apart} == {0, 1, 2, 3} for c in range(5))
    together = [make_scene(SceneSettings(styles="picture"), i) for i in range(COUNT)]
    assert all(len(set(scene.styles)) == 1 for scene in together)
    assert {scene.styles[0] for scene in together} == {0, 1, 2, 3}
    assert (together[0].pair.labels == scenes[0].labels).all()


def test_renderings_and_colourings_show_one_layout_otherwise(scenes: Scenes) -> None:
    photo = scenes.scene(4)
    arts = [make_scene(SceneSettings(rendering=kind, noise=0), 4) for kind in ("art-0", "art-1")]  # type: ignore[arg-type]
    drawn = [{s for i in range(COUNT) for s in make_scene(SceneSettings(rendering=kind), i).styles} for kind in KINDS]
    assert drawn == [{0, 1}, {2, 3}]
    for scene in arts:
        assert (scene.pair.labels == photo.pair.labels).all() and (scene.pair.image != photo.pair.image).any()
    recoloured = make_scene(SceneSettings(colouring=1), 4)
    assert recoloured.styles == photo.styles
    classes, _ = read_pixels(recoloured.pair.image)
    assert (classes == (photo.pair.labels + 1) % 5).all()


KINDS: Any = ("art-0", "art-1")


def test_stripes_have_the_period_of_their_style() -> None:
    seen = set()
    for number in range(20):
        scene = make_scene(SceneSettings(noise=0, size=(128, 128)), number)
        period = PERIODS[scene.styles[SKY]]
        free = np.flatnonzero((scene.pair.labels[: scene.horizon] == SKY).all(0))
        if len(free) and scene.horizon >= 3 * period:
            column = scene.pair.image[: scene.horizon, free[0]].max(1)
            dark = column < column.max()
            assert (dark[period:] == dark[:-period]).all() and (dark[period // 2 :] != dark[: -(period // 2)]).all()
            seen.add(period)
    assert seen == set(PERIODS)


def test_noise_is_as_strong_as_asked() -> None:
    clean, noisy = (make_scene(SceneSettings(noise=noise), 2).pair.image for noise in (0.0, 0.02))
    inner = (clean > 0.1) & (clean < 0.9)  # elsewhere it is cut off
    assert abs((noisy - clean)[inner].std() - 0.02) < 0.002


def test_scenes_are_written_and_loaded_as_a_set_of_ones_own(tmp_path: Path) -> None:
    train, val = Scenes(3, SceneSettings(seed=5)), Scenes(2, SceneSettings(seed=5), first=3)
    write_scenes(tmp_path / "set", train, "train")
    write_scenes(tmp_path / "set", val, "val")
    for split, scenes in (("train", train), ("val", val)):
        loaded = load_pictures(tmp_path / "set", split=split)
        assert loaded.palette == CLASSES and loaded.semantic_channels == scenes.semantic_channels == 6
        assert [p.name for p in loaded] == [p.name for p in scenes]
        for one, other in zip(loaded, scenes, strict=True):
            assert one.instances is not None and other.instances is not None
            assert (one.labels == other.labels).all() and (one.instances == other.instances).all()
            assert np.abs(one.image - other.image).max() <= 0.5 / 255 + 1e-6
        told = json.loads((tmp_path / "set" / split / "scenes.json").read_text())
        assert told["settings"]["seed"] == 5
        for index, entry in enumerate(told["scenes"]):
            check_told(entry, scenes, index)
    with pytest.raises(InputError, match="holds a data set already"):
        write_scenes(tmp_path / "set", train, "val")


def check_told(entry: dict[str, Any], scenes: Scenes, index: int) -> None:
    scene = scenes.scene(index)
    assert (entry["name"], entry["horizon"]) == (scene.pair.name, scene.horizon)
    assert list(entry["styles"].values()) == list(scene.styles)
    for told, thing in zip(entry["objects"], scene.objects, strict=True):
        assert (told["class"], told["style"]) == (CLASSES.get(thing.class_id).name, thing.style)
        assert (told["instance"], told["box"]) == (thing.instance, list(thing.box))
        runs = told["mask"]
        mask = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(thing.mask.shape)
        assert (mask == thing.mask).all()


def test_scenes_without_a_split_are_a_whole_folder(tmp_path: Path) -> None:
    write_scenes(tmp_path, Scenes(1))
    assert len(load_pictures(tmp_path)) == 1
    with Image.open(tmp_path / "images" / "000000.png") as image:
        assert image.size == (64, 64)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": (64, 31)}, {"styles": "mixed"}, {"rendering": "art-2"}, {"colouring": 5}, {"noise": 0.5}, {"seed": -1},
    ],
)  # fmt: skip
def test_scenes_that_cannot_be_are_refused(wrong: dict[str, Any], sentence: Any) -> None:
    with pytest.raises(OptionError) as error:
        replace(SceneSettings(), **wrong)
    sentence(error.value)
    with pytest.raises(OptionError, match="0 scenes"):
        Scenes(0)


DIGEST = "38e105e78d8d3eb9a5c29b9a2a9f96ce0c9d97d742426c1251c569dc1495da32"
"""Of five scenes, to the last bit of 8: what was measured on the set stays comparable."""
