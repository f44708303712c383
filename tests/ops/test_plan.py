import numpy as np

from analogon.ops import jigsaw, plan
from analogon.ops.distinct import distinctness
from analogon.ops.rearranging import Parts
from analogon.ops.synthesis import Settings

from .scenes import ball, disc, unlabelled


def test_what_is_like_nothing_else_is_distinct():
    far = distinctness(ball())
    inside = disc()
    assert far.shape == (48, 72)  # a cell is a pixel of so small a picture
    assert far[inside].mean() > 3 * far[~inside].mean()
    weight = plan.weights(far)
    assert weight.min() >= 0 and weight.max() <= 1 and weight[inside].mean() > 0.8


def test_a_plan_keeps_what_is_distinct_and_gives_way_elsewhere():
    weight = plan.weights(distinctness(ball()))
    moved = plan.moved(weight, 1, (48, 72), (48, 50))
    apart = np.diff(moved[..., 1], axis=1)
    inside = disc()[:, 1:] & disc()[:, :-1]
    assert np.abs(apart[inside] - 1).max() < 0.1  # rigid, though the whole is two thirds as wide
    assert apart[:, 40:].mean() < 0.72
    # the rim goes to the rim
    assert np.allclose(moved[:, 0, 1], 0.5, atol=0.1) and np.allclose(moved[:, -1, 1], 49.5, atol=0.1)
    assert np.allclose(moved[..., 0], np.arange(48)[:, None] + 0.5, atol=0.1)


def test_a_plan_of_the_same_size_changes_nothing_without_drift_and_something_with_it():
    weight = plan.weights(distinctness(ball()))
    still = plan.moved(weight, 1, (48, 72), (48, 72))
    here = np.stack(np.meshgrid(np.arange(48) + 0.5, np.arange(72) + 0.5, indexing="ij"), -1)
    assert np.allclose(still, here, atol=1e-6)
    aside = plan.drift((48, 72), (3.0, 12.0), 0.2, np.random.default_rng(0))
    assert aside.shape == (48, 72, 2) and aside[..., 1].std() > 2 * aside[..., 0].std()
    steady = plan.moved(weight, 1, (48, 72), (48, 72), aside)
    free = plan.moved(weight, 1, (48, 72), (48, 72), aside, 1.0)
    assert 0 < np.abs(steady - here).mean() < np.abs(free - here).mean()


def test_seen_from_the_target_holes_go_on_as_what_is_beside_them():
    weight = np.ones((4, 6))
    moved = np.stack(np.meshgrid(np.arange(4) + 0.5, np.arange(6) + 0.5, indexing="ij"), -1)
    moved[:, 3:, 1] += 2
    wanted, firm = plan.expected(moved, weight, 1, (4, 8))
    assert np.allclose(wanted[:, :3, 1], np.arange(3) + 0.5)
    assert np.allclose(wanted[:, 5:, 1], np.arange(3, 6) + 0.5)
    assert firm.shape == (4, 8) and (firm[:, 6:] == 1).all()


def test_pieces_are_of_one_shift_where_something_distinct_is_wanted():
    image = ball()
    weight = plan.weights(distinctness(image))
    moved = plan.moved(weight, 1, (48, 72), (48, 50))
    wanted, firm = plan.expected(moved, weight, 1, (48, 50))
    source = np.rint(image * 255).astype(np.uint8)
    places = jigsaw.chosen_places(source, (48, 50), wanted, firm, weight, 1, 1)
    assert places.min() >= 0 and places[..., 1].max() < 72
    shown = disc()[places[..., 0], places[..., 1]]
    shifts = (places - np.stack(np.indices((48, 50)), -1))[shown]
    _, counts = np.unique(shifts, axis=0, return_counts=True)
    assert counts.max() > 0.9 * shown.sum()
    assert 0.8 < shown.sum() / disc().sum() < 1.2


def test_cells_grow_where_a_target_would_have_too_many():
    exemplar = unlabelled(ball())
    small, large = (Parts(exemplar, Settings(), tone=True, largest=size) for size in ((48, 72), (300, 400)))
    assert small.cell == 1 and large.cell == 4 and large.weight.shape == (12, 18)
    places = large.pieces((300, 400), large.planned((300, 400), 0, 0))
    assert places.shape == (300, 400, 2)
    assert disc()[places[..., 0], places[..., 1]].any()


def test_what_is_enclosed_belongs_to_what_encloses_it():
    distinct = np.zeros((20, 20), np.float32)
    distinct[5:15, 5] = distinct[5:15, 14] = distinct[5, 5:15] = distinct[14, 5:15] = 50
    weight = plan.weights(distinct)
    assert weight[9:11, 9:11].min() > 0.7 and weight[1, 1] < 0.01
