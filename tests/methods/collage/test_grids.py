"""The planes in exportable operations are those of the compiled ones."""

import numpy as np
import pytest
import torch
from scipy import ndimage as ndi

from analogon.methods.collage.grids import planes_of, regions_of
from analogon.methods.collage.planes import REACHES, layout_of

from .scenes import bands, comb, cut_off, elbow, plain, squares, strip, tiny


def compare(ids: np.ndarray, cell: int, classes: int) -> None:
    layout = layout_of(ids, cell, classes)
    planes, main = planes_of(torch.from_numpy(ids.astype(np.int64)), cell, classes)
    assert planes.dtype == torch.float32 and planes.shape == layout.planes.shape
    assert (main.numpy() == layout.main).all()
    of_classes = classes * (4 + len(REACHES))
    assert (planes[:of_classes].numpy() == layout.planes[:of_classes]).all()
    assert np.allclose(planes.numpy(), layout.planes, atol=1e-5)


@pytest.mark.parametrize("make", [elbow, comb, bands, squares, cut_off, tiny, plain, strip])
@pytest.mark.parametrize("cell", [2, 4, 8, 16])
def test_scenes(make, cell):
    ids = make()
    compare(ids, cell, int(ids.max()) + 2)  # one class is nowhere


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 2), (5, 90), (47, 61), (17, 3)], ids=str)
@pytest.mark.parametrize("block", [1, 9])
def test_any_shape(shape, block):
    small = np.random.default_rng(1).integers(0, 3, shape)
    ids = np.kron(small, np.ones((block, block), int))[: shape[0] + 40, : shape[1] + 40]
    compare(ids.astype(np.uint16), 4, 3)


def spiral(side: int) -> np.ndarray:
    """One line that winds inwards, a cell wide and a cell apart."""
    made = np.zeros((side, side), int)
    y, x, dy, dx = 0, 0, 0, 1
    made[0, 0] = turned = 1
    while turned < 3:
        ahead = [(y + n * dy, x + n * dx) for n in (1, 2)]
        free = [0 <= a < side and 0 <= b < side and not made[a, b] for a, b in ahead]
        if free[0] and (free[1] or not (0 <= ahead[1][0] < side and 0 <= ahead[1][1] < side)):
            (y, x), turned = ahead[0], 1
            made[y, x] = 1
        else:
            dy, dx, turned = dx, -dy, turned + 1
    return made


def snake(side: int) -> np.ndarray:
    """One line to and fro."""
    made = (np.arange(side)[:, None] % 2 == 0) * np.ones((1, side), int)
    made[1::4, -1] = made[3::4, 0] = 1
    return made


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("make", [spiral, snake], ids=lambda make: make.__name__)
def test_pointers_meet_in_the_longest_regions_of_the_largest_grid(make, turns):
    main = np.rot90(make(102), turns).copy()
    expected = np.zeros_like(main)
    for c in (0, 1):
        found, count = ndi.label(main == c, np.ones((3, 3)))
        for n in range(1, count + 1):
            expected[found == n] = np.flatnonzero(found == n)[0]
    assert len(np.unique(expected)) < 60
    assert (regions_of(torch.from_numpy(main), 2).numpy() == expected).all()
