import itertools

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from analogon.ops import labelling
from analogon.ops.labelling import MOST, SEAM, SEAM_COLOUR, WORST_SEAM, WRONG


def chamfer(ids: np.ndarray, deepest: int) -> np.ndarray:
    """By shortest paths: 3 per step along the axes, 4 along the diagonals, from the pixels beside another class."""
    height, width = ids.shape
    number = np.arange(ids.size).reshape(ids.shape)
    starts = np.zeros(ids.shape, bool)
    pairs = []
    for dy, dx, cost in ((0, 1, 3), (1, 0, 3), (1, 1, 4), (1, -1, 4)):
        here = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
        there = (slice(dy, height), slice(max(0, dx), width + min(0, dx)))
        pairs.append(np.stack([number[here].ravel(), number[there].ravel(), np.full(number[here].size, cost)]))
        if cost == 3:
            border = ids[here] != ids[there]
            starts[here] |= border
            starts[there] |= border
    if not starts.any():
        return np.full(ids.shape, 3 * deepest)
    first, second, cost = np.concatenate(pairs, 1)
    graph = coo_array((cost.astype(float), (first, second)), shape=(ids.size, ids.size)).tocsr()
    far = dijkstra(graph, directed=False, indices=np.flatnonzero(starts), min_only=True)
    return np.minimum(3 + far, 3 * deepest).reshape(ids.shape)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (20, 27)])
