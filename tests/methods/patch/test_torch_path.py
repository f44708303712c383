"""The torch path beside the compiled kernels, on the CPU: what is promised to be the same is the same to the bit."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the torch path needs the extra 'neural'")

import torch
from scipy import ndimage as ndi

from analogon.methods import registry
from analogon.methods.patch.accelerated import search, windows
from analogon.methods.patch.accelerated.leaps import DeviceDictionary
from analogon.methods.patch.accelerated.level import DeviceLevel
from analogon.methods.patch.accelerated.windows import Windows, moved
from analogon.methods.patch.method import PatchSynthesizer
from analogon.ops import synthesis
from analogon.ops.leaps import Dictionary
from analogon.ops.level import Level, usage_of
from analogon.ops.search import CELL, searcher
from analogon.ops.synthesis import Problem, Settings
from analogon.run import Run
from analogon.training import device

CPU = torch.device("cpu")
#: What a wrong class counts: sums depend on their order if it is no whole number.
WEIGHT = float(np.float32(31234.567))
SMALL = Settings(patch=5, rounds=(4, 2), leaps=1)


def on_torch(level: Level) -> DeviceLevel:
    """The level with planes of its own, since painting changes them."""
    return DeviceLevel.on(CPU, level)


def texture(shape: tuple[int, int], seed: int, *, grain: float = 1.0, mean: float = 128.0) -> np.ndarray:
    """Smoothed noise, uint8 (h, w, 3)."""
    noise = ndi.gaussian_filter(np.random.default_rng(seed).normal(size=(*shape, 3)), (grain, grain, 0), mode="wrap")
    return np.clip(mean + 50 * noise / noise.std(), 0, 255).astype(np.uint8)


def textured(wrap: bool, grain: float = 1.0) -> Level:
    """Two classes of texture, of an even and an odd side."""
    rows = np.indices((40, 31))[0]
    ids = rows > 20
    source = np.where(ids[..., None], texture(ids.shape, 1, grain=grain, mean=170), texture(ids.shape, 0, grain=grain))
    return level_of(source, ids, rows > 12, wrap=wrap)


def barred(wrap: bool) -> Level:
    """Bars and a speck that are thinner than a patch, in a texture of another class."""
    level = textured(wrap)
    ids = np.zeros(level.target_ids.shape, int)
    ids[3:30, 5:7] = ids[8, 10:28] = ids[34, 22] = 1
    out = level_of(level.source, level.source_ids, ids, wrap=wrap)
    assert 0 < out.thin.sum() < 100
    return out


def level_of(source, ids, target_ids, *, wrap, guides=None, fixed=None) -> Level:
    none = np.empty((*target_ids.shape, 0), source.dtype)
    cells = [-(-n // CELL) for n in ids.shape]
    return Level.of(
        source, ids.astype(np.uint16), target_ids.astype(np.uint16), none if guides is None else guides,
        np.zeros(target_ids.shape, bool) if fixed is None else fixed, np.zeros(target_ids.shape, bool),
        demand=np.bincount(target_ids.ravel().astype(int)),
        elsewhere=np.random.default_rng(5).integers(0, 60, cells, np.int32),
        factor=1, patch=5, depth_weight=0, wrap=wrap,
    )  # fmt: skip


def guided(wrap: bool) -> Level:
    """Two classes, three colours and a guide, some pixels fixed, of sides that are not even."""
    rng = np.random.default_rng(3)
    source = rng.integers(0, 256, (27, 31, 4)).astype(np.int16)
    source[..., 3] //= 13
    guides = rng.integers(0, 20, (33, 25, 1)).astype(np.int16)
    ids, target_ids = np.indices((27, 31))[0] > 12, np.indices((33, 25))[1] > 9
    return level_of(source, ids, target_ids, wrap=wrap, guides=guides, fixed=rng.random((33, 25)) < 0.2)


def tiled(wrap: bool) -> Level:
    """Many places are as good as each other."""
    source = np.tile(texture((7, 6), 0, grain=0.5), (5, 5, 1))
    return level_of(source, np.zeros((35, 30)), np.zeros((26, 33)), wrap=wrap)


def in_pieces(level: Level, seed: int = 0) -> np.ndarray:
    """Random places for blocks of 9 x 9 pixels, so that some patches are whole and most are torn."""
    height, width = level.target_ids.shape
    rng, (rows, cols) = np.random.default_rng(seed), level.source_ids.shape
    y, x = np.indices((height, width))
    jump = rng.integers(0, min(rows, cols), (-(-height // 9), -(-width // 9), 2))[y // 9, x // 9]
    return ((np.stack([y, x], -1) + jump) % (rows, cols)).astype(np.int32)


def problem_of(seed: int, *, shape: tuple[int, int] = (48, 56), wrap: bool = False) -> Problem:
    """A hill under a sky, and another one."""
    rows, cols = np.indices(shape)
    ids = rows > shape[0] * (0.5 + 0.2 * np.sin(cols / 9))
    target_ids = rows > shape[0] * (0.55 + 0.2 * np.sin(cols / 7 + seed))
    looks = [texture(shape, 2 * seed + n, grain=1.0 + n, mean=80 + 90 * n) for n in range(2)]
    source = np.where(ids[..., None], looks[1], looks[0])
    none = np.empty((*shape, 0), np.uint8)
    return Problem(
        source, ids.astype(np.uint16), target_ids.astype(np.uint16), none, np.zeros(shape, bool), np.zeros(shape, bool),
        demand=np.bincount(target_ids.ravel().astype(int)),
        elsewhere=np.zeros([-(-n // CELL) for n in shape], np.int32),
        wrap=wrap, seed=seed,
    )  # fmt: skip


def refine(problem: Problem, start: np.ndarray, settings: Settings) -> np.ndarray:
    """By torch."""
    return synthesis.refine(problem, start, settings, on_torch)


def staying(shape: tuple[int, int]) -> np.ndarray:
    return np.stack(np.indices(shape), -1).astype(np.int32)


def beginning(problem: Problem) -> np.ndarray:
    """Each pixel's own place, or where it is of another class the place in that class nearest in its column."""
    start = staying(problem.target_ids.shape)
    for y, x in np.argwhere(problem.source_ids != problem.target_ids):
        rows = np.flatnonzero(problem.source_ids[:, x] == problem.target_ids[y, x])
        start[y, x, 0] = rows[np.abs(rows - y).argmin()]
    return start


