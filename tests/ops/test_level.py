import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from analogon.ops.exact import best_places
from analogon.ops.leaps import Dictionary

from .levels import eight_bits, level_of, recount, somewhere, textured


def identity(height: int, width: int) -> np.ndarray:
    return np.stack(np.indices((height, width)), -1).astype(np.int32)


@pytest.mark.parametrize("shape", [(3, 200), (200, 3), (1, 64), (7, 50), (33, 47), (64, 64)])
def test_what_a_coarser_level_found_is_carried_on(shape):
    """A shift by four pixels stays one, also where a side is too short to be halved again."""
    rows, cols = shape
    source_shape = (rows + 8, cols + 8)
    source = np.zeros((*source_shape, 3), np.uint8)
    ids, target_ids = np.zeros(source_shape, int), np.zeros(shape, int)
    full = np.zeros((*shape, 2), np.int32)  # a start map that says nothing
    full[:] = np.array(source_shape) - 1
    places = None
    for factor in (4, 2, 1):
        level = level_of(source, ids, target_ids, factor=factor)
        expected = identity(*level.target_ids.shape) + 4 // factor
        places = expected if places is None else level.start(full, places)
        near = np.abs(places - expected).max(-1) <= 2
        assert near.mean() > 0.8, factor


def test_a_level_starts_from_the_map_where_the_coarser_one_left_it():
    source = np.zeros((40, 60, 3), np.uint8)
    ids = np.zeros((40, 60), int)
    start = identity(40, 60)
    coarser = level_of(source, ids, ids, factor=2).start(start, None)
    assert (coarser == identity(20, 30)).mean() > 0.9
    coarser[10:, :] = (3, 5)
    fixed = np.zeros((40, 60), bool)
    fixed[30:] = True
    level = level_of(source, ids, ids, fixed=fixed)
    places = level.start(start, coarser)
    assert (places[:20] == start[:20]).all() and (places[30:] == start[30:]).all()
    assert (np.abs(places[21:30] - (6, 10)).max() <= 1) and (places[21:30] != start[21:30]).any()


def test_active_is_what_is_torn_or_against_a_guide_and_not_fixed():
    source = np.concatenate([np.zeros((20, 30, 3), np.int16), np.zeros((20, 30, 1), np.int16)], -1)
    source[:, 15:, 3] = 100
    ids = np.zeros((20, 30), int)
    fixed = np.zeros((20, 30), bool)
    fixed[:10] = True
    level = level_of(source, ids, ids, guides=source[..., 3:], fixed=fixed)
    assert not level.active(identity(20, 30)).any()
    against = level_of(source, ids, ids, guides=source[:, ::-1, 3:], fixed=fixed)
    active = against.active(identity(20, 30)).astype(bool)
    assert active[10:].all() and not active[:10].any()


def test_an_even_use_costs_the_uniformity():
    level = textured()
    price = level._price(140.0)
    for c in (0, 1):
        cells = (level.target_ids == c).sum() / (level.source_ids == c).sum() * 16
        assert price[c] * cells == pytest.approx(140.0)
    lacking = level_of(level.source, level.source_ids, np.full((6, 7), 3))
    assert (lacking._price(140.0) == 0).all()


def test_improving_lowers_the_cost_and_leaves_what_is_fixed():
    rng = np.random.default_rng(0)
    source = eight_bits(rng.random((30, 34, 3)))
    ids = np.zeros((30, 34), int)
    fixed = np.zeros((30, 34), bool)
    fixed[:, :12] = True
    level = level_of(source, ids, ids, fixed=fixed)
    places = somewhere(level)
    places[fixed] = identity(30, 34)[fixed]
    before = places.copy()
    torn = int(level.active(places).sum())
    free = {"reluctance": 1.0, "uniformity": 0.0, "class_weight": 1e5, "tries": 0, "seed": 0}
    assert (level.improve(places, rounds=0, **free) == 0).all() and (places == before).all()
    level.improve(places, rounds=6, **free)
    assert (places[fixed] == before[fixed]).all()
    assert int(level.active(places).sum()) < torn


