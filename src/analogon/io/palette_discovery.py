"""Which colours of a colour map are classes, and which are only noise and fringes.

Colour maps in the wild hold hundreds or thousands of colours: paint programs soften (anti-alias) every
border, JPEG adds noise around every colour, and gaps between painted regions leave slits of the canvas. A
class is told from these by three facts (JPEG from a quality of about 50 on; below, blocks grow patterns):

* A class has an inside. A candidate colour needs pixels whose whole 3x3 neighbourhood has (nearly) that
  colour. Blends along a border are one or two pixels wide and change along it, so they have none, however
  many pixels they cover.
* A class is not thin everywhere. A good part of its pixels belongs to such insides or touches one. Slits
  between painted regions and frames around a map fail this and go to the classes beside them.
* Noise stays near its class. How far is measured on the map itself: a few levels for a map that was only
  softened, more the stronger it was compressed.

A map without softening and noise is taken as it is: each colour is a class, however rare and however near
another. All work on colours is done on the list of distinct colours, so memory does not grow with pixels
times classes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analogon.data.palette import MAX_CLASSES

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int32]

FEW_COLORS = 16
"""Up to this many distinct colours are never a sign of softening by their number alone."""
BLEND_GAP = 32
"""Two colours nearer than this (levels, Euclidean) are not searched for blends of them."""
BLEND_TOLERANCE = 6.0
"""A blend lies this near (levels) to the straight line between its two colours, for rounding."""
LARGE_RANGE = 48
"""Local ranges above this (levels) speak of borders, not of noise."""
MOST_NOISE = 24
"""Local range (levels) of a place that still counts as flat on the noisiest maps."""
LEAST_RADIUS = 6.0
MOST_RADIUS = 40.0
"""Bounds (levels) of the radius within which colours count as one class."""
NEAR_RADIUS = 10.0
"""The same where a 3x3 block is flat to two levels; noise there is a small shift of the whole block."""
LEAST_INSIDE = 0.3
"""Share of its pixels that a class must have in or beside an inside (a 3x3 block of its own)."""


@dataclass(frozen=True, eq=False)
class ColorTable:
    """The distinct colours of a map, uint8 (n, 3).

    `counts` (n,) are their pixels, `index` int32 (h, w) the place of each pixel's colour. `known` is False
    where the colour of a pixel is unknown (transparent); such pixels are not counted.
    """

    colors: Bytes
    counts: npt.NDArray[np.int64]
    index: Indices
    known: Bools

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.index.shape
        return height, width


def color_table(rgb: Bytes, known: Bools) -> ColorTable:
    """Table of the distinct colours of `rgb`, uint8 (h, w, 3)."""
    packed = rgb[..., 0].astype(np.uint32) << 16
    packed |= rgb[..., 1].astype(np.uint32) << 8
    packed |= rgb[..., 2]
    if packed.size < 1 << 20:
        values, inverse = np.unique(packed, return_inverse=True)
        index = inverse.reshape(packed.shape).astype(np.int32)
    else:  # one table of all colours costs less than sorting this many pixels
        seen = np.zeros(1 << 24, np.bool_)
        seen[packed] = True
        values = np.flatnonzero(seen).astype(np.uint32)
        place = np.zeros(1 << 24, np.int32)
        place[values] = np.arange(len(values), dtype=np.int32)
        index = place[packed]
    colors = np.stack([values >> 16 & 255, values >> 8 & 255, values & 255], axis=-1).astype(np.uint8)
    return ColorTable(colors, np.bincount(index[known], minlength=len(values)), index, known)


def same_in_block(values: npt.NDArray[Any]) -> Bools:
    """True where the 3x3 block around a pixel is uniform, bool (h, w); blocks are cut at the border."""
    from scipy import ndimage

    same: Bools = ndimage.maximum_filter(values, 3, mode="nearest") == ndimage.minimum_filter(
        values, 3, mode="nearest"
    )
    return same


def exact_colors(table: ColorTable) -> Bools | None:
    """Which colours of a map without noise are meant, bool (n,); None for a map that is softened or noisy.

    All of them, as a rule; only a colour that is thin everywhere and lies between its neighbours in colour
    and in place (the half-covered pixels along a straight edge) is not.
    """
    used = table.counts > 0
    total = np.count_nonzero(used)
    if total > MAX_CLASSES:
        return None
    inside = np.bincount(table.index[same_in_block(table.index) & table.known], minlength=len(used)) > 0
    thin = used & ~inside
    if total > FEW_COLORS and 2 * np.count_nonzero(thin) > total:
        return None
    meant = used.copy()
    for color in np.flatnonzero(thin):
        meant[color] = not _blends_of_neighbours(table, inside, int(color))
    return meant


def _blends_of_neighbours(table: ColorTable, inside: Bools, color: int) -> bool:
    """Whether a thin colour lies, in colour and in place, between two colours that have insides."""
    rows, columns = np.nonzero(table.index == color)
    step = max(1, len(rows) // 64)  # a sample decides as well as all of them
    around = window(table.index, rows[::step], columns[::step])
    blends = 0
    for neighbours in around:
        choices = np.unique(neighbours)
        choices = choices[inside[choices]]
        blends += _is_blend(table.colors[color], table.colors[choices])
    return blends >= 0.75 * len(around)


def _is_blend(color: Bytes, others: Bytes) -> bool:
    """Whether `color` lies on the line between two of `others` (n, 3), away from its ends."""
    a, b = np.triu_indices(len(others), 1)
    start, end = others[a].astype(np.float64), others[b].astype(np.float64)
    share, miss = blend_fit(color.astype(np.float64), start, end)
    gap = np.linalg.norm(end - start, axis=-1)
    fits = (gap >= BLEND_GAP) & (miss <= BLEND_TOLERANCE) & (share > 0) & (share < 1)
    return bool(fits.any())


def blend_fit(
    color: npt.NDArray[np.float64], start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Share of `end` in the blend of `start` and `end` that is nearest to `color`, and its distance (levels).

    All arrays (..., 3), broadcast against each other; the share is limited to 0 to 1.
    """
    along = end - start
    square = np.maximum((along**2).sum(-1), 1e-9)
    share = np.clip(((color - start) * along).sum(-1) / square, 0.0, 1.0)
    miss = np.linalg.norm(color - (start + share[..., None] * along), axis=-1)
    return share, miss


