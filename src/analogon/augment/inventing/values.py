"""What is invented: a layout, and which pixels of which pictures it should be made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.augment.settings import Kind, Settings
from analogon.augment.sources import Sources
from analogon.augment.statistics import Statistics, describe
from analogon.augment.values import IntArray
from analogon.data import LabelMap
from analogon.methods import registry


@dataclass(frozen=True, eq=False)
class Invention:
    """A layout to be rendered.

    Attributes:
        kind: the way it was invented.
        labels: the class of each pixel.
        instances: int32 (h, w), objects from 1 on, 0 for none. instance_classes: of object 1, 2, ….
        donors: places among the sources of the pictures that it is rendered from, which are joined if they are several.
        recipe: how it came about, as JSON values.
        places: int32 (h, w, 2), row and column in the (joined) donors that a pixel comes from, -1 where that is free.
    """

    kind: Kind
    labels: LabelMap
    instances: IntArray
    instance_classes: tuple[int, ...]
    donors: tuple[int, ...]
    recipe: dict[str, Any] = field(default_factory=dict)
    places: IntArray | None = None


@dataclass(frozen=True, eq=False)
class Ground:
    """What inventors stand on: sources, settings, and the statistics of each layout that is known."""

    sources: Sources
    settings: Settings

    @property
    def joins(self) -> bool:
        """Whether a sample can be rendered from several pictures at once."""
        return "mask" in registry.get(self.settings.method).takes

    @property
    def pairs(self) -> bool:
        """Whether a sample can be rendered from any two pictures: not where each pair would have to be learnt."""
        return self.joins and not registry.get(self.settings.method).learns

    @property
    def places(self) -> bool:
        """Whether it can be said where a pixel of a sample comes from."""
        return "places" in registry.get(self.settings.method).takes

    def annotated(self, number: int) -> Statistics:
        """The statistics of an annotated picture."""
        source = self.sources.pictures[number]
        key = "annotated", number, self.settings.things
        return self.sources.held(key, lambda: describe(source.exemplar.labels, source.instances, self.settings.things))

    def predicted(self, number: int) -> Statistics:
        """The statistics of a predicted layout."""
        _, labels = self.sources.predicted[number]
        key = "predicted", number, self.settings.things
        return self.sources.held(key, lambda: describe(labels, None, self.settings.things))

    def everything(self) -> list[Statistics]:
        """The statistics of all annotated pictures."""
        return [self.annotated(n) for n in range(len(self.sources.pictures))]

    def size(self, base: Statistics) -> tuple[int, int]:
        """Height and width of what is invented after a layout."""
        return self.settings.size or base.labels.shape


def smooth_noise(shape: tuple[int, int], width: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A random field of deviation 1 that is alike over about ``width`` pixels: float64 (h, w)."""
    from scipy import ndimage as ndi

    # coarse first, where a coarse raster shows all of it
    every = max(1, int(width / 4))
    margin = int(4 * width / every) + 1
    small = tuple(-(-n // every) + 2 * margin for n in shape)
    field = ndi.gaussian_filter(rng.standard_normal(small), width / every)
    field = field[margin // 2 : -(margin // 2), margin // 2 : -(margin // 2)]
    field = (field - field.mean()) / max(float(field.std()), 1e-9)
    inner = field[(margin + 1) // 2 :, (margin + 1) // 2 :]
    rows, columns = (np.arange(n) / every for n in shape)
    grid = np.meshgrid(rows, columns, indexing="ij")
    found: NDArray[np.float64] = ndi.map_coordinates(inner, grid, order=1, mode="nearest")
    return found
