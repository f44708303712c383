"""COCO's annotation files: things as polygons and as run lengths, stuff as run lengths."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np

from analogon.augment.exporting.base import Exporter, strict
from analogon.augment.exporting.classes import Classes, Thing, things_of
from analogon.augment.exporting.outlines import outlines, packed, run_lengths
from analogon.augment.values import IMAGE, Sample
from analogon.layout.regions import Region

POLYGONS, RUNS, STUFF = "instances", "instances_rle", "stuff"


class Coco(Exporter):
    """``train/*.png``, and three files of annotations of them.

    In ``annotations``, ``instances_train.json`` has things as polygons, ``instances_rle_train.json`` the same things as
    run lengths, ``stuff_train.json`` one annotation per picture and class of stuff. Annotations are written as they
    come: a dataset takes no more memory than its list of pictures.
    """

    def __init__(self, folder: Path, classes: Classes, counts: Mapping[str, int]) -> None:
        super().__init__(folder, classes, counts)
        self._files = ExitStack()
        self._open = {(part, kind): self._begin(part, kind) for part in counts for kind in (POLYGONS, RUNS, STUFF)}
        self._images: dict[str, list[dict[str, Any]]] = {part: [] for part in counts}
        self._written = dict.fromkeys(self._open, 0)
        self._number = 0

    def add(self, part: str, sample: Sample, files: Path) -> None:
        """The picture, and what is in it."""
        self.place(files / IMAGE, part, f"{sample.name}.png")
        height, width = sample.shape
        self._number += 1
        image = {"id": self._number, "file_name": f"{sample.name}.png", "width": width, "height": height}
        self._images[part].append(image)
        for thing in things_of(sample, self.classes):
            entry = self._entry(thing)
            polygons = [line.ravel().tolist() for line in outlines(thing.region)]
            self._write(part, POLYGONS, {**entry, "segmentation": polygons})
            self._write(part, RUNS, {**entry, "segmentation": _runs(thing.region, sample.shape)})
        for class_id in sample.labels.present():
            if not self.classes.is_thing(class_id):
                stuff = Thing(class_id, Region.of(sample.labels.ids == class_id))
                runs = _runs(stuff.region, sample.shape)
                self._write(part, STUFF, {**self._entry(stuff), "segmentation": runs})

    def close(self) -> None:
        """The ends of the annotation files, and the classes with their colours."""
        for (part, kind), file in self._open.items():
            things = kind != STUFF
            categories = [
                {"id": c.id, "name": c.name, "supercategory": "thing" if things else "stuff"}
                for c in self.classes.palette.classes
                if self.classes.is_thing(c.id) == things
            ]
            images = ",\n".join(map(strict, self._images[part]))
            file.write(f'\n],\n"images": [\n{images}\n],\n"categories": {strict(categories)}\n}}\n'.encode())
        self.write_classes()
        self.release()

    def release(self) -> None:
        """Close the annotation files."""
        self._files.close()

    def _begin(self, part: str, kind: str) -> IO[bytes]:
        (self.folder / part).mkdir(exist_ok=True)
        (self.folder / "annotations").mkdir(exist_ok=True)
        file = self._files.enter_context((self.folder / "annotations" / f"{kind}_{part}.json").open("wb"))
        file.write(b'{\n"info": {"description": "Invented pictures with exact labels, by Analogon"},\n"annotations": [')
        return file

    def _write(self, part: str, kind: str, entry: Mapping[str, Any]) -> None:
        # numbered from 1 on: 0 stands for no match where results are judged
        self._written[part, kind] += 1
        number = self._written[part, kind]
        self._open[part, kind].write(
            (",\n" if number > 1 else "\n").encode() + strict({"id": number, **entry}).encode()
        )

    def _entry(self, thing: Thing) -> dict[str, Any]:
        top, left, bottom, right = thing.region.box
        return {
            "image_id": self._number,
            "category_id": thing.class_id,
            "bbox": [left, top, right - left, bottom - top],
            "area": int(np.count_nonzero(thing.region.mask)),
            "iscrowd": 0,
        }


def _runs(region: Region, shape: tuple[int, int]) -> dict[str, Any]:
    return {"size": list(shape), "counts": packed(run_lengths(region, shape))}
