"""A folder that ``datasets.load_dataset`` opens: pictures, masks and a table of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from analogon.augment.exporting.base import TRAIN, Exporter, strict
from analogon.augment.exporting.classes import Classes
from analogon.augment.values import IMAGE, INSTANCES, LABELS, Sample

#: What ``datasets`` calls the part that is held back.
_VALIDATION = "validation"


class HuggingFace(Exporter):
    """``train/metadata.jsonl`` and the pictures that it names.

    The columns are ``image``, ``mask``, ``instances``, ``name`` and ``record``: the sample's record as JSON text, with
    the class of each instance. As a table of its own it would have to have the same columns for all samples.
    """

    def __init__(self, folder: Path, classes: Classes, counts: Mapping[str, int]) -> None:
        super().__init__(folder, classes, counts)
        self._files = ExitStack()
        self._names = {part: part if part == TRAIN else _VALIDATION for part in counts}
        self._tables = {}
        for part, name in self._names.items():
            (folder / name).mkdir()
            self._tables[part] = self._files.enter_context((folder / name / "metadata.jsonl").open("wb"))

    def add(self, part: str, sample: Sample, files: Path) -> None:
        """The maps, and the row that names them."""
        row = {}
        for column, kind, name in (
            ("file_name", "images", IMAGE),
            ("mask_file_name", "masks", LABELS),
            ("instances_file_name", "instances", INSTANCES),
        ):
            self.place(files / name, self._names[part], kind, f"{sample.name}.png")
            row[column] = f"{kind}/{sample.name}.png"
        record = {**sample.record, "instance_classes": list(sample.instance_classes)}
        line = {**row, "name": sample.name, "record": strict(record)}
        self._tables[part].write((strict(line) + "\n").encode())

    def close(self) -> None:
        """The classes and the card."""
        self.write_classes()
        parts = "".join(f"  - split: {name}\n    path: {strict(f'{name}/**')}\n" for name in self._names.values())
        self.write("README.md", _CARD.format(parts=parts))
        self.release()

    def release(self) -> None:
        """Close the tables."""
        self._files.close()


_CARD = """---
task_categories:
- image-segmentation
tags:
- synthetic
configs:
- config_name: default
  drop_labels: true
  data_files:
{parts}---

# Invented pictures with exact labels

`mask` holds the ids of `classes.json`, `instances` which object each pixel belongs to (16 bits, 0 for none), `record`
how the picture came about, as JSON; its `instance_classes` are the class ids of instance 1, 2, and so on.
"""
