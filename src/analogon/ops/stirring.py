"""A picture that moves and comes back to where it began: texture flows, and what is distinct sways as a whole.

Flowing texture is two copies that each drift on for a loop, half a loop apart; each fades away before it starts anew
(Max and Becker, "Flow visualization using moving textures", 1995). Two different copies mixed are dull, so their
contrast is brought back as far as they differ.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analogon.ops import plan
from analogon.ops.arrange import cell_size
from analogon.ops.distinct import distinctness

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: How far things sway and texture flows in a loop when all moves, as shares of the picture's sides and longer side.
SWAY, FLOW = (0.02, 0.04), 0.08
#: How far they move alike.
ALIKE = 0.2
#: Where a copy has moved by this many pixels against the other, both are as good as different.
DIFFERENT = 4.0
#: What is larger than this many pixels keeps its brightness when copies are mixed.
BROAD = 6.0


def stirred(image: Floats, frames: int, amount: float, seed: int) -> Iterator[Floats]:
    """The frames of a loop; see :class:`analogon.jobs.Animate`."""
    from scipy import ndimage as ndi

    shape = image.shape[:2]
    cell = cell_size(shape)
    weight = plan.weights(distinctness(image))
    rng = np.random.default_rng(seed)
    middles = np.stack(np.meshgrid(*((np.arange(n) + 0.5) * cell for n in weight.shape), indexing="ij"), -1)
    reach = SWAY[0] * amount * shape[0], SWAY[1] * amount * shape[1]
    sways = []
    for _ in range(2):
        aside = plan.drift(weight.shape, reach, ALIKE, rng)
        sways.append(_full(plan.moved(weight, cell, shape, shape, aside) - middles, cell, shape))
    flow = plan.drift(weight.shape, (1.0, 2.0), ALIKE, rng)
    flow *= (FLOW * amount * max(shape) / 2) / max(np.sqrt((flow**2).sum(-1).mean()), 1e-9)
    flow *= ((1 - weight) ** 2)[..., None]
    drift = _full(flow, cell, shape)
    away = np.sqrt((drift**2).sum(-1))
    alike = np.exp(-((away / 2 / DIFFERENT) ** 2))
    coefficients = [ndi.spline_filter(image[..., k], 3, np.float32, mode="mirror") for k in range(3)]
    grid = np.indices(shape, np.float32)
    for n in range(frames):
        turn = n / frames
        sway = np.cos(2 * np.pi * turn) * sways[0] + np.sin(2 * np.pi * turn) * sways[1]
        phases = turn, (turn + 0.5) % 1
        share = 1 - abs(2 * phases[0] - 1)
        layers = [_carried(coefficients, grid, sway + (phase - 0.5) * drift) for phase in phases]
        mixed = share * layers[0] + (1 - share) * layers[1]
        lost = np.sqrt(share**2 + (1 - share) ** 2 + 2 * alike * share * (1 - share))
        broad = ndi.gaussian_filter(mixed, (BROAD, BROAD, 0))
        yield np.clip(broad + (mixed - broad) / lost[..., None], 0, 1).astype(np.float32)


def _full(field: Doubles, cell: int, shape: tuple[int, int]) -> Floats:
    """A field of cells for all pixels: (2, h, w) as (h, w, 2)."""
    at = np.stack(np.meshgrid(*((np.arange(n) + 0.5) / cell - 0.5 for n in shape), indexing="ij"), -1)
    return plan.sampled(field, at).astype(np.float32)


def _carried(coefficients: list[Floats], grid: Floats, by: Floats) -> Floats:
    """The picture moved by so many pixels (h, w, 2)."""
    from scipy import ndimage as ndi

    at = grid - np.moveaxis(by, -1, 0)
    return np.stack([ndi.map_coordinates(one, at, order=3, mode="mirror", prefilter=False) for one in coefficients], -1)
