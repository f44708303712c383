"""Outlines of the source that should be gone, and still show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

#: Outlines that the layout asks for are at least so many pixels away from all that is measured.
CLEAR = 6
#: An old outline is looked for up to so many pixels from where the label map had it: maps are rarely exact.
REACH = 2
#: What is beside it lies from so many pixels away to so many.
BESIDE = (6, 14)
#: Pixels of an old outline, and of what is beside it, that are enough; and of one class.
LEAST, LEAST_OF_CLASS = 100, 30


def ghost(image: NDArray[np.float32], source: Ids, target: Ids) -> float | None:
    """Do outlines that only the source has still show in the result?

    ghost = mean over pixels on outlines that are gone of (E + 1) / mean over pixels beside them of (E + 1),
    E the largest derivative across the outline (of a Gaussian of one pixel, root mean square of the colours, in levels)
    within two pixels. Pixels beside an outline take its direction, those near an outline of the target are left out.
    Both means are of one class of the target, and classes count by the pixels of their old outlines.

    Range 0 to infinity, 1 is ideal, clearly above 1 is an outline of what was there; below 1 it is smoother than what
    is beside it. Source: our own; the strength across the outline rather than in all directions is compared, so
    that rows of windows or stripes beside it do not hide it.

    Args:
        image: float32 (h, w, 3) in [0, 1]; source, target: class ids (h, w).

    Returns:
        None where hardly any outline is gone, or nothing is beside it.
    """
    from scipy import ndimage

    asked, old = _outline(target), _outline(source)
    if not old.any():
        return None
    # without any outline there is no distance to one
    free = ndimage.distance_transform_edt(~asked) >= CLEAR if asked.any() else ~asked
    distance, nearest = ndimage.distance_transform_edt(~old, return_indices=True)
    here = old & free
    beside = free & (distance >= BESIDE[0]) & (distance <= BESIDE[1])
    beside &= here[tuple(nearest)]  # beside that which is gone, not beside what the target has too
    if here.sum() < LEAST or beside.sum() < LEAST:
        return None
    down, across = (field[tuple(nearest)] for field in _normals(source))
    strength = ndimage.maximum_filter(_derivative(image, down, across), 2 * REACH + 1, mode="nearest") + 1
    total, pixels = 0.0, 0
    for number in np.unique(target[here]):
        ours, around = here & (target == number), beside & (target == number)
        count = int(ours.sum())
        if count >= LEAST_OF_CLASS and around.sum() >= LEAST_OF_CLASS:
            total += count * float(strength[ours].mean() / strength[around].mean())
            pixels += count
    return total / pixels if pixels else None


def _outline(ids: Ids) -> NDArray[np.bool_]:
    """Pixels that have another class beside them."""
    from scipy import ndimage

    outline: NDArray[np.bool_] = ndimage.maximum_filter(ids, 3) != ndimage.minimum_filter(ids, 3)
    return outline


def _normals(ids: Ids) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit vectors (down, across) that cross the outlines; they are of use on outlines only."""
    from scipy import ndimage

    tensor = np.zeros((3, *ids.shape), np.float32)
    for number in np.unique(ids):
        mask = (ids == number).astype(np.float32)
        down, across = (ndimage.gaussian_filter(mask, 2.0, order) for order in ((1, 0), (0, 1)))
        tensor += np.stack([down * down, across * across, down * across])
    angle = np.arctan2(2 * tensor[2], tensor[0] - tensor[1]) / 2
    return np.cos(angle), np.sin(angle)


def _derivative(
    image: NDArray[np.float32], down: NDArray[np.float32], across: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How much the picture changes per pixel along a direction, in levels: (h, w)."""
    from scipy import ndimage

    total = np.zeros(image.shape[:2], np.float32)
    for channel in np.moveaxis(image * np.float32(255), -1, 0):
        along = ndimage.gaussian_filter(channel, 1.0, (1, 0)) * down
        along += ndimage.gaussian_filter(channel, 1.0, (0, 1)) * across
        total += along**2
    strength: NDArray[np.float32] = np.sqrt(total / image.shape[2])
    return strength
