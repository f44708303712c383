"""A data set of which everything is known: small scenes, made on the fly, that an oracle can read.

A scene has sky over ground, a random horizon, and two to four discs, squares and triangles, painted large to small.
Each class has four styles, a hue and a stripe period each, and no hue belongs to two classes. So the nearest of forty
colours (`oracle`) tells the class and the style of a pixel without a network.
"""

from __future__ import annotations

import colorsys
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelClass, LabelMap, Palette
from analogon.datasets.class_lists import CLASSES_FILE, ClassList, write_classes
from analogon.datasets.values import Ids, Pair, Pictures, Pixels
from analogon.errors import InputError, OptionError
from analogon.io import image_writer, labels_writer, replacing, to_bytes, write_text

SKY, GROUND, DISC, SQUARE, TRIANGLE = range(5)
CLASSES = Palette(
    (
        LabelClass(SKY, "sky", (120, 180, 250)),
        LabelClass(GROUND, "ground", (140, 100, 50)),
        LabelClass(DISC, "disc", (255, 0, 0)),
        LabelClass(SQUARE, "square", (255, 255, 0)),
        LabelClass(TRIANGLE, "triangle", (170, 0, 255)),
    )
)
STYLES = 4
"""Styles that each class has."""
PERIODS = (4, 6, 8, 12)
"""Pixels from one stripe to the next, by style."""
SCENES_FILE = "scenes.json"

Rendering = Literal["photo", "art-0", "art-1"]
_RENDERINGS = ("photo", "art-0", "art-1")
_SATURATION = 0.9
_HUES_START, _HUE_STEP = 18.0, 18.0  # degrees: five classes of four hues go once round the circle
_ARCS = (2, 1, 4, 0, 3)  # which fifth of the circle a class has: sky blue, ground green, discs red, squares yellow
_BRIGHT = (1.0, 0.6)  # neighbouring hues differ in brightness too, so that noise never makes one the other
_SHADES = (1.0, 0.85)  # of the stripes
# Directions (down, across) in which stripes of a class follow each other, sky to triangle.
_ACROSS = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 1))


@dataclass(frozen=True)
class SceneSettings:
    """What scenes are like.

    Attributes:
        seed: every scene derives from it and its number.
        size: (height, width), at least 32 pixels a side.
        styles: "classes": each class draws a style of its own in each scene; "picture": one style for all classes.
        rendering: "photo": stripes, all four styles. "art-0" and "art-1": blotches instead of stripes, and styles 0 and
            1 or 2 and 3 only.
        colouring: 0 to 4: class c wears the hues of class c + colouring, for tasks that colour the same layouts
            otherwise.
        noise: standard deviation of the noise on every colour value.

    Raises:
        OptionError: a value out of range.
    """

    seed: int = 0
    size: tuple[int, int] = (64, 64)
    styles: Literal["classes", "picture"] = "classes"
    rendering: Rendering = "photo"
    colouring: int = 0
    noise: float = 0.02

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if min(self.size) < 32:
            raise OptionError(f"Scenes of {self.size[1]}x{self.size[0]} pixels are too small: give at least 32x32.")
        if self.styles not in ("classes", "picture"):
            raise OptionError(f"Scenes have no styles '{self.styles}': use classes or picture.")
        if self.rendering not in _RENDERINGS:
            raise OptionError(f"There is no rendering '{self.rendering}' of scenes: use {', '.join(_RENDERINGS)}.")
        if not 0 <= self.colouring < len(CLASSES):
            raise OptionError(f"There is no colouring {self.colouring} of scenes: use 0 to {len(CLASSES) - 1}.")
        if not 0 <= self.noise < 0.1:
            raise OptionError(f"Scenes with noise of {self.noise} could not be read: use 0 to 0.1.")
        if self.seed < 0:
            raise OptionError(f"Scenes cannot be drawn from seed {self.seed}: use 0 or more.")

    @property
    def codes(self) -> tuple[int, ...]:
        """The styles that this rendering has."""
        return {"photo": (0, 1, 2, 3), "art-0": (0, 1), "art-1": (2, 3)}[self.rendering]


