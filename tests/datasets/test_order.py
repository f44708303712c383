import numpy as np
import pytest

from analogon import OptionError
from analogon.datasets import epoch_order, step_batch


def test_an_epoch_has_every_picture_once() -> None:
    orders = [epoch_order(50, 3, epoch) for epoch in range(4)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert (epoch_order(50, 3, 1) == orders[1]).all() and (epoch_order(50, 4, 1) != orders[1]).any()


@pytest.mark.parametrize("world", [2, 3, 7])
def test_processes_share_an_epoch_out(world: int) -> None:
    shares = [epoch_order(50, 0, 2, rank, world) for rank in range(world)]
    assert len({len(s) for s in shares}) == 1
    together = np.concatenate(shares)
    assert set(together) == set(range(50)) and len(together) - 50 < world


def test_batches_of_processes_are_together_the_batch_of_one() -> None:
    whole = epoch_order(48, 5, 0)
    first, second = (epoch_order(48, 5, 0, rank, 2) for rank in range(2))
    for step in range(6):
        one = set(whole[8 * step : 8 * step + 8])
        assert one == set(first[4 * step : 4 * step + 4]) | set(second[4 * step : 4 * step + 4])


@pytest.mark.parametrize("world", [1, 2, 4])
def test_steps_follow_the_epochs_without_a_gap(world: int) -> None:
    epochs = np.concatenate([epoch_order(10, 1, epoch) for epoch in range(6)])
    for step in range(7):
        batches = [step_batch(10, 1, step, 8 // world, rank, world) for rank in range(world)]
        assert (np.stack(batches, 1).ravel() == epochs[8 * step : 8 * step + 8]).all()


def test_a_batch_may_be_larger_than_the_set() -> None:
    assert np.bincount(step_batch(3, 0, 0, 9)).tolist() == [3, 3, 3]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(OptionError, match="no picture"):
        epoch_order(0, 0, 0)
    with pytest.raises(OptionError, match="no process 2 of 2"):
        epoch_order(4, 0, 0, 2, 2)
    with pytest.raises(OptionError, match="batch of 0"):
        step_batch(4, 0, 0, 0)