OFFSETS = sorted(
    ((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if (dy, dx) != (0, 0)),
    key=lambda d: (d[0] ** 2 + d[1] ** 2, d),
)
"""The 24 neighbours in a 5x5 window, nearest first."""


def window(values: npt.NDArray[Any], rows: npt.NDArray[Any], columns: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The 24 neighbours of each of n pixels in the order of OFFSETS, (n, 24); the edge repeats."""
    height, width = values.shape
    return np.stack(
        [
            values[np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)]
            for dy, dx in OFFSETS
        ],
        axis=-1,
    )


@dataclass(frozen=True, eq=False)
class Discovery:
    """The class colours of a map, uint8 (K, 3), and the `radius` (levels) within which a colour is one."""

    colors: Bytes
    radius: float


def discover(table: ColorTable, anchors: Bytes | None = None) -> Discovery:
    """The class colours of a softened or noisy map; none where nothing in it is flat.

    `anchors` (n, 3) are colours that are likely (those of the source, when a target is read): one that the
    map has is taken as it is, even where it is thin everywhere, and never merged with another.
    """
    spread = _local_range(table)
    noise, radius = _noise(spread[table.known])
    near = min(radius, NEAR_RADIUS)
    calm, flat = (
        np.bincount(table.index[(spread <= limit) & table.known], minlength=len(table.counts))
        for limit in (2, noise)
    )
    some, few = int(1e-3 * table.index.size), max(2, int(2e-5 * table.index.size))
    peaks = [] if anchors is None else _held_anchors(table, flat, radius, few, anchors)
    known = len(peaks)
    # Two classes may be nearer than noise reaches beside borders; away from borders they are still told
    # apart.
    for weight, reach, least in ((calm, near, some), (flat, radius, few)):
        _add_peaks(peaks, table.colors, weight, reach, max(least, few))
    return Discovery(_with_insides(table, np.array(peaks, np.uint8).reshape(-1, 3), radius, known), radius)


def _local_range(table: ColorTable) -> Bytes:
    """Largest difference of any channel within the 3x3 block around each pixel, uint8 (h, w)."""
    from scipy import ndimage

    spread = np.zeros(table.shape, np.uint8)
    for channel in range(3):
        plane = table.colors[:, channel][table.index]
        high = ndimage.maximum_filter(plane, 3, mode="nearest")
        np.maximum(spread, high - ndimage.minimum_filter(plane, 3, mode="nearest"), out=spread)
    return spread


def _noise(spread: Bytes) -> tuple[int, float]:
    """Local range that noise alone reaches, and the radius of a class around its colour, in levels."""
    counts = np.bincount(spread.ravel(), minlength=256)[: LARGE_RANGE + 1]
    if counts.sum() == 0:
        return MOST_NOISE, MOST_RADIUS
    within = np.cumsum(counts) / counts.sum()
    common = int(np.searchsorted(within, 0.95))
    return min(max(2, common * 3 // 2), MOST_NOISE), float(np.clip(2.5 * common, LEAST_RADIUS, MOST_RADIUS))


def _held_anchors(
    table: ColorTable, flat: npt.NDArray[np.int64], radius: float, least: int, anchors: Bytes
) -> list[Bytes]:
    """The anchors that flat pixels of the map have or nearly have."""
    owner, distance = nearest_color(table.colors, anchors)
    near = distance <= radius
    held = np.bincount(owner[near], weights=flat[near], minlength=len(anchors))
    return [anchor for anchor, pixels in zip(anchors, held, strict=True) if pixels >= least]


def _add_peaks(
    peaks: list[Bytes], colors: Bytes, weight: npt.NDArray[np.int64], radius: float, least: int
) -> None:
    """Add the colours that stand for a group of `least` pixels and more, most frequent first.

    A group is what lies within `radius` of its colour, and in no group before it.
    """
    points = colors.astype(np.float32)
    if peaks:
        weight = np.where(nearest_color(colors, np.array(peaks))[1] <= radius, 0, weight)
    while len(peaks) <= MAX_CLASSES and (top := int(weight.argmax())) >= 0 and weight[top] > 0:
        group = ((points - points[top]) ** 2).sum(-1) <= radius**2
        if weight[group].sum() >= least:
            peaks.append(colors[top])
        weight = np.where(group, 0, weight)


def nearest_color(colors: Bytes, palette: Bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Place in `palette` (K, 3) of what is nearest to each of `colors` (n, 3), and its distance (levels)."""
    points = colors.astype(np.float32)
    best = np.full(len(points), np.inf, np.float32)
    owner = np.zeros(len(points), np.int64)
    for place, center in enumerate(palette.astype(np.float32)):
        square = ((points - center) ** 2).sum(-1)
        nearer = square < best
        best[nearer], owner[nearer] = square[nearer], place
    return owner, np.sqrt(best)


def _with_insides(table: ColorTable, found: Bytes, radius: float, keep: int) -> Bytes:
    """The candidates that are not thin everywhere; the first `keep` are kept in any case.

    The border of the map is no inside: a frame two pixels wide around the map is as thin as a slit within it.
    """
    nearest = nearest_class(table, found, radius)
    padded = np.pad(nearest, 1, constant_values=-1)
    area = np.bincount(nearest[nearest >= 0], minlength=len(found))
    beside = np.bincount(padded[near_inside(padded)], minlength=len(found))
    thick = beside >= np.maximum(LEAST_INSIDE * area, 1)
    thick[:keep] = True
    kept: Bytes = found[thick]
    return kept


def nearest_class(table: ColorTable, colors: Bytes, radius: float) -> npt.NDArray[np.int16]:
    """The class within `radius` of each pixel's colour as a place in `colors`, int16 (h, w), or -1."""
    if len(colors) == 0:
        return np.full(table.shape, -1, np.int16)
    owner, distance = nearest_color(table.colors, colors)
    owner[distance > radius] = -1
    nearest: npt.NDArray[np.int16] = owner.astype(np.int16)[table.index]
    nearest[~table.known] = -1
    return nearest


def near_inside(nearest: npt.NDArray[np.int16]) -> Bools:
    """True for pixels in a 3x3 block of their own class; `nearest` (h, w) is -1 where there is no class."""
    core = same_in_block(nearest) & (nearest >= 0)
    height, width = nearest.shape
    covered = core.copy()
    for dy, dx in ((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)):
        here = np.s_[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)]
        there = np.s_[max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)]
        covered[here] |= core[there] & (nearest[there] == nearest[here])
    return covered
