"""The classes of a data set: those of published sets, those of a file, and those that label maps are found to have."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from analogon.data import LabelClass, Palette
from analogon.data.color import id_color
from analogon.data.palette import MAX_CLASSES
from analogon.errors import InputError, LabelError
from analogon.io import read_map, write_text

CLASSES_FILE = "classes.json"
"""The file in a data set's folder that names its classes."""
UNKNOWN_NAME = "unknown"


@dataclass(frozen=True)
class ClassList:
    """Classes in the order of the channels, and the id of the one that says nothing of a pixel (None: there is none).

    Raises:
        LabelError: the unknown id is no class.
    """

    palette: Palette
    unknown: int | None = None

    def __post_init__(self) -> None:
        """The unknown class is one of them."""
        if self.unknown is not None:
            self.palette.index_of(self.unknown)


#: Files of the well-known lists, and the ids of what is unknown in them.
_LISTS: Mapping[str, int | None] = MappingProxyType(
    {"ade20k": 0, "camvid": 11, "cityscapes": None, "coco_stuff": 255, "deepfashion": None}
)
KNOWN_LISTS = tuple(_LISTS)
"""Names that `known_classes` knows."""


def known_classes(name: str) -> ClassList:
    """The published classes of a data set, with ids as they are in its files and colours as they are usually shown.

    "ade20k": 0 is unknown, 1 to 150 the classes of the scene parsing benchmark. "camvid": eleven, and 11 unlabelled.
    "cityscapes": ids 0 to 33 and the licence plate, which has -1 in the published list and is never drawn; it keeps the
    35th channel that networks for this set have. "coco_stuff": 0 to 90 things, 91 to 181 stuff (ids of the published
    list less one), 255 unknown; it is published without colours, these are those of PASCAL VOC's rule. "deepfashion":
    eight classes without names, because they are published without.

    Raises:
        InputError: there is no such list.
    """
    if name not in _LISTS:
        raise InputError(f"There is no list of classes '{name}': use one of {', '.join(_LISTS)}, or a JSON file.")
    if name == "deepfashion":
        return ClassList(_numbered(range(8)))
    text = (files("analogon.datasets") / "classes" / f"{name}.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    classes = (LabelClass(int(r["id"]), r["name"], (int(r["red"]), int(r["green"]), int(r["blue"]))) for r in rows)
    return ClassList(Palette(tuple(classes)), _LISTS[name])


def read_classes(path: str | os.PathLike[str]) -> ClassList:
    """The classes that a JSON file names.

    The file reads `{"classes": [{"id": 0, "name": "sky", "color": [0, 253, 255]}, ...], "unknown": 255}`. The colour
    and "unknown" may be left out; an unknown id that is not listed becomes the last class.

    Raises:
        InputError: the file cannot be read or is something else. LabelError: ids or names are there twice.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"'{path}' cannot be read ({reason}): check the path and its permissions.") from error
    except ValueError as error:
        raise InputError(f"'{path}' is no JSON, or cut short: write the classes anew.") from error
    try:
        listed = [dict(c) for c in data["classes"]]
        unknown = None if data.get("unknown") is None else int(data["unknown"])
        if unknown is not None and unknown not in [int(c["id"]) for c in listed]:
            listed.append({"id": unknown, "name": UNKNOWN_NAME, "color": (0, 0, 0)})
        palette = Palette(tuple(_listed(c) for c in listed))
    except LabelError as error:
        raise LabelError(f"'{path}' cannot be used: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f'\'{path}\' holds no classes: write it as {{"classes": [{{"id": 0, "name": "sky", '
            f'"color": [0, 253, 255]}}, ...], "unknown": 255}}.'
        ) from error
    return ClassList(palette, unknown)


def write_classes(path: str | os.PathLike[str], classes: ClassList) -> None:
    """Write the file that `read_classes` reads, complete or not at all; InputError for an unwritable place."""
    data = {"classes": classes.palette.to_json(), "unknown": classes.unknown}
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def found_classes(label_files: Iterable[Path]) -> ClassList:
    """The classes of label maps that no file names: those inside the first map, or else all ids that the maps have.

    Raises:
        InputError: a file cannot be read. LabelError: it is coloured, or has more ids than a palette holds.
    """
    ids = set[int]()
    for path in label_files:
        values = read_map(path)
        if values.ndim != 2 or values.dtype.kind not in "iub":
            raise LabelError(
                f"'{path}' is a label map in colours, and nothing says which classes they are: put a {CLASSES_FILE} "
                "with ids, names and colours beside the images."
            )
        ids.update((np.unique(values).astype(np.int64) * (255 if values.dtype.kind == "b" else 1)).tolist())
        if len(ids) > MAX_CLASSES:
            raise LabelError(
                f"The label maps up to '{path}' hold more than {MAX_CLASSES} ids, so they are none: put maps of "
                "instances into instances/."
            )
    return ClassList(_numbered(sorted(ids)))


def _numbered(ids: Iterable[int]) -> Palette:
    return Palette(tuple(LabelClass(i, f"class {i}", id_color(i)) for i in ids))


def _listed(entry: Mapping[str, Any]) -> LabelClass:
    number = int(entry["id"])
    red, green, blue = entry.get("color") or id_color(number)
    return LabelClass(number, str(entry["name"]), (int(red), int(green), int(blue)))