def test_with_a_price_two_equal_textures_are_used_evenly():
    tile = eight_bits(np.random.default_rng(0).random((12, 16, 3)))
    source, ids = np.tile(tile, (1, 2, 1)), np.zeros((12, 32), int)
    shares = {}
    for uniformity in (0.0, 500.0):
        level = level_of(source, ids, np.zeros((12, 64), int))
        places = somewhere(level)
        places[..., 1] %= 16  # all start in the left one
        for _ in range(3):
            level.improve(
                places, rounds=4, reluctance=1.0, uniformity=uniformity, class_weight=1e5, tries=4, seed=0
            )  # fmt: skip
        usage = recount(level, places)
        assert (level._usage(places) == usage).all()
        shares[uniformity] = usage[:, 4:].sum() / usage.sum(), usage.std() / usage.mean()
    assert abs(shares[500.0][0] - 0.5) < abs(shares[0.0][0] - 0.5)
    assert shares[500.0][1] < shares[0.0][1]


def test_planes_of_depths_and_guides_count():
    level = textured((16, 18), patch=3)
    with_depths = level_of(level.source, level.source_ids, level.target_ids, depth_weight=60000.0, patch=3)
    assert with_depths.canvas.shape[2] == with_depths.source.shape[2] == 4
    assert len(np.unique(with_depths.source[..., 3])) > 2
    places = somewhere(level)
    usage, free = recount(level, places), np.zeros(2, np.float32)
    both = [best_places(each, places, usage, free, 1.0)[2].sum() for each in (level, with_depths)]
    assert both[0] != both[1]


@pytest.mark.parametrize("wrap", [False, True])
def test_the_class_must_be_met_but_on_borders_a_tiles_seam_among_them(wrap):
    ids = (np.indices((24, 30))[0] >= 12).astype(int)
    strict = level_of(np.zeros((24, 30, 3), np.uint8), ids, ids, wrap=wrap).strict()
    expected = np.ones((24, 30), bool)
    expected[11:13] = False
    if wrap:
        expected[[0, -1]] = False
    assert (strict == expected).all()


@pytest.mark.parametrize("wrap", [False, True])
def test_no_leap_tears_a_part_that_is_a_copy(wrap):
    source, ids = np.zeros((24, 30, 3), np.uint8), np.zeros((24, 30), int)
    sure = np.zeros((24, 30), bool)
    sure[0:4, 10:16] = True
    level = level_of(source, ids, ids, factor=2, wrap=wrap, sure=sure)
    leaping = np.ones((12, 15), bool)
    leaping[0:4, 3:10] = False  # with a margin of the patch's radius, 2 pixels of this level
    leaping[10:] = not wrap or (np.abs(np.arange(15) - 6) > 3)
    assert (level.leaping == leaping).all()
    assert level_of(source, ids, ids).leaping.all()


def test_proposals_are_made_where_leaping_is_allowed():
    level = textured()
    level.sure[8:14, 10:20] = True
    places = somewhere(level)
    usage, price = recount(level, places), np.full(2, 9, np.float32)
    dictionary = Dictionary.of(level.padded_source, level.padded_source_ids, level.patch, 2)
    ys, xs = np.nonzero(np.ones(level.target_ids.shape, bool))
    found = [level._leaps(dictionary, ys, xs, usage, price, turn) for turn in range(4)]
    proposed = np.any([(each >= 0).all(-1) for each in found], 0)
    assert (proposed == level.leaping[ys, xs]).all()


def test_where_leaping_is_allowed_is_computed_once_and_only_where_it_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "analogon.ops.level.sliding_window_view", lambda *args: asked.append(args) or sliding_window_view(*args)
    )
    for reluctance in (None, 1.2):
        level = textured()
        level.sure[8:14, 10:20] = True
        assert not asked
        level.improve(
            somewhere(level), rounds=5, reluctance=reluctance, uniformity=9e3, class_weight=40000.0, tries=0, seed=1
        )
    assert len(asked) == 1
