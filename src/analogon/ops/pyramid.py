"""Pictures, label maps and masks at smaller sizes, and with margins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def centres(count: int, full: int, factor: int) -> NDArray[np.intp]:
    """The full-size pixel in the middle of each of ``count`` smaller ones."""
    return np.minimum(np.arange(count) * factor + factor // 2, full - 1)


def sampled(ids: NDArray[Any], factor: int) -> NDArray[Any]:
    """Every factor-th pixel of a label map or mask (h, w), from the middle of each block."""
    if factor == 1:
        return ids
    rows, cols = (max(n // factor, 1) for n in ids.shape)
    return np.ascontiguousarray(ids[np.ix_(centres(rows, ids.shape[0], factor), centres(cols, ids.shape[1], factor))])


def shrunk(plane: NDArray[Any], factor: int) -> NDArray[Any]:
    """Rounded means of factor x factor blocks of (h, w, C); an incomplete last block is left out."""
    if factor == 1:
        return plane
    height, width = plane.shape[0] // factor, plane.shape[1] // factor
    if not (height and width):
        return np.ascontiguousarray(plane[: max(height, 1), : max(width, 1)])
    blocks = plane[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    # rows first: a sum over both axes at once is several times slower
    total = blocks.sum(1, dtype=np.int32).sum(2, dtype=np.int32)
    return np.ascontiguousarray(((total + factor * factor // 2) // (factor * factor)).astype(plane.dtype))


def padded(plane: NDArray[Any], radius: int, *, wrap: bool) -> NDArray[Any]:
    """With a margin that repeats the edge, or the other side."""
    widths = [(radius, radius), (radius, radius)] + [(0, 0)] * (plane.ndim - 2)
    return np.ascontiguousarray(np.pad(plane, widths, mode="wrap" if wrap else "edge"))


def fill_margin(plane: NDArray[Any], radius: int, *, wrap: bool) -> None:
    """Make the margin of a padded plane anew, in place."""
    if radius == 0:
        return
    height, width = plane.shape[0] - 2 * radius, plane.shape[1] - 2 * radius
    margin = np.arange(-radius, 0), np.arange(0, radius)
    for axis, size in ((0, height), (1, width)):
        before = radius + (margin[0] % size if wrap else np.zeros(radius, int))
        after = radius + (margin[1] % size if wrap else np.full(radius, size - 1))
        if axis == 0:
            plane[:radius], plane[radius + size :] = plane[before], plane[after]
        else:
            plane[:, :radius], plane[:, radius + size :] = plane[:, before], plane[:, after]
