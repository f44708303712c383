"""WebDataset's shards: tar files of samples, which programs read one after the other."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from analogon.augment.exporting.base import Exporter
from analogon.augment.exporting.classes import Classes
from analogon.augment.values import IMAGE, INSTANCES, LABELS, RECORD, Sample

#: Samples in one shard; of 256 x 256 pixels they take about 100 MB.
SHARD = 1000


class Shards(Exporter):
    """``train-000000.tar`` and so on; a sample's key is its name, and ``image.png`` the extension of its picture.

    The files are the sample's own, in the order of the names, without times and owners: equal samples make equal
    shards.
    """

    def __init__(self, folder: Path, classes: Classes, counts: Mapping[str, int], shard: int = SHARD) -> None:
        super().__init__(folder, classes, counts)
        self._shard = shard
        self._added = dict.fromkeys(counts, 0)
        self._open: dict[str, tarfile.TarFile] = {}

    def add(self, part: str, sample: Sample, files: Path) -> None:
        """The sample's files, in a new shard where the last is full."""
        number, within = divmod(self._added[part], self._shard)
        if within == 0:
            if part in self._open:
                self._open.pop(part).close()
            path = self.folder / f"{part}-{number:06d}.tar"
            self._open[part] = tarfile.open(path, "w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed when full
        self._added[part] += 1
        for name in (IMAGE, INSTANCES, LABELS, RECORD):
            data = (files / name).read_bytes()
            member = tarfile.TarInfo(f"{_key(sample.name)}.{name}")
            member.size, member.mode, member.mtime = len(data), 0o644, 0
            self._open[part].addfile(member, BytesIO(data))

    def close(self) -> None:
        """The last shards, and the classes."""
        self.write_classes()
        self.release()

    def release(self) -> None:
        """Close the shards."""
        while self._open:
            self._open.popitem()[1].close()


def _key(name: str) -> str:
    """A name without dots, at which keys end, and slashes."""
    return quote(name, safe="").replace(".", "%2E")
