"""A dataset of samples in the formats that training programs read."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from analogon.augment.exporting.base import MARK, TRAIN, VALIDATION, Exporter
from analogon.augment.exporting.classes import Classes, chosen, classes_of
from analogon.augment.exporting.coco import Coco
from analogon.augment.exporting.hugging_face import HuggingFace
from analogon.augment.exporting.indexed import IndexedFolder
from analogon.augment.exporting.shards import SHARD, Shards
from analogon.augment.exporting.yolo import Yolo
from analogon.augment.values import read_sample, sample_folders
from analogon.errors import InputError, OptionError

#: 2^64 divided by the golden section.
_GOLDEN = 0x9E3779B97F4A7C15
#: Formats by the name that options and folders have: what they are, and what writes them.
FORMATS: dict[str, tuple[str, type[Exporter]]] = {
    "png": ("folders of pictures, indexed label maps and instance maps", IndexedFolder),
    "coco": ("COCO's annotation files, things as polygons and run lengths", Coco),
    "yolo": ("YOLO's segmentation files, an outline per line", Yolo),
    "hf": ("a folder that Hugging Face's datasets opens", HuggingFace),
    "wds": ("WebDataset's tar shards", Shards),
}


@dataclass(frozen=True)
class Export:
    """How samples are written for others.

    Attributes:
        formats: names of :data:`FORMATS`; each becomes a folder of that name in the dataset's.
        things: names or ids of the classes whose instances are told apart; None for those that have instances.
        validation: share of the samples that is held back, at least 0 and below 1. Whether one is depends on its name
            alone, so that it stays where it is when others are added; they are as invented as the others, and say
            nothing of real pictures.
        shard: samples in one WebDataset shard.

    Raises:
        OptionError: there is no such format, or a number is out of range.
    """

    formats: tuple[str, ...] = ("png",)
    things: tuple[str, ...] | None = None
    validation: float = 0.0
    shard: int = SHARD

    def __post_init__(self) -> None:
        """Check the values."""
        object.__setattr__(self, "formats", tuple(dict.fromkeys(self.formats)))
        for name in self.formats:
            if name not in FORMATS:
                raise OptionError(f"'{name}' is no format of datasets: use one of {', '.join(FORMATS)}.")
        if not 0 <= self.validation < 1:
            raise OptionError(f"The share held back for validation is {self.validation}: use 0 to less than 1.")
        if self.shard < 1:
            raise OptionError(f"A shard cannot have {self.shard} samples: use 1 or more.")


def export(dataset: str | Path, wanted: Export) -> list[Path]:
    """Write the samples of a dataset in other formats, all of them in one go through the samples.

    A format's folder appears when it is complete, and takes the place of one that was written here before. What is in
    it is made of the samples alone, and equal samples make equal files.

    Returns:
        The folders, in the order of the formats.

    Raises:
        InputError: there is no sample, one is damaged or has other classes than the rest, or the disk does not take it.
        OptionError: a class that is to be a thing is none of the samples', or a format cannot do without one, or where
            its folder would be there is something else.
    """
    root = Path(dataset)
    check_places(root, wanted.formats)
    folders = sample_folders(root)
    if not folders:
        raise InputError(f"'{root}' holds no samples yet: make some with analogon augment first.")
    classes = classes_in(folders, wanted.things)
    parts = _parts([folder.name for folder in folders], wanted.validation)
    counts = {part: sum(one == part for one in parts) for part in dict.fromkeys((TRAIN, *sorted(parts)))}
    try:
        return _written(root, folders, classes, parts, counts, wanted)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"The samples of '{root}' cannot be written as {', '.join(wanted.formats)} ({reason}): "
            "make room, or choose another folder."
        ) from error


def check_places(root: Path, formats: Sequence[str]) -> None:
    """Refuse to put the folder of a format where something is that was not written here.

    Raises:
        OptionError: there is.
    """
    for name in formats:
        place = root / name
        there = place.exists() or place.is_symlink()
        if there and not (place / MARK).is_file() and not (place.is_dir() and not any(place.iterdir())):
            raise OptionError(
                f"'{place}' was not written by analogon augment, and would be replaced: move it elsewhere, or leave "
                f"out the format '{name}'."
            )


def check_classes(formats: Sequence[str], classes: Classes) -> None:
    """Refuse formats that cannot be written for these classes.

    Raises:
        OptionError: one cannot be.
    """
    for name in formats:
        FORMATS[name][1].check(classes)


def _written(
    root: Path, folders: Sequence[Path], classes: Classes, parts: Sequence[str], counts: dict[str, int], wanted: Export
) -> list[Path]:
    drafts = {name: root / f".{name}.part" for name in wanted.formats}
    with ExitStack() as ends:
        exporters = []
        for name, draft in drafts.items():
            shutil.rmtree(draft, ignore_errors=True)
            ends.callback(partial(shutil.rmtree, draft, ignore_errors=True))
            draft.mkdir()
            more = {"shard": wanted.shard} if name == "wds" else {}
            exporters.append(FORMATS[name][1](draft, classes, counts, **more))
            ends.callback(exporters[-1].release)
        for folder, part in zip(folders, parts, strict=True):
            sample = read_sample(folder)
            if sample.labels.palette != classes.palette:
                raise InputError(
                    f"The sample '{folder}' has other classes than '{folders[0]}': make all samples of the same "
                    "sources."
                )
            for exporter in exporters:
                exporter.add(part, sample, folder)
        for exporter in exporters:
            exporter.close()
            exporter.write(MARK, "")
        for name, draft in drafts.items():
            _replace(root / name, draft)
    return [root / name for name in wanted.formats]


def _replace(target: Path, draft: Path) -> None:
    """Put a finished folder in its place; for a moment there is none, never half a one."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    draft.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def classes_in(folders: Sequence[Path], things: Sequence[str] | None) -> Classes:
    """The classes of samples, and which of them are things: the named ones, or else those that have instances.

    Raises:
        InputError: a sample is damaged. OptionError: there is no class of such a name.
    """
    palette = read_sample(folders[0]).labels.palette
    found = set() if things is not None else {class_id for folder in folders for class_id in classes_of(folder)}
    return Classes(palette, chosen(things, palette, found))


def _parts(names: Sequence[str], share: float) -> list[str]:
    """Which part each sample belongs to, by its own name; but where all would be held back, one is not."""
    held = [_place(name) < share for name in names]
    if all(held):
        held[max(range(len(names)), key=lambda number: _place(names[number]))] = False
    return [VALIDATION if back else TRAIN for back in held]


def _place(name: str) -> float:
    """Where in (0, 1) a sample stands: below the share that is held back, it is.

    Those of the indices from 0 on are spread evenly (multiples of the golden section), and so are those of every second
    or third: sources that take turns have the same part held back. The first is the last that would be.
    """
    if name.isascii() and name.isdigit():
        return 1 - (int(name) * _GOLDEN % 2**64 + 1) / (2**64 + 1)
    return int.from_bytes(sha256(name.encode()).digest()[:8]) / 2**64
