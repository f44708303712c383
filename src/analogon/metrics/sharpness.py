"""Is the result as sharp as the source?"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar

#: Pixels this near to another class are left out: they hold outlines.
MARGIN = 3
#: A class needs so many pixels in both pictures.
LEAST = 50


def detail(picture: Exemplar) -> Mapping[int, tuple[float, int]]:
    """{class: (mean size of its fine detail in levels, pixels)} of the classes that have enough pixels."""
    from scipy import ndimage

    light = picture.image.mean(-1, dtype=np.float32) * np.float32(255)
    fine = np.abs(light - ndimage.gaussian_filter(light, 1.0))
    ids, found = picture.labels.ids, {}
    for number in np.unique(ids):
        inside = _inner(ids == number)
        if picture.usable is not None:
            inside &= _inner(picture.usable)
        if (count := int(inside.sum())) >= LEAST:
            found[int(number)] = float(fine[inside].mean(dtype=np.float64)), count
    return found


def _inner(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    size = 2 * MARGIN + 1
    inner: NDArray[np.bool_] = ndimage.minimum_filter(mask, size, mode="nearest")
    return inner


def sharpness(
    result: Mapping[int, tuple[float, int]], source: Mapping[int, tuple[float, int]]
) -> tuple[float | None, dict[int, float]]:
    """Fine detail of the result over that of the source: (all classes, {class: ratio}).

    s(c) = (mean of |I − G * I| over class c of the result + 1) / (the same of the source + 1), in levels, I the mean of
    the colours and G a Gaussian of one pixel; pixels within 3 of another class are left out. The one level added keeps
    an even class from exploding. For all classes: the geometric mean, by pixels of the result.

    Range 0 to infinity, 1 is ideal: below is blur, above is noise. Source: the usual high-pass measure of focus, here
    relative to the source and by class, so that a layout with more of a fine-grained class is not called sharper.

    Args:
        result, source: what :func:`detail` gives.
    """
    ratios = {n: (result[n][0] + 1) / (source[n][0] + 1) for n in result if n in source}
    total = sum(result[n][1] for n in ratios)
    if not total:
        return None, ratios
    return math.exp(sum(math.log(ratio) * result[n][1] for n, ratio in ratios.items()) / total), ratios
