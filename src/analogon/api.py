"""The public functions: where loading, methods and results are joined."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from analogon._version import __version__
from analogon.data import Exemplar, LabelMap
from analogon.errors import OptionError
from analogon.io import ImageSource, LabelSource, read_image, read_labels, read_target
from analogon.methods import registry
from analogon.methods.base import Synthesizer
from analogon.methods.bundle import Bundle
from analogon.result import Result
from analogon.run import Progress, Run, ignore


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
        mapping: what classes that the exemplar lacks stand for: a colour (``"#31ff08"``), id or name to a class
            of the exemplar.

    Raises:
        InputError: the file cannot be used. LabelError: a class that the exemplar lacks.
    """
    if not isinstance(target, LabelMap):
        target = read_target(target, exemplar.labels.palette, mapping or {})
    exemplar.check_target(target)
    return target


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
    previews: Sequence[LabelMap] = (),
    folder: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Model:
    """Learn one exemplar.

    Args:
        method, recipe: see :func:`list_methods`; no recipe means the method's default one.
        steps: number of training steps, in place of the recipe's.
        minutes: time budget. The number of steps is then what fits in (the recipe's is no limit), and is found in
            ``model.config`` to repeat the fit with; with ``steps`` too, whichever ends first.
        seed: same seed, same machine, same picture.
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
    if minutes is not None and not (math.isfinite(minutes) and minutes > 0):
        raise OptionError(f"minutes cannot be {minutes}: give a number above 0.")
    if not 0 < size <= 1:
        raise OptionError(f"size cannot be {size}: give a factor above 0 and up to 1.")
    if seed < 0:
        raise OptionError(f"seed cannot be {seed}: give a number from 0 up.")
    if resume and folder is None:
        raise OptionError("There is nothing to resume without a folder: name the one the fit was started with.")
    entry = registry.get(method)
    if steps is not None:
        options["steps"] = steps
    config = entry.configure(recipe, options)
    if size < 1:
        longest = max(round(size * max(exemplar.shape)), 16)
        limit = min(getattr(config, "size_limit", longest), longest)
        config = entry.configure(recipe, {**options, "size_limit": limit})
    for target in previews:
        exemplar.check_target(target)
    run = Run(
        device=device,
        seed=seed,
        minutes=minutes,
        most_steps=steps,
        targets=tuple(previews),
        folder=Path(folder) if folder is not None else None,
        resume=resume,
        listener=progress or ignore,
    )
    started = time.monotonic()
    synthesizer = entry.load().fit(exemplar, config, run)
    model = Model(method, synthesizer, seed, time.monotonic() - started, device)
    if folder is not None:
        model.save(folder)
    return model


def load(folder: str | Path, *, device: str = "auto") -> Model:
    """A model that :meth:`Model.save` or :func:`fit` wrote.

    Raises:
        ModelError: there is none, or it is damaged. OptionError: its method is unknown or needs PyTorch.
    """
    bundle = Bundle.read(Path(folder))
    entry = registry.get(bundle.record["method"])
    config = entry.configure_exactly(bundle.record["config"])
    seed = bundle.record["seed"]
    synthesizer = entry.load().restore(bundle.exemplar, config, bundle.arrays, Run(device=device, seed=seed))
    return Model(entry.name, synthesizer, seed, bundle.record["fit_seconds"], device)


class Model:
    """A method fitted to one exemplar: ask it for as many layouts as you like."""

    def __init__(self, method: str, synthesizer: Synthesizer, seed: int, fit_seconds: float, device: str) -> None:
        self.method, self.seed, self.fit_seconds = method, seed, fit_seconds
        self._synthesizer, self._device = synthesizer, device

    @property
    def exemplar(self) -> Exemplar:
        """What it was fitted to."""
        return self._synthesizer.exemplar

    @property
    def config(self) -> dict[str, Any]:
        """Every hyperparameter in effect, as JSON values."""
        return self._synthesizer.config.model_dump(mode="json")

    @property
    def stopped(self) -> str | None:
        """``"interrupted"`` or ``"time"`` where the fit ended early, else None."""
        return self._synthesizer.stopped

    def render(self, target: LabelSource | LabelMap, mapping: Mapping[str, str] | None = None) -> Result:
        """The picture for a new label map, in the label map's size; see :func:`load_target` for the arguments."""
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
        """Write the model; :func:`load` reads it. One file is replaced as a whole, a readable copy lies beside it."""
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
        FieldInfo(n, _type_name(f.annotation), repr(getattr(defaults, n)), f.description or "")
        for n, f in entry.config_type.model_fields.items()
    )
    return MethodInfo(name, entry.summary, tuple(entry.recipes), entry.neural, fields)


def versions() -> dict[str, str]:
    """Versions of the package, Python and the libraries that compute; without those that are not installed."""
    found = {"analogon": __version__, "python": platform.python_version(), "numpy": np.__version__}
    for name in ("scipy", "scikit-image", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _type_name(annotation: Any) -> str:
    if getattr(annotation, "__name__", "") and not getattr(annotation, "__args__", ()):
        return str(annotation.__name__)
    if "Literal" in str(annotation):
        return " | ".join(annotation.__args__)
    return str(annotation)