@dataclass(frozen=True, eq=False)
class SceneObject:
    """A disc, square or triangle.

    Attributes:
        instance: its number in the instance map, from 1 in the order of painting.
        class_id: DISC, SQUARE or TRIANGLE.
        style: code of its class in this scene.
        box: (top, left, bottom, right) of its mask, the last two exclusive.
        mask: bool (h, w), all of it within the picture, covered or not.
    """

    instance: int
    class_id: int
    style: int
    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scene:
    """A pair and all that is true of it.

    Attributes:
        pair: picture, labels and instances.
        styles: the style of each class, 0 to 3, whether the scene has that class or not.
        horizon: first row of the ground.
        objects: in the order of painting, large to small.
    """

    pair: Pair
    styles: tuple[int, ...]
    horizon: int
    objects: tuple[SceneObject, ...]


class Scenes(Pictures):
    """So many scenes, made when they are asked for (about a millisecond each) and the same every time.

    Args:
        count: how many. Scene i is the same in every set that has it.
        settings: what they are like.
        first: number of the first: sets with other numbers have other scenes.
    """

    palette = CLASSES
    unknown = None
    has_instances = True

    def __init__(self, count: int, settings: SceneSettings | None = None, *, first: int = 0) -> None:
        if count < 1:
            raise OptionError(f"A set of {count} scenes cannot be made: give at least 1.")
        self._count, self._first = count, first
        self.settings = settings or SceneSettings()

    def __len__(self) -> int:
        """How many scenes there are."""
        return self._count

    def pair(self, index: int) -> Pair:
        """Picture, labels and instances of a scene."""
        return self.scene(index).pair

    def scene(self, index: int) -> Scene:
        """A scene with all that is true of it."""
        return make_scene(self.settings, self._first + index)


def make_scene(settings: SceneSettings, number: int) -> Scene:
    """The scene of a number, from 0; it depends on the settings and that number alone.

    The layout depends on seed, number and size only: other styles, renderings and colourings show the same one.
    """
    layout, look, grain = (np.random.default_rng((settings.seed, number, part)) for part in range(3))
    height, width = settings.size
    rows, columns = np.mgrid[:height, :width]
    horizon = int(layout.integers(round(0.3 * height), round(0.7 * height) + 1))
    labels: Ids = np.where(rows < horizon, SKY, GROUND).astype(np.int64)
    instances = np.zeros_like(labels)
    codes = np.array(settings.codes)[look.integers(0, len(settings.codes), len(CLASSES))]
    if settings.styles == "picture":
        codes[:] = codes[0]
    styles = tuple(int(c) for c in codes)
    objects = list[SceneObject]()
    for class_id, mask in _shapes(layout, rows, columns):
        labels[mask], instances[mask] = class_id, len(objects) + 1
        box = _box(mask)
        objects.append(SceneObject(len(objects) + 1, class_id, styles[class_id], box, mask))
    image = _painted(labels, styles, settings, look)
    image = np.clip(image + settings.noise * grain.standard_normal(image.shape, np.float32), 0, 1).astype(np.float32)
    return Scene(Pair(f"{number:06d}", image, labels, instances), styles, horizon, tuple(objects))


def palette_of_styles(colouring: int = 0) -> NDArray[np.float64]:
    """The colours of each class, style and shade of stripes, sRGB in [0, 1], float64 (5, 4, 2, 3)."""
    return _palette_of_styles(colouring)


def write_scenes(root: str | os.PathLike[str], scenes: Scenes, split: str | None = None) -> None:
    """Write scenes as a data set of one's own: images/, labels/ and instances/, with classes.json and scenes.json.

    Args:
        root: the folder; it is made where there is none.
        split: the files go into this folder of the root ("train", "val"), or without one into the root.

    scenes.json has the settings and for each scene its styles, horizon and objects: class, style, instance, box, and
    mask as lengths of runs through the rows, outside and inside in turn, outside first.

    Raises:
        InputError: the place cannot be written, or holds other files of that kind.
    """
    top = Path(root)
    folder = top if split is None else top / split
    if any((folder / kind).exists() for kind in ("images", "labels", "instances", SCENES_FILE)):
        raise InputError(f"'{folder}' holds a data set already: give an empty or a new folder.")
    told = []
    for scene in (scenes.scene(i) for i in range(len(scenes))):
        for path, writer in _files(folder, scene):
            with replacing(path, parents=True) as file:
                writer(file)
        told.append(_told(scene))
    write_classes(top / CLASSES_FILE, ClassList(CLASSES))
    record = {"settings": asdict(scenes.settings), "scenes": told}
    write_text(folder / SCENES_FILE, json.dumps(record) + "\n")


