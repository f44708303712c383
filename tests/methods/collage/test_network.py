"""The network's shapes, and that every part of it counts."""

import pytest
import torch

from analogon.methods.collage.network import LENGTH, SHARPNESS, Attention

PLANES, COLOURS = 9, 5


@pytest.fixture
def network() -> Attention:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Attention(PLANES, COLOURS)


def given(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("grid", [(12, 16), (11, 17), (1, 1), (1, 40), (33, 2)], ids=str)
def test_a_query_and_a_key_for_each_cell(network, grid):
    cells = grid[0] * grid[1]
    queries, none = network.queries(given(2, PLANES, *grid))
    keys = network.keys(given(1, PLANES, *grid), given(1, COLOURS, *grid))
    assert queries.shape == (2, cells, LENGTH) and none.shape == (2, cells) and keys.shape == (cells, LENGTH)
    assert torch.allclose(queries.norm(dim=-1), torch.tensor(SHARPNESS), rtol=1e-4)
    assert torch.allclose(keys.norm(dim=-1), torch.tensor(1.0), rtol=1e-4)


def test_cells_come_in_rows(network):
    """Number row * width + column, in queries as in keys."""
    planes, colours = given(1, PLANES, 6, 9), given(1, COLOURS, 6, 9)
    other = colours.clone()
    other[..., 2, 5] += 1
    changed = (network.keys(planes, colours) - network.keys(planes, other)).abs().amax(1)
    assert torch.nonzero(changed > 1e-6).flatten().tolist() == [2 * 9 + 5]
    planes = given(1, PLANES, 48, 48)
    other = planes.clone()
    other[..., 2, 45] += 10
    changed = (network.queries(planes)[0] - network.queries(other)[0]).norm(dim=-1)
    row, col = divmod(int(changed.argmax()), 48)
    assert abs(row - 2) <= 2 and abs(col - 45) <= 2


def test_layouts_of_a_batch_do_not_mix(network):
    planes = given(3, PLANES, 12, 16)
    together, none = network.queries(planes)
    for n in range(3):
        alone, alone_none = network.queries(planes[n : n + 1])
        assert torch.allclose(together[n], alone[0], atol=1e-4)
        assert torch.allclose(none[n], alone_none[0], atol=1e-4)


def test_it_sees_far(network):
    planes = given(1, PLANES, 40, 40)
    other = planes.clone()
    other[..., 0, 0] += 10
    changed = (network.queries(planes)[0] - network.queries(other)[0]).abs().amax(-1).view(40, 40)
    assert changed[16, 16] > 0 and changed[0, 24] > 0


def test_every_weight_learns(network):
    optimiser = torch.optim.SGD(network.parameters(), 0.1)
    planes, colours = given(2, PLANES, 17, 19), given(1, COLOURS, 17, 19, seed=1)
    pulled = dict.fromkeys(dict(network.named_parameters()), 0.0)
    for _ in range(3):  # blocks start as nothing beside the identity
        queries, none = network.queries(planes)
        logits = queries @ network.keys(planes[:1], colours).T
        loss = torch.logaddexp(logits.logsumexp(-1), none).mean() - logits[:, :, 3].mean()
        optimiser.zero_grad()
        loss.backward()
        for name, weight in network.named_parameters():
            assert weight.grad is not None, name
            assert torch.isfinite(weight.grad).all(), name
            pulled[name] = max(pulled[name], float(weight.grad.abs().max()))
        optimiser.step()
    assert min(pulled.values()) > 1e-7, min(pulled, key=lambda name: pulled[name])


def test_a_sharper_network_has_longer_queries(network):
    planes = given(1, PLANES, 6, 6)
    before = network.queries(planes)[0]
    with torch.no_grad():
        network.sharpness += torch.tensor(2.0).log()
    assert torch.allclose(network.queries(planes)[0], 2 * before, rtol=1e-4)
