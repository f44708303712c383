"""A comparison's own files: all of it as JSON, its figures as tables."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from analogon.errors import InputError
from analogon.io import Writer, write_together
from analogon.report.values import AGGREGATE, FIGURES, RECORD, Aggregate, Comparison, Trial

#: What the JSON file says that it is.
KIND, VERSION = "analogon comparison", 1


def write(comparison: Comparison) -> None:
    """What :meth:`Comparison.write` does."""
    folder = comparison.folder
    text = {
        folder / RECORD: json.dumps(_record(comparison), indent=1, allow_nan=False) + "\n",
        folder / FIGURES: _table(_figures(comparison)),
    }
    if comparison.aggregates:
        text[folder / AGGREGATE] = _table(_aggregates(comparison.aggregates))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"'{folder}' cannot be made a folder ({reason}): choose another place with -o.") from error
    write_together({path: _writer(content) for path, content in text.items()})


def read(folder: Path) -> Comparison:
    """What :meth:`Comparison.read` does."""
    from pydantic import TypeAdapter, ValidationError

    path = folder / RECORD
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"'{folder}' holds no comparison ({RECORD}): name a folder that analogon compare or bench wrote."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"'{path}' cannot be read ({reason}): make the comparison again.") from error
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is damaged, for it is no JSON: make the comparison again.") from error
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise InputError(f"'{path}' is no comparison: name a folder that analogon compare or bench wrote.")
    if values.get("version") != VERSION:
        raise InputError(
            f"'{path}' has the version {values.get('version')!r}, and {VERSION} is read here: make the comparison "
            "again with this analogon."
        )
    try:
        comparison = TypeAdapter(Comparison).validate_python({**values, "folder": folder})
    except ValidationError as problem:
        place = ".".join(map(str, problem.errors()[0]["loc"]))
        raise InputError(f"'{path}' is damaged (at '{place}'): make the comparison again.") from problem
    _check_names(comparison, path)
    _check_files(comparison, path)
    return comparison


def plain(value: Any) -> Any:
    """A value as strict JSON has it: infinities become "inf" and "-inf", what is no number None, paths text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _record(comparison: Comparison) -> dict[str, Any]:
    record = plain(comparison)
    del record["folder"]  # it may move
    return {"kind": KIND, "version": VERSION, **record}


def _figures(comparison: Comparison) -> Iterator[Sequence[Any]]:
    """One row per trial."""
    names = [metric.name for metric in comparison.metrics]
    about = ("case", "target", "contender", "seed", "fit_seconds", "seconds", "peak_bytes", "error")
    yield [*about, *names]
    for trial in comparison.trials:
        yield [*(getattr(trial, name) for name in about), *(trial.figures.get(name) for name in names)]


def _aggregates(aggregates: Sequence[Aggregate]) -> Iterator[Sequence[Any]]:
    names = [entry.name for entry in fields(Aggregate)]
    yield names
    for aggregate in aggregates:
        yield [getattr(aggregate, name) for name in names]


def _table(rows: Iterable[Sequence[Any]]) -> str:
    """CSV: nothing where there is no value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow(["" if plain(value) is None else plain(value) for value in row])
    return text.getvalue()


def _writer(text: str) -> Writer:
    return lambda file: file.write(text.encode())


def _check_names(comparison: Comparison, path: Path) -> None:
    """Names that must be known or single ones."""
    for what, names in (
        ("case", [case.name for case in comparison.cases]),
        ("contender", [contender.label for contender in comparison.contenders]),
    ):
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"'{path}' is damaged, for it has the {what} '{name}' twice: make it again.")
    targets = {(case.name, target) for case in comparison.cases for target in case.targets}
    labels = {contender.label for contender in comparison.contenders}
    for trial in comparison.trials:
        if (trial.case, trial.target) not in targets:
            raise InputError(
                f"'{path}' is damaged, for nothing is said of the target '{trial.target}' of case '{trial.case}': "
                "make the comparison again."
            )
        if trial.contender not in labels:
            raise InputError(
                f"'{path}' is damaged, for nothing is said of the contender '{trial.contender}': make the comparison "
                "again."
            )


def _check_files(comparison: Comparison, record: Path) -> None:
    """Every file that is named lies in the folder and is there."""
    named: list[Path] = []
    for case in comparison.cases:
        named += [case.image, case.labels, *case.targets.values(), *case.truths.values()]
    for trial in comparison.trials:
        named += _files_of(trial)
    for path in named:
        if path.is_absolute() or ".." in path.parts:
            raise InputError(f"'{record}' is damaged, for '{path}' lies outside its folder: make the comparison again.")
        if not (comparison.folder / path).is_file():
            raise InputError(
                f"'{comparison.folder / path}' is missing, which the comparison names: put it back, or make the "
                "comparison again."
            )


def _files_of(trial: Trial) -> list[Path]:
    return [path for path in (trial.picture, trial.provenance) if path is not None]
