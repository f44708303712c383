import numpy as np
import pytest

from analogon.data import Exemplar, LabelClass, LabelMap, Palette

PALETTE = Palette(
    (
        LabelClass(0, "sky", (0, 200, 255)),
        LabelClass(3, "sea", (0, 0, 128)),
        LabelClass(7, "boat", (200, 0, 0)),
    )
)


def scene(shape=(26, 34), boat=(12, 6, 8, 10)):
    """Sky over sea with a boat (top, left, height, width); every class has a texture of its own."""
    h, w = shape
    ids = np.zeros(shape, np.int64)
    ids[h // 2 :] = 3
    top, left, height, width = boat
    ids[top : top + height, left : left + width] = 7
    y, x = np.mgrid[:h, :w]
    image = np.stack([0.3 + 0.01 * y, 0.6 + 0 * x, 0.9 - 0.01 * y], -1)
    sea = np.stack([0.1 + 0 * y, 0.2 + 0.1 * np.sin(y), 0.5 + 0.2 * np.sin(x)], -1)
    deck = np.stack([0.7 + 0.2 * np.cos(2 * x), 0.2 + 0.1 * (y % 2), 0.1 + 0 * x], -1)
    image = np.where((ids == 3)[..., None], sea, image)
    image = np.where((ids == 7)[..., None], deck, image)
    return Exemplar(image.astype(np.float32).clip(0, 1), LabelMap(ids, PALETTE))


@pytest.fixture
def exemplar():
    return scene()


@pytest.fixture
def target():
    return scene(boat=(12, 18, 8, 10)).labels
