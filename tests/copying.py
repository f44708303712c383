"""A small method that learns nothing: every pixel of a result is a pixel of the source that has its class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from analogon.data import Exemplar, LabelMap
from analogon.jobs import JOBS, Animate, Edit, Harmonize, Job, Paint, Reshape, Retarget, Upscale, Vary
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

    def perform(self, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
        """Pixels from other places; what is painted is mixed with the mean colour."""
        image = self.exemplar.image
        mean = image.mean((0, 1))
        for place, job in enumerate(jobs):
            run.listener(Progress("copying", place, len(jobs)))
            match job:
                case Vary():
                    rng = np.random.default_rng(run.seed + place)
                    shift = [round(job.difference * n * rng.random()) for n in image.shape[:2]]
                    yield self._shifted(job.size, shift)
                case Retarget():
                    yield self._shifted(job.size, (self.config.shift, 0))
                case Reshape(size=size):
                    rendering = self._shifted(size, (0, 0))
                    rows, columns = np.indices(size) + 0.5
                    at = np.array(job.corners) * size
                    sides = zip(at, np.roll(at, -1, 0), strict=True)
                    covered = np.all([(d - b) * (rows - a) >= (c - a) * (columns - b) for (a, b), (c, d) in sides], 0)
                    yield Rendering(np.where(covered[..., None], rendering.image, np.float32(1)), covered=covered)
                case Paint(painting=painting, difference=difference):
                    yield Rendering((1 - difference) * painting + np.float32(difference) * mean)
                case Edit(edited=edited, mask=mask):
                    open_ = (edited != image).any(-1) if mask is None else mask
                    yield Rendering(np.where(open_[..., None], (edited + mean) / 2, edited))
                case Harmonize(composite=composite, mask=mask):
                    yield Rendering(np.where(mask[..., None], (composite + mean) / 2, composite))
                case Upscale(factor=factor):
                    yield self._spread([round(n * factor) for n in image.shape[:2]])
                case Animate(frames=frames, amount=amount):
                    for n in range(frames):
                        move = round(4 * amount * np.sin(2 * np.pi * n / frames))
                        yield self._shifted(image.shape[:2], (0, move))

    def _shifted(self, size: Sequence[int], shift: Sequence[int]) -> Rendering:
        return self._taken(
            [(np.arange(n) + by) % of for n, by, of in zip(size, shift, self.exemplar.shape, strict=True)]
        )

    def _spread(self, size: Sequence[int]) -> Rendering:
        return self._taken([np.arange(n) * of // n for n, of in zip(size, self.exemplar.shape, strict=True)])

    def _taken(self, lines: Sequence[np.ndarray]) -> Rendering:
        way = Provenance(np.stack(np.meshgrid(*lines, indexing="ij"), -1), self.exemplar.shape)
        return Rendering(way.apply_to(self.exemplar.image), way, {"copying": 0.25})

    def arrays(self) -> dict[str, Any]:
        return {}


class Copying:
    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> Copier:
        return Copier(exemplar, config)

    def restore(self, exemplar: Exemplar, config: Config, arrays: Any, run: Run) -> Copier:
        return Copier(exemplar, config)


class CopyingEntry(registry.Entry):
    recipes = MappingProxyType({"plain": {}, "later": {"shift": 5}})
    job_recipes = MappingProxyType({"retarget": "later"})
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
    jobs=frozenset(JOBS),
)
