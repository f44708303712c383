"""The public functions: where loading, methods and results are joined."""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import numpy as np

from analogon._version import __version__
from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError, OptionError
from analogon.io import ImageSource, LabelSource, UnusedKeys, read_image, read_labels, read_target
from analogon.methods import registry
from analogon.methods.base import Synthesizer
from analogon.methods.bundle import FILE, Bundle
from analogon.result import Result
from analogon.run import CHECKPOINT, Progress, Run, ignore

#: Seeds are multiplied and added to in 64 bits.
MOST_SEED = 2**32 - 1
#: ``size`` never brings the longest side below this many pixels.
SMALLEST = 16


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
            class of the exemplar. A :class:`LabelMap` has its classes already, and passes it by.

    Raises:
        InputError: the file cannot be used. LabelError: a class that the exemplar lacks. OptionError: ``mapping``
            has a class that the target or the exemplar lacks.
    """
    return load_targets(exemplar, (target,), mapping)[0]


def load_targets(
    exemplar: Exemplar, targets: Iterable[LabelSource | LabelMap], mapping: Mapping[str, str] | None = None
) -> tuple[LabelMap, ...]:
    """Several label maps with one mapping; each of its classes need only be in one of them.

    See :func:`load_target`, also for the errors.
    """
    mapping, loaded = mapping or {}, []
    unused = UnusedKeys(mapping)
    for target in targets:
        if not isinstance(target, LabelMap):
            target = read_target(target, exemplar.labels.palette, mapping, unused)
        exemplar.check_target(target)
        # one palette for both, so that a class has the same index in both
        loaded.append(LabelMap(target.ids, exemplar.labels.palette))
    unused.refuse()
    return tuple(loaded)


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
        device: "auto" (an accelerator where there is one), "cpu", "cuda", "cuda:1" or "mps".
        size: factor in (0, 1] of the size that the method would work at: the exemplar's, or its ``size_limit``.
        previews: targets that will be asked for: rendered now and then into ``folder``, and practised on.
        folder: where checkpoints, history and the finished model go; None keeps nothing on disk.
        resume: go on from the checkpoint in ``folder``; where the fit is finished, its model is loaded.
        progress: called with :class:`Progress` events.
        options: any field of the method's configuration.

    Ctrl-C ends the fit early: the model so far is returned, with ``model.stopped == "interrupted"``.

    Raises:
        OptionError: an argument cannot be used. ModelError: ``folder`` cannot be written to, or there is nothing in
            it to resume, or a fit with other arguments. TrainingError: a loss is not a number.
    """
    if minutes is not None and not (_is(minutes, Real) and 0 < minutes < math.inf):
        raise OptionError(f"minutes cannot be {minutes!r}: give a number above 0.")
    if not (_is(size, Real) and 0 < size <= 1):
        raise OptionError(f"size cannot be {size!r}: give a factor above 0 and up to 1.")
    if not (_is(seed, Integral) and 0 <= seed <= MOST_SEED):
        raise OptionError(f"seed cannot be {seed!r}: give a whole number from 0 to {MOST_SEED}.")
    if resume and folder is None:
        raise OptionError("There is nothing to resume without a folder: name the one the fit was started with.")
    entry = registry.get(method)
    if steps is not None:
        options["steps"] = steps
    config = entry.configure(recipe, options)
    if size < 1:
        side = min(config.model_dump()["size_limit"], max(exemplar.shape))
        config = entry.configure(recipe, {**options, "size_limit": max(round(float(size) * side), SMALLEST)})
    engine = entry.load()
    device, threads = entry.machine(str(device))
    run = Run(
        device=device,
        seed=int(seed),
        minutes=float(minutes) if minutes is not None else None,
        most_steps=None if steps is None else int(steps),
        targets=load_targets(exemplar, previews),
        folder=Path(folder) if folder is not None else None,
        resume=resume,
        listener=progress or ignore,
    )
    inputs = {"exemplar": exemplar.digest(), "targets": [target.digest() for target in run.targets]}
    requested = {
        "method": method,
        "picture or labels": inputs["exemplar"],
        "list of targets": inputs["targets"],
        "configuration": config.model_dump(mode="json"),
        "seed": run.seed,
        "time budget": run.minutes,
        "limit of steps": run.most_steps if run.minutes else None,
    }
    run = replace(run, request=requested)
    if run.folder is not None:
        Bundle.check_folder(run.folder)
        if resume and not (run.folder / CHECKPOINT).exists():
            return _finished(run.folder, requested, run)
    started = time.monotonic()
    synthesizer = engine.fit(exemplar, config, run)
    record = {
        "method": method,
        "config": synthesizer.config.model_dump(mode="json"),
        "seed": run.seed,
        "fit_seconds": round(time.monotonic() - started, 3),
        "stopped": synthesizer.stopped,
        "inputs": inputs,
        "requested": requested,
        "device": device,
        "threads": threads,
        "versions": versions(),
    }
    model = Model(synthesizer, record, device=device)
    if run.folder is not None:
        model.save(run.folder)
        # only now: a disk that is full would have cost the whole fit
        if model.stopped != "interrupted":
            (run.folder / CHECKPOINT).unlink(missing_ok=True)
    return model


