"""The classes of a label file: which there are, and which one each pixel has."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analogon.errors import LabelError
from analogon.io.colors_of_map import Bytes, ColorTable
from analogon.io.label_files import LabelFile
from analogon.io.palette_discovery import Discovery, discover, exact_colors
from analogon.io.snapping import Places, fill_from_nearest, snap

# A photograph in place of a label map: strong local differences nearly everywhere, and then either too few
# pixels in flat places or many colours. Real maps, however compressed, have nine pixels of ten in flat
# places.
PHOTO_RADIUS = 30.0
PHOTO_SURE = 0.6
PHOTO_COLORS = 10
PHOTO_SURE_COLORFUL = 0.85


@dataclass(frozen=True, eq=False)
class Recovered:
    """The classes of a map.

    `colors` uint8 (K, 3), their `ids` (K,) where the file has ids, `shares` (K,) of the pixels. `places`,
    int16 (h, w), says which class each pixel has. `exact` tells that the map has no noise, so colours and
    ids are as they were painted.
    """

    colors: Bytes
    ids: npt.NDArray[np.int64] | None
    places: Places
    shares: npt.NDArray[np.float64]
    exact: bool


def recover(file: LabelFile, anchors: Bytes | None = None) -> Recovered:
    """Find the classes of a label file and give one to each pixel; LabelError where it is no label map.

    `anchors` (n, 3) are colours to expect, see `palette_discovery.discover`.
    """
    table = file.table
    meant = table.counts > 0 if file.meant else None if file.lossy else exact_colors(table)
    if meant is not None and (meant == (table.counts > 0)).all():
        return _as_it_is(file)
    found = discover(table, anchors) if meant is None else Discovery(table.colors[meant], 0.5)
    if len(found.colors) == 0:
        raise _no_label_map(file.name)
    places, sure = snap(table, found)
    many = len(found.colors) >= PHOTO_COLORS
    if found.radius >= PHOTO_RADIUS and sure < (PHOTO_SURE_COLORFUL if many else PHOTO_SURE):
        raise _no_label_map(file.name)
    counts = np.bincount(places.ravel(), minlength=len(found.colors))
    kept = counts > 0
    renumber = (np.cumsum(kept) - 1).astype(np.int16)
    colors = found.colors[kept]
    ids = None if file.ids is None else _ids_of(table, file.ids, colors)
    return Recovered(colors, ids, renumber[places], counts[kept] / places.size, meant is not None)


def _as_it_is(file: LabelFile) -> Recovered:
    """Every colour is a class."""
    table = file.table
    used = np.flatnonzero(table.counts)
    place = np.zeros(len(table.counts), np.int16)
    place[used] = np.arange(len(used), dtype=np.int16)
    places = fill_from_nearest(place[table.index], table.known)
    shares = np.bincount(places.ravel(), minlength=len(used)) / places.size
    ids = None if file.ids is None else file.ids[used]
    return Recovered(table.colors[used], ids, places, shares, True)


def _ids_of(table: ColorTable, ids: npt.NDArray[np.int64], colors: Bytes) -> npt.NDArray[np.int64] | None:
    """The id of each class colour; None where an anchor is only near to a colour of the map."""
    same = (table.colors[None] == colors[:, None]).all(-1) & (table.counts > 0)
    return ids[same.argmax(1)] if same.any(1).all() else None


def _no_label_map(name: str) -> LabelError:
    return LabelError(
        f"{name} does not look like a label map, it has hardly any flat colours: give a map with one flat "
        "colour or id per class."
    )
