"""Invented layouts to practise on: regions bent, moved, scaled, mirrored, doubled, removed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

Indices = NDArray[np.int64]

#: A region larger than this share of the picture is background: it is bent, never moved.
MOVABLE = 0.5


def invent(indices: Indices, rng: np.random.Generator) -> Indices:
    """A new layout (h, w) with the classes of ``indices``: borders bent, then regions moved about."""
    out = _bend(indices, rng)
    for c in rng.permutation(np.unique(indices)):
        regions, count = ndi.label(out == c, np.ones((3, 3)))
        for n in range(1, count + 1):
            region = regions == n
            if not 0.003 < region.mean() < MOVABLE:
                continue
            action = rng.random()
            if action < 0.25:
                continue  # stays
            if action < 0.8:  # moved; otherwise doubled
                out = _fill(out, region)
            if action > 0.35:  # between .25 and .35 removed for good
                rows, cols = _shifted(region, rng)
                out[rows, cols] = c
    return out


def _fill(indices: Indices, hole: NDArray[np.bool_]) -> Indices:
    """The hole takes the class of the nearest pixel outside it."""
    if hole.all():
        return indices
    nearest = ndi.distance_transform_edt(hole, return_distances=False, return_indices=True)
    filled: Indices = indices[tuple(nearest)]
    return filled


def _shifted(region: NDArray[np.bool_], rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixels of the region after a random shift (a quarter of the picture), scale (0.7-1.4) and mirroring."""
    h, w = region.shape
    rows, cols = np.nonzero(region)
    foot, centre = rows.max(), (cols.min() + cols.max()) / 2
    scale = np.exp(rng.uniform(np.log(0.7), np.log(1.4)))
    flip = rng.choice([-1.0, 1.0])
    shift = rng.uniform(-0.25, 0.25, 2) * (0.4 * h, w)
    y, x = np.mgrid[:h, :w]
    from_r = np.rint((y - foot - shift[0]) / scale + foot).astype(np.int64)
    from_c = np.rint((x - centre - shift[1]) / (scale * flip) + centre).astype(np.int64)
    inside = (from_r >= 0) & (from_r < h) & (from_c >= 0) & (from_c < w)
    moved = np.zeros_like(region)
    moved[inside] = region[from_r[inside], from_c[inside]]
    r, c = np.nonzero(moved)
    return r, c


def _bend(indices: Indices, rng: np.random.Generator) -> Indices:
    """Smooth random displacement of up to about 6 % of the shorter side, nearest neighbour."""
    h, w = indices.shape
    reach = rng.uniform(0.0, 0.06) * min(h, w)
    if rng.random() < 0.3:
        return indices.copy()
    coarse = rng.standard_normal((2, 5, 6))
    shift = np.stack([ndi.zoom(s, (h / 5, w / 6), order=3, mode="nearest", grid_mode=True) for s in coarse])
    rows, cols = np.rint(np.mgrid[:h, :w] + reach * shift).astype(np.int64)
    bent: Indices = indices[np.clip(rows, 0, h - 1), np.clip(cols, 0, w - 1)]
    return bent
