"""What the workers of scaling.py do: a module of its own, which processes on nodes can import."""

import time
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

import analogon

CASE = Path(__file__).parents[1] / "examples" / "flower"


@lru_cache(maxsize=1)
def case(side: int) -> tuple[analogon.Exemplar, analogon.LabelMap]:
    """The case with one target, at a size of its own."""
    found = analogon.find_case(CASE)
    exemplar = analogon.load_exemplar(found.image, found.labels)
    return exemplar.resize((side, side)), analogon.load_target(exemplar, found.targets[0]).resize((side, side))


def render(side: int, seed: int) -> float:
    """One picture; its CPU seconds."""
    exemplar, target = case(side)
    before = time.process_time()
    analogon.fit(exemplar, "patch", seed=seed).render(target, keep="none")
    return time.process_time() - before


def tissue(side: int) -> analogon.Exemplar:
    """Light cells between dark walls, as in electron microscopy: what `analogon augment` sets side by side anew."""
    rng = np.random.default_rng(0)
    middles = rng.uniform(0, side, (side * side // 800, 2))
    near, _ = cKDTree(middles).query(np.stack(np.mgrid[:side, :side], -1), 2)
    wall = near[..., 1] - near[..., 0] < 5
    grey = ndimage.gaussian_filter(np.where(wall, 0.25, 0.65) + rng.normal(0, 0.15, (side, side)), 0.8)
    classes = analogon.LabelClass(0, "cell", (255, 255, 255)), analogon.LabelClass(1, "wall", (0, 0, 0))
    labels = analogon.LabelMap(wall.astype(np.int64), analogon.Palette(classes))
    return analogon.Exemplar(np.repeat(np.float32(grey.clip(0, 1))[..., None], 3, 2), labels)
