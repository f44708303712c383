"""Layouts that nobody has drawn, after the statistics of annotated pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analogon.augment.inventing.arranging import arranged
from analogon.augment.inventing.cells import invented
from analogon.augment.inventing.grafting import Nursery, grafted
from analogon.augment.inventing.mixing import mixed
from analogon.augment.inventing.values import Ground, Invention
from analogon.augment.inventing.warping import Drawn, warped
from analogon.augment.settings import Kind, Settings
from analogon.augment.sources import Sources
from analogon.augment.statistics import SMALLEST_THING, Statistics, numbered, shares_of
from analogon.data import Exemplar, LabelMap
from analogon.data.exemplar import GAP
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
    # walls of invented cells are wider than annotated ones on purpose
    tries = AIMED if settings.targets else 1 if kind in ("cells", "grafts") else CANDIDATES
    for child in rng.spawn(tries):
        found = _one(ground, kind, index, child)
        shares = shares_of(found.labels)
        miss = sum(abs(math.log((shares.get(n, 0) + LITTLE) / (goal + LITTLE))) for n, goal in goals.items())
        if best is None or miss < least:
            best, least = found, miss
    assert best is not None
    return _usable(ground, best)


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
            "grafts": None if walls else "no class that lies between regions as a wall",
            "instances": None if things else _unmovable(ground, known),
            "predicted": None if sources.predicted else "no unlabelled pictures (--unlabelled)",
        }.get(kind)
        if lacking is not None:
            raise OptionError(f"--layouts {kind} cannot be: the annotated pictures have {lacking}, name another.")
    if settings.layouts:
        found: dict[Kind, float] = dict.fromkeys(settings.layouts, 1.0)
    elif walls:
        # those that are invented can have the shares that are asked for, and pixels of any method
        found = {"grafts" if ground.places and not settings.targets else "cells": 1.0}
    elif all(one.free for one in known):
        found = {"warps": 1.0, "mixes": 1.0, **({"instances": 2.0} if things else {})}
    else:
        found = {"instances": 3.0} if things else {"warps": 1.0}
    if sources.predicted and not settings.layouts:
        found["predicted"] = sum(found.values())
    total = sum(found.values())
    return {kind: weight / total for kind, weight in found.items()}


def _unmovable(ground: Ground, known: Sequence[Statistics]) -> str:
    """What is missing where no picture has objects that can be moved."""
    if any(one.things and one.wall is None and one.instance_classes for one in known):
        height, width = ground.settings.size or (0, 0)
        return f"not {width}x{height} pixels (--size)"
    return f"no single objects of at least {SMALLEST_THING} pixels inside the frame"


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


def _one(ground: Ground, kind: Kind, index: int, rng: np.random.Generator) -> Invention:
    sources, strength = ground.sources, ground.settings.strength
    known = ground.everything()
    # every picture has its turn: where one gave most samples, networks learned that one, and other pictures worse
    number = index % len(known)
    if kind == "instances":
        if _movable(ground, known[number]) and (found := arranged(ground, number, rng)) is not None:
            return found
        kind = "warps"  # nothing can be moved here
    base, recipe = known[number], dict[str, Any](layout=sources.pictures[number].name)
    donors: tuple[int, ...] = (number,)
    if kind in ("cells", "grafts"):
        walls = [n for n, one in enumerate(known) if one.wall is not None]
        if base.wall is None:
            number = walls[index % len(walls)]
            base, recipe, donors = known[number], {"layout": sources.pictures[number].name}, (number,)
    if kind == "grafts" and (found := _grafts(ground, number, rng)) is not None:
        return found
    if kind in ("cells", "grafts"):
        kind = "cells"
        share = {c.id: ground.settings.targets.get(c.name) for c in sources.palette.classes}[int(base.wall or 0)]
        drawn = invented(base, ground.size(base), strength, rng, share)
    elif kind == "mixes":
        other = int(rng.integers(len(known)))
        first, second = (warped(known[n], ground.size(base), strength, rng) for n in (number, other))
        if second.places is not None and other != number:
            beside = np.array([0, base.labels.shape[1] + GAP], np.int32)
            second, donors = replace(second, places=second.places + beside), (number, other)
        drawn = mixed([first, second], base, ground.size(base), rng)
        recipe = {"layouts": [sources.pictures[n].name for n in (number, other)]}
    elif kind == "predicted":
        layout = int(rng.integers(len(sources.predicted)))
        base, recipe = ground.predicted(layout), {"layout": sources.predicted[layout][0]}
        drawn = replace(warped(base, ground.size(base), strength, rng), places=None)  # it is no donor
    else:
        drawn = warped(base, ground.size(base), strength, rng)
    if not ground.joins and not _able(ground, drawn):
        kind, recipe = "warps", {"layout": sources.pictures[number].name}
        drawn = warped(known[number], ground.size(known[number]), strength, rng)
    return _invention(ground, kind, drawn, recipe, donors, rng)


def _grafts(ground: Ground, number: int, rng: np.random.Generator) -> Invention | None:
    """The cells of one picture, set side by side anew; None where none finds a place.

    Those of several pictures do not go together: one is lighter than another, and has more contrast.
    """
    base = ground.annotated(number)
    nursery = ground.sources.held(("nursery", number, ground.settings.things), lambda: Nursery.of(base))
    drawn = grafted(nursery, ground.size(base), ground.settings.strength, rng)
    if drawn is None:
        return None
    instances, classes = numbered(drawn.instances, drawn.ids)
    labels = LabelMap(drawn.ids, ground.sources.palette)
    return Invention("grafts", labels, instances, classes, (number,), drawn.recipe, drawn.places)


def _able(ground: Ground, drawn: Drawn) -> list[int]:
    """Places of the pictures that have all classes of a layout."""
    present = set(np.unique(drawn.ids).tolist())
    return [n for n, one in enumerate(ground.everything()) if present <= set(one.labels.present())]


def _invention(
    ground: Ground, kind: Kind, drawn: Drawn, recipe: dict[str, Any], donors: tuple[int, ...], rng: np.random.Generator
) -> Invention:
    """A drawn layout, to be rendered from ``donors``, where it says which of their pixels.

    Else from the first of them or from another that has all of its classes, or from all pictures.
    """
    places = drawn.places if ground.places else None
    if places is None:
        able = _able(ground, drawn)
        first = donors[0] if donors[0] in able else int(rng.choice(able)) if able else None
        donors = tuple(range(len(ground.sources.pictures))) if first is None else (first,)
    instances, classes = numbered(drawn.instances, drawn.ids)
    labels = LabelMap(drawn.ids, ground.sources.palette)
    return Invention(kind, labels, instances, classes, donors, {**recipe, **drawn.recipe}, places)


def _usable(ground: Ground, found: Invention) -> Invention:
    """The invention without places of pixels that a mask leaves out."""
    pictures = [ground.sources.pictures[number].exemplar for number in found.donors]
    if found.places is None or all(one.usable is None for one in pictures):
        return found
    usable, told = Exemplar.join(pictures).usable, found.places[..., 0] >= 0
    assert usable is not None
    told &= usable[found.places[..., 0], found.places[..., 1]]
    return replace(found, places=np.where(told[..., None], found.places, np.int32(-1)))
