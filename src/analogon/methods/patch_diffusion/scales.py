"""Pictures, layouts, masks and places at other sizes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap

Floats = NDArray[np.float32]
Places = NDArray[np.int32]
Bools = NDArray[np.bool_]


def sizes(
    shapes: tuple[tuple[int, int], ...], patch: int, view: float, scales: int, pixels: int, most: float
) -> list[float]:
    """Sizes of the scales over the full size, coarsest first.

    Args:
        shapes: of source and target.
        patch, view: a patch sees this share of the shorter side at the coarsest scale.
        scales: how many at most.
        pixels: that the larger of the two has at the finest one, at most.
        most: size of the finest one, if that is at least twice the coarsest.
    """
    coarsest = patch / view / min(min(shape) for shape in shapes)
    finest = min(1.0, max(most, 2 * coarsest), *((pixels / (height * width)) ** 0.5 for height, width in shapes))
    if scales == 1 or coarsest >= finest:
        return [finest]
    # scales that differ little are of no use
    count = min(scales, 1 + max(1, round(np.log(finest / coarsest) / np.log(1.4))))
    return [float(size) for size in np.geomspace(coarsest, finest, count)]


def scaled(shape: tuple[int, int], size: float) -> tuple[int, int]:
    """A shape at another size."""
    return max(round(shape[0] * size), 1), max(round(shape[1] * size), 1)


def resized(planes: Floats, shape: tuple[int, int]) -> Floats:
    """Planes (h, w, C) at another size: cubic, without aliasing where they are shrunk."""
    from PIL import Image

    if planes.shape[:2] == shape:
        return np.array(planes, np.float32)
    size = shape[1], shape[0]
    channels = [np.ascontiguousarray(planes[..., c], np.float32) for c in range(planes.shape[2])]
    return np.stack([np.asarray(Image.fromarray(c).resize(size, Image.Resampling.BICUBIC)) for c in channels], -1)


def shares(labels: LabelMap, shape: tuple[int, int]) -> Floats:
    """Shares of the classes in each pixel of another size: (h, w, K)."""
    return np.clip(resized(labels.one_hot(), shape), 0, 1)


def within(mask: Bools, shape: tuple[int, int]) -> Bools:
    """Pixels of another size that lie in the mask altogether."""
    from PIL import Image

    if mask.all() or not mask.any():
        return np.full(shape, bool(mask.all()))
    covered = Image.fromarray(mask.astype(np.float32)).resize((shape[1], shape[0]), Image.Resampling.BOX)
    return np.asarray(np.asarray(covered) >= 1 - 1e-4)


def enlarged(places: Places, shape: tuple[int, int], small: tuple[int, int], source: tuple[int, int]) -> Places:
    """Places of a smaller target in a ``small`` source as those of a target and a source of the full size.

    Pixels of one piece stay neighbours: a piece keeps its shift.
    """
    out = np.empty((*shape, 2), np.int32)
    middles = [
        ((np.arange(full) + 0.5) * few / full).astype(np.intp) for full, few in zip(shape, places.shape, strict=False)
    ]
    near = places[np.ix_(*middles)]
    for axis, full in enumerate(np.indices(shape, np.int32, sparse=True)):
        shift = (near[..., axis] - np.expand_dims(middles[axis], 1 - axis)) * (source[axis] / small[axis])
        out[..., axis] = np.clip(full + np.rint(shift).astype(np.int32), 0, source[axis] - 1)
    return out
