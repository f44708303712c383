"""Levels made of bare arrays, and scans of the search over all of their pixels."""

from __future__ import annotations

import numpy as np

from analogon.ops.leaps import Dictionary
from analogon.ops.level import Level
from analogon.ops.parallel import bands
from analogon.ops.search import CELL, searcher

from .textures import texture


def level_of(
    source: np.ndarray,
    source_ids: np.ndarray,
    target_ids: np.ndarray,
    painted: np.ndarray | None = None,
    *,
    patch: int = 5,
    wrap: bool = False,
    factor: int = 1,
    depth_weight: float = 0.0,
    guides: np.ndarray | None = None,
    fixed: np.ndarray | None = None,
    sure: np.ndarray | None = None,
) -> Level:
    """A level; ``painted`` (h, w, 3) is what its canvas shows."""
    shape = target_ids.shape
    level = Level.of(
        source,
        source_ids.astype(np.uint16),
        target_ids.astype(np.uint16),
        np.empty((*shape, 0), source.dtype) if guides is None else guides,
        np.zeros(shape, bool) if fixed is None else fixed,
        np.zeros(shape, bool) if sure is None else sure,
        demand=np.bincount(target_ids.astype(np.int64).ravel()),
        elsewhere=np.zeros([-(-n // CELL) for n in source_ids.shape], np.int32),
        factor=factor,
        patch=patch,
        depth_weight=depth_weight,
        wrap=wrap,
    )
    if painted is not None:
        radius = patch // 2
        around = [(radius, radius), (radius, radius), (0, 0)]
        level.canvas[..., :3] = np.pad(painted, around, mode="wrap" if wrap else "edge")
    return level


def eight_bits(image: np.ndarray) -> np.ndarray:
    return np.rint(image * 255).astype(np.uint8)


def textured(shape: tuple[int, int] = (26, 30), *, grain: float = 1.0, patch: int = 5, wrap: bool = False) -> Level:
    """Two classes of texture; the canvas shows another piece of the same textures."""
    rows, _ = np.indices(shape)
    ids, target_ids = (rows > shape[0] * 0.5).astype(int), (rows > shape[0] * 0.3).astype(int)
    both = [eight_bits(texture((2 * shape[0], shape[1]), n, grain=grain, mean=0.35 + 0.3 * n)) for n in range(2)]
    source = np.where(ids[..., None], both[1][: shape[0]], both[0][: shape[0]])
    painted = np.where(target_ids[..., None], both[1][shape[0] :], both[0][shape[0] :])
    return level_of(source, ids, target_ids, painted, patch=patch, wrap=wrap)


def recount(level: Level, places: np.ndarray) -> np.ndarray:
    """Uses of each cell, one by one."""
    usage = np.zeros([-(-n // CELL) for n in level.source_ids.shape], np.int32)
    for row, col in places.reshape(-1, 2):
        usage[row // CELL, col // CELL] += 1
    return usage


def somewhere(level: Level, seed: int = 0) -> np.ndarray:
    """Random places in the class of each pixel."""
    rng = np.random.default_rng(seed)
    places = np.empty((*level.target_ids.shape, 2), np.int32)
    for c in np.unique(level.target_ids):
        there, here = np.argwhere(level.source_ids == c), level.target_ids == c
        places[here] = there[rng.integers(0, len(there), int(here.sum()))]
    return places


def every_leap(level: Level, usage: np.ndarray, price: np.ndarray) -> np.ndarray:
    """The leap of each pixel, row by row."""
    dictionary = Dictionary.of(level.padded_source, level.padded_source_ids, level.patch, len(price))
    queries = np.argwhere(np.ones(level.target_ids.shape, bool)).astype(np.int32)
    classes = level.target_ids.ravel()
    return dictionary.nearest(level.canvas, level.padded_target_ids, queries, classes, usage, price)


def scan(
    level: Level,
    places: np.ndarray,
    usage: np.ndarray,
    price: np.ndarray,
    *,
    leaps: np.ndarray | None = None,
    reluctance: float = 1.0,
    class_weight: float = 40000.0,
    tries: int = 0,
    seed: int = 0,
    forward: bool = True,
) -> np.ndarray:
    """One scan over all pixels; changes ``places`` and ``usage`` and returns the errors."""
    height, width = places.shape[:2]
    errors = np.zeros((height, width), np.float32)
    search = searcher(level.patch, level.canvas.shape[2])
    for first, last in bands(height):
        usage += search(
            level.padded_source, level.canvas, level.padded_source_ids, level.padded_target_ids, places, errors,
            np.tile(np.arange(width, dtype=np.int32), height), np.arange(0, height * width + 1, width).astype(np.int32),
            np.empty((0, 2), np.int32) if leaps is None else leaps, np.float32(reluctance), usage, price,
            np.float32(class_weight), tries, np.uint32(seed), level.thin, first, last, forward, level.wrap,
        )  # fmt: skip
    return errors
