"""One level of Image Analogies against its definition, and the choice between both matches."""

import numpy as np
import pytest
from tests.ops.textures import texture

from analogon.kernels.native import Native, supported
from analogon.methods.image_analogies import scanning
from analogon.methods.image_analogies.scanning import COARSE, FINE, Pictures, paint

SOURCE, TARGET = (18, 20), (13, 15)


def planes(shape: tuple[int, int], seed: int, split: float) -> np.ndarray:
    """Textures of two classes side by side, and a plane for each class."""
    right = np.indices(shape)[1] >= split * shape[1]
    colours = 0.6 * texture(shape, seed) + 0.4 * right[..., None]
    classes = 0.5 * np.stack([~right, right], -1)
    return np.concatenate([colours, classes], -1).astype(np.float32)


def level(seed: int = 0) -> tuple[Pictures, Pictures]:
    """A level and the coarser one."""
    fine = Pictures(planes(SOURCE, seed, 0.5), planes(TARGET, seed + 1, 0.4))
    return fine, Pictures(planes((9, 10), seed + 2, 0.5), planes((7, 8), seed + 3, 0.4))


def painted(fine: Pictures, coarse: Pictures | None, factor: float, **changes) -> np.ndarray:
    options = {"leaves": 100_000, "told": lambda done: None, **changes}
    usable = options.pop("usable", np.ones(SOURCE, bool))
    return paint(fine, coarse, usable, options.pop("inner", usable), factor=factor, **options)


def differences(fine: Pictures, coarse: Pictures | None, before: np.ndarray, y: int, x: int) -> np.ndarray:
    """What pixel (y, x) of a painted target differs from every source pixel by, as the paper says it.

    ``before`` is the canvas as it was given; only its surroundings outside of the frame count.
    """
    canvas = np.pad(before, [(FINE, FINE), (FINE, FINE), (0, 0)], mode="symmetric")
    canvas[FINE:-FINE, FINE:-FINE] = fine.target
    pairs = [(np.pad(fine.source, [(FINE, FINE), (FINE, FINE), (0, 0)], mode="symmetric"), canvas, FINE, 0)]
    if coarse is not None:
        below = [np.pad(p, [(1, 1), (1, 1), (0, 0)], mode="symmetric") for p in (coarse.source, coarse.target)]
        pairs.append((*below, COARSE, 1))
    total = np.zeros(SOURCE)
    rows, cols = np.indices(SOURCE)
    for source, target, radius, half in pairs:
        weights = scanning._gaussian(radius)
        for i in range(2 * radius + 1):
            for j in range(2 * radius + 1):
                causal = half or i < radius or (i == radius and j < radius)
                theirs = source[(rows >> half) + i, (cols >> half) + j].astype(float)
                squares = (theirs - target[(y >> half) + i, (x >> half) + j]) ** 2
                total += weights[i, j] * squares[..., (0 if causal else 3) :].sum(-1)
    return total


def coherent(places: np.ndarray, y: int, x: int) -> list[tuple[int, int]]:
    """Continuations of the places of pixels painted before."""
    found = []
    for i, j in [(i, j) for i in (-2, -1) for j in range(-2, 3)] + [(0, -2), (0, -1)]:
        if 0 <= y + i < TARGET[0] and 0 <= x + j < TARGET[1]:
            row, col = places[y + i, x + j] - (i, j)
            if 0 <= row < SOURCE[0] and 0 <= col < SOURCE[1]:
                found.append((row, col))
    return found


@pytest.mark.parametrize("with_coarse", [False, True])
@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_each_pixel_is_the_match_that_the_paper_asks_for(with_coarse, factor):
    fine, coarse = level()
    coarse = coarse if with_coarse else None
    before = fine.target.copy()
    places = painted(fine, coarse, factor)
    right = exact = 0
    for y in range(TARGET[0]):
        for x in range(TARGET[1]):
            every = differences(fine, coarse, before, y, x)
            chosen, near = every[tuple(places[y, x])], coherent(places, y, x)
            best = min((every[at] for at in near), default=np.inf)
            if best <= factor * every.min():
                right += chosen <= best * 1.0001
            else:
                right += chosen <= every.min() * 1.05 + 1e-6
                exact += chosen <= every.min() * 1.0001
    assert right >= 0.99 * TARGET[0] * TARGET[1]
    assert exact > 0


def test_colours_are_those_of_the_places_and_guides_stay():
    fine, coarse = level()
    before = fine.target.copy()
    places = painted(fine, coarse, 2.0)
    assert (fine.target[..., :3] == fine.source[places[..., 0], places[..., 1], :3]).all()
    assert (fine.target[..., 3:] == before[..., 3:]).all()


def test_what_is_painted_later_does_not_count():
    pictures = [level()[0], level()[0]]
    pictures[1].target[4:9, 4:9, :3] = 0.9
    assert (painted(pictures[0], None, 2.0) == painted(pictures[1], None, 2.0)).all()


def test_only_usable_pixels_are_copied():
    fine, coarse = level()
    usable = np.random.default_rng(0).random(SOURCE) < 0.3
    places = painted(fine, coarse, 2.0, usable=usable)
    assert usable[places[..., 0], places[..., 1]].all()


def test_inside_the_frame_best_matches_are_inner_pixels():
    inner = np.zeros(SOURCE, bool)
    inner[4:12, 4:12] = True
    shares = []
    for allowed in (inner, np.ones(SOURCE, bool)):
        places = painted(*level(), 1.0, inner=allowed)[FINE:-FINE, FINE:-FINE]
        shares.append(inner[places[..., 0], places[..., 1]].mean())
    assert shares[0] > shares[1] + 0.15


def test_rows_are_told():
    told = []
    painted(*level(), 2.0, told=told.append)
    assert told == [0]
    fine = Pictures(planes(SOURCE, 0, 0.5), planes((40, 6), 1, 0.4))
    told.clear()
    painted(fine, None, 2.0, told=told.append)
    assert told == [0, 16, 32]


@pytest.mark.skipif(not supported(), reason="Numba calls all kernels here")
def test_the_scan_is_called_directly():
    painted(*level(), 2.0)
    assert {type(call) for call in scanning._scan._by_kind.values()} == {Native}
