"""What every format of a dataset shares: its folder, and files that are those of the samples."""

from __future__ import annotations

import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analogon.augment.exporting.classes import Classes
from analogon.augment.values import Sample

TRAIN, VALIDATION = "train", "val"
#: A file that every folder of a format has: it was written here, and may be replaced.
MARK = ".analogon"


class Exporter(ABC):
    """Writes samples in one format, one after the other, into a folder of its own.

    Attributes:
        folder: an empty one.
        classes: of all samples.
        counts: how many samples each part of the dataset will have, by its name; there is always a ``train``.
    """

    def __init__(self, folder: Path, classes: Classes, counts: Mapping[str, int]) -> None:
        self.check(classes)
        self.folder, self.classes, self.counts = folder, classes, counts

    @classmethod  # noqa: B027 - most take any
    def check(cls, classes: Classes) -> None:
        """Refuse classes that the format has no place for.

        Raises:
            OptionError: the format cannot be written for them.
        """

    @abstractmethod
    def add(self, part: str, sample: Sample, files: Path) -> None:
        """One sample, which belongs to a part and whose own files lie in a folder."""

    @abstractmethod
    def close(self) -> None:
        """What can only be written at the end; nothing is added after it."""

    def release(self) -> None:  # noqa: B027 - most have nothing open
        """Close files that are open, also after an error."""

    def place(self, source: Path, *path: str) -> str:
        """Put a sample's file there, without taking room twice where the disk allows it; answers with that path."""
        target = self.folder.joinpath(*path)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:  # another disk, or one that has no links
            shutil.copyfile(source, target)
        return "/".join(path)

    def write(self, name: str, text: str) -> None:
        """A text file of the format's folder."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())

    def write_classes(self) -> None:
        """``classes.json``: id, name and colour of each class, and whether it is a thing."""
        entries = [{**entry, "thing": self.classes.is_thing(entry["id"])} for entry in self.classes.palette.to_json()]
        self.write("classes.json", '{"classes": [\n' + ",\n".join(f" {strict(entry)}" for entry in entries) + "\n]}\n")


def strict(value: Any) -> str:
    """A value as strict JSON in one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