def cost_of(problem: Problem, places: np.ndarray, settings: Settings) -> float:
    """What all patches of the picture that places make differ by from the source, in colour and class, and the use."""
    level = Level.of(
        problem.source, problem.source_ids, problem.target_ids, problem.guides, problem.fixed, problem.sure,
        demand=problem.demand, elsewhere=problem.elsewhere, factor=1, patch=settings.patch, depth_weight=0,
        wrap=problem.wrap,
    )  # fmt: skip
    level._paint(places, np.ones(places.shape[:2], np.uint8), 0)
    height, width = places.shape[:2]
    total = 0.0
    for i in range(settings.patch):
        for j in range(settings.patch):
            at = places[..., 0] + i, places[..., 1] + j
            apart = level.padded_source[at].astype(int) - level.canvas[i : i + height, j : j + width]
            wrong = level.padded_source_ids[at] != level.padded_target_ids[i : i + height, j : j + width]
            total += (apart**2).sum() + settings.class_weight[1] * wrong.sum()
    used = usage_of(places, problem.source_ids.shape)[places[..., 0] // CELL, places[..., 1] // CELL] - 1
    price = settings.uniformity * settings.patch**2 / (level.even * CELL**2)
    return total + float((price[problem.target_ids] * used).sum())


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("make", [guided, textured, barred])
def test_tears_votes_and_last_votes_are_those_of_the_kernels(make, wrap):
    level = make(wrap)
    other = on_torch(level)
    places = in_pieces(level)
    active = level.active(places)
    assert 0 < active.mean() < 1
    assert np.array_equal(other.active(places), active)
    for radius in (0, level.patch // 2):
        level._paint(places, active, radius)
        other._repaint(moved(places, CPU), torch.nonzero(moved(active, CPU)), radius)
        assert np.array_equal(other._planes[1].numpy(), level.canvas)
    errors = np.random.default_rng(0).uniform(0, 5000, places.shape[:2]).astype(np.float32)
    settled = level.settle(places, errors)
    assert (settled != places).any()
    assert np.array_equal(other.settle(places, errors), settled)


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (7, 1)])
def test_the_smallest_targets(shape, wrap):
    level = level_of(
        np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8), np.zeros((6, 5)), np.zeros(shape), wrap=wrap
    )
    other = on_torch(level)
    places = np.random.default_rng(1).integers(0, 5, (*shape, 2)).astype(np.int32)
    assert np.array_equal(other.active(places), level.active(places))
    assert np.array_equal(
        other.settle(places, np.zeros(shape, np.float32)), level.settle(places, np.zeros(shape, np.float32))
    )
    level._paint(places, level.active(places), 2)
    other._repaint(moved(places, CPU), torch.nonzero(moved(level.active(places), CPU)), 2)
    assert np.array_equal(other._planes[1].numpy(), level.canvas)
    other.improve(places, rounds=2, reluctance=1.0, uniformity=140.0, class_weight=4e4, tries=3, seed=0)
    assert (places >= 0).all() and (places < (6, 5)).all()