@pytest.mark.parametrize("deepest", [1, 6, 85])
def test_depths_are_chamfer_distances(shape, deepest):
    rng = np.random.default_rng(0)
    for blocks in (1, 2, 5):
        small = rng.integers(0, 3, [-(-n // (4 * blocks)) for n in shape])
        ids = small.repeat(4 * blocks, 0).repeat(4 * blocks, 1)[: shape[0], : shape[1]].astype(np.uint16)
        assert (labelling.depths(np.ascontiguousarray(ids), deepest) == chamfer(ids, deepest)).all()


def test_bars_and_specks_are_far_from_a_core_and_ragged_rims_are_not():
    ids = np.zeros((60, 80), np.uint16)
    ids[:, 50:] = 1
    ids[10:40:4, 48:50] = ids[11, 46:50] = 1  # teeth of a rim
    ids[5:45, 20:23] = 2  # a bar
    ids[50, 10] = 3  # a speck
    ids[50:53, 30:50] = 1  # a bar that grows from something broad
    far = labelling.far_from_core(ids, labelling.depths(ids, 4), 3, 7)
    assert far[ids >= 2].all() and not far[ids == 0].any() and not far[:, 50:].any() and not far[:25, 45:50].any()
    assert far[50:53, 30:44].all() and not far[51, 46:].any()
    assert labelling.far_from_core(ids, labelling.depths(ids, 2), 1, 3)[ids == 2].sum() == 0
    for flip in (np.flipud, np.fliplr, np.transpose):
        turned = np.ascontiguousarray(flip(ids))
        assert (labelling.far_from_core(turned, labelling.depths(turned, 4), 3, 7) == flip(far)).all()


def random_costs(shape: tuple[int, int], maps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    costs = np.full((*shape, MOST), 1e6, np.float32)
    costs[..., :maps] = rng.random((*shape, maps))
    seams = np.zeros((2, *shape, MOST, MOST), np.float32)
    seams[..., :maps, :maps] = 2 * rng.random((2, *shape, maps, maps))
    return costs, seams


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (1, 1), (1, 6)])
@pytest.mark.parametrize("seed", range(4))
def test_a_chain_agrees_on_the_best_of_all_choices(shape, seed):
    maps = 5
    costs, seams = random_costs(shape, maps, seed)
    axis, cells = int(shape[1] == 1), max(shape)
    line, between = costs.reshape(cells, MOST), seams[axis].reshape(cells, MOST, MOST)

    def total(choice):
        data = sum(line[n, a] for n, a in enumerate(choice))
        return data + sum(between[n, a, b] for n, (a, b) in enumerate(itertools.pairwise(choice)))

    best = min(itertools.product(range(maps), repeat=cells), key=total)
    assert tuple(labelling.agree(costs, seams).ravel()) == best


@pytest.mark.parametrize("seed", range(4))
def test_a_small_grid_agrees_on_nearly_the_best(seed):
    maps, shape = 3, (3, 3)
    costs, seams = random_costs(shape, maps, seed)
    seams = (seams + seams.transpose(0, 1, 2, 4, 3)) / 4

    def total(choice):
        grid = np.array(choice).reshape(shape)
        rows, cols = np.indices(shape)
        found = costs[rows, cols, grid].sum()
        found += seams[0, rows[:, 1:], cols[:, :-1], grid[:, :-1], grid[:, 1:]].sum()
        return found + seams[1, rows[:-1], cols[:-1], grid[:-1], grid[1:]].sum()

    totals = sorted(total(choice) for choice in itertools.product(range(maps), repeat=9))
    got = total(labelling.agree(costs, seams).ravel())
    greedy = total(costs.argmin(-1).ravel())
    assert got <= totals[0] + 0.02 * (totals[-1] - totals[0])
    assert got < greedy


def rated(source_ids, target_ids, maps, cell=2, expected=None, astray=(0, 0, 0), prior=None, context=None):
    source_ids, target_ids = source_ids.astype(np.uint16), target_ids.astype(np.uint16)
    grid = [-(-n // cell) for n in target_ids.shape]
    chosen, costs = np.empty((*grid, MOST), np.int32), np.empty((*grid, MOST), np.float32)
    depths = [labelling.depths(ids, 6) for ids in (source_ids, target_ids)]
    maps, astray = np.pad(np.array(maps, np.float32), ((0, 0), (0, 2))), np.array(astray, np.float32)
    prior = np.zeros((0, *grid), np.float32) if prior is None else prior.astype(np.float32)
    context = (np.zeros((0, 1, 1), np.float32), np.zeros((0, 1, 1), np.float32)) if context is None else context
    expected = np.full((*grid, 4), -1, np.float32) if expected is None else np.array(expected, np.float32)
    for first in range(grid[0]):
        labelling.rate(
            source_ids, target_ids, *depths, maps, prior, expected, astray, context, cell, 6, first, first + 1,
            chosen, costs,
        )  # fmt: skip
    return chosen, costs


def test_maps_are_rated_by_class_and_their_own_cost():
    source_ids = np.indices((8, 16))[1] // 8
    target_ids = 1 - source_ids
    stay, shift = [(0, 1, 0, 1, 0, 0), (1, 1, 0, 1, 0, 0)], [(0, 1, 0, 1, -8, 0.25), (1, 1, 0, 1, 8, 0.25)]
    maps = [*stay, *shift, (1, 1, 0, -1, 15, 0.5)]
    chosen, costs = rated(source_ids, target_ids, maps)
    # on the left is class 1: its mirror image has class and depth; the shift does not have the depth; staying is wrong
    assert list(chosen[1, 0, :4]) == [4, 3, 1, -1]
    assert costs[1, 0, 0] == pytest.approx(0.5) and costs[1, 0, 2] == pytest.approx(float(WRONG))
    assert list(chosen[1, 7, :3]) == [2, 0, -1]
    assert (costs[..., 3:] >= 1e5).all()


def test_maps_that_lead_astray_cost_more():
    ids = np.zeros((4, 24), int)
    maps = [(0, 1, 0, 1, shift, 0) for shift in (0, 4, 8, 16)]
    expected = np.full((2, 12, 4), -1.0)
    # the second of a class that is not there, the third counts less
    expected[0, 0], expected[1, 0], expected[0, 1] = (0, 1, 1 + 8, 1), (1, 1, 1 + 8, 1), (0, 1, 3 + 8, 0.5)
    chosen, costs = rated(ids, ids, maps, expected=expected, astray=(1, 0.1, 0.5))
    assert list(chosen[0, 0, :4]) == [2, 1, 0, 3]
    assert costs[0, 0, :4] == pytest.approx([0, 0.3, 0.5, 0.5])
    assert (costs[1, 0, :4] == 0).all()
    assert costs[0, 1, :4] == pytest.approx([0, 0.15, 0.25, 0.25])


def test_maps_cost_what_stands_about_their_places_differs_by():
    ids = np.zeros((4, 8), int)
    maps = [(0, 1, 0, 1, shift, 0) for shift in (0, 4, 100)]
    there, here = np.zeros((2, 2, 4), np.float32), np.zeros((2, 2, 4), np.float32)
    here[:, 0, 0], there[0, 0, 2], there[1, 0, 3] = (0.5, 0.25), 0.4, 0.7
    here[:, 1] = -1
    chosen, costs = rated(ids, ids, maps, context=(there, here))
    assert list(chosen[0, 0, :2]) == [1, 0]
    assert costs[0, 0, :2] == pytest.approx([0.1 + 0.25, 0.5 + 0.25])
    # what lies beyond the source is told by its nearest cell
    assert costs[0, 0, 2] == pytest.approx(float(WRONG) + 0.5 + 0.45)
    assert (costs[1, :, :2][chosen[1, :, :2] < 2] <= WRONG).all() and costs[1, 0, 0] == 0


def test_what_is_known_beforehand_counts_at_each_cell():
    ids = np.zeros((4, 8), int)
    maps = [(0, 1, 0, 1, shift, 0.1) for shift in (0, 4)]
    prior = np.zeros((2, 2, 4))
    prior[0, 0, 0], prior[1, 1, 1] = 0.5, 2
    chosen, costs = rated(ids, ids, maps, prior=prior)
    assert list(chosen[0, 0, :2]) == [1, 0] and list(chosen[1, 1, :2]) == [0, 1]
    assert costs[0, 0, :2] == pytest.approx([0.1, 0.6]) and costs[1, 1, :2] == pytest.approx([0.1, 2.1])


def test_turned_maps_lead_to_turned_places():
    source_ids = np.indices((12, 8))[0] // 6
    target_ids = np.indices((8, 12))[1] // 6
    quarter = (1, 0, 0, 0, 7, 0, 1, -1)  # (y, x) comes from (x, 7 - y)
    maps = np.array([quarter, (0, *quarter[1:])], np.float32)
    chosen = (1 - np.indices((4, 6))[1] // 3).astype(np.int32)
    out, fallback = np.empty((8, 12, 2), np.int32), np.full((8, 12, 2), -1, np.float32)
    labelling.carry(source_ids.astype(np.uint16), target_ids.astype(np.uint16), maps, chosen, 2, fallback, 0, 8, out)
    rows, cols = np.indices((8, 12))
    assert (out == np.stack([cols, 7 - rows], -1)).all()


def test_only_the_best_maps_are_kept():
    ids = np.zeros((4, 4), int)
    maps = [(0, 1, 0, 1, 0, cost) for cost in np.random.default_rng(0).permutation(MOST + 5) / 100]
    chosen, costs = rated(ids, ids, maps)
    assert np.allclose(costs[0, 0], np.arange(MOST) / 100)
    assert np.allclose(np.array(maps)[chosen[0, 0], 5], costs[0, 0])


def test_seams_cost_what_they_show():
    source = np.zeros((8, 40, 3), np.uint8)
    source[:, 10:20], source[:, 20:30], source[:, 30:] = 0, 60, 255
    maps = np.array([(0, 1, 0, 1, shift, 0, 0, 0) for shift in (0, 10, 20, 30)], np.float32)
    chosen = np.full((2, 2, MOST), -1, np.int32)
    chosen[..., :4] = range(4)
    out = np.zeros((2, 2, 2, MOST, MOST), np.float32)
    seam = np.array([SEAM, SEAM, SEAM, SEAM + 1], np.float32)
    labelling.seam_costs(source, maps, chosen, 4, seam, 0, 2, out)
    for costs in (out[0, 0, 0], out[1, 0, 0]):  # to the right, downwards
        assert (np.diag(costs) == 0).all()
        assert costs[0, 1] == pytest.approx(SEAM)
        assert costs[0, 2] == pytest.approx(SEAM + (60 / SEAM_COLOUR) ** 2)
        assert costs[0, 3] == pytest.approx(SEAM + 1 + WORST_SEAM)  # the dearer of both maps
        assert (costs[4:] == 0).all() and (costs[:, 4:] == 0).all()


def test_a_pixel_takes_its_cells_map_or_a_neighbours_or_the_fallback():
    source_ids = np.zeros((8, 12), np.uint16)
    source_ids[:, 6:] = 1
    target_ids = np.zeros((4, 8), np.uint16)
    target_ids[:, 4:] = 1
    target_ids[1, 1] = 1  # beside no cell of its class
    target_ids[2, 3] = 1  # beside one
    maps = np.array([(0, 1, 2, 1, 0, 0, 0, 0), (1, 1, 3, 1, 3, 0, 0, 0)], np.float32)
    chosen = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], np.int32)
    fallback = np.full((4, 8, 2), (99.0, -5.0), np.float32)
    out = np.empty((4, 8, 2), np.int32)
    for first in (0, 2):
        labelling.carry(source_ids, target_ids, maps, chosen, 2, fallback, first, first + 2, out)
    assert tuple(out[0, 0]) == (2, 0) and tuple(out[3, 2]) == (5, 2)
    assert tuple(out[0, 5]) == (3, 8)
    assert tuple(out[2, 3]) == (5, 6)
    assert tuple(out[1, 1]) == (7, 0)  # kept inside the source