def _finished(folder: Path, requested: Mapping[str, Any], run: Run) -> Model:
    """The model of a fit that has no checkpoint because it is finished.

    Raises:
        ModelError: there is none, or it was a fit with other arguments.
    """
    if not (folder / FILE).exists():
        raise ModelError(f"There is nothing to resume in '{folder}': leave out --resume to start anew.")
    model = load(folder, device=run.device)
    theirs = model.record["requested"]
    changed = [name for name, value in json.loads(json.dumps(requested)).items() if theirs.get(name) != value]
    if model.stopped == "interrupted":
        raise ModelError(
            f"The fit in '{folder}' was stopped early and its checkpoint is gone: leave out --resume to fit anew, or "
            "use analogon render."
        )
    if changed:
        raise ModelError(
            f"The fit in '{folder}' is finished and had another {' and another '.join(changed)}: leave out --resume "
            "to fit anew, or use analogon render."
        )
    steps = model.config.get("steps", 1)
    run.listener(Progress("finished already", steps, steps))
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
    engine = entry.load()
    device, _ = entry.machine(str(device))
    synthesizer = engine.restore(bundle.exemplar, config, bundle.arrays, Run(device=device, seed=record["seed"]))
    return Model(synthesizer, record, device=device)


class Model:
    """A method fitted to one exemplar: ask it for as many layouts as you like.

    Attributes:
        record: how it came about, as JSON values: method, configuration, seed, seconds, digests (SHA-256) of the
            exemplar and of all targets practised on, what was requested, device and number of CPU threads of the fit,
            versions. It is saved with the model.
        method, seed: what it was fitted with.
        fit_seconds: wall-clock time of the fit.
        stopped: ``"interrupted"`` or ``"time"`` where the fit ended early, else None.
    """

    def __init__(self, synthesizer: Synthesizer, record: Mapping[str, Any], *, device: str) -> None:
        self._synthesizer, self._device = synthesizer, device
        self.record = record
        self.method: str = record["method"]
        self.seed: int = record["seed"]
        self.fit_seconds: float = record["fit_seconds"]
        self.stopped: str | None = record["stopped"]

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
        device, threads = registry.get(self.method).machine(self._device)
        started = time.monotonic()
        image = self._synthesizer.render(layout, Run(device=device, seed=self.seed))
        return Result(
            image=image,
            method=self.method,
            config=self.config,
            seed=self.seed,
            seconds=time.monotonic() - started,
            inputs={**self.record["inputs"], "target": layout.digest()},
            device=device,
            threads=threads,
            fit={name: self.record[name] for name in ("fit_seconds", "stopped", "device", "threads")},
            versions=versions(),
        )

    def save(self, folder: str | Path) -> None:
        """Write the model, one file replaced as a whole, and a note for people; :func:`load` reads it.

        Raises:
            ModelError, InputError: the folder or the disk does not take it.
        """
        Bundle(self.record, self.exemplar, self._synthesizer.arrays()).write(Path(folder))


@dataclass(frozen=True)
class FieldInfo:
    """One hyperparameter: its type, its default (in the default recipe) and its value in every recipe, as text.

    ``doc`` says what it means.
    """

    name: str
    type: str
    default: str
    doc: str
    values: Mapping[str, str]


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
    configs = {recipe: entry.configure(recipe, {}) for recipe in entry.recipes}
    fields = []
    for field, info in entry.config_type.model_fields.items():
        values = {recipe: _as_typed(getattr(config, field)) for recipe, config in configs.items()}
        default = next(iter(values.values()))
        fields.append(FieldInfo(field, _type_name(info.annotation), default, info.description or "", values))
    return MethodInfo(name, entry.summary, tuple(entry.recipes), entry.neural, tuple(fields))


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
    if get_origin(annotation) is Literal:
        return " | ".join(annotation.__args__)
    if get_origin(annotation) is tuple:
        return "[" + ", ".join(_type_name(part) for part in get_args(annotation)) + "]"
    if get_origin(annotation) is Annotated:
        return _type_name(annotation.__origin__)
    return str(annotation)
