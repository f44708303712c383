"""The public functions: where loading, methods and results are joined."""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from analogon._version import __version__
from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError, OptionError
from analogon.io import ImageSource, LabelSource, read_image, read_labels, read_target
from analogon.methods import registry
from analogon.methods.base import Synthesizer
from analogon.methods.bundle import Bundle
from analogon.result import Result
from analogon.run import Progress, Run, ignore

#: Seeds are multiplied and added to in 64 bits.
MOST_SEED = 2**32 - 1


def load_exemplar(image: ImageSource, labels: LabelSource | LabelMap) -> Exemplar:
    """Picture and label map from paths, PIL pictures or arrays.

    Raises:
        InputError: a file or array cannot be used. LabelError: the sizes differ.
    """
    return Exemplar(read_image(image), labels if isinstance(labels, LabelMap) else read_labels(labels))


def load_target(
    exemplar: Exemplar, target: LabelSource | LabelMap, mapping: Mapping[str, str] | None = None
) -> LabelMap:
    """A new label map, read against the exemplar's palette and checked to have only its classes.

    Args:
        mapping: what classes that the exemplar lacks stand for: a colour (``"#31ff08"``), id or name to a
            class of the exemplar.

    Raises:
        InputError: the file cannot be used. LabelError: a class that the exemplar lacks.
    """
    if not isinstance(target, LabelMap):
        target = read_target(target, exemplar.labels.palette, mapping or {})
    exemplar.check_target(target)
    # one palette for both, so that a class has the same index in both
    return LabelMap(target.ids, exemplar.labels.palette)


