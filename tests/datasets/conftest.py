"""Tiny data sets, made on the fly in the layouts of the published ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

SHAPE = (16, 20)


def labels_of(number: int, ids: tuple[int, ...]) -> NDArray[np.uint8]:
    """Columns of the ids, shifted by the number."""
    columns = (np.arange(SHAPE[1]) * len(ids) // SHAPE[1] + number) % len(ids)
    return np.broadcast_to(np.array(ids, np.uint8)[columns], SHAPE).copy()


def write(path: Path, array: NDArray[np.integer]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def picture(number: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (*SHAPE, 3), np.uint8)


def make(root: Path, layout: str, ids: tuple[int, ...] = (0, 1, 2)) -> Path:
    """Two pictures to learn and one to test in a layout; their instances are the ids times 100, in 16 bits where so."""
    for number, part in enumerate(("train", "train", "val")):
        image, labels = picture(number), labels_of(number, ids)
        instances = labels.astype(np.uint16) * 100
        for place, array in zip(PLACES[layout](number, part), (image, labels, instances), strict=False):
            write(root / place, array)
    return root


def _cityscapes(number: int, part: str) -> tuple[str, ...]:
    city, frame = f"{part}/town{number}", f"town{number}_00000{number}_000019"
    maps = (f"gtFine/{city}/{frame}_gtFine_{kind}Ids.png" for kind in ("label", "instance"))
    return f"leftImg8bit/{city}/{frame}_leftImg8bit.png", *maps


PLACES: dict[str, Callable[[int, str], tuple[str, ...]]] = {
    "cityscapes": _cityscapes,
    "coco_stuff": lambda number, part: (
        f"{part}_img/00{number}.jpg",
        f"{part}_label/00{number}.png",
        f"{part}_inst/00{number}.png",
    ),
    "ade20k": lambda number, part: (
        f"images/{'training' if part == 'train' else 'validation'}/ADE_{part}_0000{number}.jpg",
        f"annotations/all/ADE_{part}_0000{number}.png",
    ),
    "deepfashion": lambda number, part: (
        f"{'test' if part == 'val' else part}/id_{number}.jpg",
        f"cihp_{'test' if part == 'val' else part}_mask/id_{number}.png",
    ),
    "samples": lambda number, part: tuple(
        f"{'samples' if part == 'train' else 'others'}/00000{number}/{kind}.png"
        for kind in ("image", "labels", "instances")
    ),
    "custom": lambda number, part: (
        f"{part}/images/{number}.png",
        f"{part}/labels/{number}.png",
        f"{part}/instances/{number}.png",
    ),
}


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[..., Path]:
    """:func:`make` in a folder of the test's own."""
    return lambda layout, ids=(0, 1, 2): make(tmp_path / layout, layout, ids)
