"""What is typical of an annotated picture: its objects, its cells and the walls between them, and how free it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analogon.augment.values import IntArray
from analogon.data import LabelMap

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

#: A class is a wall if it lies between at least so many regions, ...
CELLS = 8
#: ... of which the largest has at most this share of the picture, and is at most so wide for the side of a typical one.
LARGEST_CELL, WALL = 0.5, 0.4
#: Cells that the frame does not cut stand for all with at least this share of the area: large ones are cut first.
UNCUT = 1 / 3
#: Largest shares of the picture that an object, and all objects of a class, may have.
LARGEST_THING, MOST_THINGS = 0.2, 0.45
#: Least pixels of an object; least share of its convex hull that a typical one fills; least share of a class's area
#: that lies in objects which the frame does not cut.
SMALLEST_THING, SOLID, WHOLE = 24, 0.65, 0.3
#: A picture is free if rows and columns tell at most this share of what its classes are.
FREE = 0.08
#: Widths of walls are cut off at these quantiles.
USUAL = (0.1, 0.95)


@dataclass(frozen=True)
class Cell:
    """A region between walls.

    Attributes:
        area: in pixels. covariance: of its pixels' rows and columns, divided by the area: its shape alone.
        class_id: what most of it is. weight: how much it stands for, where larger ones are more often cut by the frame.
    """

    area: float
    covariance: tuple[tuple[float, float], tuple[float, float]]
    class_id: int
    weight: float


@dataclass(frozen=True, eq=False)
class Statistics:
    """What is typical of one label map.

    Attributes:
        labels: the map. instances: int32 (h, w), objects from 1 on. instance_classes: of object 1, 2, ….
        things: ids of the classes that objects have.
        wall: id of the class that lies between cells; None where there is none.
        free: whether any place may have any class: then the map can be turned round and mirrored.
    """

    labels: LabelMap
    instances: IntArray
    instance_classes: tuple[int, ...]
    things: tuple[int, ...]
    wall: int | None
    free: bool

    @cached_property
    def shares(self) -> dict[int, float]:
        """Share of the pixels of each class of the palette."""
        return shares_of(self.labels)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells, with half of the walls around them, that the frame does not cut, or all where it cuts most."""
        from scipy import ndimage as ndi

        if self.wall is None:
            return ()
        near = ndi.distance_transform_edt(self.instances == 0, return_distances=False, return_indices=True)
        return _cells_of(self.instances[near[0], near[1]], self.instance_classes)

    @cached_property
    def widths(self) -> Floats:
        """Widths of the wall along its middle line, in pixels, from the least on."""
        return _widths(self.labels.ids == self.wall) if self.wall is not None else np.zeros(0)


def describe(labels: LabelMap, instances: IntArray | None = None, things: Sequence[str] = ()) -> Statistics:
    """The statistics of a label map.

    Args:
        instances: numbers of its objects, if they are known.
        things: names of the classes of objects; none: those that look like it.
    """
    ids = labels.ids
    wall = _wall(labels) if instances is None and not things else None
    if wall is not None:
        chosen = tuple(number for number in labels.present() if number != wall)
        numbers = components(
            np.where(ids == wall, -1, 0), connectivity=4
        )  # what a wall parts is one cell, whatever it holds
    elif instances is not None:
        numbers = instances
        chosen = tuple(int(n) for n in np.unique(ids[instances > 0]))
    else:
        chosen = (
            tuple(c.id for c in labels.palette.classes if c.name in things)
            if things
            else tuple(number for number in labels.present() if _looks_like_things(ids == number))
        )
        numbers = components(np.where(np.isin(ids, chosen), ids, -1))
    numbers, classes = numbered(numbers, ids)
    return Statistics(labels, numbers, classes, chosen, wall, wall is not None or _free(labels))


def shares_of(labels: LabelMap) -> dict[int, float]:
    """Share of the pixels of each class of the palette."""
    counts = np.bincount(labels.indices().ravel(), minlength=len(labels.palette)) / labels.ids.size
    return dict(zip(labels.palette.ids, counts.tolist(), strict=True))


def components(ids: NDArray[np.int64], connectivity: int = 8) -> IntArray:
    """Connected regions of equal ids, from 1 on, int32 (h, w); 0 where the id is negative."""
    from skimage.measure import label

    found: IntArray = label(  # type: ignore[no-untyped-call]
        ids, background=-1, connectivity=2 if connectivity == 8 else 1
    ).astype(np.int32)
    found[ids < 0] = 0
    return found


