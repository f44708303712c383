"""The denoiser in torch against the compiled one."""

from functools import partial

import numpy as np
import pytest
from tests.methods.patch_diffusion.test_denoiser import SEARCH, TREE, denoiser, full_sum, noisy
from tests.ops.textures import disc, pictured

from analogon.methods.patch_diffusion.config import Config
from analogon.methods.patch_diffusion.sampling import Sampler, Task
from analogon.run import Run

torch = pytest.importorskip("torch", reason="an extra")
CPU = torch.device("cpu")


@pytest.fixture(params=[None, 64], ids=["at once", "in parts"])
def moved(request, monkeypatch):
    from analogon.methods.patch_diffusion import accelerated

    if request.param:
        monkeypatch.setattr(accelerated, "PAIRS", 60_000)
        monkeypatch.setattr(accelerated, "VALUES", 200_000)
    return lambda work: accelerated.DeviceDenoiser.on(CPU, work)


@pytest.mark.parametrize("sigma", [2.0, 0.31, 0.2, 0.05])
def test_it_is_the_full_sum(moved, sigma):
    work, picture = moved(denoiser(TREE)), noisy(sigma)
    assert np.abs(work.estimate(picture, sigma) - full_sum(work, picture, sigma)).max() < 5e-3


def test_it_finds_the_same_matches(moved):
    usable = np.ones((22, 25), bool)
    usable[:, 18:] = False
    both = []
    for work in (moved(denoiser(usable=usable)), denoiser(SEARCH, usable=usable)):
        work.estimate(noisy(0.1), 0.1)
        both.append(work._matches)
    assert (both[0] == both[1]).all(1).mean() > 0.99


def _same(work):
    return work


def test_whole_pictures_are_alike():
    from analogon.methods.patch_diffusion.accelerated import DeviceDenoiser

    exemplar, target = pictured(disc((40, 52), (20, 16, 10))), disc((40, 52), (19, 36, 11))
    config = Config(patch=5, levels=4)
    images = [
        Sampler(exemplar, config, on).sample(Task(target), Run()).image
        for on in (partial(DeviceDenoiser.on, CPU), _same)
    ]
    assert np.abs(images[0] - images[1]).mean() < 0.01
    assert images[0].shape == (*target.shape, 3)
