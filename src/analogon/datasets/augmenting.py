"""A picture, its labels and its instances, resized, cut and mirrored together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analogon.data.labelmap import centres
from analogon.datasets.values import Ids, Pair, Pixels
from analogon.errors import OptionError
from analogon.io import to_bytes


@dataclass(frozen=True)
class Augmentation:
    """How pairs are varied in training. The order is: resize, crop, flip.

    Attributes:
        resize: (height, width) that the pair is brought to first, or its shorter side; None: it stays as it is.
        scale: range of a factor on the size, drawn anew for each pair (its logarithm evenly); (1, 1): none.
        crop: (height, width) of a window at a random place; None: all of it.
        flip: how often the pair is mirrored left to right, 0 to 1. Not for classes that have sides ("left arm").

    Raises:
        OptionError: a value out of range.
    """

    resize: tuple[int, int] | int | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    crop: tuple[int, int] | None = None
    flip: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        sides = [s for s in (*_sides(self.resize), *_sides(self.crop)) if s < 1]
        if sides:
            raise OptionError(f"A picture cannot be brought to {sides[0]} pixels a side: give at least 1.")
        if not 0 <= self.flip <= 1:
            raise OptionError(f"Pairs cannot be mirrored with a chance of {self.flip}: give flip from 0 to 1.")
        if not 0 < self.scale[0] <= self.scale[1] < np.inf:
            raise OptionError(
                f"Pairs cannot be scaled by {self.scale}: give scale a least and a largest factor above 0."
            )


def augmented(pair: Pair, settings: Augmentation, seed: int | tuple[int, ...]) -> Pair:
    """The pair as the settings vary it; equal seeds give equal pairs.

    Pictures are resized bicubically (on 8 bits, widened when shrinking), labels and instances take the nearest pixel.

    Args:
        seed: one number from 0 or several, such as (seed, step, place in the batch).

    Raises:
        OptionError: the window is larger than the (resized) pair.
    """
    rng = np.random.default_rng(seed)
    # every draw is made whatever the settings, so that one setting leaves the others' draws alone
    stretch, down, across, mirror = rng.random(4)
    low, high = settings.scale
    shape = fitted(pair.shape, settings.resize)
    factor = low * (high / low) ** float(stretch)
    pair = resized(pair, (max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))))
    if settings.crop is not None:
        pair = _cropped(pair, settings.crop, down, across)
    return flipped(pair) if mirror < settings.flip else pair


def fitted(shape: tuple[int, int], size: tuple[int, int] | int | None) -> tuple[int, int]:
    """The (height, width) that a pair of `shape` is brought to: `size`, or with its shorter side that long."""
    if size is None:
        return shape
    if isinstance(size, tuple):
        return size
    short = min(shape)
    return max(1, round(shape[0] * size / short)), max(1, round(shape[1] * size / short))


def resized(pair: Pair, shape: tuple[int, int]) -> Pair:
    """The pair at another (height, width)."""
    if shape == pair.shape:
        return pair
    instances = None if pair.instances is None else nearest(pair.instances, shape)
    return replace(pair, image=_bicubic(pair.image, shape), labels=nearest(pair.labels, shape), instances=instances)


def cropped(pair: Pair, top: int, left: int, shape: tuple[int, int]) -> Pair:
    """The window of a (height, width) with its upper left corner at (top, left), which lies within the pair."""
    height, width = pair.shape
    if not (0 <= top <= height - shape[0] and 0 <= left <= width - shape[1]):
        raise OptionError(
            f"A window of {shape[1]}x{shape[0]} pixels at row {top}, column {left} is not within '{pair.name}', which "
            f"has {width}x{height}: take a smaller one, or resize first."
        )
    rows, columns = slice(top, top + shape[0]), slice(left, left + shape[1])
    instances = None if pair.instances is None else pair.instances[rows, columns]
    return replace(pair, image=pair.image[rows, columns], labels=pair.labels[rows, columns], instances=instances)


def flipped(pair: Pair) -> Pair:
    """The pair mirrored left to right."""
    instances = None if pair.instances is None else np.ascontiguousarray(pair.instances[:, ::-1])
    image, labels = np.ascontiguousarray(pair.image[:, ::-1]), np.ascontiguousarray(pair.labels[:, ::-1])
    return replace(pair, image=image, labels=labels, instances=instances)


def nearest(ids: Ids, shape: tuple[int, int]) -> Ids:
    """Ids (h, w) at another size: each pixel takes the one under its centre, as `LabelMap.resize` does."""
    rows, columns = (centres(new, old) for new, old in zip(shape, ids.shape, strict=True))
    taken: Ids = ids[rows[:, None], columns[None, :]]
    return taken


def _bicubic(image: Pixels, shape: tuple[int, int]) -> Pixels:
    from PIL import Image

    picture = Image.fromarray(to_bytes(image)).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    levels: NDArray[np.uint8] = np.asarray(picture)
    return levels.astype(np.float32) / np.float32(255)


def _cropped(pair: Pair, shape: tuple[int, int], down: float, across: float) -> Pair:
    top, left = (
        int(share * max(1, side - part + 1))
        for share, side, part in zip((down, across), pair.shape, shape, strict=True)
    )
    return cropped(pair, top, left, shape)


def _sides(size: tuple[int, int] | int | None) -> tuple[int, ...]:
    return () if size is None else size if isinstance(size, tuple) else (size,)
