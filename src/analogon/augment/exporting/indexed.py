"""Folders of pictures, indexed label maps and instance maps."""

from __future__ import annotations

from pathlib import Path

from analogon.augment.exporting.base import Exporter
from analogon.augment.values import IMAGE, INSTANCES, LABELS, Sample


class IndexedFolder(Exporter):
    """``train/images``, ``train/labels`` and ``train/instances``, and ``classes.json``."""

    def add(self, part: str, sample: Sample, files: Path) -> None:
        """The three maps under the sample's name."""
        for kind, name in (("images", IMAGE), ("labels", LABELS), ("instances", INSTANCES)):
            self.place(files / name, part, kind, f"{sample.name}.png")

    def close(self) -> None:
        """The classes."""
        self.write_classes()
