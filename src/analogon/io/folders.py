"""The folder convention: one folder per case with a picture, its label map and target label maps."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from analogon.errors import InputError
from analogon.io.opening import SUFFIXES


@dataclass(frozen=True)
class Case:
    """The files of a case: `NAME/img.*`, `NAME/label.*` and `NAME/cond/*`, the targets sorted by name."""

    image: Path
    labels: Path
    targets: tuple[Path, ...]


def find_case(folder: str | os.PathLike[str]) -> Case:
    """The files of a case folder.

    Targets may be missing; they are sorted as people count (2 before 10). Files that are neither pictures
    nor arrays, and hidden ones, are passed over. InputError where the folder, the picture or the label map
    is missing, or where there are two of one.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"There is no folder '{root}': give a folder with img.*, label.* and cond/.")
    targets = sorted((p for p in _files(root / "cond") if p.suffix.lower() in (*SUFFIXES, ".npy")), key=_as_counted)
    return Case(_only(root, "img", SUFFIXES), _only(root, "label", (*SUFFIXES, ".npy")), tuple(targets))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]


def _only(root: Path, stem: str, suffixes: tuple[str, ...]) -> Path:
    """The one file of that stem."""
    found = sorted(p for p in _files(root) if p.stem == stem and p.suffix.lower() in suffixes)
    if not found:
        raise InputError(f"'{root}' holds no {stem}.*: put a file of that name there ({', '.join(suffixes)}).")
    if len(found) > 1:
        names = " and ".join(p.name for p in found)
        raise InputError(f"'{root}' holds {names}: keep only one of them.")
    return found[0]


def _as_counted(path: Path) -> list[tuple[int, str]]:
    """A sorting key that compares runs of digits as numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]
