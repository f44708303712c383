"""The pictures of a task: annotated ones, those that choices are made on, and those that only the tables see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Picture:
    """A picture, float32 (h, w, channels) in [0, 1], and the class of each pixel."""

    image: Pixels
    labels: Ids


@dataclass(frozen=True)
class Task:
    """What is to be learnt.

    `pool` holds the pictures that can be annotated: seed s has those at ``choices[k][s]``, and whoever uses
    pictures without labels has the others. Choices between settings are made on `development`, tables are of `test`.
    """

    name: str
    classes: tuple[str, ...]
    foreground: tuple[int, ...]  # classes whose Dice is learnt and reported
    ignored: int | None  # a class that is neither learnt nor counted
    pool: tuple[Picture, ...]
    development: tuple[Picture, ...]
    test: tuple[Picture, ...]
    choices: dict[int, tuple[tuple[int, ...], ...]]
    crop: int = 96
    steps: int = 600
    turned: bool = True  # pictures without up and down: any quarter turn is a picture too

    def annotated(self, k: int, seed: int) -> list[int]:
        """Places in the pool of what is annotated."""
        return list(self.choices[k][seed % len(self.choices[k])])


def membranes(data: Path) -> Task:
    """Electron microscopy at half size: slices 0 to 9 can be annotated, 10 to 14 choose, 15 to 29 are the test."""

    def slice_of(n: int) -> Picture:
        grey = (
            Image.open(data / "em_membrane/images" / f"{n}.png").convert("L").resize((256, 256), Image.Resampling.BOX)
        )
        wall = (
            Image.open(data / "em_membrane/labels" / f"{n}.png").convert("L").resize((256, 256), Image.Resampling.BOX)
        )
        image = np.asarray(grey, np.float32)[..., None] / 255
        return Picture(image, (np.asarray(wall) <= 128).astype(np.int64))

    slices = tuple(slice_of(n) for n in range(30))
    choices = {
        1: ((0,), (7,), (3,), (9,), (5,), (1,), (2,), (4,), (6,), (8,)),
        2: ((0, 5), (7, 2), (3, 8), (9, 4), (5, 1), (1, 6), (2, 9), (4, 8), (6, 0), (8, 3)),
        4: ((0, 5, 3, 8), (7, 2, 9, 4), (3, 8, 1, 6), (9, 4, 0, 7), (5, 1, 7, 3)),
        15: (tuple(range(15)),),
    }
    return Task("em", ("inside", "membrane"), (1,), None, slices[:15], slices[10:15], slices[15:], choices)


STREET = {"sky": (0,), "building": (1,), "road": (3, 4), "tree": (5,), "car": (8,)}


def street(data: Path) -> Task:
    """CamVid at half size, five classes: two frames of the training drives; frames 0 to 19 of the rest choose."""
    table = np.full(256, len(STREET), np.int64)
    for place, ids in enumerate(STREET.values()):
        table[list(ids)] = place

    def frame(path: Path) -> Picture:
        image = Image.open(path).convert("RGB").resize((240, 180), Image.Resampling.BOX)
        label = Image.open(data / "camvid" / path.parts[-3] / "labels" / f"{path.stem}.png")
        ids = np.asarray(label.resize((240, 180), Image.Resampling.NEAREST))
        return Picture(np.asarray(image, np.float32) / 255, table[ids])

    train = sorted((data / "camvid/train/images").iterdir())
    test = sorted((data / "camvid/test/images").iterdir())
    pool = tuple(frame(path) for path in train[::6])
    pairs = ((0, 9), (4, 14), (7, 18), (2, 12), (6, 16), (1, 11), (3, 13), (5, 15), (8, 17), (10, 19))
    shown = tuple(frame(path) for path in test[1::4])
    names = (*STREET, "other")
    return Task(
        "camvid",
        names,
        tuple(range(5)),
        5,
        pool,
        tuple(frame(p) for p in train[3::12]),
        shown,
        {2: pairs},
        turned=False,
        steps=400,
    )


def scored(image: Pixels) -> Pixels:
    """The picture less its mean, over its deviation."""
    return np.asarray((image - image.mean((0, 1))) / (image.std((0, 1)) + 1e-6), np.float32)
