"""Maps that a belief proposes, and what they cost."""

import numpy as np
import pytest

from analogon.methods.collage import proposals as module
from analogon.methods.collage.proposals import AGREES, DEARER, MARGIN, SPARE, TURNED, WORST, Belief, agreement, propose

GRID, SOURCE = (12, 14), (16, 18)
STAYING = np.array([[1, 1, 0, 1, 0, 0, 0, 0]], np.float32)


def belief_of(places: np.ndarray, sure: float = 0.98, none: float = 0.01, class_: int = 1) -> Belief:
    """All of a grid is one class; each cell's place (h, w, 2) is shared by the four source cells about it."""
    cells, others = places.shape[0] * places.shape[1], SOURCE[0] * SOURCE[1]
    p = np.zeros((cells, *SOURCE))
    low = np.floor(places).astype(int)
    part = places - low
    for dy, dx in np.ndindex(2, 2):
        weight = np.where(dy, part[..., 0], 1 - part[..., 0]) * np.where(dx, part[..., 1], 1 - part[..., 1])
        row, col = low[..., 0] + dy, low[..., 1] + dx
        inside = (row >= 0) & (col >= 0) & (row < SOURCE[0]) & (col < SOURCE[1])
        number = np.arange(cells).reshape(places.shape[:2])
        np.add.at(p, (number[inside], row[inside], col[inside]), weight[inside])
    p = p.reshape(cells, others) + 1e-9
    log_p = np.log((1 - none) * (sure * p / p.sum(1, keepdims=True) + (1 - sure) / others)).astype(np.float32)
    best = np.argsort(-log_p, 1, kind="stable")[:, :3]
    return Belief(
        class_, np.arange(cells), np.arange(others), log_p, np.full(cells, np.log(none), np.float32), best
    )  # fmt: skip


def shifted(down: int, across: int) -> np.ndarray:
    return np.stack(np.indices(GRID), -1) + np.array([down, across], float)


def turned(angle: float, about=(6.0, 7.0), to=(8.0, 9.0)) -> np.ndarray:
    """Row + i column of a place is that of its cell, turned by an angle."""
    cos, sin = np.cos(angle), np.sin(angle)
    off = np.stack(np.indices(GRID), -1) - np.array(about)
    return off @ np.array([[cos, sin], [-sin, cos]]) + np.array(to)


def in_source(places: np.ndarray, margin: float = 0) -> np.ndarray:
    """Which places lie in the source."""
    return ((places >= margin) & (places <= np.array(SOURCE) - 1 - margin)).all(-1)


def asked(belief: Belief, others=STAYING, cell: int = 8, turns: int = 20):
    return propose(belief, others, GRID, SOURCE, cell, turns=turns)


