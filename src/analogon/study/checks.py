"""Pictures whose place in a ranking is known beforehand: they tell who looks from who clicks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLUR = 0.03
"""Standard deviation of the blur, as a share of the picture's longer side: no texture outlives it."""

NOISE = 0.12
"""Standard deviation of the coarse noise that is added, in units of [0, 1]."""


def spoilt(image: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """A picture that nobody who looks ranks anywhere but last: heavily blurred, with coarse grey noise.

    Args:
        image: float32 (h, w, 3) in [0, 1].
        seed: of the noise.

    Returns:
        float32 (h, w, 3) in [0, 1].
    """
    from scipy.ndimage import gaussian_filter

    sigma = BLUR * max(image.shape[:2])
    blurred = gaussian_filter(image, (sigma, sigma, 0), mode="nearest")
    grain = np.random.default_rng(seed).normal(0, NOISE, ((image.shape[0] + 1) // 2, (image.shape[1] + 1) // 2))
    noise = grain.repeat(2, 0).repeat(2, 1)[: image.shape[0], : image.shape[1], None]
    worse: NDArray[np.float32] = np.clip(blurred + noise, 0, 1).astype(np.float32)
    return worse
