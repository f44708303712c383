"""Two windows of one picture: they share its style and show something else each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analogon.datasets.augmenting import cropped, flipped
from analogon.datasets.values import Pair
from analogon.errors import OptionError

Place = tuple[int, int]

BLANK = 0.5
"""The grey of what is taken out of a picture: the middle of what networks are given."""


def disjoint_windows(shape: tuple[int, int], window: tuple[int, int], rng: np.random.Generator) -> tuple[Place, Place]:
    """Upper left corners (top, left) of two windows within `shape` that share no pixel, both (height, width) each.

    All such pairs are equally likely, and either may be the first.

    Raises:
        OptionError: two such windows do not fit.
    """
    tops, lefts = (side - part + 1 for side, part in zip(shape, window, strict=True))
    if min(tops, lefts) < 1 or (tops <= window[0] and lefts <= window[1]):
        raise OptionError(
            f"Two windows of {window[1]}x{window[0]} pixels do not fit beside each other into {shape[1]}x{shape[0]}: "
            "enlarge the picture, or take smaller windows."
        )
    # windows at distances below their size overlap: so many places down and across, about each place
    near = _near(tops, window[0])[:, None] * _near(lefts, window[1])[None]
    free = tops * lefts - near
    first = _drawn(free.ravel(), rng)
    top, left = divmod(first, lefts)
    rows, columns = np.arange(tops)[:, None], np.arange(lefts)[None]
    apart = (np.abs(rows - top) >= window[0]) | (np.abs(columns - left) >= window[1])
    second = _drawn(apart.ravel(), rng)
    return (top, left), divmod(second, lefts)


def window_pair(
    pair: Pair, window: tuple[int, int], seed: int | tuple[int, ...], flip: float = 0.5
) -> tuple[Pair, Pair]:
    """Two windows of a pair that share no pixel, each mirrored by itself; equal seeds give equal windows.

    Args:
        window: (height, width). flip: how often each is mirrored, 0 to 1.

    Raises:
        OptionError: two such windows do not fit.
    """
    rng = np.random.default_rng(seed)
    mirrored = rng.random(2) < flip
    places = disjoint_windows(pair.shape, window, rng)
    cut = [cropped(pair, *place, window) for place in places]
    first, second = (flipped(one) if mirror else one for one, mirror in zip(cut, mirrored, strict=True))
    return first, second


def blanked(pair: Pair, place: Place, window: tuple[int, int], unknown: int) -> Pair:
    """The whole pair without one window: grey there (`BLANK`), its class `unknown`, its instance 0.

    Raises:
        OptionError: the window is not within the pair.
    """
    cropped(pair, *place, window)  # refuses what is not within
    area = np.s_[place[0] : place[0] + window[0], place[1] : place[1] + window[1]]
    image, labels = pair.image.copy(), pair.labels.copy()
    image[area], labels[area] = BLANK, unknown
    instances = None if pair.instances is None else pair.instances.copy()
    if instances is not None:
        instances[area] = 0
    return replace(pair, image=image, labels=labels, instances=instances)


def _near(places: int, side: int) -> NDArray[np.int64]:
    """Of `places` in a row, how many lie nearer than `side` to each, itself among them."""
    at = np.arange(places, dtype=np.int64)
    return np.minimum(at + side, places) - np.maximum(at - side + 1, 0)


def _drawn(weights: NDArray[np.integer | np.bool_], rng: np.random.Generator) -> int:
    sums = np.cumsum(weights, dtype=np.int64)
    return int(np.searchsorted(sums, rng.integers(sums[-1]), side="right"))
