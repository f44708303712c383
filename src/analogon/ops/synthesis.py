"""Guided coarse-to-fine patch synthesis: from a start map to the source pixel of every target pixel."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.ops.arrange import cell_size
from analogon.ops.level import Ids, Level, Places, Plane


@dataclass(frozen=True)
class Settings:
    """How patches are compared and how long.

    Of tuples the first entry is for the coarsest level, the next for the next, and the last for all that follow.

    Attributes:
        patch: side of a patch in pixels, odd.
        rounds: how often search and vote take turns.
        leaps: at how many levels, from the coarsest on, exhaustive comparison proposes matches.
        reluctance: by which factor a leap must be better.
        uniformity: mean squared 8-bit difference per pixel that a use of a source patch costs when all are used evenly.
        class_weight: squared 8-bit difference that a pixel of the wrong class counts, at the coarsest and at the
            finest level.
        depth_weight: the same for a pixel whose depth in its class is wrong by three pixels.
        position_weight: of a guide of each pixel's place in the box of its connected region, as :class:`Guide` has it.
        random_tries: random places tried per pixel and scan.
        coarsest: factor of the first level, a power of two; None for as coarse as a cell of the start map.
    """

    patch: int = 7
    rounds: tuple[int, ...] = (16, 6, 4, 3)
    leaps: int = 2
    reluctance: tuple[float, ...] = (1.0, 1.5)
    uniformity: float = 180.0
    class_weight: tuple[float, float] = (30000.0, 300000.0)
    depth_weight: float = 0.0
    position_weight: float = 0.0
    random_tries: int = 0
    coarsest: int | None = None


@dataclass(eq=False)
class Problem:
    """One synthesis: the pictures as whole numbers, what must stay, and what is told while it runs.

    Attributes:
        source: uint8 or int16 (h', w', C), three colours in 8 bits and then guides times the root of their weight.
        source_ids, target_ids: uint16 (h', w') and (h, w) classes from 0; ids that only the source has are unusable.
        guides: (h, w, C - 3) the target's guides.
        fixed: bool (h, w), pixels whose start place stays.
        sure: bool (h, w), pixels of pieces that are sure to belong together; no leaps tear them.
        demand: pixels of each class in the whole target, of which this may be a part.
        elsewhere: how often each cell of the source is used in the rest of it; see :func:`usage_of`.
        wrap: whether the target continues on its other side.
        finest: factor of the last level that is searched, a power of two; 1 for all.
        seed: of random tries.
        told: called with (levels done, levels); what it raises ends the synthesis.
        seconds: filled with the time of each level.
    """

    source: Plane
    source_ids: Ids
    target_ids: Ids
    guides: Plane
    fixed: NDArray[np.bool_]
    sure: NDArray[np.bool_]
    demand: NDArray[np.int64]
    elsewhere: NDArray[np.int32]
    wrap: bool = False
    finest: int = 1
    seed: int = 0
    told: Callable[[int, int], None] | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def refine(
    problem: Problem, start: Places, settings: Settings, on: Callable[[Level], Level] = lambda level: level
) -> Places:
    """Bring a start map to patches of the source that fit together, coarse to fine.

    ``on`` moves a level to what computes it.

    Returns:
        places int32 (h, w, 2): each pixel is a copy of one source pixel.
    """
    # a small part of a large picture is compared with all of it, which only a coarse level makes affordable
    coarsest = max(cell_size(problem.target_ids.shape), cell_size(problem.source_ids.shape), problem.finest)
    if settings.coarsest is not None:
        coarsest = max(min(coarsest, settings.coarsest), problem.finest)
    factors = [coarsest >> n for n in range(coarsest.bit_length()) if coarsest >> n >= problem.finest]
    places: Places | None = None
    level: Level | None = None
    for n, factor in enumerate(factors):
        began = time.perf_counter()
        before, level = level, on(_level(problem, factor, settings))
        places = level.start(start, places, before.target_ids if before else None)
        share = n / (len(factors) - 1) if len(factors) > 1 else 1.0
        coarse, fine = settings.class_weight
        errors = level.improve(
            places,
            rounds=_entry(settings.rounds, n),
            reluctance=_entry(settings.reluctance, n) if n < settings.leaps else None,
            uniformity=settings.uniformity,
            class_weight=coarse * (fine / coarse) ** share,
            tries=settings.random_tries,
            seed=problem.seed * 64 + n,
        )
        problem.seconds[f"level 1/{factor}"] = time.perf_counter() - began
        if problem.told is not None:
            problem.told(n + 1, len(factors))
    assert places is not None and level is not None  # there is always one level
    if problem.finest > 1:
        before, level = level, on(_level(problem, 1, settings))
        places = level.start(start, places, before.target_ids)
        errors = np.zeros(places.shape[:2], np.float32)
    for _ in range(2):
        places = level.settle(places, errors)
    return places


def _entry(values: tuple[Any, ...], n: int) -> Any:
    """The n-th, or the last."""
    return values[min(n, len(values) - 1)]


def _level(problem: Problem, factor: int, settings: Settings) -> Level:
    return Level.of(
        problem.source,
        problem.source_ids,
        problem.target_ids,
        problem.guides,
        problem.fixed,
        problem.sure,
        demand=problem.demand,
        elsewhere=problem.elsewhere,
        factor=factor,
        patch=settings.patch,
        depth_weight=settings.depth_weight,
        wrap=problem.wrap,
    )