def leads(row: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Where a map sends pixels (..., 2)."""
    y, x = pixels[..., 0], pixels[..., 1]
    return np.stack([row[1] * y + row[2] + row[6] * x, row[3] * x + row[4] + row[7] * y], -1)


@pytest.mark.parametrize("cell", [1, 2, 8])
@pytest.mark.parametrize(
    ("off", "least", "most"), [(0, 0.95, 1.0), (AGREES, 0.95, 1.0), (AGREES + 2, 0.0, 0.2)], ids=str
)
def test_what_is_near_the_places_believed_in_is_agreed_to(cell, off, least, most):
    belief = belief_of(shifted(2, 2))
    given = ((shifted(2, 2 - off) + 0.5) * cell).astype(np.float32)
    inner = agreement(belief, given, GRID, SOURCE, cell)[:, AGREES + 4 :]
    assert (inner >= least).all() and (inner <= most).all()


def test_agreement_is_of_those_that_have_a_place_and_of_the_class_and_averaged():
    places, cell = shifted(2, 2), 4
    given = ((places + 0.5) * cell).astype(np.float32)
    assert (agreement(belief_of(places, none=0.9), given, GRID, SOURCE, cell) > 0.9).all()
    given[:, 7:] = 0.5  # far off
    found = agreement(belief_of(places), given, GRID, SOURCE, cell)
    assert found[6, 1] > 0.95 and found[6, 12] < 0.1 and 0.3 < found[6, 6] < 0.8
    # cells of other classes do not count
    belief, kept = belief_of(places), np.flatnonzero(np.indices(GRID)[1].ravel() < 7)
    part = Belief(1, kept, belief.theirs, belief.log_p[kept], belief.none[kept], belief.best[kept])
    assert agreement(part, given, GRID, SOURCE, cell)[6, 6] > 0.95


def test_what_leads_beside_the_picture_is_agreed_to():
    given = np.full((*GRID, 2), 4.0 * max(SOURCE) + 9, np.float32)
    assert (agreement(belief_of(shifted(2, 2)), given, GRID, SOURCE, 4) == 1).all()


@pytest.mark.parametrize("cell", [1, 2, 8])
@pytest.mark.parametrize("shift", [(2, 3), (0, 0), (-2, 4)], ids=str)
def test_a_certain_shift_is_proposed_and_the_cheapest(cell, shift):
    belief = belief_of(shifted(*shift))
    maps, planes = asked(belief, cell=cell)
    assert maps.dtype == planes.dtype == np.float32
    assert planes.shape == (len(maps), *GRID)
    assert (maps[0] == STAYING[0]).all()
    expected = [1, 1, cell * shift[0], 1, cell * shift[1], 0, 0, 0]
    assert maps[1].tolist() == expected
    # no other shift is as cheap
    shifts = maps[:, 7] == 0
    cheapest = shifts & (planes[:, 5, 5] == planes[shifts, 5, 5].min())
    cheapest[0] = False
    assert maps[cheapest].tolist() == [expected]
    served = in_source(shifted(*shift))
    inner = planes[1][served]
    assert np.median(inner) < 0.05 and (inner <= planes[:, served].min(0) + 1e-5).all()
    # the same map among those of others costs the same
    again = asked(belief, np.concatenate([STAYING, maps[1:2]]), cell)[1]
    assert np.allclose(again[1], again[2], atol=1e-6)
    if shift != (0, 0):
        assert (planes[0][served] > inner + 1).all()


@pytest.mark.parametrize("angle", [0.6, -0.6, 1.2, np.pi / 2, -2.0])
@pytest.mark.parametrize("cell", [1, 8])
def test_a_turned_belief_proposes_a_map_that_leads_to_the_right_pixels(angle, cell):
    places = turned(angle)
    maps, planes = asked(belief_of(places), cell=cell)
    turns = np.flatnonzero((maps[:, 6] != 0) | (maps[:, 7] != 0))
    assert len(turns)
    first = maps[turns[0]]
    assert abs(np.angle(np.exp(1j * (np.arctan2(first[7], first[1]) - angle)))) <= module.TURN_STEP
    assert np.allclose(np.linalg.det([[first[1], first[6]], [first[7], first[3]]]), 1, atol=1e-5)
    served = in_source(places, 1)
    middle = (cell - 1) / 2
    gaps = np.linalg.norm(
        leads(first, np.stack(np.indices(GRID), -1) * cell + middle) - (places * cell + middle), axis=-1
    )
    assert np.median(gaps[served]) <= 0.75 * cell
    best = planes[turns].min(0)
    assert np.median(best[served]) < 1.5
    # no shift does as well
    plain = planes[: turns[0]].min(0)
    assert (best[served] < plain[served]).mean() > 0.8
    assert (maps[turns, 5] == np.float32(TURNED)).all()


def test_each_part_gets_its_own_turn():
    places = turned(0.7)
    places[:, 7:] = turned(-0.9)[:, 7:]
    maps, _ = asked(belief_of(places))
    angles = np.arctan2(maps[:, 7], maps[:, 1])[maps[:, 7] != 0]
    assert np.abs(angles - 0.7).min() < 0.15 and np.abs(angles + 0.9).min() < 0.15


def test_no_more_turned_maps_than_asked_for():
    places = turned(0.7)
    places[:, 7:] = turned(-0.9)[:, 7:]
    counts = [int((asked(belief_of(places), turns=turns)[0][:, 7] != 0).sum()) for turns in (0, 1, 2, 100)]
    assert counts[:3] == [0, 1, 2] and 2 <= counts[3] < 100


def test_a_shift_proposes_no_turns():
    maps, _ = asked(belief_of(shifted(2, 3)))
    assert not maps[:, 6:].any()


@pytest.mark.parametrize("cell", [1, 8])
def test_a_mirrored_belief_proposes_the_mirrored_map(cell):
    places = np.stack(np.indices(GRID), -1) * np.array([1.0, -1.0]) + np.array([2, 15])
    maps, planes = asked(belief_of(places), cell=cell)
    (mirrored,) = np.flatnonzero(maps[:, 3] == -1)
    pixels = np.stack(np.indices((GRID[0] * cell, GRID[1] * cell)), -1)
    assert (leads(maps[mirrored], pixels) == pixels * [1, -1] + np.array([2 * cell, 16 * cell - 1])).all()
    assert maps[mirrored, 5] == np.float32(TURNED)
    assert (planes[mirrored] <= planes.min(0) + 1e-5).all()


def test_where_there_is_no_place_everything_costs_little():
    """No map is worse than having none, the network's own a bit more than others'."""
    _, planes = asked(belief_of(shifted(2, 3), none=0.999))
    assert planes[0].max() == pytest.approx(SPARE, abs=0.01)
    assert planes[1:].max() == pytest.approx(SPARE + DEARER, abs=0.01)


def test_no_map_is_dearer_than_the_likeliest_and_a_margin():
    _, planes = asked(belief_of(shifted(2, 3), none=1e-9))
    assert (planes[0] <= planes.min(0) + MARGIN + 1e-5).all()
    assert (planes <= planes.min(0) + MARGIN + DEARER + 1e-5).all()
    assert planes[0].max() > MARGIN - 0.5
    assert planes.max() <= WORST + DEARER


def test_shifts_come_by_how_much_they_hold():
    places = shifted(1, 1)
    places[:, 9:] = shifted(3, 2)[:, 9:]
    maps, _ = asked(belief_of(places))
    assert maps[1, [2, 4]].tolist() == [8, 8] and maps[2, [2, 4]].tolist() == [24, 16]
    assert len(np.unique(maps[1:], axis=0)) == len(maps) - 1


def test_a_belief_in_a_few_cells_and_a_few_places():
    """One cell of one class, with fewer places than are looked at; others are not priced."""
    belief = Belief(
        2, np.array([17]), np.array([20, 21]), np.log(np.array([[0.7, 0.2]], np.float32)),
        np.log(np.array([0.1], np.float32)), np.array([[0, 1]]),
    )  # fmt: skip
    none = np.zeros((0, 8), np.float32)
    maps, planes = propose(belief, none, GRID, SOURCE, 8, turns=5)
    assert (maps[:, 0] == 2).all() and len(maps) == 2
    y, x = divmod(17, GRID[1])
    assert maps[0, [2, 4]].tolist() == [8 * (1 - y), 8 * (2 - x)]
    assert np.isfinite(planes).all()
    assert planes[0, y, x] == pytest.approx(-np.log(0.7), abs=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("cell", [1, 4])
def test_cells_of_a_rigid_map_are_named_by_their_middles(sign, cell):
    rng = np.random.default_rng(0)
    rigid = np.column_stack([rng.uniform(-3, 3, 5) if sign > 0 else np.zeros(5), rng.uniform(-9, 9, (5, 2))])
    maps = module._in_pixels(rigid, np.full(5, sign), cell)
    cells = np.array([[0, 0], [3, 5], [7, 2]], float)
    for row, (angle, down, across) in zip(maps, rigid, strict=True):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), sign * np.cos(angle)]])
        middle = (cell - 1) / 2
        expected = (cells @ turn.T + [down, across]) * cell + middle
        assert np.allclose(leads(row, cells * cell + middle), expected, atol=1e-4)


@pytest.mark.parametrize("side", [1, 3, 5])
def test_sums_over_windows(side):
    values = np.random.default_rng(0).normal(size=(2, 6, 9))
    padded = np.pad(values, ((0, 0), (side // 2, side // 2), (side // 2, side // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (1, 2))
    assert np.allclose(module._box(values, side), windows.sum((-1, -2)))
    inside = values[0] > 0
    means = module._averaged(values, inside, side // 2)
    counts = np.lib.stride_tricks.sliding_window_view(
        np.pad(inside, side // 2), (side, side)
    ).sum((-1, -2))  # fmt: skip
    sums = np.lib.stride_tricks.sliding_window_view(
        np.pad(values * inside, ((0, 0), (side // 2, side // 2), (side // 2, side // 2))), (side, side), (1, 2)
    ).sum((-1, -2))
    some = inside if side == 1 else counts > 0
    assert np.allclose(means[:, some], (sums / np.maximum(counts, 1))[:, some])
