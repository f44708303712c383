"""How much of what was made shows at each pixel: float32 (h, w) from 0 to 1, and exactly 0 where nothing may change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: The side in pixels of pictures that the released masks are made for; radii grow with the picture.
SIDE = 250
#: Pixels that the surroundings of an edit, and of an object, are wide; the edges of both fade over the last ones.
EDIT_REACH, OBJECT_REACH, FADE = 20, 7, 10


def within(mask: NDArray[np.bool_]) -> Floats:
    """A mask that may not be left: fading inside it, towards its edge but not towards the frame."""
    from scipy import ndimage as ndi

    inside = ndi.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1]
    if mask.all():
        return np.ones(mask.shape, np.float32)
    fade = min(_scaled(FADE, mask.shape), max(float(inside.max()) / 2, 1.0))
    return _smooth(inside / fade)


def around(mask: NDArray[np.bool_], reach: int) -> Floats:
    """1 in a mask, fading to 0 over its surroundings, which are so wide in a picture of :data:`SIDE` pixels."""
    from scipy import ndimage as ndi

    if not mask.any():
        return np.zeros(mask.shape, np.float32)
    width = _scaled(reach, mask.shape)
    outside = ndi.distance_transform_edt(~mask)
    fade = min(_scaled(FADE, mask.shape), width)
    return _smooth((width + 1 - outside) / fade)


def blended(picture: Floats, made: Floats, shown: Floats) -> Floats:
    """``made`` where it shows, ``picture`` elsewhere, there bit for bit."""
    out: Floats = np.where((shown > 0)[..., None], picture + shown[..., None] * (made - picture), picture)
    return np.clip(out, 0, 1)


def _scaled(pixels: float, shape: tuple[int, ...]) -> float:
    return max(pixels * max(shape) / SIDE, 1.0)


def _smooth(x: NDArray[np.float64]) -> Floats:
    t = np.clip(x, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
