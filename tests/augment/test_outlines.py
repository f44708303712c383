import numpy as np
import pytest
from pycocotools import mask as coco

from analogon.augment.exporting.outlines import joined, outlines, packed, run_lengths
from analogon.layout.regions import Region

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools


def masks():
    """Noise of all densities, sizes down to one pixel, and what is hard: rings, chequers, combs, frames."""
    rng = np.random.default_rng(0)
    yield np.ones((1, 1), bool)
    yield np.ones((5, 1), bool)
    yield np.indices((6, 7)).sum(0) % 2 == 0
    ring = np.ones((9, 9), bool)
    ring[2:7, 2:7] = False
    ring[4, 4] = True
    yield ring
    rings = np.indices((15, 15)).max(0) % 2 == 0
    yield rings
    comb = np.ones((8, 11), bool)
    comb[1:, 1::2] = False
    yield comb
    frame = np.pad(np.zeros((4, 6), bool), 1, constant_values=True)
    yield frame
    touching = np.ones((6, 6), bool)  # holes that meet at corners, and at the rim's corner
    touching[1, 1] = touching[2, 2] = touching[3, 1] = False
    yield touching
    for share in (0.05, 0.3, 0.5, 0.6, 0.9):
        for _ in range(6):
            height, width = rng.integers(1, 30, 2)
            yield rng.random((height, width)) < share


def frame_of(mask, top=0, left=0, below=0, right=0):
    shape = mask.shape[0] + top + below, mask.shape[1] + left + right
    return Region.of(mask, top, left), shape


@pytest.mark.parametrize("margins", [(0, 0, 0, 0), (3, 2, 1, 4)])
def test_run_lengths_are_those_of_pycocotools(margins):
    for mask in masks():
        region, shape = frame_of(mask, *margins)
        canvas = region.on(shape)
        text = packed(run_lengths(region, shape))
        assert {"size": list(shape), "counts": text.encode()} == coco.encode(np.asfortranarray(canvas.astype(np.uint8)))


def test_run_lengths_of_nothing_and_of_all():
    nothing = Region.of(np.zeros((3, 4), bool))
    assert run_lengths(nothing, (3, 4)) == [12]
    assert run_lengths(Region.of(np.ones((3, 4), bool)), (3, 4)) == [0, 12]


@pytest.mark.parametrize("margins", [(0, 0, 0, 0), (3, 2, 1, 4)])
def test_outlines_give_the_mask_back(margins):
    for mask in masks():
        region, shape = frame_of(mask, *margins)
        parts = outlines(region)
        if not mask.any():
            assert not parts
            continue
        assert all(len(part) >= 4 for part in parts)
        flat = [part.ravel().tolist() for part in parts]
        drawn = coco.decode(coco.merge(coco.frPyObjects(flat, *shape)))
        assert (drawn == region.on(shape)).all()
        together = joined(parts).ravel().tolist()
        drawn = coco.decode(coco.frPyObjects([together], *shape))[..., 0]
        assert (drawn == region.on(shape)).all()


def test_a_square_has_four_corners():
    (line,) = outlines(Region.of(np.ones((3, 5), bool), 2, 7))
    assert sorted(map(tuple, line.tolist())) == [(7, 2), (7, 5), (12, 2), (12, 5)]


def test_parts_that_meet_at_a_corner_are_two():
    assert len(outlines(Region.of(np.eye(2, dtype=bool)))) == 2
