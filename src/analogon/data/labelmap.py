"""A label map: which class each pixel is."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from analogon.data.palette import Palette
from analogon.errors import LabelError

LOOKED_UP = 1 << 16
"""Palettes whose ids are all below this are looked up in a table."""


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Integer class ids per pixel, int64 (h, w), and the palette that names them.

    Any integer array is accepted and copied to a read-only int64 array. Every id must be in the palette; the
    palette may hold classes that no pixel has. LabelError where one of these does not hold.
    """

    ids: npt.NDArray[np.int64]
    palette: Palette

    def __post_init__(self) -> None:
        """Check the array and make it read-only."""
        array = np.asarray(self.ids)
        if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "iu":
            raise LabelError(
                f"A label map is a two-dimensional array of integer ids, not {array.dtype} of shape {array.shape}."
            )
        ids = np.array(array, np.int64)
        ids.setflags(write=False)
        object.__setattr__(self, "ids", ids)
        self.indices()  # raises where an id is not in the palette

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.ids.shape
        return height, width

    def indices(self) -> npt.NDArray[np.int64]:
        """Places of the classes in the palette, int64 (h, w), 0 to K-1."""
        known = np.array(self.palette.ids, np.int64)
        largest = int(known.max())
        if largest < LOOKED_UP:  # a table is several times as fast as a search
            place = np.full(largest + 2, -1, np.int64)
            place[known] = np.arange(len(known))
            # what no table has, negative ids among them, ends in its last entry
            found: npt.NDArray[np.int64] = place[np.minimum(self.ids.view(np.uint64), largest + 1).view(np.int64)]
            wrong = found < 0
        else:
            order = np.argsort(known)
            near = np.minimum(np.searchsorted(known, self.ids, sorter=order), len(known) - 1)
            found = order[near].astype(np.int64, copy=False)
            wrong = known[found] != self.ids
        if wrong.any():
            self.palette.index_of(int(self.ids[wrong][0]))
        return found

    def one_hot(self) -> npt.NDArray[np.float32]:
        """One channel per class in palette order, float32 (h, w, K): 1 where the pixel has it, else 0."""
        planes: npt.NDArray[np.float32] = np.eye(len(self.palette), dtype=np.float32)[self.indices()]
        return planes

    def colors(self) -> npt.NDArray[np.uint8]:
        """The map painted in its palette's colours, uint8 (h, w, 3)."""
        painted: npt.NDArray[np.uint8] = np.take(self.palette.colors, self.indices(), axis=0)
        return painted

    def share(self, class_id: int) -> float:
        """Share of the pixels that have the class, 0 to 1; LabelError for an id that the palette lacks."""
        self.palette.index_of(class_id)
        return float(np.count_nonzero(self.ids == class_id)) / self.ids.size

    def present(self) -> tuple[int, ...]:
        """Ids of the classes that at least one pixel has, in palette order."""
        counts = np.bincount(self.indices().ravel(), minlength=len(self.palette))
        return tuple(c.id for c, count in zip(self.palette.classes, counts, strict=True) if count)

    def resize(self, shape: tuple[int, int]) -> "LabelMap":
        """The map at another (height, width).

        Each pixel takes the id under its centre; ids are never blended.
        Pixel i of n covers the interval [i/n, (i+1)/n] of the side, so its centre lies at (i + 1/2)/n; the
        arithmetic is done in integers, hence exact. A centre on the border between two old pixels takes the
        later one. Enlarging by a whole factor and shrinking back by it gives the same map again.
        """
        rows, columns = (centres(new, old) for new, old in zip(shape, self.shape, strict=True))
        return LabelMap(self.ids[rows[:, None], columns[None, :]], self.palette)

    def digest(self) -> str:
        """SHA-256 of ids and class ids as 64 hexadecimal digits: equal for equal maps on every machine."""
        text = f"{self.shape} {self.palette.ids}".encode()
        digest = sha256(text)
        digest.update(np.ascontiguousarray(self.ids, "<i8").data)
        return digest.hexdigest()


def centres(new: int, old: int) -> npt.NDArray[np.int64]:
    """For each of `new` pixels, the one of `old` pixels that its centre falls into."""
    if new < 1:
        raise LabelError(f"A label map cannot be resized to {new} pixels: give a height and a width of at least 1.")
    return (2 * np.arange(new, dtype=np.int64) + 1) * old // (2 * new)
