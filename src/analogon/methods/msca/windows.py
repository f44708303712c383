"""Two windows of one picture: what is painted, and what its look is taken from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analogon.datasets.augmenting import Augmentation, augmented, cropped, flipped, resized
from analogon.datasets.values import Pair
from analogon.datasets.windows import BLANK, blanked, disjoint_windows
from analogon.networks.batches import NOTHING, Cut

Box = tuple[int, int]


def window_pairs(settings: Augmentation, whole: float, stride: int) -> Cut:
    """Windows of the settings' size that never overlap, each mirrored for itself.

    With probability ``whole`` the look is of the whole picture, brought to the window's size, in which the window is
    blank: grey, and of no class. Where two windows do not fit beside each other, they are smaller by whole strides;
    where that is not possible either, a window is its own look.
    """
    first = replace(settings, crop=None, flip=0.0)
    assert settings.crop is not None
    crop = settings.crop

    def cut(pair: Pair, seed: tuple[int, ...]) -> tuple[Pair, Pair | None]:
        rng = np.random.default_rng((*seed, 1))
        pair = augmented(pair, first, seed)
        size = fitting(pair.shape, crop, stride)
        places = disjoint_windows(pair.shape, size, rng) if _two_fit(pair.shape, size) else ((0, 0), (0, 0))
        window, other = (cropped(pair, *place, size) for place in places)
        if rng.random() < whole and size != pair.shape:
            other = _grey(resized(blanked(pair, places[0], size, NOTHING), size))
        window, other = (flipped(one) if rng.random() < settings.flip else one for one in (window, other))
        return window, other

    return cut


def fitting(shape: Box, crop: Box, stride: int) -> Box:
    """The size of windows, such that two of them fit into a picture where that is possible."""
    h, w = (min(a, b) for a, b in zip(shape, crop, strict=True))
    if _two_fit(shape, (h, w)):
        return h, w
    if shape[1] >= max(shape[0], 2 * stride):
        return h, shape[1] // 2 // stride * stride
    if shape[0] >= 2 * stride:
        return shape[0] // 2 // stride * stride, w
    return h, w


def _two_fit(shape: Box, size: Box) -> bool:
    return shape[0] >= 2 * size[0] or shape[1] >= 2 * size[1]


def _grey(pair: Pair) -> Pair:
    """Of what is blank nothing of the colours around it, which came with the resizing."""
    return replace(pair, image=np.where((pair.labels == NOTHING)[..., None], np.float32(BLANK), pair.image))
