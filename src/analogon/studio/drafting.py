"""The first picture of an edit, soon enough to follow a hand.

Pixels of objects that were moved are copied from where they were. All else that an edit concerns is rendered on a
smaller picture, and the places that its pixels came from are looked up in the large one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analogon.api import fit
from analogon.data import Exemplar, LabelMap
from analogon.layout.arrangement import Layout
from analogon.layout.following import LEAST_REACH, REACH

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

PIXELS = 50_000
"""The picture that is rendered in place of a larger one has no more than this."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of where pixels of a layout come from.

    Attributes:
        places: int32 (h, w, 2), rows and columns in the source; a pixel's own where nothing else is known.
        moved: bool (h, w), pixels that lie elsewhere in the source.
        edited: bool (h, w), those, and those of another class than in the source.
    """

    places: NDArray[np.int32]
    moved: Bools
    edited: Bools


def known(layout: Layout) -> Known:
    """Where pixels come from, looked at only where something has happened."""
    height, width = layout.shape
    found = np.moveaxis(np.indices((height, width), np.int32), 0, -1).copy()
    moved = np.zeros((height, width), bool)
    for one in layout.objects:
        if all(part.source == (0, 0) and not part.steps for part in one.parts):
            continue
        for part in reversed(one.parts):  # what is first lies before the others
            if not part.steps:
                window, mask = part.region.in_frame(layout.shape)
                mine = mask & (layout.owners[window] == one.id)
                down, right = part.source or (0, 0)
                if (down, right) != (0, 0):
                    own = np.moveaxis(np.indices(mine.shape, np.int32), 0, -1)
                    found[window][mine] = own[mine] + (window[0].start + down, window[1].start + right)
                moved[window] = np.where(mine, (down, right) != (0, 0), moved[window])
            elif part.source is not None:
                window, mask = one.region.in_frame(layout.shape)
                ys, xs = np.nonzero(mask & (layout.owners[window] == one.id))
                ys, xs = ys + window[0].start, xs + window[1].start
                there, points = part.origins(ys, xs)
                found[ys[there], xs[there]] = np.floor(points + part.source)
                moved[ys[there], xs[there]] = True
    outside = ((found < 0) | (found >= (height, width))).any(-1)
    if outside.any():
        moved &= ~outside
        np.clip(found, 0, np.array([height - 1, width - 1]), out=found)
    edited: Bools = moved | (layout.ids != layout.source.ids)
    return Known(found, moved, edited)


class Drafter:
    """Drafts of edits of one picture.

    Args:
        exemplar: the picture with its labels.
        photo: uint8 (h, w, 3), the same picture.
    """

    def __init__(self, exemplar: Exemplar, photo: Bytes) -> None:
        self.exemplar, self.photo = exemplar, photo
        height, width = exemplar.shape
        self.factor = max(1, math.ceil(math.sqrt(height * width / PIXELS)))
        # whole blocks of pixels, so that places of the small picture are places of the large one
        self._shape = -(-height // self.factor), -(-width // self.factor)
        self._small = Exemplar(self._shrunk(exemplar.image), self._sampled(exemplar.labels))
        self._model = fit(self._small, start="carried")  # objects are carried exactly in any case
        self._present = np.array(self._small.labels.present())

    def draft(self, layout: Layout) -> Bytes:
        """A picture for the layout, uint8 (h, w, 3); what is far from every edit is as in the photo."""
        picture = self.photo.copy()
        facts = known(layout)
        if not facts.edited.any():
            return picture
        places, open_ = self._rendered(layout, facts)
        rows, columns = _window(open_)
        inside = places[rows, columns]
        near = open_[rows, columns]
        copied = self.photo[inside[..., 0], inside[..., 1]]
        picture[rows, columns] = np.where(near[..., None], copied, picture[rows, columns])
        return picture

    def _rendered(self, layout: Layout, facts: Known) -> tuple[NDArray[np.int32], Bools]:
        """Places of all pixels, and which of them an edit concerns."""
        from scipy import ndimage as ndi

        height, width = layout.shape
        reach = max(LEAST_REACH, REACH * math.hypot(height, width)) / self.factor
        target = self._sampled(layout.target)
        ids = target.ids
        strange = ~np.isin(ids, self._present)
        if strange.any():  # classes that the small picture does not show
            target = LabelMap(np.where(strange, self._small.labels.ids, ids), target.palette)
        keep = ndi.distance_transform_edt(~self._any(facts.edited)) > reach
        result = self._model.render(target, keep=keep, preview=True)
        assert result.provenance is not None
        small = result.provenance.places
        open_ = self._full(~keep)
        own = np.moveaxis(np.indices((height, width), np.int32), 0, -1)
        large = self._full(small) * self.factor + own % self.factor
        np.minimum(large, np.array([height - 1, width - 1], np.int32), out=large)
        large[~open_] = own[~open_]
        large[facts.moved] = facts.places[facts.moved]
        self._mend(large, layout, open_)
        return large, open_

    def _mend(self, places: NDArray[np.int32], layout: Layout, open_: Bools) -> None:
        """Pixels of the wrong class take the place beside that of the nearest one that is right, where it fits."""
        from scipy import ndimage as ndi

        rows, columns = _window(open_)
        source, wanted, inside = layout.source.ids, layout.ids[rows, columns], places[rows, columns]
        wrong = source[inside[..., 0], inside[..., 1]] != wanted
        for class_id in np.unique(wanted[wrong]):
            right = ~wrong & (wanted == class_id)
            if not right.any():
                continue
            ys, xs = np.nonzero(wrong & (wanted == class_id))
            near = ndi.distance_transform_edt(~right, return_distances=False, return_indices=True)[:, ys, xs]
            inside[ys, xs] = inside[near[0], near[1]]

    def _sampled(self, labels: LabelMap) -> LabelMap:
        middle = self.factor // 2
        height, width = labels.shape
        rows = np.minimum(np.arange(self._shape[0]) * self.factor + middle, height - 1)
        columns = np.minimum(np.arange(self._shape[1]) * self.factor + middle, width - 1)
        return LabelMap(labels.ids[rows[:, None], columns], labels.palette)

    def _blocks(self, array: NDArray[Any], mode: Literal["edge", "constant"]) -> NDArray[Any]:
        """An array (h, w, ...) as (rows, factor, columns, factor, ...), filled up at its end."""
        rest = [(0, n * self.factor - size) for n, size in zip(self._shape, array.shape, strict=False)]
        padded: NDArray[Any] = np.pad(array, rest + [(0, 0)] * (array.ndim - 2), mode=mode)
        return padded.reshape(self._shape[0], self.factor, self._shape[1], self.factor, *array.shape[2:])

    def _shrunk(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        mean: NDArray[np.float32] = np.clip(self._blocks(image, "edge").mean((1, 3), dtype=np.float32), 0, 1)
        return mean

    def _any(self, mask: Bools) -> Bools:
        found: Bools = np.any(self._blocks(mask, "constant"), axis=(1, 3))
        return found

    def _full(self, small: NDArray[Any]) -> NDArray[Any]:
        height, width = self.exemplar.shape
        return small.repeat(self.factor, 0).repeat(self.factor, 1)[:height, :width]


def _window(mask: Bools) -> tuple[slice, slice]:
    """The rows and columns of a mask that has some pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
