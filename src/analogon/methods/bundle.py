"""A fitted model on disk: ``model.safetensors`` with everything in it, and ``model.json`` for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.errors import AnalogonError, ModelError
from analogon.io import replacing, write_text
from analogon.methods.base import Arrays
from analogon.run import CHECKPOINT

FILE, NOTE = "model.safetensors", "model.json"
#: Raised when an older reader could not understand a newer file; 2 has masks and frames.
FORMAT = 2
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
        from safetensors.numpy import save

        palette = [[c.id, c.name, list(c.color)] for c in self.exemplar.labels.palette.classes]
        record = {"format": FORMAT, **self.record, "palette": palette}
        if self.exemplar.frame != self.exemplar.shape:
            record["frame"] = list(self.exemplar.frame)
        tensors = {f"learnt.{k}": v for k, v in self.arrays.items()}
        ids = self.exemplar.labels.ids
        tensors |= {"exemplar.image": self.exemplar.image, "exemplar.ids": ids.astype(np.min_scalar_type(ids.max()))}
        if self.exemplar.usable is not None:
            tensors["exemplar.usable"] = self.exemplar.usable
        tensors = {k: np.asarray(v, order="C") for k, v in tensors.items()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(folder / FILE) as file:
                file.write(save(tensors, {"model": json.dumps(record)}))
            write_text(folder / NOTE, json.dumps(record, indent=1) + "\n")
            if not checkpoint:  # only now: a disk that is full would have cost the whole fit
                (folder / CHECKPOINT).unlink(missing_ok=True)
        except OSError as problem:
            raise ModelError(
                f"Model folder '{folder}' cannot be made ({problem.strerror or problem}): choose another with -o."
            ) from problem

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
        from safetensors import SafetensorError, safe_open

        path = folder / FILE
        if not path.is_file():
            raise ModelError(
                f"'{folder}' holds no model ({FILE} is missing): make one with `analogon fit … -o {folder}`."
            )
        try:
            with safe_open(str(path), "np") as stored:
                record = json.loads((stored.metadata() or {})["model"])
                arrays = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118 (not a mapping)
            if record["format"] > FORMAT:
                raise ModelError(f"Model '{path}' was written by a newer version of analogon; update the package.")
            for key in NEEDED:
                record[key]
            if not all(isinstance(record[key], dict) for key in ("config", "inputs", "requested")):
                raise TypeError("a part of the record is no object")
            classes = (LabelClass(i, name, (c[0], c[1], c[2])) for i, name, c in record["palette"])
            palette = Palette(tuple(classes))
            labels = LabelMap(arrays.pop("exemplar.ids"), palette)
            height, width = record.get("frame", labels.shape)
            usable = arrays.pop("exemplar.usable", None)
            exemplar = Exemplar(arrays.pop("exemplar.image"), labels, usable, (height, width))
            if not all(np.isfinite(v).all() for v in arrays.values() if v.dtype.kind == "f"):
                raise ValueError("a weight is not finite")
        except ModelError:
            raise
        except (SafetensorError, OSError, KeyError, TypeError, ValueError, AnalogonError) as problem:
            raise ModelError(f"Model '{path}' is damaged: fit it again.") from problem
        return Bundle(record, exemplar, {k.removeprefix("learnt."): v for k, v in arrays.items()})
