import numpy as np

from analogon.ops import outlines
from analogon.ops.expected import Expected
from analogon.ops.moves import Moved, regions_of
from analogon.ops.surroundings import nearness

SHAPE = (96, 128)


def scene(left: int = 40, tail: int = 0) -> np.ndarray:
    """A box on two grounds, and another one beside it."""
    ids = np.zeros(SHAPE, np.uint16)
    ids[64:] = 1
    ids[24:68, left : left + 36], ids[24:30, left + 36 : left + 36 + tail] = 2, 2
    ids[56:72, 100:116] = 3
    return ids


def nothing(ids: np.ndarray) -> Expected:
    return Expected.of(ids, 4, nearness(ids, 1, 4, set(), ids.size)[1])


def test_what_a_thing_takes_with_it_is_ground_and_no_other_thing():
    ids = scene(60)
    standing = np.isin(ids[2::4, 2::4], (2, 3))
    expected = nothing(ids)
    taken = {c: (cells, near) for c, cells, near in expected.at_feet(2, regions_of(ids)[2][0], 1, SHAPE)}
    assert set(taken) == {0, 1}
    for c, (cells, near) in taken.items():
        assert (ids[2::4, 2::4][cells] == c).all() and (near > 0).all()
        expected.tell(c, cells, np.array([[4.0, -8.0]]), near)
        assert (expected.places[cells][:, 0] == c).all() and (expected.places[cells][:, 3] == near).all()
        assert (expected.places[cells][:, 1:3] == np.stack(cells, -1) * 4 + 2 + np.array([4, -8])).all()
    assert (expected.places[standing] == -1).all()


def test_what_the_frame_cuts_takes_nothing_with_it():
    for left, some in ((0, False), (1, True)):
        ids = scene(left)
        assert any(nothing(ids).at_feet(2, regions_of(ids)[2][0], 1, SHAPE)) == some


def test_the_ground_follows_the_outline_above_it_as_one():
    (theirs,), (ours,) = (regions_of(scene(*given))[2] for given in ((40,), (24, 30)))
    found = outlines.followed(theirs, ours, (SHAPE, SHAPE), 1, 4)
    expected = nothing(scene(24, 30))
    proposed = list(expected.follow(2, found, ours, 1, SHAPE))
    assert {c: proposed.count((c, 0, 16)) for c in range(4)} == {0: 1, 1: 1, 2: 1, 3: 0}
    assert len([c for c, _, _ in proposed if c != 2]) == 2
    told = expected.places[..., 0] >= 0
    assert told[found.rows, found.cols].all() and (expected.sure[found.rows, found.cols] == found.copied).all()
    foot = expected.places[17, 8]  # under the middle of the box
    assert foot[0] == 1 and np.abs(foot[1:3] - (17 * 4 + 2, 8 * 4 + 2 + 16)).max() < 2 and foot[3] > 0.8
    assert expected.places[23, 8, 0] == -1


def test_the_ground_goes_with_what_has_only_moved():
    ids = scene()
    expected = nothing(ids)
    assert list(expected.go_with(Moved(2, 3, -7, ids == 2, 1))) == [0, 1]
    told = expected.places[..., 0] >= 0
    assert told.any() and not told[ids[2::4, 2::4] == 2].any()
    middles = np.stack(np.indices(told.shape), -1) * 4 + 2
    assert (expected.places[..., 1:3][told] == (middles + np.array([3, -7]))[told]).all()


def test_where_nothing_is_expected_the_fallback_leads():
    expected = nothing(scene())
    fallback = np.random.default_rng(0).random((*SHAPE, 2)).astype(np.float32)
    expected.tell(1, (np.array([20]), np.array([3])), np.array([[4.0, 8.0]]), 0.1)
    places = expected.or_else(fallback)
    assert (places[20, 3] == (20 * 4 + 2 + 4, 3 * 4 + 2 + 8)).all()
    places[20, 3] = fallback[82, 14]
    assert (places == fallback[2::4, 2::4]).all()
