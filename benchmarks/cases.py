"""Folders with pictures, label maps and targets: finding them, and writing them at another size.

A case is a folder in the convention NAME/img.*, NAME/label.*, NAME/cond/*.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import analogon


def case_folders(cases: Path, only: Sequence[str] | None) -> list[Path]:
    """The cases that were asked for, by name."""
    return sorted(p for p in cases.iterdir() if p.is_dir() and (not only or p.name in only))


def targets_of(cases: Path, only: Sequence[str] | None) -> Iterator[tuple[Path, Any, Any, Path]]:
    """(folder, found files, exemplar, target) of every target."""
    for folder in case_folders(cases, only):
        found = analogon.find_case(folder)
        exemplar = analogon.load_exemplar(found.image, found.labels)
        for target in found.targets:
            yield folder, found, exemplar, target


def scaled(shape: tuple[int, int], factor: float) -> tuple[int, int]:
    """A size times a factor."""
    return round(shape[0] * factor), round(shape[1] * factor)


def write_case(exemplar: analogon.Exemplar, folder: Path) -> tuple[Path, Path]:
    """Write a picture and its labels as files; returns both."""
    (folder / "cond").mkdir(parents=True, exist_ok=True)
    analogon.write_image(folder / "img.png", exemplar.image)
    analogon.write_labels(folder / "label.png", exemplar.labels)
    return folder / "img.png", folder / "label.png"


def settings_of(words: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE words as settings; a value that is no JSON is text."""
    options = {}
    for text in words:
        name, _, value = text.partition("=")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options
