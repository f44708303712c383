"""Methods for processes of their own: one that works, and others that end badly each in its way."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from analogon.data import Exemplar, LabelMap
from analogon.errors import InputError
from analogon.methods import registry
from analogon.provenance import Provenance
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Outcome, Run


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    shift: int = Field(0, description="Where in its class the first pixel is taken from.")
    steps: int = Field(1, description="Nothing.")


@dataclass(frozen=True)
class Copier:
    """Takes the pixels of each class in turn, from a place that the seed draws."""

    exemplar: Exemplar
    config: Config
    outcome: Outcome = UNTRAINED

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        source = self.exemplar.labels
        places = np.zeros((*target.shape, 2), np.int32)
        for number in target.present():
            found, wanted = np.argwhere(source.ids == number), np.argwhere(target.ids == number)
            first = np.random.default_rng(run.seed).integers(len(found)) + self.config.shift
            places[tuple(wanted.T)] = found[(first + np.arange(len(wanted))) % len(found)]
        if wishes.keep == "auto" and target.shape == source.shape:
            stay = target.ids == source.ids
            places[stay] = np.argwhere(stay)
        way = Provenance(places, source.shape)
        return Rendering(way.apply_to(self.exemplar.image), way)

    def draft(self, *arguments: Any) -> None:
        return None

    def arrays(self) -> dict[str, Any]:
        return {}


class Copying:
    def fit(self, exemplar: Exemplar, config: Config, run: Any) -> Copier:
        return Copier(exemplar, config)

    def restore(self, exemplar: Exemplar, config: Config, *rest: Any) -> Copier:
        return Copier(exemplar, config)


@dataclass(frozen=True)
class Failing(Copier):
    """Renders only layouts of the source's size."""

    def render(self, target: Any, *rest: Any) -> Any:
        if target.shape != self.exemplar.shape:
            raise InputError("This layout has another size: give one of the source's.")
        return super().render(target, *rest)


class Fails(Copying):
    def fit(self, exemplar: Any, config: Config, run: Any) -> Copier:
        return Failing(exemplar, config)


class Breaks(Copying):
    def fit(self, *arguments: Any) -> Copier:
        raise ZeroDivisionError("division by zero")


class Dies(Copying):
    def fit(self, *arguments: Any) -> Copier:
        self.held = bytearray(80_000_000)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class Waits(Copying):
    """Says where it is, and never ends."""

    def fit(self, *arguments: Any) -> Copier:
        Path(os.environ["ENTRANTS"], f"{os.getpid()}").touch()
        time.sleep(600)
        raise AssertionError


class Counts(Copying):
    """Leaves a mark whenever it is fitted, and says how many threads it may use."""

    def fit(self, *arguments: Any) -> Copier:
        Path(os.environ["ENTRANTS"], f"{os.getpid()}").write_text(os.environ["OMP_NUM_THREADS"])
        return super().fit(*arguments)


@dataclass(frozen=True)
class Entrant(registry.Entry):
    recipes = MappingProxyType({"plain": {}, "later": {"shift": 5}})
    config_type = Config
    ablations = MappingProxyType({})
    engine: type[Copying] = Copying

    def load(self) -> Copying:
        return self.engine()


ENTRANTS = {
    name: Entrant(
        name,
        f"a method that {name}",
        __name__,
        neural=False,
        takes=frozenset(registry.WISHES),
        polish=None,
        learns=name == "learns",
        provenance=True,
        engine=engine,
    )
    for name, engine in {
        "copies": Copying,
        "learns": Copying,
        "fails": Fails,
        "breaks": Breaks,
        "dies": Dies,
        "waits": Waits,
        "counts": Counts,
    }.items()
}
