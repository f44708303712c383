"""YOLO's segmentation files: a text file per picture with one outline per line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analogon.augment.exporting.base import TRAIN, VALIDATION, Exporter, strict
from analogon.augment.exporting.classes import Classes, things_of
from analogon.augment.exporting.outlines import Outline, joined, outlines
from analogon.augment.values import IMAGE, Sample
from analogon.errors import OptionError

_DIGITS = 7
"""Of a coordinate as a share of the side: a hundredth of a pixel in the largest picture."""


class Yolo(Exporter):
    """``images/train``, ``labels/train`` and ``data.yaml``; a line is a class, then x and y of each corner.

    Classes are numbered from 0 in the order of ``data.yaml``, which has the things alone. A thing in several pieces is
    one line that goes from piece to piece and back, one with holes goes in and around them.
    """

    def __init__(self, folder: Path, classes: Classes, counts: Mapping[str, int]) -> None:
        super().__init__(folder, classes, counts)
        self._number = {class_id: number for number, class_id in enumerate(classes.things)}

    @classmethod
    def check(cls, classes: Classes) -> None:
        """There must be things.

        Raises:
            OptionError: there are none.
        """
        if not classes.things:
            raise OptionError(
                "YOLO's format has things alone, and no class has single objects here: name classes that are things "
                "(--things), or leave the format out."
            )

    def add(self, part: str, sample: Sample, files: Path) -> None:
        """The picture and its text; without things the text is empty."""
        self.place(files / IMAGE, "images", part, f"{sample.name}.png")
        lines = [
            f"{self._number[thing.class_id]} {_shares(joined(outlines(thing.region)), sample.shape)}\n"
            for thing in things_of(sample, self.classes)
        ]
        self.write(f"labels/{part}/{sample.name}.txt", "".join(lines))

    def close(self) -> None:
        """``data.yaml``; where nothing is held back, pictures of the training stand in for those of the validation."""
        held = VALIDATION if VALIDATION in self.counts else TRAIN
        names = [f"  {n}: {strict(self.classes.palette.get(c).name)}\n" for c, n in self._number.items()]
        self.write("data.yaml", f"train: images/{TRAIN}\nval: images/{held}\nnames:\n{''.join(names)}")


def _shares(line: Outline, shape: tuple[int, int]) -> str:
    height, width = shape
    return " ".join(f"{_share(x / width)} {_share(y / height)}" for x, y in line.tolist())


def _share(value: float) -> str:
    return f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".") or "0"