@pytest.mark.parametrize("make", [guided, textured])
def test_leaps_are_those_of_the_kernels_but_for_ties(make):
    level = make(wrap=False)
    places = in_pieces(level)
    level._paint(places, level.active(places), level.patch // 2)
    usage, price = usage_of(places, level.source_ids.shape), np.array([900, 1500], np.float32)
    price = np.append(price, np.float32(1))  # a class that the source lacks
    dictionary = Dictionary.of(level.padded_source, level.padded_source_ids, level.patch, len(price))
    queries = np.argwhere(level.target_ids < 2).astype(np.int32)
    classes = level.target_ids[queries[:, 0], queries[:, 1]].copy()
    classes[::50] = 2
    theirs = dictionary.nearest(level.canvas, level.padded_target_ids, queries, classes, usage, price)
    ids = Windows.of(moved(level.padded_target_ids, CPU), level.patch)
    ours = DeviceDictionary(dictionary, CPU).nearest(
        Windows.of(moved(level.canvas, CPU), level.patch), ids, moved(queries, CPU).long(),
        moved(classes, CPU), moved(usage, CPU), price,
    ).numpy()  # fmt: skip
    assert (ours[classes == 2] == -1).all() and (ours[classes != 2] >= 0).all()
    same = (ours == theirs).all(-1)
    assert same.mean() > 0.999 and len(np.unique(ours, axis=0)) > 50


def scanned_by_kernel(level, places, visited, usage, price, leaps, reluctance, tries, seed):
    """One scan over the visited pixels, by bands one after another: places and errors."""
    places, errors = places.copy(), np.zeros(places.shape[:2], np.float32)
    ys, xs = np.nonzero(visited)
    starts = np.searchsorted(ys, np.arange(len(visited) + 1)).astype(np.int32)
    change = searcher(level.patch, level.canvas.shape[2])(
        level.padded_source, level.canvas, level.padded_source_ids, level.padded_target_ids, places, errors,
        xs.astype(np.int32), starts, leaps, np.float32(reluctance), usage, price, np.float32(WEIGHT), tries,
        np.uint32(seed), level.thin, 0, len(visited), True, level.wrap,
    )  # fmt: skip
    return places, errors, usage + change


def scanned(level, places, usage, price, wrap) -> search.Scan:
    return search.Scan(
        on_torch(level)._patches, moved(places, CPU), torch.zeros(places.shape[:2]), moved(usage, CPU),
        moved(price[level.target_ids], CPU), torch.tensor(level.source_ids.shape, dtype=torch.int32), WEIGHT,
        moved(level.thin, CPU), moved(level.source_ids, CPU), moved(level.target_ids, CPU), wrap,
    )  # fmt: skip


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("make", [guided, textured, tiled, barred])
@pytest.mark.parametrize("alone", [True, False])
def test_what_does_not_depend_on_the_order_is_found_to_the_bit(make, wrap, alone):
    """Pixels that do not look at each other, if use costs nothing; and single ones if it does."""
    level = make(wrap)
    places = in_pieces(level)
    level._paint(places, level.active(places), level.patch // 2)
    rng = np.random.default_rng(1)
    grid = np.zeros(level.target_ids.shape, bool)
    grid[1:-2:2, 1:-2:2] = True
    usage = usage_of(places, level.source_ids.shape)
    price = np.full(2, 1e5 if alone else 0, np.float32)
    for at in rng.permutation(np.flatnonzero(grid))[:60] if alone else [np.flatnonzero(grid)]:
        visited = np.zeros(grid.shape, bool)
        visited.flat[at] = True
        count = int(visited.sum())
        leaps = np.stack([rng.integers(0, n, count) for n in level.source_ids.shape], -1).astype(np.int32)
        leaps[1::3] = -1
        pixels = torch.nonzero(moved(visited, CPU))
        scan = scanned(level, places, usage, price, wrap)
        scan.compare(pixels)
        scan.sweep(pixels, moved(leaps, CPU), 1.25, 4, 77)
        theirs = scanned_by_kernel(level, places, visited, usage, price, leaps, 1.25, 4, 77)
        for ours, other in zip((scan.places, scan.errors, scan.usage), theirs, strict=True):
            assert np.array_equal(ours.numpy(), other)
    assert alone or (theirs[0] != places).any(-1)[grid].sum() >= 3


def test_the_usage_stays_a_recount_and_matches_get_better():
    level = textured(wrap=False)
    places = in_pieces(level)
    usage, price = usage_of(places, level.source_ids.shape), np.array([200, 300], np.float32)
    pixels = torch.nonzero(torch.ones(40, 31, dtype=torch.bool))
    scan = scanned(level, places, usage, price, wrap=False)
    scan.compare(pixels)
    before = scan.errors.mean()
    for n in range(3):
        scan.sweep(pixels, None, 1.0, 2, n)
        assert np.array_equal(scan.usage.numpy(), usage_of(scan.places.numpy(), level.source_ids.shape))
    found = scan.errors.clone()
    scan.compare(pixels)
    assert torch.equal(found, scan.errors) and found.mean() < 0.7 * before


@pytest.mark.parametrize("make", [guided, textured])
def test_a_single_open_pixel_is_improved_alike(make):
    """All of a level's rounds, with leaps, random tries, prices and what is used elsewhere."""
    changed = 0
    for at in np.random.default_rng(0).permutation(25 * 25)[:12]:
        level = make(wrap=False)
        level.fixed[:] = True
        level.fixed[at // 25, at % 25] = False
        ours, theirs = in_pieces(level), in_pieces(level)
        first, given = theirs.copy(), {"reluctance": 1.25, "uniformity": 9e4, "class_weight": WEIGHT, "tries": 3}
        errors = [
            one.improve(places, rounds=3, seed=2**32 - 1, **given)
            for one, places in ((on_torch(level), ours), (level, theirs))
        ]
        assert np.array_equal(ours, theirs) and np.array_equal(*errors)
        changed += (theirs != first).any()
    assert changed > 3


def test_neither_path_leaps_where_pieces_are_sure():
    """A level where no pixel may leap is improved as without leaps, one where some may is not."""

    def improved(sure, reluctance):
        level = textured(wrap=False)
        level.sure[sure] = True
        places = in_pieces(level)
        on_torch(level).improve(
            places, rounds=3, reluctance=reluctance, uniformity=9e3, class_weight=WEIGHT, tries=0, seed=1
        )
        return places

    none = improved(np.s_[:0], None)
    assert np.array_equal(improved(np.s_[:], 1.25), none)
    assert not np.array_equal(improved(np.s_[:10], 1.25), none)


@pytest.mark.parametrize("finest", [1, 2])
def test_without_a_search_both_paths_are_one(finest):
    problem = problem_of(1, shape=(80, 150))
    problem.finest = finest
    start = beginning(problem)
    settings = Settings(patch=5, rounds=(0,))
    ours, theirs = refine(problem, start, settings), synthesis.refine(problem, start, settings)
    assert (theirs != start).any()
    assert np.array_equal(ours, theirs)


def test_where_nothing_is_torn_and_what_is_fixed_stays():
    problem = problem_of(0)
    problem.target_ids = problem.source_ids.copy()
    problem.target_ids[:14, 40:] = 1
    start = beginning(problem)
    problem.fixed[9:14, 42:50] = True
    ours, theirs = refine(problem, start, SMALL), synthesis.refine(problem, start, SMALL)
    assert (ours != start).any() and (theirs != start).any()
    # a tear can move by a patch in each round
    whole = (staying(problem.target_ids.shape)[..., 1] < 20) | problem.fixed
    for places in (ours, theirs):
        assert (places == start)[whole].all()


def test_it_costs_no_more_than_the_scan_by_a_twentieth():
    """On the average of several pictures, in the sum of appearance, class and use that both make small."""
    ratios = []
    for seed in range(12):
        problem = problem_of(seed, wrap=seed % 6 == 5)
        start = beginning(problem)
        ours, theirs = refine(problem, start, SMALL), synthesis.refine(problem, start, SMALL)
        first, mine, other = (cost_of(problem, places, SMALL) for places in (start, ours, theirs))
        assert mine < first
        ratios.append(mine / other)
    assert np.mean(ratios) < 1.05, ratios
    assert max(ratios) < 1.2, ratios


def test_results_depend_on_the_seed_but_not_on_chunks_and_threads(monkeypatch):
    settings = Settings(patch=5, rounds=(3, 2), leaps=1, random_tries=2)
    start = beginning(problem_of(2))
    first = refine(problem_of(2), start.copy(), settings)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3 - min(threads, 2))
        monkeypatch.setattr(windows, "CPU_BYTES", 30_000)
        monkeypatch.setattr(search, "PIECE", 97)
        assert np.array_equal(refine(problem_of(2), start.copy(), settings), first)
    finally:
        torch.set_num_threads(threads)
    other = problem_of(2)
    other.seed = 3
    assert (refine(other, start.copy(), settings) != first).any()


def test_it_tells_how_far_it_is_and_can_be_ended():
    problem = problem_of(0)
    told: list[tuple[int, int]] = []
    problem.told = lambda done, levels: told.append((done, levels))
    refine(problem, beginning(problem), SMALL)
    names, ours = list(problem.seconds), list(told)
    told.clear()
    problem.seconds.clear()
    synthesis.refine(problem, beginning(problem), SMALL)
    assert (names, ours) == (list(problem.seconds), told)

    def end(done: int, levels: int) -> None:
        raise KeyboardInterrupt

    problem.told = end
    with pytest.raises(KeyboardInterrupt):
        refine(problem, beginning(problem), SMALL)


def test_the_method_computes_on_the_device_of_the_run(exemplar, target, monkeypatch):
    config = registry.get("patch").configure(None, {"patch": 5, "rounds": (2,)})
    synthesizer = PatchSynthesizer(exemplar, config)
    asked: list[str] = []
    monkeypatch.setattr(device, "pick", lambda name: asked.append(name) or CPU)
    compiled = synthesizer.render(target, Run(device="cpu"))
    assert not asked
    monkeypatch.setattr(Level, "improve", None)
    ours = synthesizer.render(target, Run(device="cuda:1"))
    assert asked == ["cuda:1"]
    assert (ours.image != compiled.image).any(-1).mean() < 0.5
