import numpy as np
import pytest

from analogon.ops import votes


def identity(height: int, width: int) -> np.ndarray:
    return np.stack(np.indices((height, width)), -1).astype(np.int32)


def marked(places: np.ndarray, source_ids: np.ndarray, target_ids: np.ndarray, radius: int, *, wrap: bool = False):
    out = np.zeros(target_ids.shape, np.uint8)
    half = len(out) // 2
    for first, last in ((0, half), (half, len(out))):
        votes.mark_tears(
            places, source_ids.astype(np.uint16), target_ids.astype(np.uint16), radius, wrap, first, last, out
        )
    return out.astype(bool)


def test_a_copy_has_no_tears_and_around_the_corner_it_does():
    ids = np.zeros((7, 9), int)
    assert not marked(identity(7, 9), ids, ids, 2).any()
    around = marked(identity(7, 9), ids, ids, 1, wrap=True)
    rows, cols = np.indices((7, 9))
    # the step from the last row to the first stands at the last row: one more row on either side
    assert (around == ((rows >= 5) | (rows == 0) | (cols >= 7) | (cols == 0))).all()
    # a picture that is rolled continues around the corner, and is torn inside
    rolled = np.roll(identity(7, 9), 4, axis=1)
    torn = marked(rolled, ids, ids, 0, wrap=True)
    assert torn[:, 3].all() and not torn[:-1, 8].any()


def test_tears_and_wrong_classes_mark_what_is_around_them():
    ids = np.zeros((9, 12), int)
    places = identity(9, 12)
    places[:, 6:, 0] = (places[:, 6:, 0] + 3) % 9
    torn = marked(places[:5], ids, ids[:5], 2)
    assert (torn == (abs(np.arange(12) - 5) <= 2)).all()
    other = ids.copy()
    other[4, 3] = 1
    wrong = marked(identity(9, 12), other, ids, 1)
    rows, cols = np.indices(ids.shape)
    assert (wrong == ((abs(rows - 4) <= 1) & (abs(cols - 3) <= 1))).all()


def voted(source: np.ndarray, places: np.ndarray, active: np.ndarray, radius: int, *, wrap: bool = False, pad: int = 2):
    height, width = active.shape
    out = np.zeros((height + 2 * pad, width + 2 * pad, source.shape[2]), source.dtype)
    votes.vote(source, places, active.astype(np.uint8), radius, wrap, 0, height, out)
    return out[pad:-pad, pad:-pad]


@pytest.mark.parametrize("kind", [np.uint8, np.int16])
def test_patches_of_one_copy_agree(kind):
    source = np.random.default_rng(0).integers(0, 256, (8, 10, 3)).astype(kind)
    active = np.ones((8, 10), bool)
    for radius in (0, 1, 2):
        assert (voted(source, identity(8, 10), active, radius) == source).all()
    turned = np.roll(identity(8, 10), (3, 4), (0, 1))
    assert (voted(source, turned, active, 0) == np.roll(source, (3, 4), (0, 1))).all()


@pytest.mark.parametrize("wrap", [False, True])
def test_a_vote_is_the_rounded_mean_of_the_patches_over_a_pixel(wrap):
    rng = np.random.default_rng(1)
    source = rng.integers(0, 256, (6, 7, 3)).astype(np.uint8)
    places = np.stack([rng.integers(0, 6, (5, 8)), rng.integers(0, 7, (5, 8))], -1).astype(np.int32)
    active = rng.random((5, 8)) < 0.8
    got = voted(source, places, active, 1, wrap=wrap)
    for y, x in np.ndindex(5, 8):
        if not active[y, x]:
            assert (got[y, x] == source[tuple(places[y, x])]).all()
            continue
        heard = []
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                ny, nx = y + dy, x + dx
                if wrap:
                    ny, nx = ny % 5, nx % 8
                elif not (0 <= ny < 5 and 0 <= nx < 8):
                    continue
                qy, qx = places[ny, nx, 0] - dy, places[ny, nx, 1] - dx
                if 0 <= qy < 6 and 0 <= qx < 7:
                    heard.append(source[qy, qx].astype(int))
        assert (got[y, x] == np.floor(np.mean(heard, 0) + 0.5)).all()