def numbered(numbers: IntArray, ids: NDArray[np.int64]) -> tuple[IntArray, tuple[int, ...]]:
    """Numbers without gaps in reading order of their old ones, and the class that most pixels of each have."""
    values, places = np.unique(numbers, return_inverse=True)
    places = places.reshape(numbers.shape) + (0 if values[0] == 0 else 1)
    count = int(places.max())
    known, inverse = np.unique(ids, return_inverse=True)
    table = np.bincount(places.ravel() * len(known) + inverse.ravel(), minlength=(count + 1) * len(known))
    best = table.reshape(count + 1, len(known)).argmax(1)
    return places.astype(np.int32), tuple(int(known[n]) for n in best[1:])


def _wall(labels: LabelMap) -> int | None:
    """The class that lies between cells, of several the widest spread; None."""
    from scipy import ndimage as ndi

    found = list[tuple[int, int]]()
    for number in labels.present():
        mask = labels.ids == number
        if not 0.01 < mask.mean() < 0.5:
            continue
        parts, count = ndi.label(~mask)
        areas = np.bincount(parts.ravel())[1:]
        areas = areas[areas >= SMALLEST_THING]
        if len(areas) < CELLS or areas.max() > LARGEST_CELL * mask.size:
            continue
        pieces, _ = ndi.label(mask, np.ones((3, 3)))
        connected = np.bincount(pieces.ravel())[1:].max() / mask.sum()
        if connected > 0.5 and float(np.median(_widths(mask))) - 1 <= WALL * float(np.sqrt(np.median(areas))):
            found.append((count, number))
    return max(found)[1] if found else None


def _widths(mask: Bools) -> Floats:
    """Widths of a mask along its middle line, from the least on: twice its depth there, up to a pixel too much."""
    from scipy import ndimage as ndi
    from skimage.morphology import skeletonize

    depth = ndi.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1]
    line = skeletonize(mask)  # type: ignore[no-untyped-call]
    if not line.any():
        return np.ones(1)
    # a line ends in spurs, and is deeper where walls meet
    found: Floats = np.sort(np.clip(2 * depth[line], *np.quantile(2 * depth[line], USUAL)))
    return found


def _cells_of(numbers: IntArray, classes: tuple[int, ...]) -> tuple[Cell, ...]:
    from scipy import ndimage as ndi

    height, width = numbers.shape
    whole, cut = list[Cell](), list[Cell]()
    for number, box in enumerate(ndi.find_objects(numbers), 1):
        if box is None:
            continue
        rows, columns = np.nonzero(numbers[box] == number)
        if len(rows) < SMALLEST_THING:
            continue
        tall, wide = (side.stop - side.start for side in box)
        shape = (np.cov(rows, columns, bias=True) + np.eye(2) / 12) / len(rows)
        edges = box[0].start == 0, box[1].start == 0, box[0].stop == height, box[1].stop == width
        weight = height * width / max((height - tall) * (width - wide), 0.05 * height * width)
        cell = Cell(
            float(len(rows)),
            ((float(shape[0, 0]), float(shape[0, 1])), (float(shape[1, 0]), float(shape[1, 1]))),
            classes[number - 1],
            1.0 if any(edges) else weight,
        )
        (cut if any(edges) else whole).append(cell)
    least = UNCUT * sum(cell.area for cell in whole + cut)
    enough = len(whole) >= CELLS and sum(cell.area for cell in whole) >= least
    return tuple(whole if enough else whole + cut)


def _looks_like_things(mask: Bools) -> bool:
    """Whether a class is made of single objects: compact, not too large, mostly not cut by the frame."""
    from skimage.measure import label, regionprops

    found = regionprops(label(mask))  # type: ignore[no-untyped-call]
    regions = [one for one in found if one.area >= SMALLEST_THING]
    if not regions or mask.mean() > MOST_THINGS or max(one.area for one in regions) > LARGEST_THING * mask.size:
        return False
    height, width = mask.shape
    whole = [
        one for one in regions
        if one.bbox[0] > 0 and one.bbox[1] > 0 and one.bbox[2] < height and one.bbox[3] < width
    ]  # fmt: skip
    if sum(one.area for one in whole) < WHOLE * mask.sum():
        return False
    solid = sorted((float(one.area / one.area_convex), one.area) for one in whole)
    half = sum(area for _, area in solid) / 2
    reached = np.cumsum([area for _, area in solid])
    return solid[int(np.searchsorted(reached, half))][0] >= SOLID


def _free(labels: LabelMap) -> bool:
    """Whether neither rows nor columns tell what the class is: their mutual information is small."""
    places = labels.indices()
    counts = np.bincount(places.ravel(), minlength=len(labels.palette)) / places.size
    entropy = -sum(p * np.log(p) for p in counts if p > 0)
    if entropy == 0:
        return True
    for turned in (places, places.T):
        bands = np.array_split(turned, 4)
        inner = 0.0
        for band in bands:
            p = np.bincount(band.ravel(), minlength=len(labels.palette)) / band.size
            inner += -sum(q * np.log(q) for q in p if q > 0) * band.size / places.size
        if (entropy - inner) / entropy > FREE:
            return False
    return True
