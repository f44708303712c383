"""Learning several small pictures in one program: each as it would be learnt alone."""

import numpy as np
import pytest
import torch

from analogon.methods.collage.config import Config
from analogon.methods.collage.network import WHOLE, Attention, UpperLeft, levels_of, with_planes
from analogon.methods.collage.training import Trainer

from .scenes import bands, comb, cut_off, elbow, plain, strip, tiny
from .test_lessons import corner, lesson

CONFIG = Config(batch=2, asked=100)
CPU = torch.device("cpu")


def trained(*given, steps=4):
    """A trainer of pictures (classes, usable pixels, pixels along a cell), after some steps; the last log."""
    many = Trainer([lesson(ids, usable, 3, cell, CONFIG) for ids, usable, cell in given], CONFIG, seed=3, device=CPU)
    logs = [many.step(n, n / steps) for n in range(steps)]
    return many, logs


#: Pictures of several sizes, shapes and numbers of classes: grids of 12x16, 4x23, 24x32, 8x8 and 6x8 cells.
SCENES = {
    "elbow": (elbow(), None, 4),
    "strip": (strip(), None, 4),
    "cut off": (cut_off(), None, 2),
    "tiny": (tiny(), None, 2),
    "plain": (plain(), None, 8),
    "comb": (comb(), None, 4),
    "corner": (elbow(), corner(), 4),
    "bands": (bands(), None, 4),
}


@pytest.mark.parametrize(
    "names",
    [("elbow", "strip", "cut off"), ("tiny", "corner", "plain"), ("elbow", "comb", "bands"), ("strip", "strip")],
    ids=" ".join,
)
def test_each_picture_is_learnt_as_it_is_alone(names):
    """Sums in another order differ in the seventh digit, and Adam makes whole steps of small gradients."""
    many, logs = trained(*(SCENES[name] for name in names))
    apart = [trained(SCENES[name]) for name in names]
    for number, (one, _) in enumerate(apart):
        together, alone = many.weights(number), one.weights(0)
        assert set(together) == set(alone)
        start = Trainer(one.lessons, CONFIG, seed=3, device=CPU).weights(0)
        for name, value in alone.items():
            assert torch.allclose(together[name], value, rtol=1e-4, atol=1e-5), name
        # far less than what was learnt
        moved = max(float((alone[name] - start[name]).abs().max()) for name in alone)
        apart_by = max(float((alone[name] - together[name]).abs().max()) for name in alone)
        assert moved > 1e-4 and apart_by < 0.02 * moved
    for n, log in enumerate(logs):
        for key, value in log.items():
            assert value == pytest.approx(np.mean([alone[n][key] for _, alone in apart]), abs=1e-4)


def test_planes_that_a_picture_does_not_have_are_not_learnt():
    many, _ = trained(SCENES["elbow"], SCENES["cut off"])
    assert many.planes[0] < many.planes[1]
    own = {name: value[0] for name, value in many.network.state_dict().items()}
    again = with_planes(many.weights(0), *many.planes)
    assert all(torch.equal(own[name], again[name]) for name in own)


def test_a_state_of_many_taken_back_goes_on_bit_for_bit():
    scenes = SCENES["elbow"], SCENES["strip"]
    whole, _ = trained(*scenes)
    half, _ = trained(*scenes, steps=0)
    for n in range(2):
        half.step(n, n / 4)
    resumed, _ = trained(*scenes, steps=0)
    resumed.load(half.state())
    for n in range(2, 4):
        resumed.step(n, n / 4)
    assert all(torch.equal(a, b) for a, b in zip(resumed.state().values(), whole.state().values(), strict=True))


@pytest.mark.parametrize("grid", [(12, 16), (5, 23), (1, 3), (17, 9)], ids=str)
def test_a_network_does_not_see_the_canvas(grid):
    canvas = 19, 23
    network = Attention(8, 3)
    draws = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data += 0.03 * torch.randn(parameter.shape, generator=draws)
    small, large = (torch.randn(2, 8, *size, generator=draws) for size in (grid, canvas))
    large.zero_()
    large[..., : grid[0], : grid[1]] = small
    features = network.trunk(small, WHOLE)
    found = network.trunk(large, UpperLeft(levels_of(grid, canvas)))[..., : grid[0], : grid[1]]
    assert torch.allclose(features, found, atol=1e-5)
    bare = network.trunk(large, WHOLE)[..., : grid[0], : grid[1]]
    assert not torch.allclose(features, bare, atol=1e-2)
