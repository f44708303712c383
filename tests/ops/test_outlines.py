import itertools

import numpy as np
import pytest
from scipy import ndimage as ndi

from analogon import LabelMap
from analogon.ops import outlines
from analogon.ops.moves import regions_of

from .test_arrange import arranged, shifts
from .textures import PAIR, pictured

SHAPE = (120, 160)


def animal(*, head: tuple[int, int] = (14, 118), foreleg: int = 92, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """A body with a thin tail, two legs and a head at the end of a neck."""
    inside = np.zeros(shape, bool)
    inside[40:70, 40:110] = True
    inside[40:46, 16:40] = True  # tail
    inside[70:104, 44:54] = True  # hind leg
    inside[70:104, foreleg : foreleg + 10] = True
    rows, cols = np.indices(shape)
    for n in np.linspace(0, 1, 60):  # neck, from the shoulder to the head
        y, x = 46 + n * (head[0] + 6 - 46), 104 + n * (head[1] + 8 - 104)
        inside |= (rows - y) ** 2 + (cols - x) ** 2 <= 36
    inside[head[0] : head[0] + 12, head[1] : head[1] + 22] = True
    return inside


def region(inside: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    return max(regions_of(inside.astype(np.uint16))[1], key=lambda found: found[0].sum())


def points(inside: np.ndarray) -> np.ndarray:
    part, box = region(inside)
    return outlines.outline(outlines.trace(part)) + box[:2]


def area(corners: np.ndarray) -> float:
    """Inside a closed line of (row, col), positive where it runs clockwise in the picture."""
    (y, x), (v, u) = corners.T, np.roll(corners, -1, 0).T
    return float((x * v - u * y).sum() / 2)


@pytest.mark.parametrize(
    ("drawn", "filled", "length"),
    [
        (["#"], 1, 4),
        (["####"], 4, 10),
        (["#..", ".#.", "..#"], 3, 12),
        (["..#", ".#.", "##."], 4, 12),
        (["####", "#..#", "####"], 12, 14),
        (["#.#", "#.#", "###"], 7, 16),
    ],
)
def test_an_outline_goes_around_everything_that_touches(drawn, filled, length):
    corners = outlines.trace(np.array([[mark == "#" for mark in row] for row in drawn]))
    assert len(corners) == length
    assert area(corners) == filled
    assert (np.abs(corners - np.roll(corners, 1, 0)).sum(1) == 1).all()


def test_points_of_an_outline_are_at_even_distances_and_on_it():
    part, _ = region(animal())
    found = outlines.outline(outlines.trace(part))
    steps = np.hypot(*(found - np.roll(found, 1, 0)).T)
    assert found.shape == (outlines.POINTS, 2)
    assert steps.max() < 1.1 * np.median(steps)
    assert area(found) == pytest.approx(part.sum(), rel=0.03)


def test_a_walk_is_the_cheapest():
    count, halt = 7, 0.2
    differences = np.random.default_rng(3).random((count, count))

    def cheapest(offset: int) -> float:
        costs = np.full((count, count), np.inf)
        for i, j in itertools.product(range(count), repeat=2):
            before = [0.0] if i == j == 0 else []
            before += [costs[i - 1, j - 1]] if i and j else []
            before += [costs[i - 1, j] + halt] if i else []
            before += [costs[i, j - 1] + halt] if j else []
            costs[i, j] = min(before) + differences[i, (j + offset) % count]
        return float(costs[-1, -1])

    steps, cost = outlines.walk(np.concatenate([differences, differences], 1), halt, count, 1)
    assert cost == pytest.approx(min(map(cheapest, range(count))) / count)
    halts = (np.diff(steps[:, 0]) == 0) | (np.diff(steps[:, 1]) % count == 0)
    assert differences[steps[:, 0], steps[:, 1]].sum() + halt * halts.sum() == pytest.approx(cost * count)
    assert set(steps[:, 0]) == set(steps[:, 1]) == set(range(count))


def test_an_outline_matches_itself_wherever_it_begins():
    mine = points(animal())
    match = outlines.matched(np.roll(mine, 37, 0), mine)
    assert match.difference < 1e-9
    assert (match.source == match.target).all()


@pytest.mark.parametrize("degrees", [-20, 20])
def test_a_turned_shape_matches_its_parts(degrees):
    angle, middle = np.deg2rad(degrees), np.array(SHAPE) / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = ndi.affine_transform(animal().astype(float), turn, middle - turn @ middle, order=1) > 0.5
    match = outlines.matched(points(animal()), points(turned))
    # the transform leads from the turned shape to the first one, as the match does
    true = (match.target - middle) @ turn.T + middle
    apart = np.hypot(*(match.source - true).T)
    assert np.median(apart) < 3
    assert np.quantile(apart, 0.9) < 8


@pytest.mark.parametrize("change", [{"head": (40, 130)}, {"foreleg": 74}, {"head": (20, 124), "foreleg": 80}])
def test_a_head_goes_where_the_head_is_and_the_rest_stays(change):
    match = outlines.matched(points(animal()), points(animal(**change)))
    place = {"head": (14, 118), "foreleg": 92} | change
    (top, left), leg = place["head"], place["foreleg"]
    y, x = match.target.T
    moves = match.source - match.target
    parts = [
        ((x > left + 14) & (y > top - 1) & (y < top + 13), (14 - top, 118 - left)),
        ((y > 85) & (x > 60), (0, 92 - leg)),
        ((y > 85) & (x < 60), (0, 0)),
        (x < 36, (0, 0)),
    ]
    for part, move in parts:
        assert part.sum() >= 4
        assert np.abs(moves[part] - move).max() < 6


def followed(source: np.ndarray, target: np.ndarray, every: int = 1, cell: int = 2):
    return outlines.followed(region(source), region(target), (source.shape, target.shape), every, cell)


@pytest.mark.parametrize("every", [1, 3])
def test_inside_cells_move_with_the_outline_near_by(every):
    found = followed(animal(), animal(foreleg=76), every, 2 * every)
    rows, cols, moves = found.rows, found.cols, found.moves
    assert not found.copied.any()
    cells = np.zeros((SHAPE[0] // 2, SHAPE[1] // 2), bool)
    cells[rows, cols] = True
    assert (cells == animal(foreleg=76).reshape(cells.shape[0], 2, cells.shape[1], 2).any((1, 3))).all()
    leg = (rows > 42) & (cols > 34)
    assert np.abs(moves[leg] - (0, 16 * every)).max() < 4 * every
    assert np.abs(moves[(rows > 42) & (cols < 34)]).max() < 3 * every
    # what lies beside it moves with what is next to it
    at = np.array([52, 52]), np.array([37, 27])
    below = outlines.displaced(found.match, *at, every, 2 * every)
    assert np.abs(below - [(0, 16 * every), (0, 0)]).max() < 4 * every


def star() -> np.ndarray:
    rows, cols = np.indices(SHAPE) - np.array([60, 80])[:, None, None]
    return np.hypot(rows, cols) < 34 + 20 * np.sin(7 * np.arctan2(rows, cols))


def test_what_is_unlike_cut_by_the_frame_or_small_is_not_followed():
    assert followed(animal(), animal(head=(20, 118))) is not None
    assert followed(star(), animal()) is None
    assert followed(animal(), animal()[:, :100]) is None
    assert followed(animal()[42:], animal()) is None
    dot = np.zeros(SHAPE, bool)
    dot[50:60, 50:60] = True
    assert followed(dot, dot) is None
    assert followed(dot[45:65, 45:65], dot[45:65, 45:65]) is not None


def test_a_mirror_image_is_not_followed_where_that_is_asked_for():
    parts = region(animal()), region(animal()[:, ::-1])
    for second, like in ((parts[0], True), (parts[1], False)):
        found = outlines.followed(parts[0], second, (SHAPE, SHAPE), 1, 2, turned=True)
        assert (found is not None) == like


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (3, 3)])
def test_the_smallest_regions_have_outlines(shape):
    inside = np.zeros(shape, bool)
    inside[shape[0] // 2, shape[1] // 2] = True
    assert np.isfinite(points(inside)).all()
    assert outlines.matched(points(inside), points(inside)).difference < 1e-9
    assert (followed(inside, inside) is None) == (1 in shape)


def test_few_displacements_are_all_proposed_and_of_many_none_beside_another():
    few = np.repeat([(0, 0), (0, 8), (17, -8)], (3, 9, 5), 0).astype(float)
    assert outlines.frequent(few, 8) == [(0, 8), (16, -8), (0, 0)]
    many = np.stack(np.indices((9, 9)), -1).reshape(-1, 2) * 8.0
    found = np.array(outlines.frequent(many, 8))
    assert 0 < len(found) <= outlines.MOST_PARTS
    apart = np.abs(found[:, None] - found[None]).max(-1) + 99 * np.eye(len(found))
    assert apart.min() > 8


def test_a_limb_is_copied_from_the_limb():
    # the legs differ in nothing but where they are, and both stand inside of the old box
    labels = [LabelMap(np.where(animal(foreleg=leg), 2, 4), PAIR) for leg in (92, 66)]
    moved = shifts(arranged(pictured(labels[0]), labels[1]))
    assert (np.abs(moved[78:100, 68:74] - (0, 26)).max(-1) <= 4).mean() > 0.9
    assert (np.abs(moved[78:100, 46:52]).max(-1) <= 4).mean() > 0.9
    assert (np.abs(moved[42:54, 44:90]).max(-1) <= 4).mean() > 0.9