def _shapes(rng: np.random.Generator, rows: Ids, columns: Ids) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Two to four shapes, the largest first: class and mask."""
    height, width = rows.shape
    count = int(rng.integers(2, 5))
    radii = np.sort(rng.uniform(0.1, 0.22, count) * min(height, width))[::-1]
    for radius in radii:
        class_id = int(rng.integers(DISC, TRIANGLE + 1))
        y, x = rng.uniform(0.1, 0.9, 2) * (height, width)
        down, right = rows + 0.5 - y, np.abs(columns + 0.5 - x)
        if class_id == DISC:
            yield class_id, down**2 + right**2 <= radius**2
        elif class_id == SQUARE:
            yield class_id, np.maximum(np.abs(down), right) <= 0.9 * radius
        else:
            yield class_id, (np.abs(down) <= radius) & (right <= (down + radius) / 2)


def _painted(labels: Ids, styles: tuple[int, ...], settings: SceneSettings, rng: np.random.Generator) -> Pixels:
    """Each class in the colours of its style, without noise."""
    rows, columns = np.mgrid[: labels.shape[0], : labels.shape[1]]
    code = np.array(styles)[labels]
    if settings.rendering == "photo":
        down, across = (np.array(steps)[labels] for steps in zip(*_ACROSS, strict=True))
        dark = (rows * down + columns * across) % np.array(PERIODS)[code] * 2 >= np.array(PERIODS)[code]
    else:
        dark = _blotches(labels.shape, rng)
    colors = palette_of_styles(settings.colouring).astype(np.float32)
    painted: Pixels = colors[labels, code, dark.astype(np.int64)]
    return painted


def _blotches(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Patches of some 8 pixels: smooth noise over or under its middle."""
    height, width = shape
    knots = rng.random((height // 8 + 2, width // 8 + 2))
    rows, columns = np.arange(height) / 8, np.arange(width) / 8
    y, x = (np.floor(r).astype(int) for r in (rows, columns))
    v, u = (rows - y)[:, None], (columns - x)[None]
    upper = knots[y][:, x] * (1 - u) + knots[y][:, x + 1] * u
    lower = knots[y + 1][:, x] * (1 - u) + knots[y + 1][:, x + 1] * u
    over: NDArray[np.bool_] = upper * (1 - v) + lower * v > 0.5
    return over


@lru_cache
def _palette_of_styles(colouring: int) -> NDArray[np.float64]:
    colors = np.empty((len(CLASSES), STYLES, len(_SHADES), 3))
    for class_id, style, shade in np.ndindex(colors.shape[:3]):
        place = _ARCS[(class_id + colouring) % len(CLASSES)] * STYLES + style
        hue = (_HUES_START + _HUE_STEP * place) % 360 / 360
        colors[class_id, style, shade] = colorsys.hsv_to_rgb(hue, _SATURATION, _BRIGHT[style % 2] * _SHADES[shade])
    colors.setflags(write=False)
    return colors


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _files(folder: Path, scene: Scene) -> Iterator[tuple[Path, Any]]:
    """Where each file of a scene goes, and what writes it."""
    pair = scene.pair
    assert pair.instances is not None
    numbers = Palette.from_colors([(i, i, i) for i in range(len(scene.objects) + 1)])
    for kind, writer in (
        ("images", image_writer("image.png", to_bytes(pair.image))),
        ("labels", labels_writer("labels.png", LabelMap(pair.labels, CLASSES))),
        ("instances", labels_writer("instances.png", LabelMap(pair.instances, numbers))),
    ):
        yield folder / kind / f"{pair.name}.png", writer


def _told(scene: Scene) -> dict[str, Any]:
    """A scene's truth as JSON data."""
    objects = [
        {
            "instance": o.instance,
            "class": CLASSES.get(o.class_id).name,
            "style": o.style,
            "box": list(o.box),
            "mask": _runs(o.mask),
        }
        for o in scene.objects
    ]
    styles = dict(zip(CLASSES.names, scene.styles, strict=True))
    return {"name": scene.pair.name, "horizon": scene.horizon, "styles": styles, "objects": objects}


def _runs(mask: NDArray[np.bool_]) -> list[int]:
    flat = mask.ravel()
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = [0, *([0] if flat[0] else []), *turns.tolist(), flat.size]
    return [b - a for a, b in pairwise(edges)]
