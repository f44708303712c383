import pytest

pytest.importorskip("torch", reason="training needs the extra 'neural'")

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from analogon.training.state import gather, scatter


class Pupil:
    """Two small networks with buffers and spectral norm, each with its optimiser."""

    def __init__(self, seed: int, width: int = 4) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            first = nn.Sequential(spectral_norm(nn.Conv2d(3, width, 3, padding=1)), nn.BatchNorm2d(width))
            second = nn.Conv2d(width, 1, 1)
        self.networks = {"first": first, "second": second}
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), 0.01, betas=(0.0, 0.9))
            for name, network in self.networks.items()
        }

    def learn(self, n: int) -> None:
        image = torch.rand(2, 3, 6, 7, generator=torch.Generator().manual_seed(n))
        loss = (self.networks["second"](self.networks["first"](image)) - image.mean(1, keepdim=True)).square().mean()
        for optimiser in self.optimisers.values():
            optimiser.zero_grad()
        loss.backward()
        for optimiser in self.optimisers.values():
            optimiser.step()

    def state(self) -> dict[str, torch.Tensor]:
        return gather(self.networks, self.optimisers)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return set(a) == set(b) and all(torch.equal(a[k], b[k]) for k in a)


@pytest.fixture
def pupil():
    pupil = Pupil(0)
    for n in range(3):
        pupil.learn(n)
    return pupil


def test_the_state_names_weights_buffers_and_moments(pupil):
    state = pupil.state()
    assert "network.second.weight" in state
    assert "network.first.1.running_mean" in state
    assert any("_u" in key for key in state), "the vectors of the spectral norm"
    assert {key.rpartition(".")[2] for key in state if key.startswith("optimiser.")} == {
        "step",
        "exp_avg",
        "exp_avg_sq",
    }


def test_another_pupil_goes_on_bit_for_bit(pupil):
    other = Pupil(1)
    other.learn(99)
    scatter(pupil.state(), other.networks, other.optimisers)
    assert same(other.state(), pupil.state())
    for n in range(3, 6):
        pupil.learn(n)
        other.learn(n)
    assert same(other.state(), pupil.state())


def test_a_state_from_before_the_first_step_takes_the_moments_back():
    fresh = Pupil(0)
    start = fresh.state()
    fresh.learn(0)
    assert not same(fresh.state(), start)
    scatter(start, fresh.networks, fresh.optimisers)
    assert same(fresh.state(), start)
    fresh.learn(0)
    once = Pupil(0)
    once.learn(0)
    assert same(fresh.state(), once.state())


def test_the_state_is_a_copy(pupil):
    state = pupil.state()
    before = {key: value.clone() for key, value in state.items()}
    pupil.learn(3)
    assert same(state, before)
    for value in state.values():
        value.zero_()
    assert pupil.networks["second"].weight.any()


def test_the_state_of_other_networks_is_refused(pupil):
    with pytest.raises(RuntimeError):
        scatter(Pupil(0, width=5).state(), pupil.networks, pupil.optimisers)
    with pytest.raises((KeyError, RuntimeError)):
        scatter({}, pupil.networks, pupil.optimisers)
