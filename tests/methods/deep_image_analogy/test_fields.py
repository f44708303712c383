import numpy as np
import pytest

from analogon.methods.deep_image_analogy.fields import Search, enlarged, exhaustive, voted
from analogon.ops import parallel


def maps(*shapes, seed=0, channels=4):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(*shape, channels)).astype(np.float32) for shape in shapes]


def brute_costs(ours, theirs, patch):
    """(h, w, h', w') by loops."""
    radius = patch // 2
    mine, yours = (np.pad(one, [(radius, radius), (radius, radius), (0, 0)], "edge") for one in (ours, theirs))
    costs = np.empty((*ours.shape[:2], *theirs.shape[:2]))
    for y, x, row, col in np.ndindex(costs.shape):
        step = mine[y : y + patch, x : x + patch] - yours[row : row + patch, col : col + patch]
        costs[y, x, row, col] = (step.astype(float) ** 2).sum()
    return costs


def places_of(flat, shape):
    return np.stack(np.unravel_index(flat, shape), -1)


@pytest.mark.parametrize("patch", [1, 3, 5])
def test_the_exhaustive_fields_are_those_of_brute_force(patch, monkeypatch):
    from analogon.methods.deep_image_analogy import fields

    ours, theirs = maps((6, 9), (8, 5))
    costs = brute_costs(ours, theirs, patch)
    monkeypatch.setattr(fields, "BLOCK", 7 * 40)  # blocks of seven rows, the last one smaller
    forward, backward = exhaustive(ours, theirs, patch)
    assert (forward == places_of(costs.reshape(6, 9, -1).argmin(-1), (8, 5))).all()
    assert (backward == places_of(costs.reshape(54, 8, 5).argmin(0), (6, 9))).all()


def test_a_search_that_reaches_everywhere_is_exact():
    ours, theirs = maps((7, 10), (8, 9))
    search = Search(ours, theirs, 3)
    search.offer(np.zeros((7, 10, 2), np.int32))
    for _ in range(3):
        search.sweep(9, 0, 0)
    costs = brute_costs(ours, theirs, 3).reshape(7, 10, -1)
    assert np.allclose(search.costs, costs.min(-1), rtol=1e-4)
    assert (search.field == places_of(costs.argmin(-1), (8, 9))).all()


def test_neighbours_spread_a_good_match():
    """One right match in a shifted picture is enough."""
    (theirs,) = maps((30, 30))
    ours = theirs[5:25, 7:27]
    search = Search(ours, theirs, 3)
    start = np.zeros((20, 20, 2), np.int32)
    start[10, 10] = 15, 17
    search.offer(start)
    before = search.costs.sum()
    for _ in range(3):
        search.sweep(0, 0, 0)
    inner = np.s_[1:-1, 1:-1]
    wanted = np.moveaxis(np.mgrid[5:25, 7:27], 0, -1)
    assert (search.field[inner] == wanted[inner]).mean() > 0.95
    assert search.costs.sum() < 0.1 * before


def test_random_tries_find_what_neighbours_cannot():
    (theirs,) = maps((24, 24))
    ours, costs = theirs[4:20, 3:19], {}
    for tries, seed in ((0, 0), (8, 0), (8, 1)):
        search = Search(ours, theirs, 3)
        search.offer(np.zeros((16, 16, 2), np.int32))
        for sweep in range(3):
            search.sweep(0, tries, seed * 10 + sweep)
        costs[tries, seed] = search.costs.sum()
    assert costs[8, 0] < 0.5 * costs[0, 0] and costs[8, 1] < 0.5 * costs[0, 0]


def test_an_offer_is_taken_only_where_it_is_better():
    ours, theirs = maps((12, 12), (12, 12))
    search = Search(ours, theirs, 3)
    rng = np.random.default_rng(1)
    one, two = (rng.integers(0, 12, (12, 12, 2)).astype(np.int32) for _ in range(2))
    search.offer(one)
    first = search.costs
    assert (search.field == one).all()
    search.offer(two)
    assert (search.costs <= first).all()
    changed = (search.field != one).any(-1)
    assert changed.any() and not changed.all()
    assert (search.field[changed] == two[changed]).all() and (search.costs[changed] < first[changed]).all()


def test_threads_do_not_change_a_field(monkeypatch):
    ours, theirs = maps((40, 30), (36, 34))
    found = []
    for count in (1, 3):
        monkeypatch.setattr(parallel, "threads", lambda count=count: count)
        search = Search(ours, theirs, 3)
        search.offer(np.zeros((40, 30, 2), np.int32))
        search.sweep(2, 3, 5)
        found.append(search.field)
    assert (found[0] == found[1]).all()


def test_an_enlarged_field_continues_between_its_places():
    coarse = np.moveaxis(np.mgrid[0:6, 0:8], 0, -1).astype(np.int32)
    fine = enlarged(coarse, (12, 16), (6, 8), (12, 16))
    assert (fine == np.moveaxis(np.mgrid[0:12, 0:16], 0, -1)).all()
    assert (enlarged(coarse, (6, 8), (6, 8), (6, 8)) == coarse).all()
    # maps are halved rounding down, so that sizes are odd at times
    odd = enlarged(coarse, (13, 17), (6, 8), (13, 17))
    assert np.abs(odd - np.moveaxis(np.mgrid[0:13, 0:17], 0, -1)).max() <= 1
    assert odd.dtype == np.int32 and odd.max(axis=(0, 1)).tolist() == [12, 16]


@pytest.mark.parametrize("patch", [1, 3, 5])
def test_votes_of_a_whole_piece_are_the_piece(patch):
    (values,) = maps((10, 12))
    shifted = np.moveaxis(np.mgrid[2:8, 3:10], 0, -1).astype(np.int32)
    assert np.allclose(voted(values, shifted, patch), values[2:8, 3:10], atol=1e-6)


def test_votes_are_means_over_the_patches():
    (values,) = maps((9, 9))
    field = np.random.default_rng(2).integers(0, 9, (5, 6, 2)).astype(np.int32)
    made = voted(values, field, 3)
    for y, x in ((0, 0), (2, 3), (4, 5)):
        said = []
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                if 0 <= y + dy < 5 and 0 <= x + dx < 6:
                    row, col = field[y + dy, x + dx] - (dy, dx)
                    if 0 <= row < 9 and 0 <= col < 9:
                        said.append(values[row, col])
        assert np.allclose(made[y, x], np.mean(said, 0), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (2, 3)])
def test_maps_smaller_than_a_patch(shape):
    ours, theirs = maps(shape, (3, 2))
    forward, _ = exhaustive(ours, theirs, 9)
    search = Search(ours, theirs, 9)
    search.offer(forward)
    search.sweep(2, 1, 0)
    assert (search.field == forward).all()
    assert np.isfinite(voted(theirs, search.field, 9)).all()
