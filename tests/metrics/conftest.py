"""A textured scene, a layout of it that moves everything sideways, and the picture that is right for that layout."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import ndimage

from analogon import Exemplar, LabelClass, LabelMap, Palette, Provenance, Scorer
from analogon.metrics import agreement, patches

PALETTE = Palette(
    (LabelClass(0, "wall", (40, 90, 160)), LabelClass(7, "ball", (240, 200, 30)), LabelClass(3, "floor", (60, 160, 60)))
)
SHAPE = (88, 120)
SHIFT = 37


@dataclass(frozen=True)
class Scene:
    """`right` is the source moved sideways as the layout of `target` is, so nothing of it is new."""

    exemplar: Exemplar
    target: LabelMap
    right: np.ndarray
    provenance: Provenance


def soft(image: np.ndarray, width: float = 1.5) -> np.ndarray:
    return ndimage.gaussian_filter(image, (width, width, 0)).astype(np.float32)


def noisy(image: np.ndarray, size: float = 0.1) -> np.ndarray:
    noise = np.random.default_rng(5).normal(0, size, image.shape)
    return np.clip(image + noise, 0, 1).astype(np.float32)


def texture(shape: tuple[int, int], seed: int, width: float, color: tuple[float, ...], contrast: float) -> np.ndarray:
    """Grain of a certain width about a colour; it goes on at the left where it ends at the right."""
    noise = np.random.default_rng(seed).normal(0, 1, shape)
    grain = ndimage.gaussian_filter(noise, width, mode=("nearest", "wrap"))
    return np.array(color) + contrast * (grain / grain.std())[..., None]


@pytest.fixture(scope="session")
def scene() -> Scene:
    """88x120 pixels: a ball before a wall above a floor, all grained; the layout is moved by 37 columns."""
    height, width = SHAPE
    rows, columns = np.mgrid[0:height, 0:width]
    ids = np.zeros(SHAPE, np.int64)
    ids[60:] = 3
    ids[(rows - 34) ** 2 + (columns - 40) ** 2 <= 20**2] = 7
    image = np.where((ids == 3)[..., None], texture(SHAPE, 1, 1.5, (0.3, 0.55, 0.3), 0.06), 0)
    image = np.where((ids == 0)[..., None], texture(SHAPE, 2, 0.7, (0.4, 0.45, 0.6), 0.04), image)
    image = np.where((ids == 7)[..., None], texture(SHAPE, 3, 1.0, (0.75, 0.6, 0.25), 0.05), image)
    exemplar = Exemplar(np.clip(image, 0, 1).astype(np.float32), LabelMap(ids, PALETTE))
    places = np.stack([rows, (columns - SHIFT) % width], -1)
    provenance = Provenance(places, SHAPE)
    target = LabelMap(provenance.apply_to(ids), PALETTE)
    return Scene(exemplar, target, provenance.apply_to(exemplar.image), provenance)


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    """Samples that are large enough for a small picture."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patches, "SAMPLES", 500)
        patch.setattr(patches, "LEAST_SAMPLES", 50)
        patch.setattr(patches, "BLIND_SAMPLES", 200)
        patch.setattr(patches, "TRAINED_ON", 1000)
        patch.setattr(agreement, "TREES", 16)
        patch.setattr(agreement, "PIXELS", 1000)
        yield


@pytest.fixture(scope="module")
def scorer(scene: Scene, quick: None) -> Scorer:
    return Scorer(scene.exemplar)


@pytest.fixture(scope="session")
def flat() -> Callable[..., Exemplar]:
    """One grey everywhere, one class."""

    def make(grey: float, shape: tuple[int, int] = (20, 24)) -> Exemplar:
        ids = np.zeros(shape, np.int64)
        return Exemplar(np.full((*shape, 3), grey, np.float32), LabelMap(ids, PALETTE))

    return make
