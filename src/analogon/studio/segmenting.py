"""A first label map and its refinement: superpixels, scribbles, and segmenters that people bring."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelClass, LabelMap, Palette
from analogon.data.color import id_color
from analogon.errors import InputError, OptionError
from analogon.layout.regions import stroke

GROUP = "analogon.segmenters"
"""Entry points of functions (image float32 (h, w, 3) in [0, 1]) -> LabelMap, or integer ids (h, w)."""

SUPERPIXELS = 900
REACH = 0.12
"""How far from a stroke labels may change, as a share of the picture's longer side."""
CORE = 0.02
"""Pixels farther than this share inside of what was not scribbled on stay what they are."""
_SOLVED_SIDE = 220
"""Longer side of the window that is solved; a larger one is solved on a coarser grid."""
_CONTRAST = 130.0
"""How much a step of colour keeps a walker from crossing it; the library's own default."""


@dataclass(frozen=True)
class Stroke:
    """Pixels that are of a class: points (row, column) of the middle of a brush, and its radius."""

    class_id: int
    points: tuple[tuple[float, float], ...]
    radius: float


def superpixels(photo: NDArray[np.uint8], count: int = SUPERPIXELS) -> NDArray[np.uint32]:
    """Connected patches of like colour, numbered from 0: uint32 (h, w)."""
    from PIL import Image
    from skimage.segmentation import slic

    height, width = photo.shape[:2]
    factor = max(1, math.ceil(max(height, width) / 1024))
    small = photo
    if factor > 1:
        small = np.asarray(
            Image.fromarray(photo).resize((-(-width // factor), -(-height // factor)), Image.Resampling.BOX)
        )
    found = slic(small, n_segments=count, compactness=10.0, sigma=1.0, start_label=0, channel_axis=-1)
    full = found.repeat(factor, 0).repeat(factor, 1)[:height, :width]
    _, numbers = np.unique(full, return_inverse=True)
    return numbers.reshape(height, width).astype(np.uint32)


def refined(photo: NDArray[np.uint8], labels: LabelMap, strokes: Sequence[Stroke]) -> LabelMap:
    """The labels with the surroundings of strokes divided anew, by random walks from the strokes and what is sure.

    Sure are the strokes, all that is far from them, and the inside of objects that no stroke lies on.

    Raises:
        LabelError: a stroke has a class that the palette lacks. OptionError: there is no stroke.
    """
    from scipy import ndimage as ndi
    from skimage.segmentation import random_walker

    if not strokes:
        raise OptionError("There is no stroke to refine the labels by: draw one.")
    places, shape = labels.indices(), labels.shape
    drawn = np.full(shape, -1, np.int64)
    for one in strokes:
        radii = (one.radius,) * len(one.points)
        drawn[stroke(shape, one.points, radii)] = labels.palette.index_of(one.class_id)
    if (drawn < 0).all():
        return labels
    side = max(shape)
    away = ndi.distance_transform_edt(drawn < 0)
    near = away <= max(REACH * side, 8)
    # one pixel more on each side, which holds the walkers at what stays
    rows, columns = (np.flatnonzero(ndi.binary_dilation(near).any(axis)) for axis in (1, 0))
    window = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    seeds = np.where(near, -1, places)
    scribbled = np.unique(places[drawn >= 0])
    for place in np.unique(places[near]):
        if place not in scribbled:
            inside = ndi.distance_transform_edt(places == place) > max(CORE * side, 2)
            seeds[near & inside & (places == place)] = place
    seeds[drawn >= 0] = drawn[drawn >= 0]
    step = max(1, math.ceil(max(rows[-1] - rows[0], columns[-1] - columns[0]) / _SOLVED_SIDE))
    coarse, colours = _coarse(seeds[window], step), photo[window][::step, ::step] / 255
    present = np.unique(coarse[coarse >= 0])
    result = places.copy()
    if len(present) == 1:
        result[near] = present[0]
    else:
        given = np.zeros(coarse.shape, np.int64)
        for n, place in enumerate(present, 1):
            given[coarse == place] = n
        walked = random_walker(colours, given, beta=_CONTRAST, mode="cg_j", tol=1e-4, prob_tol=0.1, channel_axis=-1)
        height, width = seeds[window].shape
        full = present[np.maximum(walked, 1) - 1].repeat(step, 0).repeat(step, 1)[:height, :width]
        result[window] = np.where(near[window] & (seeds[window] < 0), full, places[window])
        sure = seeds >= 0
        result[sure] = seeds[sure]
    return LabelMap(np.array(labels.palette.ids, np.int64)[result], labels.palette)


def _coarse(seeds: NDArray[np.int64], step: int) -> NDArray[np.int64]:
    """Seeds on a coarser grid: a block has that of its first pixel, or else any that one of its pixels has."""
    height, width = (-(-n // step) for n in seeds.shape)
    padded = np.pad(seeds, [(0, height * step - seeds.shape[0]), (0, width * step - seeds.shape[1])], mode="edge")
    blocks = padded.reshape(height, step, width, step)
    return np.where(blocks[:, 0, :, 0] >= 0, blocks[:, 0, :, 0], blocks.max((1, 3)))


def segmenters() -> dict[str, EntryPoint]:
    """Segmenters of installed packages by name."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def segmented(name: str, image: NDArray[np.float32]) -> LabelMap:
    """What a segmenter makes of a picture.

    Raises:
        OptionError: there is none of this name, or it fails. InputError: what it makes is no label map of the picture.
    """
    found = segmenters().get(name)
    if found is None:
        known = ", ".join(f"'{one}'" for one in segmenters()) or "none"
        raise OptionError(f"There is no segmenter '{name}': installed are {known}.")
    try:
        run: Callable[[Any], Any] = found.load()
        made = run(image.copy())
    except Exception as error:  # it is someone else's program
        raise OptionError(f"The segmenter '{name}' failed ({type(error).__name__}: {error}).") from error
    if isinstance(made, LabelMap):
        labels = made
    else:
        ids = np.asarray(made)
        if ids.ndim != 2 or ids.dtype.kind not in "iu":
            raise InputError(
                f"The segmenter '{name}' gave {ids.dtype} of shape {ids.shape}, and not integer ids (h, w)."
            )
        classes = [int(one) for one in np.unique(ids)]
        if len(classes) > 256 or classes[0] < 0:
            raise InputError(
                f"The segmenter '{name}' gave {len(classes)} ids from {classes[0]}: 256 from 0 on are taken."
            )
        palette = Palette(tuple(LabelClass(one, f"class {one}", id_color(one)) for one in classes))
        labels = LabelMap(ids, palette)
    if labels.shape != image.shape[:2]:
        raise InputError(
            f"The segmenter '{name}' gave labels of another size than the picture's: it must give one for each pixel."
        )
    return labels
