import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from analogon.methods.gpdm.distance import directions, responses, sliced_wasserstein


@pytest.fixture
def draws():
    return torch.Generator().manual_seed(0)


def rows(count, size, seed):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32))


def test_directions_have_length_one_and_are_new_each_time(draws):
    one, two = directions(8, 7, draws), directions(8, 7, draws)
    assert one.shape == (8, 3, 7, 7)
    assert torch.allclose(one.flatten(1).norm(dim=1), torch.ones(8), atol=1e-5)
    assert (one != two).all()


def test_responses_are_products_with_patches(draws):
    image, filters = torch.rand(1, 3, 12, 15, generator=draws), directions(4, 5, draws)
    said = responses(image, filters, stride=3, first=(1, 2))
    assert said.shape == (4, 3 * 3)  # corners at rows 1, 4, 7 and columns 2, 5, 8
    patch = image[0, :, 4:9, 8:13]
    assert torch.allclose(said[:, 5], (filters * patch).sum((1, 2, 3)), atol=1e-5)


def test_in_one_dimension_it_is_the_wasserstein_distance(draws):
    made, given = rows(6, 200, 1), 2 * rows(6, 200, 2) + 0.5
    wanted = np.mean([wasserstein_distance(a, b) for a, b in zip(made.numpy(), given.numpy(), strict=True)])
    assert sliced_wasserstein(made, given, draws).item() == pytest.approx(wanted, rel=1e-4)
    ranked = np.mean([np.square(np.sort(a) - np.sort(b)).mean() for a, b in zip(made, given, strict=True)])
    assert sliced_wasserstein(made, given, draws, squared=True).item() == pytest.approx(ranked, rel=1e-4)


def test_equal_sets_have_no_distance_in_any_order(draws):
    made = rows(5, 120, 3)
    mixed = made[:, torch.randperm(120, generator=draws)]
    assert sliced_wasserstein(made, mixed, draws).item() == 0
    other = rows(5, 120, 4)
    assert sliced_wasserstein(mixed, other, draws).item() == pytest.approx(
        sliced_wasserstein(made, other, draws).item(), rel=1e-5
    )


@pytest.mark.parametrize("sizes", [(40, 100), (100, 40)])
def test_the_smaller_set_is_filled_up_with_its_own_members(draws, sizes):
    made, given = (torch.full((3, size), value) for size, value in zip(sizes, (0.25, 1.0), strict=True))
    assert sliced_wasserstein(made, given, draws).item() == pytest.approx(0.75)
    # a few more of the same kind: the distance to the unequal set is about that to the exact one
    made, given = rows(20, sizes[0], 5), rows(20, sizes[1], 6) + 1
    wanted = np.mean([wasserstein_distance(a, b) for a, b in zip(made.numpy(), given.numpy(), strict=True)])
    assert sliced_wasserstein(made, given, draws).item() == pytest.approx(wanted, rel=0.1)


def test_groups_are_compared_by_themselves_and_count_by_their_size(draws):
    made, given = rows(4, 90, 7), rows(4, 80, 8)
    ours, theirs = (torch.arange(60), torch.arange(60, 90)), (torch.arange(50), torch.arange(50, 80))
    alone = [sliced_wasserstein(made[:, ours[1]], given[:, theirs[1]], draws).item()]
    both = sliced_wasserstein(made, given, draws, groups=[(ours[1], theirs[1]), (ours[1], torch.arange(0))])
    assert both.item() == pytest.approx(alone[0], rel=1e-5)
    weighted = sliced_wasserstein(made * 0, given * 0 + 1, draws, groups=list(zip(ours, theirs, strict=True)))
    assert weighted.item() == pytest.approx(1)
    assert sliced_wasserstein(made, given, draws, groups=[]).item() == 0


def test_the_gradient_leads_to_the_given_set(draws):
    made, given = rows(1, 50, 9).requires_grad_(True), rows(1, 50, 10) + 3
    before = sliced_wasserstein(made, given, draws)
    before.backward()
    with torch.no_grad():
        moved = made - 50 * made.grad
    assert sliced_wasserstein(moved, given, draws) < before - 0.5
