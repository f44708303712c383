"""What a label file holds before its classes are known: distinct colours, ids where it has them, class names.

| file | ids |
|---|---|
| indexed PNG or TIFF | the indices |
| PNG with classes inside (as `write_labels` writes it) | the indices or values, taken as they are |
| greyscale, 1-bit, and RGB in which every colour is grey | the grey values (1-bit: 0 and 255) |
| 16-bit greyscale, `.npy`, two-dimensional arrays | the values, taken as they are |
| RGB, RGBA, palette with too many colours, JPEG | none: the classes are found by colour |

Where alpha is under 128 the colour of a pixel is unknown. An indexed file is read by index whatever its
transparency.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from analogon.data.color import id_color
from analogon.data.palette import MAX_CLASSES, Palette
from analogon.errors import InputError, LabelError
from analogon.io.colors_of_map import Bools, Bytes, ColorTable, color_table
from analogon.io.opening import Picture, Source, check_size, name_of, open_picture, upright
from analogon.io.snapping import fill_from_nearest

CLASSES_KEY = "analogon-classes"
"""Keyword of the PNG text chunk that holds the classes as JSON."""
OPAQUE = 128


@dataclass(frozen=True, eq=False)
class LabelFile:
    """The colours of a label file, and what else it says about its classes.

    `ids`, int64 (n,), is the id of each colour of the table, or None; `meant` tells that these ids are
    taken as they are. `colored` tells that the table's colours are the file's own (not only stand-ins for
    ids). `palette` holds classes that the file names. `lossy` tells that the file format changes colours.
    """

    name: str
    table: ColorTable
    ids: npt.NDArray[np.int64] | None
    meant: bool
    colored: bool
    palette: Palette | None = None
    lossy: bool = False


def read_label_file(source: Source) -> LabelFile:
    """Open a label map of any kind; InputError or LabelError where it cannot be one."""
    if isinstance(source, np.ndarray):
        return _from_array(name_of(source), source)
    if not isinstance(source, Image.Image) and Path(source).suffix.lower() == ".npy":
        return _from_array(name_of(source), load_npy(source))
    picture = open_picture(source)
    mode = picture.image.mode
    if mode == "F":
        raise LabelError(f"{picture.name} holds floating-point numbers: save the label map with integer ids.")
    if mode == "P":
        return _from_indexed(picture)
    if mode.startswith("I"):
        ids = upright(picture, np.asarray(picture.image))
        return _from_ids(picture.name, ids, _own_classes(picture.image))
    return _from_colors(picture)


def load_npy(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """The array of a `.npy` file; pickled objects are refused, because reading them can run code."""
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"There is no file '{path}': check the path.") from None
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"'{path}' is no array of numbers, or cut short: save it again with numpy.save.") from error
    if not isinstance(array, np.ndarray):
        raise InputError(f"'{path}' is an archive of arrays: save the map alone with numpy.save.")
    return array


def _from_array(name: str, array: npt.NDArray[Any]) -> LabelFile:
    """A two-dimensional array of ids, or a colour map uint8 (h, w, 3 or 4)."""
    if array.ndim == 2 and array.dtype.kind in "iub":
        check_size(name, array.shape[1], array.shape[0])
        return _from_ids(name, array, None)
    if array.ndim == 3 and array.shape[2] in (3, 4) and array.dtype == np.uint8:
        check_size(name, array.shape[1], array.shape[0])
        return _from_rgba(name, array, lossy=False)
    raise LabelError(
        f"{name} is no label map: use integer ids (h, w) or uint8 colours (h, w, 3), not {array.dtype} {array.shape}."
    )


def _from_ids(name: str, ids: npt.NDArray[Any], palette: Palette | None) -> LabelFile:
    """Ids that are taken as they are."""
    if ids.dtype.kind != "b" and (ids.min() < 0 or ids.max() >= 2**31):
        raise LabelError(f"{name} holds the id {_outlier(ids)}: use ids from 0 to {2**31 - 1}.")
    values, index = _distinct(ids)
    if len(values) > MAX_CLASSES:
        raise LabelError(f"{name} holds {len(values)} different ids, more than {MAX_CLASSES}: is it a label map?")
    colors = np.array([id_color(int(v)) for v in values], np.uint8)
    known = np.ones(index.shape, np.bool_)
    table = ColorTable(colors, np.bincount(index.ravel(), minlength=len(values)), index, known)
    if palette is not None and not set(values.tolist()) <= set(palette.ids):
        palette = None  # another program changed the map and kept the text
    return LabelFile(name, table, values, meant=True, colored=False, palette=palette)


def _outlier(ids: npt.NDArray[Any]) -> int:
    return int(ids.min() if ids.min() < 0 else ids.max())


def _distinct(ids: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """The distinct ids in rising order, int64 (n,), and each pixel's place among them, int32 (h, w)."""
    if ids.dtype.kind == "b" or int(ids.max()) < 1 << 16:
        present = np.zeros(1 << 16, np.bool_)
        present[ids.astype(np.uint16)] = True
        values = np.flatnonzero(present).astype(np.int64)
        place = np.zeros(1 << 16, np.int32)
        place[values] = np.arange(len(values), dtype=np.int32)
        return values, place[ids.astype(np.uint16)]
    values, inverse = np.unique(ids, return_inverse=True)
    return values.astype(np.int64), inverse.reshape(ids.shape).astype(np.int32)


def _from_indexed(picture: Picture) -> LabelFile:
    """An indexed file: its indices as ids, and its colours."""
    indices = upright(picture, np.asarray(picture.image))
    values, index = _distinct(indices)
    entries = np.zeros((256, 3), np.uint8)
    given = np.array(picture.image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    entries[: len(given)] = given
    palette = _own_classes(picture.image)
    if palette is not None:
        same = all(c.id < 256 and tuple(entries[c.id].tolist()) == c.color for c in palette.classes)
        if same and set(values.tolist()) <= set(palette.ids):
            return _from_ids(picture.name, indices, palette)
    known = np.ones(index.shape, np.bool_)
    table = ColorTable(entries[values], np.bincount(index.ravel(), minlength=len(values)), index, known)
    return LabelFile(picture.name, table, values, meant=False, colored=True)


def _from_colors(picture: Picture) -> LabelFile:
    """Any other picture: by its colours, 8 bits per channel."""
    image = picture.image
    rgba = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return _from_rgba(picture.name, upright(picture, np.asarray(rgba)), picture.lossy)


def _from_rgba(name: str, rgba: Bytes, lossy: bool) -> LabelFile:
    """Colours uint8 (h, w, 3 or 4); a map of greys alone has the grey values as ids."""
    known: Bools = rgba[..., 3] >= OPAQUE if rgba.shape[2] == 4 else np.ones(rgba.shape[:2], np.bool_)
    if not known.any():
        raise LabelError(f"{name} is transparent everywhere: paint the classes with opaque colours.")
    table = color_table(fill_from_nearest(rgba[..., :3], known), known)
    used = table.colors[table.counts > 0]
    grey = bool((used == used[:, :1]).all())
    ids = table.colors[:, 0].astype(np.int64) if grey else None
    return LabelFile(name, table, ids, meant=False, colored=True, lossy=lossy)


def _own_classes(image: Image.Image) -> Palette | None:
    """The classes that `write_labels` put into the file, if any."""
    text = image.info.get(CLASSES_KEY)
    if not isinstance(text, str):
        return None
    try:
        return Palette.from_json(json.loads(text))
    except (ValueError, LabelError):  # changed by another program: the map itself is still readable
        return None
