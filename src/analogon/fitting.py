"""What a fit is asked for, checked before the work, and what is recorded of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError, OptionError
from analogon.io import LabelSource
from analogon.loading import load_targets
from analogon.methods import registry
from analogon.methods.base import Method, Synthesizer
from analogon.run import Progress, Run, ignore

#: Seeds are multiplied and added to in 64 bits.
MOST_SEED = 2**32 - 1
#: ``size`` never brings the longest side below this many pixels.
SMALLEST = 16


@dataclass(frozen=True, eq=False)
class Order:
    """A fit of one exemplar or several.

    Attributes:
        engine: the method.
        configs: for each exemplar its configuration.
        run: its ``request`` is the first exemplar's.
        requests: for each exemplar what was asked for, as JSON values.
        threads: on the CPU.
    """

    engine: Method
    configs: Sequence[BaseModel]
    run: Run
    requests: Sequence[Mapping[str, Any]]
    threads: int

    def record(self, number: int, synthesizer: Synthesizer, seconds: float) -> dict[str, Any]:
        """How the model of an exemplar came about; ``seconds`` is the time of the last sitting."""
        requested = self.requests[number]
        return {
            "method": requested["method"],
            "config": synthesizer.config.model_dump(mode="json"),
            "seed": self.run.seed,
            "fit_seconds": round(synthesizer.outcome.earlier + seconds, 3),
            "stopped": synthesizer.outcome.stopped,
            "inputs": {"exemplar": requested["picture or labels"], "targets": requested["list of targets"]},
            "requested": requested,
            "device": self.run.device,
            "threads": self.threads,
        }


def order(
    exemplars: Sequence[Exemplar],
    entry: registry.Entry,
    recipe: str | None,
    options: Mapping[str, Any],
    *,
    steps: int | None,
    minutes: float | None,
    seed: int,
    device: str,
    size: float,
    previews: Sequence[LabelSource | LabelMap] = (),
    folder: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Order:
    """Check the arguments of :func:`analogon.fit`; ``previews`` are of the first exemplar.

    Raises:
        OptionError: one cannot be used. InputError: a preview cannot be read.
    """
    check_numbers(minutes, seed)
    if not (_is(size, Real) and 0 < size <= 1):
        raise OptionError(f"size cannot be {size!r}: give a factor above 0 and up to 1.")
    training = {
        "--steps": ("no step to count", steps is not None),
        "--minutes": ("no time to limit", minutes is not None),
        "--resume": ("nothing to resume", resume),
        "--preview": ("nothing to preview", len(previews) > 0),
    }
    entry.check_learns({option: what for option, (what, given) in training.items() if given})
    if resume and folder is None:
        raise OptionError("There is nothing to resume without a folder: name the one the fit was started with.")
    if any(exemplar.usable is not None for exemplar in exemplars):
        entry.check_takes(["mask"])
    if steps is not None:
        options = {**options, "steps": steps}
    configs = [_configured(entry, recipe, options, exemplar, float(size)) for exemplar in exemplars]
    engine = entry.load()
    device, threads = entry.machine(str(device))
    run = Run(
        device=device,
        seed=int(seed),
        minutes=float(minutes) if minutes is not None else None,
        most_steps=None if steps is None else int(steps),
        targets=load_targets(exemplars[0], previews),
        folder=Path(folder) if folder is not None else None,
        resume=resume,
        listener=progress or ignore,
    )
    requests = [
        {
            "method": entry.name,
            "picture or labels": exemplar.digest(),
            "list of targets": [target.digest() for target in run.targets],
            "configuration": config.model_dump(mode="json"),
            "seed": run.seed,
            "time budget": run.minutes,
            "limit of steps": run.most_steps if run.minutes else None,
        }
        for exemplar, config in zip(exemplars, configs, strict=True)
    ]
    return Order(engine, configs, replace(run, request=requests[0]), requests, threads)


def check_numbers(minutes: float | None, seed: int) -> None:
    """Refuse a time budget and a seed that cannot be.

    Raises:
        OptionError: one of them.
    """
    if minutes is not None and not (_is(minutes, Real) and 0 < minutes < math.inf):
        raise OptionError(f"minutes cannot be {minutes!r}: give a number above 0.")
    if not (_is(seed, Integral) and 0 <= seed <= MOST_SEED):
        raise OptionError(f"seed cannot be {seed!r}: give a whole number from 0 to {MOST_SEED}.")


def check_finished(folder: Path, record: Mapping[str, Any], requested: Mapping[str, Any]) -> None:
    """Refuse to take the model in a folder, of which ``record`` tells, for the end of the fit that is asked for.

    Raises:
        ModelError: its fit was stopped early, or was asked for something else.
    """
    theirs = record["requested"]
    changed = [name for name, value in json.loads(json.dumps(requested)).items() if theirs.get(name) != value]
    if record["stopped"] == "interrupted":
        raise ModelError(
            f"The fit in '{folder}' was stopped early and its checkpoint is gone: leave out --resume to fit anew, or "
            "use analogon render."
        )
    if changed:
        raise ModelError(
            f"The fit in '{folder}' is finished and had another {' and another '.join(changed)}: leave out --resume "
            "to fit anew, or use analogon render."
        )


def _configured(
    entry: registry.Entry, recipe: str | None, options: Mapping[str, Any], exemplar: Exemplar, size: float
) -> BaseModel:
    """The configuration for an exemplar at a factor of its size."""
    config = entry.configure(recipe, options)
    if size == 1:
        return config
    if "size_limit" not in entry.config_type.model_fields:
        raise OptionError(f"Method '{entry.name}' works at the full size only: leave out --size.")
    side = min(config.model_dump()["size_limit"], max(exemplar.shape))
    return entry.configure(recipe, {**options, "size_limit": max(round(size * side), SMALLEST)})


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
