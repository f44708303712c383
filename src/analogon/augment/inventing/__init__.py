"""Layouts that nobody has drawn, after the statistics of annotated pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from analogon.augment.inventing.arranging import arranged
from analogon.augment.inventing.cells import invented
from analogon.augment.inventing.mixing import mixed
from analogon.augment.inventing.values import Ground, Invention
from analogon.augment.inventing.warping import Drawn, warped
from analogon.augment.settings import Kind, Settings
from analogon.augment.sources import Sources
from analogon.augment.statistics import Statistics, shares_of
from analogon.data import LabelMap
from analogon.errors import OptionError

__all__ = ["Invention", "chances", "invent"]

#: Layouts that are made of which the one is taken whose classes have the shares that they should: of these by default,
#: and of these where shares are asked for.
CANDIDATES, AIMED = 2, 8
#: Shares that differ by less than this hardly differ.
LITTLE = 0.005


def invent(sources: Sources, settings: Settings, index: int) -> Invention:
    """The layout of the sample with this index: the same for the same sources, settings and index.

    Raises:
        OptionError: a way to invent layouts is asked for that these sources do not allow.
    """
    ground = Ground(sources, settings)
    ways = chances(sources, settings)
    rng = np.random.default_rng([settings.seed, index])
    kind: Kind = list(ways)[int(rng.choice(len(ways), p=list(ways.values())))]
    goals = _goals(ground)
    best, least = None, math.inf
    for child in rng.spawn(AIMED if settings.targets else CANDIDATES):
        found = _one(ground, kind, child)
        shares = shares_of(found.labels)
        miss = sum(abs(math.log((shares.get(n, 0) + LITTLE) / (goal + LITTLE))) for n, goal in goals.items())
        if best is None or miss < least:
            best, least = found, miss
    assert best is not None
    return best


def chances(sources: Sources, settings: Settings) -> dict[Kind, float]:
    """How often each way to invent layouts is taken, by the statistics of the sources where the settings do not say.

    Raises:
        OptionError: one is asked for that these sources do not allow.
    """
    ground = Ground(sources, settings)
    known = ground.everything()
    walls, things = [one for one in known if one.wall is not None], [one for one in known if _movable(ground, one)]
    for kind in settings.layouts:
        lacking = {
            "cells": None if walls else "no class that lies between regions as a wall",
            "instances": None if things else "no single objects of at least 24 pixels inside the frame",
            "predicted": None if sources.predicted else "no unlabelled pictures (--unlabelled)",
        }.get(kind)
        if lacking is not None:
            raise OptionError(f"--layouts {kind} cannot be: the annotated pictures have {lacking}, name another.")
    if settings.layouts:
        found: dict[Kind, float] = dict.fromkeys(settings.layouts, 1.0)
    elif walls:
        found = {"cells": 2.0, "mixes": 1.0, "warps": 1.0}
    elif all(one.free for one in known):
        found = {"warps": 1.0, "mixes": 1.0, **({"instances": 2.0} if things else {})}
    else:
        found = {"instances": 3.0} if things else {"warps": 1.0}
    if sources.predicted and not settings.layouts:
        found["predicted"] = sum(found.values())
    total = sum(found.values())
    return {kind: weight / total for kind, weight in found.items()}


def _movable(ground: Ground, one: Statistics) -> bool:
    size = ground.size(one)
    fits = size[0] <= one.labels.shape[0] and size[1] <= one.labels.shape[1]
    return bool(one.things) and one.wall is None and fits and len(one.instance_classes) > 0


def _goals(ground: Ground) -> Mapping[int, float]:
    """The share that each class should have: of the sources on average, unless the settings say so.

    Raises:
        OptionError: the settings name a class that there is not, or ask for more than all.
    """
    palette, targets = ground.sources.palette, ground.settings.targets
    for name in targets:
        if name not in palette.names:
            known = ", ".join(f"'{one}'" for one in palette.names[:12])
            raise OptionError(f"--targets names the class '{name}', which there is not: the classes are {known}.")
    if sum(targets.values()) > 1:
        raise OptionError("--targets asks for more than all pixels: give shares that add up to 1 at most.")
    known_shares = [one.shares for one in ground.everything()]
    goals = {number: float(np.mean([one[number] for one in known_shares])) for number in palette.ids}
    asked = {c.id: targets[c.name] for c in palette.classes if c.name in targets}
    rest = sum(share for number, share in goals.items() if number not in asked)
    left = (1 - sum(asked.values())) / rest if rest > 0 else 0.0
    return {number: asked.get(number, share * left if asked else share) for number, share in goals.items()}


def _one(ground: Ground, kind: Kind, rng: np.random.Generator) -> Invention:
    sources, strength = ground.sources, ground.settings.strength
    known = ground.everything()
    if kind == "instances":
        able = [n for n, one in enumerate(known) if _movable(ground, one)]
        for number in rng.permutation(able):
            if (found := arranged(ground, int(number), rng)) is not None:
                return found
        kind = "warps"  # nothing could be moved this time
    number = int(rng.integers(len(known)))
    base, recipe = known[number], dict[str, Any](layout=sources.pictures[number].name)
    if kind == "cells":
        walls = [one for one in known if one.wall is not None]
        named = {c.id: ground.settings.targets.get(c.name) for c in sources.palette.classes}
        drawn = invented(walls, ground.size(base), strength, rng, named[int(walls[0].wall or 0)])
        recipe = {}
    elif kind == "mixes":
        other = int(rng.integers(len(known)))
        parts = [warped(known[n], ground.size(base), strength, rng) for n in (number, other)]
        drawn = mixed(parts, base, ground.size(base), rng)
        recipe = {"layouts": [sources.pictures[n].name for n in (number, other)]}
    else:
        if kind == "predicted":
            number = int(rng.integers(len(sources.predicted)))
            base, recipe = ground.predicted(number), {"layout": sources.predicted[number][0]}
        drawn = warped(base, ground.size(base), strength, rng)
    return _invention(ground, kind, drawn, recipe, rng)


def _invention(ground: Ground, kind: Kind, drawn: Drawn, recipe: dict[str, Any], rng: np.random.Generator) -> Invention:
    """A drawn layout, to be rendered from one of the pictures that have all of its classes, or from all of them."""
    from analogon.augment.statistics import numbered

    present = set(np.unique(drawn.ids).tolist())
    able = [n for n, one in enumerate(ground.everything()) if present <= set(one.labels.present())]
    donors = (int(rng.choice(able)),) if able else tuple(range(len(ground.sources.pictures)))
    instances, classes = numbered(drawn.instances, drawn.ids)
    labels = LabelMap(drawn.ids, ground.sources.palette)
    return Invention(kind, labels, instances, classes, donors, {**recipe, **drawn.recipe})
