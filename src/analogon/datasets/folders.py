"""A data set in a folder: its pictures, labels and instances, read when they are asked for."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analogon.data import Palette
from analogon.data.color import hex_color
from analogon.data.palette import percent
from analogon.datasets.augmenting import fitted, resized
from analogon.datasets.class_lists import (
    CLASSES_FILE,
    KNOWN_LISTS,
    ClassList,
    found_classes,
    known_classes,
    read_classes,
)
from analogon.datasets.layouts import LAYOUTS, SPLITS, Files, Layout, check_folder, detect
from analogon.datasets.values import Ids, Pair, Pictures
from analogon.errors import InputError, LabelError, OptionError
from analogon.io import read_image, read_map, to_bytes
from analogon.io.label_files import read_label_file

MAX_KEPT = 1 << 30
"""Bytes of pictures and maps that a data set keeps in memory once they were read."""
FILE_UNKNOWN = 255
"""What stands for an unknown pixel in label files, beside the id of the unknown class."""

_Kept = tuple[NDArray[np.uint8], NDArray[np.integer], NDArray[np.integer] | None]


def load_pictures(
    root: str | os.PathLike[str],
    layout: str = "auto",
    split: str = "train",
    size: tuple[int, int] | int | None = None,
    classes: ClassList | str | os.PathLike[str] | None = None,
) -> FolderPictures:
    """The labelled pictures of a data set in a folder.

    Args:
        root: the folder.
        layout: one of `LAYOUTS`; "auto": the one that the folder has.
        split: "train", "val" or "test". Where a set has only one of the last two, it stands for both. A folder of one's
            own that is not split is all "train".
        size: (height, width) that pictures are brought to (bicubically, on 8 bits; maps take the nearest pixel), or the
            shorter side; None: each as it is.
        classes: a list, the name of a published one, or a JSON file (`read_classes`). None: `classes.json` in the
            folder, or else the list that belongs to the layout, or else what the label maps hold: classes inside the
            first of them, or all ids of all of them.

    Returns:
        Pictures sorted by name; a pair has the ids of its files.

    Raises:
        InputError: the folder is no data set of this layout, or files of it are missing. OptionError: an unknown layout
            or split. LabelError: classes that contradict each other.
    """
    folder = Path(root)
    kind = _layout(folder, layout)
    if min(size if isinstance(size, tuple) else (size or 1,)) < 1:
        raise OptionError(f"Pictures cannot be brought to a size of {size}: give at least 1 pixel a side.")
    files = kind.files(folder, split)
    return FolderPictures(files, _classes(folder, kind, classes), size)


def find_splits(root: str | os.PathLike[str], layout: str = "auto") -> tuple[str, ...]:
    """The splits that have pictures of their own: of "train", "val" and "test", and at least one.

    Raises:
        InputError: the folder is no data set of this layout, or files are missing. OptionError: an unknown layout.
    """
    folder = Path(root)
    kind = _layout(folder, layout)
    parts = dict[str, str]()
    for split in SPLITS:
        part = kind.splits[split][0]
        if part not in parts and kind.find(folder, part):
            parts[part] = split
    if not parts:
        kind.files(folder, SPLITS[0])  # says what is expected
    return tuple(parts.values())


def _layout(folder: Path, name: str) -> Layout:
    if name != "auto" and name not in LAYOUTS:
        raise OptionError(f"There is no layout '{name}': use auto, {', '.join(LAYOUTS)}.")
    check_folder(folder)
    return detect(folder) if name == "auto" else LAYOUTS[name]


class FolderPictures(Pictures):
    """Labelled pictures in files.

    What was read is kept in memory, as 8-bit pictures, as long as there is room (`MAX_KEPT`).

    Attributes:
        files: of each picture.
        size: as `load_pictures` takes it.
    """

    def __init__(self, files: list[Files], classes: ClassList, size: tuple[int, int] | int | None = None) -> None:
        self.files = tuple(files)
        self.size = size
        self.palette, self.unknown = classes.palette, classes.unknown
        self.has_instances = all(f.instances is not None for f in files)
        self._kept = dict[int, _Kept]()
        self._room = MAX_KEPT

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.files)

    def name(self, index: int) -> str:
        """The name of the pair at a place; its files are not read for it."""
        return self.files[index].name

    def pair(self, index: int) -> Pair:
        """The pair at a place.

        Raises:
            InputError: a file cannot be read. LabelError: sizes differ, or an id that is no class.
        """
        kept = self._kept.get(index)
        if kept is None:
            kept = _compact(self._read(index))
            size = sum(a.nbytes for a in kept if a is not None)
            if size <= self._room:
                self._kept[index] = kept
                self._room -= size
        levels, labels, instances = kept
        numbers = None if instances is None else instances.astype(np.int64)
        return Pair(self.name(index), levels.astype(np.float32) / np.float32(255), labels.astype(np.int64), numbers)

    def _read(self, index: int) -> Pair:
        files = self.files[index]
        image = read_image(files.image)
        labels = read_ids(files.labels, self.palette, self.unknown)
        instances = None if files.instances is None else read_instances(files.instances)
        for path, array in ((files.labels, labels), (files.instances, instances)):
            if array is not None and array.shape != image.shape[:2]:
                raise LabelError(
                    f"'{path}' is {array.shape[1]}x{array.shape[0]} pixels and its picture '{files.image}' "
                    f"{image.shape[1]}x{image.shape[0]}: give both one size."
                )
        pair = Pair(files.name, image, labels, instances)
        return resized(pair, fitted(pair.shape, self.size))


def read_ids(path: Path, palette: Palette, unknown: int | None) -> Ids:
    """The ids of a label map, int64 (h, w): the values of the file, or the classes that have its colours.

    255 is the unknown class where there is one and the palette has no other class of that id.

    Raises:
        InputError: the file cannot be read. LabelError: it holds an id or a colour of no class.
    """
    values = _values(path)
    if values.ndim == 3:
        colors = values[..., :3].astype(np.int64)
        found = _by_color(colors, palette)
        if (found < 0).any() and (colors == colors[..., :1]).all():
            values = colors[..., 0]
        elif (found < 0).any():
            first = tuple(int(c) for c in colors[found < 0][0])
            raise LabelError(
                f"'{path}' has the colour {hex_color(first)} and others on {percent(float((found < 0).mean()))} of its "
                f"pixels, which are no class: name its class in {CLASSES_FILE}, or paint it as one of the others."
            )
        else:
            return found
    ids = values.astype(np.int64)
    if unknown is not None and FILE_UNKNOWN not in palette.ids:
        ids[ids == FILE_UNKNOWN] = unknown
    wrong = ~np.isin(ids, palette.ids)
    if wrong.any():
        stray = int(ids[wrong][0])
        raise LabelError(
            f"'{path}' has the id {stray} on {percent(float((ids == stray).mean()))} of its pixels, which is none of "
            f"the {len(palette)} classes ({_range(palette)}): name it in {CLASSES_FILE}, or choose other classes."
        )
    return ids


def read_instances(path: Path) -> Ids:
    """The numbers of an instance map, int64 (h, w); a coloured map has red + 256 green + 65536 blue.

    Raises:
        InputError: the file cannot be read. LabelError: it holds no whole numbers.
    """
    values = _values(path)
    if values.ndim == 3:
        return values[..., :3].astype(np.int64) @ np.array([1, 1 << 8, 1 << 16], np.int64)
    return values.astype(np.int64)


def _values(path: Path) -> NDArray[np.integer]:
    values = read_map(path)
    if values.dtype.kind == "b":  # read as other label maps of one bit are
        values = values.astype(np.uint8) * np.uint8(255)
    if (
        values.dtype.kind not in "iu"
        or values.ndim not in (2, 3)
        or (values.ndim == 3 and values.shape[2] not in (3, 4))
    ):
        raise LabelError(
            f"'{path}' is no map of ids but {values.dtype} of shape {values.shape}: save it with whole ids."
        )
    return values


def _by_color(colors: Ids, palette: Palette) -> Ids:
    """The class that has just this colour, int64 (h, w); -1: none has."""
    weights = np.array([1 << 16, 1 << 8, 1], np.int64)
    known = palette.colors.astype(np.int64) @ weights
    order = np.argsort(known, kind="stable")
    packed = colors @ weights
    near = order[np.minimum(np.searchsorted(known, packed, sorter=order), len(known) - 1)]
    ids: Ids = np.where(known[near] == packed, np.array(palette.ids, np.int64)[near], -1)
    return ids


def _range(palette: Palette) -> str:
    ids = sorted(palette.ids)
    return f"{ids[0]} to {ids[-1]}" if len(ids) > 4 else ", ".join(map(str, ids))


def _compact(pair: Pair) -> _Kept:
    """Arrays as small as they can be without losing anything but the picture's depth beyond 8 bits."""
    instances = None if pair.instances is None else _small(pair.instances)
    return to_bytes(pair.image), _small(pair.labels), instances


def _small(ids: Ids) -> NDArray[np.integer]:
    kind = np.result_type(np.min_scalar_type(int(ids.min())), np.min_scalar_type(int(ids.max())))
    small: NDArray[np.integer] = ids.astype(kind)
    return small


def _classes(root: Path, layout: Layout, classes: ClassList | str | os.PathLike[str] | None) -> ClassList:
    if isinstance(classes, ClassList):
        return classes
    if classes is not None:
        return known_classes(str(classes)) if str(classes) in KNOWN_LISTS else _from_file(Path(classes))
    if (root / CLASSES_FILE).is_file():
        return read_classes(root / CLASSES_FILE)
    if layout.classes is not None:
        return known_classes(layout.classes)
    maps = [f.labels for part in SPLITS for f in layout.find(root, part)]
    inside = read_label_file(maps[0]).palette  # as `write_labels` puts them there
    return found_classes(maps) if inside is None else ClassList(inside)


def _from_file(path: Path) -> ClassList:
    if not path.is_file():
        raise InputError(
            f"There is no list of classes '{path}': use one of {', '.join(KNOWN_LISTS)}, or a JSON file that is there."
        )
    return read_classes(path)
