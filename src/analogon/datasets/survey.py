"""What a data set holds: every file is read once, so that what is wrong with one shows before a training does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analogon.datasets.values import Pictures


@dataclass(frozen=True)
class Survey:
    """What labelled pictures have in common.

    Attributes:
        pictures: how many there are.
        smallest, largest: least and greatest (height, width), each side by itself.
        shares: share of all pixels that each class has, by id in the order of the palette; 0 for one that none has.
        appearances: in how many pictures each class is, by id.
        has_instances: there are instance maps.
    """

    pictures: int
    smallest: tuple[int, int]
    largest: tuple[int, int]
    shares: Mapping[int, float]
    appearances: Mapping[int, int]
    has_instances: bool


def survey(pictures: Pictures, listener: Callable[[int], None] | None = None) -> Survey:
    """Read all pairs and count their classes.

    Args:
        listener: called with the number of pairs read so far.

    Raises:
        InputError, LabelError: a file cannot be used; the first one is named.
    """
    counts = np.zeros(len(pictures.palette), np.int64)
    appearances = np.zeros_like(counts)
    shapes = []
    for done, pair in enumerate(pictures, 1):
        here = np.bincount(pictures.channels(pair.labels).ravel(), minlength=len(counts))
        counts += here
        appearances += here > 0
        shapes.append(pair.shape)
        if listener is not None:
            listener(done)
    heights, widths = zip(*shapes, strict=True)
    shares = counts / counts.sum()
    ids = pictures.palette.ids
    return Survey(
        len(pictures),
        (min(heights), min(widths)),
        (max(heights), max(widths)),
        dict(zip(ids, shares.tolist(), strict=True)),
        dict(zip(ids, appearances.tolist(), strict=True)),
        pictures.has_instances,
    )
