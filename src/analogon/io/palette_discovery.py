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
another.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analogon.data.palette import MAX_CLASSES
from analogon.io.colors_of_map import (
    Bools,
    Bytes,
    ColorTable,
    blend_fit,
    near_inside,
    nearest_class,
    nearest_color,
    range_in_block,
    same_in_block,
    window,
)
from analogon.io.scaling_traces import traces_of_scaling

FEW_COLORS = 16
"""Up to this many distinct colours are never a sign of softening by their number alone."""
BLEND_GAP = 100
"""Between colours nearer than this (levels, Euclidean) a thin colour is never taken for a blend: it is an id."""
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
        np.bincount(table.index[(spread <= limit) & table.known], minlength=len(table.counts)) for limit in (2, noise)
    )
    some, few = int(1e-3 * table.index.size), max(2, int(2e-5 * table.index.size))
    peaks = [] if anchors is None else _held_anchors(table, flat, radius, few, anchors)
    known = len(peaks)
    # Two classes may be nearer than noise reaches beside borders; away from borders they are still told
    # apart.
    for weight, reach, least in ((calm, near, some), (flat, radius, few)):
        _add_peaks(peaks, table.colors, weight, reach, max(least, few))
    found = np.array(peaks, np.uint8).reshape(-1, 3)
    meant = ~traces_of_scaling(table, found, flat, radius)
    meant[:known] = True
    return Discovery(_with_insides(table, found[meant], radius, known), radius)


def _local_range(table: ColorTable) -> Bytes:
    """Largest difference of any channel within the 3x3 block around each pixel, uint8 (h, w)."""
    spread = np.zeros(table.shape, np.uint8)
    for channel in range(3):
        np.maximum(spread, range_in_block(table.colors[:, channel][table.index]), out=spread)
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


def _add_peaks(peaks: list[Bytes], colors: Bytes, weight: npt.NDArray[np.int64], radius: float, least: int) -> None:
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
