"""How noise is taken away from step to step, and from scale to scale."""

from itertools import groupby, pairwise

import numpy as np
import pytest
from tests.ops.textures import disc, pictured

from analogon.methods.patch_diffusion.config import Config
from analogon.methods.patch_diffusion.sampling import Sampler, Task
from analogon.run import Run

SHAPE = (40, 52)
EXEMPLAR = pictured(disc(SHAPE, (20, 16, 10)))
CONFIG = Config(patch=5, levels=5, scales=2, sigma=1.5, sigma_fine=0.3, sigma_last=0.03)


def steps(**task) -> list[list[tuple[np.ndarray, float, np.ndarray]]]:
    """For each scale and step: the noisy picture, the deviation of its noise, what the denoiser made of it."""
    seen = []

    def watched(work):
        estimate = work.estimate

        def told(noisy, sigma, turn=0):
            mean = estimate(noisy, sigma, turn)
            seen.append((noisy.copy(), sigma, mean.copy()))
            return mean

        work.estimate = told
        return work

    Sampler(EXEMPLAR, CONFIG, watched).sample(Task(EXEMPLAR.labels, **task), Run(device="cpu", seed=3))
    return [list(group) for _, group in groupby(seen, lambda step: step[0].shape)]


@pytest.mark.parametrize(("task", "first"), [({}, 1.5), ({"rough": EXEMPLAR.image, "noise": 0.5}, 0.5)])
def test_noise_falls_in_a_geometric_row_at_each_scale(task, first):
    scales = steps(**task)
    assert [len(scale) for scale in scales] == [5, 5]
    for scale, begun in zip(scales, (first, 0.3), strict=True):
        sigmas = [sigma for _, sigma, _ in scale]
        assert sigmas[0] == pytest.approx(begun) and sigmas[-1] == pytest.approx(0.03)
        assert [b / a for a, b in pairwise(sigmas)] == pytest.approx([(0.03 / begun) ** 0.25] * 4)


def test_what_is_left_of_the_noise_keeps_its_direction():
    for scale in steps():
        for (noisy, sigma, mean), (then, smaller, _) in pairwise(scale):
            assert np.abs((then - mean) / smaller - (noisy - mean) / sigma).max() < 1e-4


def test_a_scale_begins_with_what_the_one_before_made_and_its_own_noise():
    coarse, fine = steps()
    noise = (coarse[0][0] - 0.5) / 1.5
    assert abs(noise.mean()) < 0.1 and 0.9 < noise.std() < 1.1
    made = coarse[-1][2]  # the last step leaves no noise
    rows, columns = fine[0][0].shape[:2]
    near = made[np.ix_(np.arange(rows) * made.shape[0] // rows, np.arange(columns) * made.shape[1] // columns)]
    assert 0.27 < (fine[0][0] - near).std() < 0.36