def fit(
    exemplar: Exemplar,
    method: str = "semia",
    *,
    recipe: str | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    device: str = "auto",
    size: float = 1.0,
    previews: Sequence[LabelSource | LabelMap] = (),
    folder: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Model:
    """Learn one exemplar.

    Args:
        method, recipe: see :func:`list_methods`; no recipe means the method's default one.
        steps: number of training steps, in place of the recipe's.
        minutes: time budget. The number of steps is then what fits in (the recipe's is no limit), and is
            found in ``model.config`` to repeat the fit with; with ``steps`` too, whichever ends first.
        seed: 0 to 4294967295; same seed, same machine, same picture.
        device: "auto", "cpu", "cuda", ….
        size: factor in (0, 1] of the exemplar's size that the method works at.
        previews: targets that will be asked for: rendered now and then into ``folder``, and practised on.
        folder: where checkpoints, history and the finished model go; None keeps nothing on disk.
        resume: go on from the checkpoint in ``folder``.
        progress: called with :class:`Progress` events.
        options: any field of the method's configuration.

    Ctrl-C ends the fit early: the model so far is returned, with ``model.stopped == "interrupted"``.

    Raises:
        OptionError: an argument cannot be used. ModelError: ``folder`` cannot be resumed.
        TrainingError: a loss is not a number.
    """
    if minutes is not None and not (_is(minutes, Real) and 0 < minutes < math.inf):
        raise OptionError(f"minutes cannot be {minutes!r}: give a number above 0.")
    if not (_is(size, Real) and 0 < size <= 1):
        raise OptionError(f"size cannot be {size!r}: give a factor above 0 and up to 1.")
    if not (_is(seed, Integral) and 0 <= seed <= MOST_SEED):
        raise OptionError(f"seed cannot be {seed!r}: give a whole number from 0 to {MOST_SEED}.")
    if resume and folder is None:
        raise OptionError("There is nothing to resume without a folder: name the one the fit was started with.")
    if resume and folder is not None and not Path(folder).is_dir():
        raise ModelError(f"There is nothing to resume in '{folder}': leave out --resume to start anew.")
    entry = registry.get(method)
    if steps is not None:
        options["steps"] = steps
    config = entry.configure(recipe, options)
    if size < 1:
        longest = max(round(size * max(exemplar.shape)), 16)
        limit = min(getattr(config, "size_limit", longest), longest)
        config = entry.configure(recipe, {**options, "size_limit": limit})
    run = Run(
        device=device,
        seed=int(seed),
        minutes=float(minutes) if minutes is not None else None,
        most_steps=steps,
        targets=tuple(load_target(exemplar, target) for target in previews),
        folder=Path(folder) if folder is not None else None,
        resume=resume,
        listener=progress or ignore,
    )
    started = time.monotonic()
    synthesizer = entry.load().fit(exemplar, config, run)
    model = Model(
        method,
        synthesizer,
        seed=run.seed,
        fit_seconds=time.monotonic() - started,
        stopped=synthesizer.stopped,
        device=device,
    )
    if folder is not None:
        model.save(folder)
    return model


def load(folder: str | Path, *, device: str = "auto") -> Model:
    """A model that :meth:`Model.save` or :func:`fit` wrote.

    Raises:
        ModelError: there is none, or it is damaged. OptionError: its method is unknown or needs PyTorch.
    """
    bundle = Bundle.read(Path(folder))
    record = bundle.record
    entry = registry.get(record["method"])
    config = entry.configure_exactly(record["config"])
    run = Run(device=device, seed=record["seed"])
    synthesizer = entry.load().restore(bundle.exemplar, config, bundle.arrays, run)
    return Model(
        entry.name,
        synthesizer,
        seed=run.seed,
        fit_seconds=record["fit_seconds"],
        stopped=record["stopped"],
        device=device,
    )


class Model:
    """A method fitted to one exemplar: ask it for as many layouts as you like.

    Attributes:
        method, seed: what it was fitted with.
        fit_seconds: wall-clock time of the fit.
        stopped: ``"interrupted"`` or ``"time"`` where the fit ended early, else None.
    """

    def __init__(
        self,
        method: str,
        synthesizer: Synthesizer,
        *,
        seed: int,
        fit_seconds: float,
        stopped: str | None,
        device: str,
    ) -> None:
        self.method, self.seed, self.fit_seconds, self.stopped = method, seed, fit_seconds, stopped
        self._synthesizer, self._device = synthesizer, device

    @property
    def exemplar(self) -> Exemplar:
        """What it was fitted to."""
        return self._synthesizer.exemplar

    @property
    def config(self) -> dict[str, Any]:
        """Every hyperparameter in effect, as JSON values."""
        return self._synthesizer.config.model_dump(mode="json")

    def render(self, target: LabelSource | LabelMap, mapping: Mapping[str, str] | None = None) -> Result:
        """The picture for a new label map, in its size; see :func:`load_target` for the arguments."""
        layout = load_target(self.exemplar, target, mapping)
        started = time.monotonic()
        image = self._synthesizer.render(layout, Run(device=self._device, seed=self.seed))
        return Result(
            image=image,
            method=self.method,
            config=self.config,
            seed=self.seed,
            seconds=time.monotonic() - started,
            inputs={"exemplar": self.exemplar.digest(), "target": layout.digest()},
            versions=versions(),
        )

    def save(self, folder: str | Path) -> None:
        """Write the model, one file replaced as a whole, and a note for people; :func:`load` reads it."""
        record = {
            "method": self.method,
            "config": self.config,
            "seed": self.seed,
            "fit_seconds": round(self.fit_seconds, 3),
            "stopped": self.stopped,
            "inputs": {"exemplar": self.exemplar.digest()},
            "versions": versions(),
        }
        Bundle(record, self.exemplar, self._synthesizer.arrays()).write(Path(folder))


@dataclass(frozen=True)
class FieldInfo:
    """One hyperparameter: its type and default (in the default recipe) as text, and what it means."""

    name: str
    type: str
    default: str
    doc: str


@dataclass(frozen=True)
class MethodInfo:
    """What can be known of a method without running it; the first recipe is the default."""

    name: str
    summary: str
    recipes: tuple[str, ...]
    neural: bool
    fields: tuple[FieldInfo, ...]


def list_methods() -> tuple[MethodInfo, ...]:
    """All methods."""
    return tuple(describe_method(name) for name in registry.METHODS)


def describe_method(name: str) -> MethodInfo:
    """One method.

    Raises:
        OptionError: there is none of that name.
    """
    entry = registry.get(name)
    defaults = entry.configure(None, {})
    fields = tuple(
        FieldInfo(n, _type_name(f.annotation), _as_typed(getattr(defaults, n)), f.description or "")
        for n, f in entry.config_type.model_fields.items()
    )
    return MethodInfo(name, entry.summary, tuple(entry.recipes), entry.neural, fields)


def versions() -> dict[str, str]:
    """Versions of the package, Python and the libraries that compute, of those that are installed."""
    found = {"analogon": __version__, "python": platform.python_version(), "numpy": np.__version__}
    for name in ("scipy", "scikit-image", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _as_typed(value: Any) -> str:
    """A value as one types it after ``--set NAME=``."""
    return value if isinstance(value, str) else json.dumps(value)


def _type_name(annotation: Any) -> str:
    if getattr(annotation, "__name__", "") and not getattr(annotation, "__args__", ()):
        return str(annotation.__name__)
    if "Literal" in str(annotation):
        return " | ".join(annotation.__args__)
    return str(annotation)
