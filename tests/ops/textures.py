"""Textures and plain cases that tests of the patch engine share."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage as ndi

import analogon
from analogon import Exemplar, LabelClass, LabelMap, Palette, Result

PAIR = Palette((LabelClass(4, "sky", (40, 90, 160)), LabelClass(2, "ground", (60, 160, 60))))


def texture(
    shape: tuple[int, int], seed: int = 0, *, grain: float = 1.0, mean: float = 0.5, around: bool = True
) -> np.ndarray:
    """Smoothed noise, float32 (h, w, 3) in [0, 1]; its values are no multiples of 1/255.

    Its left edge continues its right one, and its top its bottom, only if it goes ``around``.
    """
    mode = "wrap" if around else "reflect"
    noise = ndi.gaussian_filter(np.random.default_rng(seed).normal(size=(*shape, 3)), (grain, grain, 0), mode=mode)
    return np.clip(mean + 0.2 * noise / noise.std(), 0, 1).astype(np.float32)


def plain(shape: tuple[int, int]) -> LabelMap:
    """Sky everywhere."""
    return LabelMap(np.full(shape, 4), PAIR)


def halves(shape: tuple[int, int], share: float = 0.5, *, across: bool = False) -> LabelMap:
    """Sky, and from a share of the height (or width) on ground."""
    at = np.indices(shape)[int(across)]
    return LabelMap(np.where(at >= share * shape[int(across)], 2, 4), PAIR)


def disc(shape: tuple[int, int], *discs: tuple[float, float, float]) -> LabelMap:
    """Ground in discs (row, col, radius), sky around them."""
    rows, cols = np.indices(shape)
    ids = np.full(shape, 4)
    for row, col, radius in discs:
        ids[(rows - row) ** 2 + (cols - col) ** 2 <= radius**2] = 2
    return LabelMap(ids, PAIR)


def pictured(labels: LabelMap, seed: int = 0, *, usable: np.ndarray | None = None) -> Exemplar:
    """A picture for a label map: a texture of another tone for each class."""
    ground = labels.ids == 2
    image = np.where(
        ground[..., None], texture(labels.shape, seed, mean=0.3), texture(labels.shape, seed + 1, mean=0.7)
    )
    return Exemplar(image, labels, usable)


def render(exemplar: Exemplar, target: LabelMap, *, seed: int = 0, keep: Any = "auto", **both: Any) -> Result:
    """A result of the patch method; ``both`` are wishes and settings."""
    wishes = {name: both.pop(name) for name in ("tile", "preview", "guides", "progress") if name in both}
    return analogon.fit(exemplar, "patch", seed=seed, **both).render(target, keep=keep, **wishes)
