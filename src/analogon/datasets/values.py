"""What a method that learns a data set is given: labelled pictures, one by one, and the classes that they share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap, Palette

Pixels = NDArray[np.float32]
Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pair:
    """One labelled picture.

    Attributes:
        name: of the picture within its data set, such as "aachen_000000_000019".
        image: float32 (h, w, 3) in [0, 1].
        labels: ids of the data set's palette, int64 (h, w).
        instances: int64 (h, w), which thing each pixel belongs to; numbers mean nothing but same and not the same.
            None where the data set has no instance maps.
    """

    name: str
    image: Pixels
    labels: Ids
    instances: Ids | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.labels.shape
        return height, width

    def exemplar(self, palette: Palette) -> Exemplar:
        """Picture and labels as methods that learn one picture take them."""
        return Exemplar(self.image, LabelMap(self.labels, palette))


class Pictures(Sequence[Pair]):
    """Labelled pictures with one list of classes. An item is made when it is asked for.

    Attributes:
        palette: every class that a label map may hold, the unknown one among them. Channels of networks follow its
            order; its ids are those of the label files.
        unknown: id of the class that says nothing of a pixel; None: there is none.
        has_instances: every pair has an instance map.
    """

    palette: Palette
    unknown: int | None
    has_instances: bool

    @abstractmethod
    def pair(self, index: int) -> Pair:
        """The pair at a place from 0 to the length less one."""

    def name(self, index: int) -> str:
        """The name of the pair at a place, as it says itself."""
        return self.pair(index).name

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | Sequence[Pair]:
        """The pair at `index`, or the list of those in a slice."""
        if isinstance(index, slice):
            return [self.pair(i) for i in range(*index.indices(len(self)))]
        place = int(index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"There are {len(self)} pictures, and none at {place}.")
        return self.pair(place % len(self))

    def channels(self, labels: Ids) -> Ids:
        """Places of the ids in the palette, int64 (h, w), 0 to K-1 for K classes: what is made one-hot.

        Raises:
            LabelError: an id that the palette lacks.
        """
        return LabelMap(labels, self.palette).indices()

    @cached_property
    def semantic_channels(self) -> int:
        """Channels of the semantic input: one for each class, and one for edges of instances where there are maps."""
        return len(self.palette) + int(self.has_instances)
