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
Flat = NDArray[np.int32]
"""Places as numbers: row * width + column of a pixel of the source."""

PIXELS = 50_000
"""The picture that is rendered in place of a larger one has no more than this."""
EDITED = 5_000
"""Nor does what is edited in it: of a large edit a coarser picture is rendered, so that it is there as soon."""
ROUNDS = (6, 2, 1)
"""How often search and vote take turns, by level: fewer than a preview needs, which comes when the hand rests."""
_STEPS = (-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)
_MENDED = 3
"""Pixels from the nearest right one up to which wrong ones are mended step by step, which takes least time."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of where pixels of a layout come from.

    Attributes:
        places: int32 (h, w), row * width + column in the source; a pixel's own where nothing else is known.
        moved: bool (h, w), pixels that lie elsewhere in the source.
        edited: bool (h, w), those, and those of another class than in the source.
    """

    places: Flat
    moved: Bools
    edited: Bools


def known(layout: Layout) -> Known:
    """Where pixels come from, looked at only where something has happened."""
    height, width = layout.shape
    found = np.arange(height * width, dtype=np.int32).reshape(height, width)
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
                    # its pixels began inside the frame
                    np.add(_own(window, width), down * width + right, out=found[window], where=mine)
                moved[window] = np.where(mine, (down, right) != (0, 0), moved[window])
            elif part.source is not None:
                window, mask = one.region.in_frame(layout.shape)
                ys, xs = np.nonzero(mask & (layout.owners[window] == one.id))
                ys, xs = ys + window[0].start, xs + window[1].start
                there, points = part.origins(ys, xs)
                rows, columns = np.floor(points + part.source).astype(np.int64).T
                inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
                ys, xs = ys[there][inside], xs[there][inside]
                found[ys, xs] = rows[inside] * width + columns[inside]
                moved[ys, xs] = True
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
        self._reduced = {self.factor: _Reduced(exemplar, self.factor)}

    def draft(self, layout: Layout) -> Bytes:
        """A picture for the layout, uint8 (h, w, 3); what is far from every edit is as in the photo."""
        picture = self.photo.copy()
        facts = known(layout)
        edited = int(np.count_nonzero(facts.edited))
        if not edited:
            return picture
        window, near, places = self._rendered(layout, facts, self._small_enough(edited))
        copied = self.photo.reshape(-1, 3).take(places, axis=0)
        np.copyto(picture[window], copied, where=near[..., None])
        return picture

    def _small_enough(self, edited: int) -> _Reduced:
        """The picture made so much smaller that of this many edited pixels few are left."""
        factor = self.factor
        while edited > EDITED * factor * factor:
            factor *= 2
        if factor not in self._reduced:
            self._reduced[factor] = _Reduced(self.exemplar, factor)
        return self._reduced[factor]

    def _rendered(self, layout: Layout, facts: Known, reduced: _Reduced) -> tuple[tuple[slice, slice], Bools, Flat]:
        """The window that an edit concerns, which of its pixels, and the places that they come from."""
        from scipy import ndimage as ndi

        height, width = layout.shape
        factor = reduced.factor
        reach = max(LEAST_REACH, REACH * math.hypot(height, width)) / factor
        keep = ndi.distance_transform_edt(~reduced.any(facts.edited)) > reach
        small = _window(~keep)
        window = (
            slice(small[0].start * factor, min(small[0].stop * factor, height)),
            slice(small[1].start * factor, min(small[1].stop * factor, width)),
        )
        shape = window[0].stop - window[0].start, window[1].stop - window[1].start
        near = reduced.full(~keep[small], shape)
        # each pixel of a block comes from its own place in the block that the block comes from
        blocks = reduced.places(layout.target, keep)[small] * factor
        rows = reduced.full(blocks[..., 0], shape) + (np.arange(shape[0], dtype=np.int32) % factor)[:, None]
        columns = reduced.full(blocks[..., 1], shape) + np.arange(shape[1], dtype=np.int32) % factor
        places = np.minimum(rows, height - 1) * np.int32(width) + np.minimum(columns, width - 1)
        given = facts.moved[window] | ~near
        np.copyto(places, facts.places[window], where=given)
        self._mend(places, layout.source.ids, layout.ids[window], near)
        return window, near, places

    def _mend(self, places: Flat, source: NDArray[np.int64], wanted: NDArray[np.int64], near: Bools) -> None:
        """Pixels of the wrong class take the place of the nearest one that is right, where there is one."""
        from scipy import ndimage as ndi

        wrong = near & (source.ravel().take(places) != wanted)
        height, width = wrong.shape
        for _ in range(_MENDED):
            ys, xs = np.nonzero(wrong)
            left = np.ones(len(ys), bool)
            for down, right in _STEPS:
                y, x = ys + down, xs + right
                fits = left & (y >= 0) & (y < height) & (x >= 0) & (x < width)
                fits[fits] = ~wrong[y[fits], x[fits]] & (wanted[y[fits], x[fits]] == wanted[ys[fits], xs[fits]])
                places[ys[fits], xs[fits]] = places[y[fits], x[fits]]
                left &= ~fits
            wrong[ys[~left], xs[~left]] = False
        for class_id in np.unique(wanted[wrong]):
            right_ones = ~wrong & (wanted == class_id)
            if not right_ones.any():
                continue
            ys, xs = np.nonzero(wrong & (wanted == class_id))
            at = ndi.distance_transform_edt(~right_ones, return_distances=False, return_indices=True)[:, ys, xs]
            places[ys, xs] = places[at[0], at[1]]


class _Reduced:
    """A picture made smaller by a whole factor, whose pixels stand for blocks of the large one, and its model.

    Of whole blocks, so that places of the small picture are places of the large one.
    """

    def __init__(self, exemplar: Exemplar, factor: int) -> None:
        self.factor = factor
        height, width = exemplar.shape
        self._shape = -(-height // factor), -(-width // factor)
        self._labels = self._sampled(exemplar.labels)
        self._present = np.array(self._labels.present())
        # objects are carried exactly in any case, and of the render nothing but its places is looked at
        small = Exemplar(self._shrunk(exemplar.image), self._labels)
        self._model = fit(small, start="carried", rounds=ROUNDS, tone=False)

    def places(self, labels: LabelMap, keep: Bools) -> NDArray[np.int32]:
        """Where the small picture's pixels come from for labels of the large one: int32 (rows, columns, 2)."""
        target = self._sampled(labels)
        strange = ~np.isin(target.ids, self._present)
        if strange.any():  # classes that the small picture does not show
            target = LabelMap(np.where(strange, self._labels.ids, target.ids), target.palette)
        result = self._model.render(target, keep=keep, preview=True)
        assert result.provenance is not None
        return result.provenance.places

    def any(self, mask: Bools) -> Bools:
        """The blocks of which some pixel is set: bool (rows, columns)."""
        found: Bools = np.any(np.any(self._blocks(mask, "constant"), axis=3), axis=1)
        return found

    def full(self, small: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
        """Blocks as pixels of the large picture, cut to a shape (h, w)."""
        return small.repeat(self.factor, 0).repeat(self.factor, 1)[: shape[0], : shape[1]]

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


def _own(window: tuple[slice, slice], width: int) -> Flat:
    """The places of the pixels of a window themselves."""
    rows, columns = (np.arange(side.start, side.stop, dtype=np.int32) for side in window)
    return rows[:, None] * np.int32(width) + columns


def _window(mask: Bools) -> tuple[slice, slice]:
    """The rows and columns of a mask that has some pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
