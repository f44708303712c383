"""A fitted model on disk: ``model.safetensors`` with everything in it, and ``model.json`` for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.errors import AnalogonError, ModelError
from analogon.io import replacing, write_text
from analogon.io.holding import alone
from analogon.methods.base import Arrays
from analogon.run import CHECKPOINT

FILE, NOTE = "model.safetensors", "model.json"
#: Raised when an older reader could not understand a newer file; 2 has masks and frames.
FORMAT = 2
#: What a record says of a model that learnt a data set.
SET = "data set"
#: What a record must hold to be loaded.
NEEDED = ("method", "config", "seed", "fit_seconds", "stopped", "inputs", "requested", "device", "threads")


@dataclass(frozen=True, eq=False)
class Bundle:
    """What a model folder holds: a record (method, configuration, seed, …), exemplar, what was learnt."""

    record: Mapping[str, Any]
    exemplar: Exemplar
    arrays: Arrays

    def write(self, folder: Path, *, checkpoint: bool = False) -> None:
        """Replace the folder's model as a whole.

        Args:
            checkpoint: the checkpoint in the folder is of this very fit, and stays; any other goes, as resuming from
                it would replace the model by an older one.

        Raises:
            ModelError, InputError: the folder cannot be written to.
        """
        labels = self.exemplar.labels
        record = {**self.record, "palette": _listed(labels.palette)}
        if self.exemplar.frame != self.exemplar.shape:
            record["frame"] = list(self.exemplar.frame)
        tensors = {"exemplar.image": self.exemplar.image, "exemplar.ids": labels.ids.astype(_narrow(labels.ids))}
        if self.exemplar.usable is not None:
            tensors["exemplar.usable"] = self.exemplar.usable
        _write(folder, record, self.arrays, tensors, checkpoint=checkpoint)

    @staticmethod
    def check_folder(folder: Path) -> None:
        """Find out whether a model could be written, before the work that it takes; nothing is left behind.

        Raises:
            ModelError: the folder cannot be made, or its files not be replaced.
        """
        try:
            existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
            for path in (folder / FILE, folder / NOTE):
                if path.is_dir():
                    raise IsADirectoryError(0, f"'{path.name}' is a folder")
            # Permissions alone do not tell: a read-only disk or a full one refuses as well.
            with TemporaryFile(dir=existing):
                pass
        except OSError as problem:
            raise ModelError(
                f"Model folder '{folder}' cannot be written to ({problem.strerror or problem}): choose another with -o."
            ) from problem

    @staticmethod
    def read(folder: Path) -> Bundle:
        """The folder's model.

        Raises:
            ModelError: there is none, it is damaged, or a newer version wrote it.
        """
        with _reading(folder, "fit") as (record, arrays):
            if record.get("learnt") == SET:
                raise ModelError(
                    f"Model '{folder}' was trained on a data set and is of no one picture: ask analogon render for "
                    "pictures, or use a model that analogon fit wrote."
                )
            labels = LabelMap(arrays.pop("exemplar.ids"), _palette(record))
            height, width = record.get("frame", labels.shape)
            usable = arrays.pop("exemplar.usable", None)
            exemplar = Exemplar(arrays.pop("exemplar.image"), labels, usable, (height, width))
            return Bundle(record, exemplar, _learnt(arrays))


@dataclass(frozen=True, eq=False)
class TrainedBundle:
    """What the folder of a model holds that learnt a data set: a record, the classes, what was learnt."""

    record: Mapping[str, Any]
    palette: Palette
    arrays: Arrays

    def write(self, folder: Path, *, checkpoint: bool = False) -> None:
        """Replace the folder's model as a whole; see :meth:`Bundle.write`."""
        record = {**self.record, "learnt": SET, "palette": _listed(self.palette)}
        _write(folder, record, self.arrays, {}, checkpoint=checkpoint)

    @staticmethod
    def read(folder: Path) -> TrainedBundle:
        """The folder's model.

        Raises:
            ModelError: there is none, it is damaged, a newer version wrote it, or it learnt one picture.
        """
        with _reading(folder, "train") as (record, arrays):
            if record.get("learnt") != SET:
                raise ModelError(
                    f"Model '{folder}' was fitted to one picture, not trained on a data set: use a model that analogon "
                    "train wrote."
                )
            return TrainedBundle(record, _palette(record), _learnt(arrays))

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether the folder's model learnt a data set.

        Raises:
            ModelError: there is none, it is damaged, or a newer version wrote it.
        """
        with _reading(folder, "fit", "train", values=False) as (record, _):
            return record.get("learnt") == SET


def _write(folder: Path, record: Mapping[str, Any], learnt: Arrays, more: Arrays, *, checkpoint: bool) -> None:
    from safetensors.numpy import save

    record = {"format": FORMAT, **record}
    tensors = {**{f"learnt.{k}": v for k, v in learnt.items()}, **more}
    tensors = {k: np.asarray(v, order="C") for k, v in tensors.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / FILE) as file:
            file.write(save(tensors, {"model": json.dumps(record)}))
        write_text(folder / NOTE, json.dumps(record, indent=1) + "\n")
        if not checkpoint:  # only now: a disk that is full would have cost the whole fit
            (folder / CHECKPOINT).unlink(missing_ok=True)
    except OSError as problem:
        raise _unmade(folder, problem) from problem


def _unmade(folder: Path, problem: OSError) -> ModelError:
    reason = problem.strerror or problem
    return ModelError(f"Model folder '{folder}' cannot be made ({reason}): choose another with -o.")


@contextmanager
def held(folder: Path | None) -> Iterator[None]:
    """Have a model's folder for this process alone, while a model is learnt and until it is written.

    The folder is made, and taken away again where nothing came into it. None: there is nothing to have.

    Raises:
        OptionError: another process learns a model there. ModelError: the folder cannot be made.
    """
    if folder is None:
        yield
        return
    made = [path for path in (folder, *folder.absolute().parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _unmade(folder, problem) from problem
    with alone(folder, "model"):
        try:
            yield
        finally:  # while it is held: whoever is refused shall not take it away from who has it
            with suppress(OSError):  # something is in it
                for path in made:
                    path.rmdir()


@contextmanager
def _reading(
    folder: Path, *verbs: str, values: bool = True
) -> Iterator[tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    """Record and tensors of the folder's model; what goes wrong inside the block tells that it is damaged.

    ``verbs``: of the command line, that make such a model.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / FILE
    if not path.is_file():
        made = " or ".join(f"`analogon {verb} … -o {folder}`" for verb in verbs)
        raise ModelError(f"'{folder}' holds no model ({FILE} is missing): make one with {made}.")
    try:
        with safe_open(str(path), "np") as stored:
            record = json.loads((stored.metadata() or {})["model"])
            names = stored.keys() if values else ()
            arrays = {key: stored.get_tensor(key) for key in names}
        if record["format"] > FORMAT:
            raise ModelError(f"Model '{path}' was written by a newer version of analogon; update the package.")
        for key in NEEDED:
            record[key]
        if not all(isinstance(record[key], dict) for key in ("config", "inputs", "requested")):
            raise TypeError("a part of the record is no object")
        if not all(np.isfinite(v).all() for v in arrays.values() if v.dtype.kind == "f"):
            raise ValueError("a weight is not finite")
        yield record, arrays
    except ModelError:
        raise
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, AnalogonError) as problem:
        raise ModelError(f"Model '{path}' is damaged: {' or '.join(verbs)} it again.") from problem


def _listed(palette: Palette) -> list[list[Any]]:
    return [[c.id, c.name, list(c.color)] for c in palette.classes]


def _palette(record: Mapping[str, Any]) -> Palette:
    return Palette(tuple(LabelClass(i, name, (c[0], c[1], c[2])) for i, name, c in record["palette"]))


def _narrow(ids: NDArray[np.integer]) -> np.dtype[Any]:
    return np.min_scalar_type(int(ids.max()))


def _learnt(arrays: Arrays) -> Arrays:
    return {k.removeprefix("learnt."): v for k, v in arrays.items()}