def settled(places, errors, active, source_ids, target_ids, radius=1, wrap=False, strict=None):
    out = np.empty_like(places)
    source_ids, target_ids = source_ids.astype(np.uint16), target_ids.astype(np.uint16)
    votes.settle(
        places, errors.astype(np.float32), active.astype(np.uint8),
        np.ones(target_ids.shape, bool) if strict is None else strict, source_ids, target_ids, radius, wrap,
        0, len(places), out,
    )  # fmt: skip
    return out


def test_the_many_overrule_a_single_one():
    ids, nothing = np.zeros((7, 7), int), np.zeros((7, 7))
    places = identity(7, 7)
    places[3, 3] = (6, 0)
    active = np.ones((7, 7), bool)
    assert (settled(places, nothing, active, ids, ids) == identity(7, 7)).all()
    active[3, 3] = False
    assert (settled(places, nothing, active, ids, ids)[3, 3] == (6, 0)).all()


def test_where_the_class_need_not_be_met_an_outline_is_copied_whole():
    nothing, active = np.zeros((5, 8)), np.ones((5, 8), bool)
    source_ids = (np.indices((5, 8))[1] >= 4).astype(int)
    target_ids = source_ids.copy()
    target_ids[2, 3] = 1  # a tooth
    places = identity(5, 8)
    places[2, 3] = (0, 6)  # of the right class, but not what its neighbours continue as
    strict = np.ones((5, 8), bool)
    assert (settled(places, nothing, active, source_ids, target_ids, strict=strict)[2, 3] == (0, 6)).all()
    strict[:] = False
    wide = settled(places, nothing, active, source_ids, target_ids, radius=2, strict=strict)
    assert (wide[2, 3] == (2, 3)).all()


def test_what_fits_badly_has_less_of_a_say():
    ids = np.zeros((3, 8), int)
    places = identity(3, 8)
    places[:, 4:, 1] -= 3  # two pieces
    for errors, expected in (((0, 1e6), 3), ((1e6, 0), 0)):
        left, right = errors
        doubt = np.where(np.arange(8) < 4, left, right)[None].repeat(3, 0)
        out = settled(places, doubt, np.ones((3, 8), bool), ids, ids)
        # the pixels at the tear come from the piece that fits
        assert out[1, 3, 1] == expected and out[1, 4, 1] == expected + 1


def test_a_pixel_of_its_class_wins_against_many_of_another():
    source_ids = np.zeros((7, 9), int)
    source_ids[3, 3], source_ids[6, 8] = 1, 1
    target_ids = np.zeros((7, 9), int)
    target_ids[3, 3] = 1
    places = identity(7, 9)
    places[3, 3] = (6, 8)
    source_ids[3, 3] = 0  # all neighbours name a pixel of the wrong class
    out = settled(places, np.zeros((7, 9)), np.ones((7, 9), bool), source_ids, target_ids)
    assert (out[3, 3] == (6, 8)).all()


def test_patches_around_the_corner_vote_only_where_the_picture_wraps():
    ids = np.zeros((5, 8), int)
    places = np.roll(identity(5, 8), 3, axis=1)
    places[2, 0] = (0, 0)
    active = np.ones((5, 8), bool)
    alone = places.copy()
    alone[:, 1:] = (4, 0)
    for wrap in (False, True):
        both = places.copy()
        both[:, 1:4] = [4, 0]  # only patches from beyond the edge and the own column know the place
        out = settled(both, np.zeros((5, 8)), active, ids, ids, wrap=wrap)
        assert (out[2, 0] == (2, 5)).all()  # its column agrees anyhow
        both[:, 0] = [[0, 0], [1, 2], [2, 0], [3, 3], [4, 4]]
        out = settled(both, np.zeros((5, 8)), active, ids, ids, wrap=wrap)
        assert (out[2, 0] == (2, 5)).all() == wrap
