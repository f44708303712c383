"""Pools by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import inventing
import numpy as np
from arms import STANDARD, Arm
from pictures import Ids, Picture, Pixels, Task
from pools import Made, kept, pasted
from scipy import ndimage
from unet import Schedule, Stock, decided, predict, train

#: Layouts of one's own, by the name of the pool.
LAYOUTS: dict[str, Callable[..., Ids]] = {"cells": inventing.cells, "wide": partial(inventing.cells, wide=True)}


def palette(task: Task) -> Any:
    from analogon import LabelClass, Palette

    colours = [(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 160, 0), (0, 0, 255), (255, 200, 0)]
    return Palette(tuple(LabelClass(n, name, colours[n]) for n, name in enumerate(task.classes)))


def offers(image: Pixels, places: np.ndarray) -> Pixels:
    """The mean of what the nine pixels around each would put there."""
    height, width = places.shape[:2]
    wide = np.pad(places, ((1, 1), (1, 1), (0, 0)), mode="edge")
    total = np.zeros((height, width, image.shape[2]), np.float32)
    for down in range(3):
        for right in range(3):
            there = wide[down : down + height, right : right + width] - (down - 1, right - 1)
            total += image[there[..., 0].clip(0, image.shape[0] - 1), there[..., 1].clip(0, image.shape[1] - 1)]
    return total / 9


def rough(image: Pixels) -> float:
    return float(ndimage.laplace(image.mean(2)).std())


def rendered(task: Task, sources: list[Picture], layout: Callable[..., Ids], count: int, seed: int) -> Made:
    """Pictures of layouts of one's own, with as much of the soft mean as makes them as rough as their sources."""
    import analogon
    from analogon import Exemplar, LabelMap

    rng = np.random.default_rng((seed, 5))
    known, channels = palette(task), task.pool[0].image.shape[2]
    joined = Exemplar.join([Exemplar(np.repeat(p.image, 3 // channels, 2), LabelMap(p.labels, known)) for p in sources])
    model = analogon.fit(joined, "patch", depth_weight=3000.0, start="carried", rounds=(8, 3, 2, 2))
    goal = np.mean([rough(p.image) for p in sources])
    made = []
    for _ in range(count):
        ids = layout(sources[rng.integers(len(sources))].labels, rng)
        result = model.render(LabelMap(ids, known), keep="none")
        assert result.provenance is not None
        soft = offers(joined.image, result.provenance.places)
        blends = [result.image + share * (soft - result.image) for share in np.linspace(0, 1, 9)]
        image = min(blends, key=lambda blend: abs(rough(blend) - goal))
        made.append(Picture(np.clip(image, 0, 1)[..., :channels].astype(np.float32), ids))
    return made


def augmented(task: Task, sources: list[Picture], settings: dict[str, Any], count: int, seed: int) -> Made:
    """The dataset that the package makes of the annotated pictures."""
    from analogon import Exemplar, LabelMap
    from analogon.augment import Settings, Sources, make_dataset, read_samples

    channels, known = task.pool[0].image.shape[2], palette(task)
    given = Sources.of([Exemplar(np.repeat(p.image, 3 // channels, 2), LabelMap(p.labels, known)) for p in sources])
    with TemporaryDirectory() as folder:
        asked = Settings(seed=seed, **settings)
        make_dataset(given, count, output=f"{folder}/set", settings=asked, formats=(), workers=1)
        return [Picture(one.image[..., :channels], one.labels.ids) for one in read_samples(f"{folder}/set")]


def taught(task: Task, k: int, seed: int, cache: Path) -> Made:
    """The pictures that are not annotated, with what a network of the standard arm says of them."""
    where = task.annotated(k, seed)
    others = [n for n in range(min(len(task.pool), 15)) if n not in where]

    def make() -> Made:
        real = Stock([task.pool[n] for n in where], len(task.classes))
        net = train(task, lambda *_: (real, STANDARD), Schedule(task.steps), seed)
        return [Picture(task.pool[n].image, decided(predict(net, task.pool[n].image, task), task)) for n in others]

    return kept(cache, {"kind": "taught", "task": task.name, "where": where, "seed": seed}, make)


def pool(name: str, task: Task, k: int, arm: Arm, seed: int, cache: Path) -> Made:
    """What an arm draws from under this name, made of the pictures that the seed annotates, or kept from before."""
    where = task.annotated(k, seed)
    sources = [task.pool[n] for n in where]
    what = {"kind": name, "task": task.name, "where": where, "seed": seed, "count": arm.count}
    if name == "pasted":
        return kept(cache, what | {"count": 160}, lambda: pasted(task, sources, 160, seed))
    if name == "taught":
        return taught(task, k, seed, cache)
    if name in LAYOUTS:
        return kept(cache, what, lambda: rendered(task, sources, LAYOUTS[name], arm.count, seed))
    settings = {"layouts": "cells"} if name == "invented" else {}
    return kept(cache, what, lambda: augmented(task, sources, settings, arm.count, seed))
