"""The grain of a picture: how rough it is from pixel to pixel, and how one made of many pieces gets that of its source.

Pieces that meet inside noise make a copy rougher than its source is. The mean of what all neighbours would put at a
pixel is smoother than that; a blend of both is as rough as the source.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analogon.augment.values import FloatArray
from analogon.data import Exemplar

#: How far away the pixels are that make an offer.
REACH = 1


def roughness(image: FloatArray) -> FloatArray:
    """The Laplacian of the lightness, the mean of the channels: float32 (h, w)."""
    grey = image.mean(-1)
    wide = np.pad(grey, 1, mode="edge")
    found: FloatArray = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * grey
    return found


def zones(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Twice the class id, and one more beside a border, where pixels are rough whatever their class: int64 (h, w)."""
    beside = np.zeros(ids.shape, bool)
    for axis in (0, 1):
        differs = np.diff(ids, axis=axis) != 0
        for ends in ((0, 1), (1, 0)):
            beside |= np.pad(differs, [ends if n == axis else (0, 0) for n in (0, 1)])
    return ids * 2 + beside


def grain_of(image: FloatArray, ids: NDArray[np.int64]) -> dict[int, float]:
    """The mean square of the roughness of each zone."""
    squares, where = roughness(image) ** 2, zones(ids)
    return {int(number): float(squares[where == number].mean()) for number in np.unique(where)}


def matched(
    image: FloatArray, places: NDArray[np.int32], source: Exemplar, grain: Mapping[int, float]
) -> tuple[FloatArray, dict[int, float]]:
    """The picture with so much of the mean of its neighbours' offers that each zone is as rough as in the source.

    Args:
        image: (h, w, 3), copied from ``source`` at ``places`` (h, w, 2), up to its tone.
        grain: of the source, see :func:`grain_of`.

    Returns:
        The picture, and the share of the mean in each zone.
    """
    ids = source.labels.ids[places[..., 0], places[..., 1]]
    change = _offers(places, source) - source.image[places[..., 0], places[..., 1]]
    # the Laplacian is linear: that of a blend is the blend of two
    rough, smoother = roughness(image), roughness(change)
    shares, weight = dict[int, float](), np.zeros(ids.shape, np.float32)
    where = zones(ids)
    for number in np.unique(where):
        mine = where == number
        shares[int(number)] = round(_share(rough[mine], smoother[mine], grain.get(int(number), 0.0)), 4)
        weight[mine] = shares[int(number)]
    blend: FloatArray = np.clip(image + weight[..., None] * change, 0, 1)
    return blend, shares


def _share(rough: NDArray[np.float32], change: NDArray[np.float32], goal: float) -> float:
    """The smallest share t in [0, 1] for which the mean square of rough + t change is the goal, or else is least."""
    a, b, c = (float((x * y).mean()) for x, y in ((change, change), (rough, change), (rough, rough)))
    if c <= goal or a == 0 or b >= 0:
        return 0.0
    least, root = -b / a, b * b - a * (c - goal)
    return min(1.0, least if root < 0 else (-b - root**0.5) / a)


def _offers(places: NDArray[np.int32], source: Exemplar) -> FloatArray:
    """What the pixels around each would put there, whatever their class: their mean, float32 (h, w, 3).

    Within classes alone borders would stay sharp to the pixel, which pictures are not.
    """
    height, width = places.shape[:2]
    usable = np.ones(source.shape, bool) if source.usable is None else source.usable
    wide = np.pad(places, ((REACH, REACH), (REACH, REACH), (0, 0)), mode="edge")
    total, count = np.zeros((height, width, 3), np.float32), np.zeros((height, width, 1), np.float32)
    for down in range(-REACH, REACH + 1):
        for right in range(-REACH, REACH + 1):
            offered = wide[REACH + down : REACH + down + height, REACH + right : REACH + right + width] - (down, right)
            rows = np.clip(offered[..., 0], 0, source.shape[0] - 1)
            columns = np.clip(offered[..., 1], 0, source.shape[1] - 1)
            good = usable[rows, columns]
            total += source.image[rows, columns] * good[..., None]
            count += good[..., None]
    mean: FloatArray = total / count
    return mean
