"""Fitting, rendering, and models on disk: where loading, methods and results are joined."""

from __future__ import annotations

import json
import math
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from analogon import kernels
from analogon._version import __version__
from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError, OptionError
from analogon.io import ImageSource, LabelSource
from analogon.loading import load_target, load_targets, load_wishes
from analogon.methods import registry
from analogon.methods.base import Polisher, Synthesizer
from analogon.methods.bundle import FILE, Bundle
from analogon.rendering import Guide, Wishes
from analogon.result import Result
from analogon.run import CHECKPOINT, Progress, Run, ignore

#: Seeds are multiplied and added to in 64 bits.
MOST_SEED = 2**32 - 1
#: ``size`` never brings the longest side below this many pixels.
SMALLEST = 16
#: Libraries whose versions belong to a result, and their modules.
_COMPUTING = {"scipy": "scipy", "scikit-image": "skimage", "torch": "torch"}


def fit(
    exemplar: Exemplar,
    method: str = registry.DEFAULT_METHOD,
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

    For methods that do not learn (see :func:`describe_method`) this takes no time, and ``steps``, ``minutes``,
    ``previews`` and ``resume`` are errors.

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
    entry = registry.get(method)
    training = {
        "--steps": ("no step to count", steps is not None),
        "--minutes": ("no time to limit", minutes is not None),
        "--resume": ("nothing to resume", resume),
        "--preview": ("nothing to preview", len(previews) > 0),
    }
    entry.check_learns({option: what for option, (what, given) in training.items() if given})
    if resume and folder is None:
        raise OptionError("There is nothing to resume without a folder: name the one the fit was started with.")
    if exemplar.usable is not None:
        entry.check_takes(["mask"])
    if steps is not None:
        options["steps"] = steps
    config = entry.configure(recipe, options)
    if size < 1:
        if "size_limit" not in entry.config_type.model_fields:
            raise OptionError(f"Method '{method}' works at the full size only: leave out --size.")
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

    def render(
        self,
        target: LabelSource | LabelMap,
        mapping: Mapping[str, str] | None = None,
        *,
        keep: str | ImageSource = "auto",
        tile: bool = False,
        preview: bool = False,
        guides: Sequence[Guide] = (),
        polish: bool | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Result:
        """The picture for a new label map, in its size.

        Args:
            target, mapping: see :func:`load_target`, also for the errors.
            keep, tile, preview, guides, polish: see :func:`check_render`, also for the errors.
            progress: called with :class:`Progress` events; what it raises ends the render, as Ctrl-C does.
        """
        layout = load_target(self.exemplar, target, mapping)
        wishes = check_render(
            self.exemplar, layout, self.method, keep=keep, tile=tile, preview=preview, guides=guides, polish=polish
        )
        entry = registry.get(self.method)
        device, threads = entry.machine(self._device)
        run = Run(device=device, seed=self.seed, listener=progress or ignore)
        started = time.monotonic()
        polishing = entry.polishes(polish, preview=wishes.preview)
        if polishing and isinstance(self._synthesizer, Polisher):
            rendering = self._synthesizer.polished(layout, run, wishes)
            timing = dict(rendering.seconds)
        else:
            rendering = self._synthesizer.render(layout, run, wishes)
            timing = dict(rendering.seconds)
            if polishing:
                from analogon.ops import polish as polish_picture

                rendering = polish_picture(self.exemplar, layout, rendering, run, wishes)
                timing |= {f"polishing: {stage}": seconds for stage, seconds in rendering.seconds.items()}
        seconds = time.monotonic() - started
        source, way = self.exemplar.labels, rendering.provenance
        return Result(
            image=rendering.image,
            method=self.method,
            config=self.config,
            seed=self.seed,
            seconds=seconds,
            inputs={**self.record["inputs"], "target": layout.digest()},
            device=device,
            threads=threads,
            fit={name: self.record[name] for name in ("fit_seconds", "stopped", "device", "threads")},
            versions=versions(),
            wishes={**wishes.record(), "polish": polishing},
            timing=timing,
            provenance=way,
            labels=layout if way is None else LabelMap(way.apply_to(source.ids), source.palette),
        )

    def save(self, folder: str | Path) -> None:
        """Write the model, one file replaced as a whole, and a note for people; :func:`load` reads it.

        Raises:
            ModelError, InputError: the folder or the disk does not take it.
        """
        Bundle(self.record, self.exemplar, self._synthesizer.arrays()).write(Path(folder))


def check_render(
    exemplar: Exemplar,
    target: LabelMap,
    method: str = registry.DEFAULT_METHOD,
    *,
    keep: str | ImageSource = "auto",
    tile: bool = False,
    preview: bool = False,
    guides: Sequence[Guide] = (),
    polish: bool | None = None,
    provenance: bool = False,
) -> Wishes:
    """Refuse what :meth:`Model.render` would refuse, before the work: a fit may take long.

    Args:
        target: of :func:`load_target`.
        keep: pixels that stay as they are in the source. ``"auto"``: those that the edit does not concern, where
            source and target have one size and the method can; ``"none"``: none needs to; a mask (see
            :func:`read_mask`) of the target's size: those that are white.
        tile: the result continues without a seam where its left edge is put to its right, and its top to its bottom.
        preview: a quick first impression will do.
        guides: further pairs of maps that say which places are alike.
        polish: refine the result with pieces of the source; None does so if that is the method's way.
        provenance: the result has to say where its pixels come from.

    Returns:
        What the method is asked for.

    Raises:
        OptionError: the method cannot do one of these, or there is a mask and the sizes of source and target differ.
        InputError: a mask or guide has the wrong size, or cannot be read.
    """
    entry = registry.get(method)
    wishes = load_wishes(exemplar, target, keep=keep, tile=tile, preview=preview, guides=guides)
    entry.check_takes(wishes.asked())
    polishing = entry.polishes(polish, preview=wishes.preview)
    if provenance and not (entry.provenance or polishing):
        raise OptionError(
            f"Method '{method}' paints new pixels, which come from no place in the source: leave out --provenance or "
            "add --polish."
        )
    return wishes


def versions() -> dict[str, str]:
    """Versions of the package, Python and the libraries that compute, of those that this process has in use."""
    found = {"analogon": __version__, "python": platform.python_version(), "numpy": np.__version__}
    for name, module in _COMPUTING.items():
        if module in sys.modules:
            found[name] = str(sys.modules[module].__version__)
    if numba := kernels.compiler():
        found["numba"] = numba  # it has compiled what is in use, and need not be there itself
    return found


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
