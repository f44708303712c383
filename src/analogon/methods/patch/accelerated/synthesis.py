"""The synthesis of :mod:`analogon.ops.synthesis` on a torch device."""

from __future__ import annotations

import time

import numpy as np
import torch

from analogon.methods.patch.accelerated.level import DeviceLevel
from analogon.ops.arrange import cell_size
from analogon.ops.level import Level, Places
from analogon.ops.synthesis import Problem, Settings


def refine(problem: Problem, start: Places, settings: Settings, device: torch.device) -> Places:
    """See :func:`analogon.ops.synthesis.refine`.

    Levels, starts, costs, votes and exhaustive comparisons are the same; the search visits pixels in another order
    (:mod:`.search`), so that what is torn may be mended with other pieces. All numbers are whole, or floats that are
    added up in a fixed order: every device makes the same picture.
    """
    coarsest = max(cell_size(problem.target_ids.shape), problem.finest)
    factors = [coarsest >> n for n in range(coarsest.bit_length()) if coarsest >> n >= problem.finest]
    places: Places | None = None
    for n, factor in enumerate(factors):
        began = time.perf_counter()
        level = _level(problem, factor, settings, device)
        places = level.start(start, places)
        share = n / max(len(factors) - 1, 1)
        coarse, fine = settings.class_weight
        errors = level.improve(
            places,
            rounds=settings.rounds[min(n, len(settings.rounds) - 1)],
            reluctance=settings.reluctance[min(n, len(settings.reluctance) - 1)] if n < settings.leaps else None,
            uniformity=settings.uniformity,
            class_weight=coarse * (fine / coarse) ** share,
            tries=settings.random_tries,
            seed=problem.seed * 64 + n,
        )
        problem.seconds[f"level 1/{factor}"] = time.perf_counter() - began
        if problem.told is not None:
            problem.told(n + 1, len(factors))
    assert places is not None  # there is always one level
    if problem.finest > 1:
        level = _level(problem, 1, settings, device)
        places = level.start(start, places)
        errors = np.zeros(places.shape[:2], np.float32)
    for _ in range(2):
        places = level.settle(places, errors)
    return places


def _level(problem: Problem, factor: int, settings: Settings, device: torch.device) -> DeviceLevel:
    level = Level.of(
        problem.source,
        problem.source_ids,
        problem.target_ids,
        problem.guides,
        problem.fixed,
        factor=factor,
        patch=settings.patch,
        depth_weight=settings.depth_weight,
        wrap=problem.wrap,
    )
    return DeviceLevel.on(device, level)
