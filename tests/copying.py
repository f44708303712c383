"""A small method that learns nothing: every pixel of a result is a pixel of the source that has its class."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from analogon.data import Exemplar, LabelMap
from analogon.methods import registry
from analogon.provenance import Provenance
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Outcome, Progress, Run


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    shift: int = Field(0, description="Where in its class the first pixel is taken from.")


@dataclass(frozen=True)
class Copier:
    """Takes the pixels of each class in turn, from a place that the seed draws."""

    exemplar: Exemplar
    config: Config
    outcome: Outcome = UNTRAINED

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        source = self.exemplar.labels
        usable = np.ones(source.shape, bool) if self.exemplar.usable is None else self.exemplar.usable
        places = np.zeros((*target.shape, 2), np.int32)
        order = target.ids[:, ::-1] if wishes.tile else target.ids
        classes = target.present()
        for step, number in enumerate(classes, 1):
            run.listener(Progress("copying", step, len(classes)))
            found = np.argwhere((source.ids == number) & usable)
            for guide in wishes.guides:
                found = found[np.argsort(guide.source[tuple(found.T)].reshape(len(found), -1)[:, 0] * guide.weight)]
            wanted = np.argwhere(order == number)
            first = np.random.default_rng(run.seed).integers(len(found)) + self.config.shift
            chosen = np.zeros(len(wanted), int) if wishes.preview else (first + np.arange(len(wanted))) % len(found)
            places[tuple(wanted.T)] = found[chosen]
        if wishes.tile:
            places = places[:, ::-1]
        stay = np.zeros(target.shape, bool)
        if isinstance(wishes.keep, np.ndarray):
            stay = wishes.keep
        elif wishes.keep == "auto" and target.shape == self.exemplar.frame:
            height, width = target.shape
            stay = (target.ids == source.ids[:height, :width]) & usable[:height, :width]
        places[stay] = np.argwhere(stay)
        if wishes.places is not None:
            given = wishes.places[..., 0] >= 0
            places[given] = wishes.places[given]
        way = Provenance(places, source.shape)
        return Rendering(way.apply_to(self.exemplar.image), way, {"copying": 0.25})

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering | None:
        return None if wishes.preview else self.render(target, run, replace(wishes, preview=True))

    def arrays(self) -> dict[str, Any]:
        return {}


class Copying:
    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> Copier:
        return Copier(exemplar, config)

    def restore(self, exemplar: Exemplar, config: Config, arrays: Any, run: Run) -> Copier:
        return Copier(exemplar, config)


class CopyingEntry(registry.Entry):
    recipes = MappingProxyType({"plain": {}, "later": {"shift": 5}})
    config_type = Config

    def load(self) -> Copying:
        return Copying()


COPYING = CopyingEntry(
    "copying",
    "pixels of the same class, in turn",
    "tests.copying",
    neural=False,
    takes=frozenset(registry.WISHES),
    polish=None,
    learns=False,
    provenance=True,
)
