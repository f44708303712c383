"""What the network says of maps, to those who lay pieces."""

import numpy as np
import pytest
import torch

from analogon.methods.collage import advice
from analogon.methods.collage.advice import BEST, UNHEARD, Keeper, Word, divisible, source_of
from analogon.methods.collage.network import Attention
from analogon.methods.collage.planes import count_planes
from analogon.methods.collage.training import COLOURS
from analogon.ops.engine import class_places

from .scenes import BEAST, GROUND, SHAPE, elbow, exemplar_of

#: Staying and a shift of both classes, and of one that the picture lacks.
MAPS = np.array([(c, 1, down, 1, 8, 0.1, 0, 0) for c in (0, 1, 2) for down in (0, -8)], np.float32)


def keeper(usable=None) -> Keeper:
    exemplar = exemplar_of(elbow(), usable)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Attention(count_planes(2), COLOURS).requires_grad_(False)
    ids, _ = class_places(exemplar, exemplar.labels)
    return Keeper(network, exemplar, ids, torch.device("cpu"))


@pytest.fixture(scope="module")
def kept() -> Keeper:
    return keeper()


@pytest.fixture(autouse=True)
def always_heard(monkeypatch):
    """Of so few cells all are near one another, and what is expected near what is believed."""
    monkeypatch.setattr(advice, "AGREED", 2.0)


def word(kept: Keeper, ids: np.ndarray, trust: float = 1.0, turns: int = 20) -> Word:
    return Word(kept, ids, trust=trust, turns=turns)


def said(kept: Keeper, ids: np.ndarray, maps: np.ndarray, cell: int, trust: float = 1.0) -> tuple:
    """The word on a layout that is expected to stay where it is."""
    return word(kept, ids, trust)(maps, cell, staying(ids.shape, cell))


