import numpy as np
import pytest
import torch

from analogon.datasets.augmenting import Augmentation
from analogon.datasets.values import Pair
from analogon.networks.batches import NOTHING, Sampler, Views, edge_map, windows
from analogon.training.world import World

from .small import small_set


def test_edges_of_two_regions():
    instances = np.array([[1, 1, 2, 2]] * 4)
    assert (edge_map(instances) == [[0, 1, 1, 0]] * 4).all()
    corner = np.zeros((4, 4), int)
    corner[3, 3] = 5
    assert np.argwhere(edge_map(corner)).tolist() == [[2, 3], [3, 2], [3, 3]]


def test_classes_become_channels_and_edges_the_last_one():
    pictures = small_set()
    pair = pictures[0]
    views = Views.of([pair, pair], pictures, edges=True)
    assert views.semantics.shape == (2, 6, 64, 64)
    assert (views.semantics[0, :5].argmax(0).numpy() == pair.labels).all()
    assert (views.semantics[:, :5].sum(1) == 1).all()
    assert (views.semantics[1, 5].numpy() == edge_map(pair.instances)).all()
    assert views.pictures.min() >= -1 and views.pictures.max() <= 1
    assert np.allclose(views.pictures[0].permute(1, 2, 0) / 2 + 0.5, pair.image, atol=1e-6)
    plain = Views.of([Pair("", pair.image, pair.labels)], pictures, edges=False)
    assert plain.semantics.shape[1] == 5


def test_a_pixel_of_no_class_has_no_channel():
    views = Views(torch.tensor([[[0, NOTHING]]]), 3)
    assert views.semantics[0, :, 0].T.tolist() == [[1, 0, 0], [0, 0, 0]]


def sampler(batch=2, world=None, seed=0):
    cut = windows(Augmentation((40, 40), (1.0, 1.2), (32, 32), 0.5))
    more = {} if world is None else {"world": world}
    return Sampler(small_set(), cut, batch=batch, seed=seed, edges=True, device=torch.device("cpu"), **more)


def test_a_batch_depends_on_seed_and_step_alone():
    one, other = sampler(), sampler()
    first = [one(n) for n in range(3)]
    assert torch.equal(other(2).views.pictures, first[2].views.pictures)  # no step before it
    assert torch.equal(other(0).normal(3), first[0].normal(3))
    assert not torch.equal(first[0].views.pictures, first[1].views.pictures)
    assert not torch.equal(sampler(seed=1)(0).views.pictures, first[0].views.pictures)


def test_processes_have_together_what_one_would_have():
    whole = sampler(batch=4)(3)
    parts = [sampler(batch=2, world=World(rank, 2))(3) for rank in range(2)]
    noise = whole.normal(3)
    for rank, part in enumerate(parts):
        assert torch.equal(part.views.semantics, whole.views.semantics[rank::2])
        assert torch.equal(part.views.pictures, whole.views.pictures[rank::2])
        assert torch.equal(part.normal(3), noise[rank::2])


def test_an_error_of_the_data_set_reaches_the_step_that_it_is_of():
    class Broken(type(small_set())):
        def pair(self, index):
            if index == 2:
                raise ValueError("damaged")
            return super().pair(index)

    batches = Sampler(
        Broken(3), windows(Augmentation(crop=(32, 32))), batch=3, seed=0, edges=False, device=torch.device("cpu")
    )
    with pytest.raises(ValueError, match="damaged"):
        batches(0)
