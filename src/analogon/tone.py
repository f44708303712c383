"""The smooth colours of each class over the whole frame, and how to bring a carried piece to the tone of its place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from analogon.data import Exemplar, LabelMap
from analogon.transport import Transport, solid, transport

Tones = NDArray[np.float32]

#: Longest side at which tones are computed; they are smooth.
TONE_SIDE = 128
#: Finest scale of a tone, as a share of the diagonal.
FINEST = 0.015
#: Each doubling of the scale counts this much less, so that nearby colours decide and far ones fill in.
FADE = 0.1
#: Pixels at a class border whose colour may be mixed with the neighbour's.
BORDER = 1


def class_tones(exemplar: Exemplar) -> Tones:
    """Smooth colour of every class at every place: float32 (K, h, w, 3) with max(h, w) <= ``TONE_SIDE``.

    Normalised convolution of the class's own pixels at doubling scales; places far from the class take its
    nearest colours. A class without pixels is 0.
    """
    scale = min(1.0, TONE_SIDE / max(exemplar.shape))
    small = exemplar.resize((max(round(exemplar.shape[0] * scale), 1), max(round(exemplar.shape[1] * scale), 1)))
    indices, (h, w) = small.labels.indices(), small.shape
    tones = np.zeros((len(small.labels.palette), h, w, 3), np.float32)
    for c in np.unique(indices):
        mask = indices == c
        inner = ndi.binary_erosion(mask, iterations=BORDER, border_value=1)
        known = (inner if inner.sum() > 8 else mask).astype(np.float64)
        weighted = np.concatenate([small.image * known[..., None], known[..., None]], -1)
        total, sigma, weight = np.zeros_like(weighted), FINEST * float(np.hypot(h, w)), 1.0
        while sigma < 2 * max(h, w):
            total += weight * ndi.gaussian_filter(weighted, (sigma, sigma, 0), mode="constant")
            sigma, weight = 2 * sigma, FADE * weight
        tones[c] = total[..., :3] / np.maximum(total[..., 3:], 1e-12)
    return tones


def tone_shift(tones: Tones, exemplar: Exemplar, way: Transport, indices: NDArray[np.int64]) -> NDArray[np.float32]:
    """What to add to a carried picture so that filled places have the tone of where they are: float32 (h, w, 3).

    Args:
        tones: of the exemplar. way: to the target. indices: the target's classes (h, w), in the palette's order.
    """
    shift = np.zeros((*indices.shape, 3), np.float32)
    at = way.filled
    classes = indices[at]
    place = (np.argwhere(at) + 0.5) / indices.shape
    origin = (way.field[at] + 0.5) / exemplar.shape
    shift[at] = _sample(tones, classes, place) - _sample(tones, classes, origin)
    return shift


@dataclass(frozen=True, eq=False)
class Carried:
    """A crude edit to start from: the source's picture, carried to a target's layout.

    Attributes:
        image: float32 (h, w, 3) in [0, 1].
        torn: bool (h, w), seams and filled places; all else stayed or was moved as a whole.
        field: float32 (h, w, 2), the (row, col) of the source that each pixel was taken from.
        shift: float32 (h, w, 3), what was added to its colours for the tone of where it is; 0 unless it was filled.
    """

    image: NDArray[np.float32]
    torn: NDArray[np.bool_]
    field: NDArray[np.float32]
    shift: NDArray[np.float32]


def carried(exemplar: Exemplar, target: LabelMap) -> Carried:
    """The picture carried to a target (h, w), its filled places in the tone of where they are.

    The way is that of the layouts alone (:func:`analogon.transport.transport`); colours are linear between pixels.
    An equal layout gives the picture itself, with nothing torn.
    """
    way = transport(exemplar.labels, target)
    at = np.moveaxis(way.field, -1, 0)
    planes = [ndi.map_coordinates(exemplar.image[..., c], at, order=1, mode="nearest") for c in range(3)]
    shift = tone_shift(class_tones(exemplar), exemplar, way, target.indices())
    image = np.clip(np.stack(planes, -1) + shift, 0, 1).astype(np.float32)
    return Carried(image, ~solid(way.field) | way.filled, way.field, shift)


def _sample(tones: Tones, classes: NDArray[np.int64], places: NDArray[np.floating]) -> NDArray[np.float32]:
    """Tones (N, 3) of classes at relative places (N, 2) in [0, 1], linear between pixels."""
    points = places * tones.shape[1:3] - 0.5
    at = np.concatenate([classes[None], points.T])
    planes = [ndi.map_coordinates(tones[..., k], at, order=1, mode="nearest") for k in range(3)]
    return np.stack(planes, -1).astype(np.float32)