def staying(shape: tuple[int, ...], cell: int) -> np.ndarray:
    grid = [-(-n // cell) for n in shape]
    return (np.stack(np.indices(grid), -1) * cell + cell // 2).astype(np.float32)


@pytest.mark.parametrize("cell", [1, 4, 8])
def test_beliefs_are_probabilities(kept, cell):
    main, source_grid, found = kept.beliefs(elbow(8, 30), cell)
    grid = main.shape
    assert grid == source_grid == tuple(n // cell for n in SHAPE)
    assert [belief.class_ for belief in found] == [GROUND, BEAST]
    ours = np.concatenate([belief.ours for belief in found])
    assert sorted(ours) == list(range(grid[0] * grid[1]))
    for belief in found:
        total = np.exp(belief.log_p).sum(1) + np.exp(belief.none)
        assert np.allclose(total, 1, atol=1e-3)
        assert belief.best.shape == (len(belief.ours), BEST)
        top = np.take_along_axis(belief.log_p, belief.best, 1)
        assert (np.diff(top, axis=1) <= 0).all() and np.allclose(top[:, 0], belief.log_p.max(1))


def test_unusable_cells_are_no_place():
    usable = np.ones(SHAPE, bool)
    usable[:, 30:] = False
    bad = ~usable[::4, ::4]
    bad[:, 28 // 4] = True  # the cells that the border runs through
    for belief in keeper(usable).beliefs(elbow(), 4)[2]:
        assert len(belief.theirs) and not bad.ravel()[belief.theirs].any()


def test_a_class_without_a_usable_cell_has_no_belief():
    usable = elbow() != BEAST
    usable[20, 26] = True  # a pixel of it in a cell that cannot be used
    found = keeper(usable).beliefs(elbow(), 4)[2]
    assert [belief.class_ for belief in found] == [GROUND]
    maps, prior = said(keeper(usable), elbow(), MAPS, 4)
    assert len(maps) == len(MAPS) and not prior.any()


def test_maps_of_others_come_first_and_stay(kept):
    maps, prior = said(kept, elbow(8, 30), MAPS.copy(), 8)
    assert (maps[: len(MAPS)] == MAPS).all()
    assert len(maps) > len(MAPS) and set(maps[len(MAPS) :, 0]) == {BEAST}
    assert maps.dtype == prior.dtype == np.float32
    assert prior.shape == (len(maps), 6, 8)
    assert np.isfinite(prior).all() and (prior >= 0).all()
    # of the ground, which is no thing, and of a class that nobody knows nothing is said
    assert not prior[[0, 1, 4, 5]].any() and prior[2:4].any((1, 2)).all()


def test_maps_of_a_class_that_the_layout_lacks_cost_nothing(kept):
    maps, prior = said(kept, np.zeros(SHAPE, np.uint16), MAPS, 8)
    assert len(maps) == len(MAPS) and not prior.any()


@pytest.mark.parametrize("cell", [1, 2, 4])
@pytest.mark.parametrize("shape", [(30, 90), (17, 16), (64, 48)], ids=str)
def test_a_target_of_another_size(kept, shape, cell):
    ids = np.zeros(shape, np.uint16)
    ids[5:14, 4:12] = BEAST
    maps, prior = said(kept, ids, MAPS, cell)
    assert prior.shape == (len(maps), -(-shape[0] // cell), -(-shape[1] // cell))
    assert np.isfinite(prior).all()


def test_a_target_larger_than_the_source_has_cells_of_its_own(kept):
    """The picture is known on cells of any size."""
    ids = elbow().repeat(4, 0).repeat(4, 1)
    _, source_grid, found = kept.beliefs(ids, 16)
    assert source_grid == (3, 4) and {belief.class_ for belief in found} == {0, 1}


def test_trust_is_a_factor(kept):
    (maps, plain), (same, doubled) = (said(kept, elbow(8, 30), MAPS, 4, trust) for trust in (0.5, 1.0))
    assert (maps == same).all()
    heard = plain < UNHEARD
    assert plain[heard].max() > 0 and (heard == (doubled < UNHEARD)).all()
    assert np.allclose(doubled[heard], 2 * plain[heard])


def test_where_it_agrees_with_what_is_expected_nothing_is_said(kept, monkeypatch):
    """Of the cells of a thing half are certain: no map costs more there, and the network's own are not to be had."""
    monkeypatch.undo()
    certain = np.zeros((12, 16), np.float32)
    certain[:, :8] = 1
    monkeypatch.setattr(advice, "agreement", lambda *_: certain)
    ids = elbow(8, 24)
    maps, prior = said(kept, ids, MAPS, 4)
    assert not prior[: len(MAPS), :, :8].any() and (prior[len(MAPS) :, :, :8] == UNHEARD).all()
    beast = (ids == BEAST)[2::4, 2::4][:, 8:]
    assert beast.any() and (prior[2, :, 8:][beast] > 0).all() and (prior[len(MAPS) :, :, 8:][:, beast] < UNHEARD).all()
    certain[:] = 1
    maps, prior = said(kept, ids, MAPS, 4)
    assert len(maps) == len(MAPS) and not prior.any()


def test_whole_cells_of_single_pixels():
    plane = np.arange(6).reshape(2, 3)
    doubled, cell = divisible(plane, 1)
    assert cell == 2 and doubled.shape == (4, 6) and (doubled[::2, ::2] == plane).all()
    same, cell = divisible(plane, 4)
    assert cell == 4 and same is plane


def test_single_pixels_see_what_larger_cells_do():
    """A picture on cells of one pixel is twice as large a picture on cells of two."""
    exemplar = exemplar_of(elbow())
    large = exemplar_of(elbow().repeat(2, 0).repeat(2, 1))
    small = source_of(exemplar, elbow(), 1)
    twice = source_of(large, elbow().repeat(2, 0).repeat(2, 1), 2)
    assert small.grid == twice.grid == SHAPE
    assert torch.equal(small.planes, twice.planes) and torch.equal(small.main, twice.main)
