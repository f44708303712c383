"""The draft: one pass, cells copied from where the network says."""

import numpy as np
import pytest
import torch

from analogon import Exemplar, LabelClass, LabelMap, Palette
from analogon.methods.collage.advice import Keeper, divisible
from analogon.methods.collage.draft import Draft
from analogon.methods.collage.network import Attention
from analogon.methods.collage.planes import count_planes, layout_of
from analogon.methods.collage.training import COLOURS
from analogon.ops.engine import class_places

from .scenes import BEAST, SHAPE, cut_off, elbow, painted

PALETTE = Palette(tuple(LabelClass(n, f"class {n}", (80 * n, 0, 0)) for n in range(3)))


def keeper(ids: np.ndarray, usable=None) -> Keeper:
    exemplar = Exemplar(painted(ids), LabelMap(ids, PALETTE), usable)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Attention(count_planes(3), COLOURS).requires_grad_(False)
    return Keeper(network, exemplar, class_places(exemplar, exemplar.labels)[0], torch.device("cpu"))


def places(draft: Draft, ids: np.ndarray) -> np.ndarray:
    return np.stack(np.divmod(draft(torch.from_numpy(ids.astype(np.int64))).numpy(), draft.width), -1)


@pytest.mark.parametrize("cell", [1, 2, 4, 8])
@pytest.mark.parametrize("shape", [SHAPE, (16, 16), (33, 70), (90, 21), (1, 1)], ids=str)
def test_every_pixel_comes_from_its_class(cell, shape):
    source = cut_off()
    wanted = np.kron(np.random.default_rng(0).integers(0, 3, (18, 18)), np.ones((5, 5), int))[: shape[0], : shape[1]]
    found = places(Draft(keeper(source), cell), wanted)
    assert found.shape == (*shape, 2)
    assert (source[found[..., 0], found[..., 1]] == wanted).all()


@pytest.mark.parametrize("cell", [1, 2, 8])
def test_compiled_planes_give_the_draft_that_can_be_exported(cell):
    draft, ids = Draft(keeper(cut_off()), cell), elbow(8, 30)
    layout = layout_of(*divisible(ids, cell), 3)
    given = layout.planes, layout.main, ids.astype(np.int64)
    flat = draft.of_planes(*(torch.from_numpy(array) for array in given)).numpy()
    # planes differ by rounding, so that a cell may fall to the other of two equal places
    assert (np.stack(np.divmod(flat, draft.width), -1) == places(draft, ids)).all(-1).mean() > 0.99


@pytest.mark.parametrize("cell", [4, 8])
def test_cells_are_copied_from_where_the_network_finds_them_likeliest(cell):
    kept, ids = keeper(elbow()), elbow(8, 30)
    found = places(Draft(kept, cell), ids)
    _, source_grid, beliefs = kept.beliefs(ids, cell)
    whole = 0
    for belief in beliefs:
        rows, cols = np.divmod(belief.theirs[belief.best[:, 0]], source_grid[1])
        for ours, row, col in zip(belief.ours, rows, cols, strict=True):
            top, left = (cell * n for n in divmod(int(ours), SHAPE[1] // cell))
            there = elbow()[row * cell : (row + 1) * cell, col * cell : (col + 1) * cell]
            here = ids[top : top + cell, left : left + cell]
            if (here == belief.class_).all() and (there == belief.class_).all():
                expected = np.stack(np.indices((cell, cell)), -1) + np.array([row, col]) * cell
                assert (found[top : top + cell, left : left + cell] == expected).all()
                whole += 1
    assert whole > 10


def test_a_class_without_a_cell_of_its_own():
    source = elbow()
    source[3, 5:9] = 2
    wanted = np.zeros(SHAPE, int)
    wanted[20:30, 10:40] = 2
    found = places(Draft(keeper(source), 8), wanted)
    assert (source[found[..., 0], found[..., 1]] == wanted).all()


def test_what_is_masked_is_not_used():
    usable = np.ones(SHAPE, bool)
    usable[:, 40:] = False
    usable[10:14, 24:27] = False
    found = places(Draft(keeper(elbow(), usable), 4), elbow(8, 34))
    assert usable[found[..., 0], found[..., 1]].all()


def test_parts_of_cells_continue_what_is_beside_them():
    """A column of two pixels of the beast beside whole cells of it moves with them."""
    ids = np.zeros(SHAPE, int)
    ids[8:40, 8:18] = BEAST
    source = np.zeros(SHAPE, np.uint16)
    source[:, 8:] = BEAST
    found = places(Draft(keeper(source), 8), ids)
    continued = 0
    for top in range(8, 40, 8):
        whole = found[top : top + 8, 8:16] - np.stack(np.indices((8, 8)), -1)
        shift = whole.reshape(-1, 2)[0]
        expected = np.stack(np.indices((8, 2)), -1) + shift + np.array([0, 8])
        inside = (expected >= 0).all() and (expected < SHAPE).all()
        if (whole == shift).all() and inside and (source[tuple(np.moveaxis(expected, -1, 0))] == BEAST).all():
            assert (found[top : top + 8, 16:18] == expected).all()
            continued += 1
    assert continued
