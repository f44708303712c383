"""The patch engine from an exemplar and a target to a rendering."""

from __future__ import annotations

import time
from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.ops import seams
from analogon.ops.arrange import arrange
from analogon.ops.keeping import unconcerned
from analogon.ops.level import Ids, Places, Plane
from analogon.ops.synthesis import Problem, Settings, refine
from analogon.provenance import Provenance
from analogon.rendering import PLAIN, Guide, Rendering, Wishes
from analogon.run import Progress, Run
from analogon.transport import transport

#: How patches are compared where nothing else is said.
DEFAULTS = Settings()
#: A preview searches down to the level that has no more pixels than this.
PREVIEW_PIXELS = 70_000
#: Pixels around a tiling target that the tone at its seams is computed on.
TILE_MARGIN = 32


def synthesize(
    exemplar: Exemplar,
    target: LabelMap,
    run: Run,
    *,
    settings: Settings = DEFAULTS,
    wishes: Wishes = PLAIN,
    pieces: bool = True,
    tone: bool = True,
    things: Set[int] = frozenset(),
    stuff: Set[int] = frozenset(),
) -> Rendering:
    """A picture for the target that is made of pixels of the exemplar.

    Args:
        exemplar: the source; (h', w').
        target: (h, w), with classes that usable pixels of the exemplar have.
        run: the seed of random tries, and the listener; what that raises ends the synthesis.
        settings: of the search.
        wishes: what stays, guides, tiling, preview.
        pieces: choose among many maps for each place (:mod:`analogon.ops.arrange`), else start from
            :func:`analogon.transport.transport` alone.
        tone: fade the tone of pieces at seams in smooth places (:mod:`analogon.ops.seams`).
        things, stuff: ids of classes whose regions always move as wholes, and never.

    Returns:
        The picture with its provenance. Where tone was faded a pixel is its source pixel plus
        ``provenance.tone``, elsewhere exactly its source pixel.
    """
    clock = _Clock()
    source_ids, target_ids = class_places(exemplar, target)
    fixed = _fixed(exemplar, target, source_ids, target_ids, wishes)
    source, guides = planes(exemplar, target, wishes.guides)
    clock.stage("reading")
    fallback = _in_class(_carried(exemplar, target), source_ids, target_ids)
    clock.stage("carrying")
    if pieces:
        position = {label.id: n for n, label in enumerate(exemplar.labels.palette.classes)}
        start = arrange(
            source,
            source_ids,
            target_ids,
            fallback,
            frame=exemplar.frame,
            fixed=fixed,
            things={position[i] for i in things},
            stuff={position[i] for i in stuff},
        )
    else:
        start = np.floor(fallback + 0.5).astype(np.int32)
        start[fixed] = np.stack(np.nonzero(fixed), -1)
    clock.stage("arranging")
    problem = Problem(source, source_ids, target_ids, guides, fixed, wishes.tile, seed=run.seed)
    problem.told = lambda done, levels: run.listener(Progress("joining pieces", done, levels))
    if wishes.preview:
        while target_ids.size / problem.finest**2 > PREVIEW_PIXELS:
            problem.finest *= 2
    places = refine(problem, start, settings)
    clock.seconds |= problem.seconds
    clock.stage("joining", without=sum(problem.seconds.values()))
    unusable = source_ids[places[..., 0], places[..., 1]] == len(exemplar.labels.palette)
    if unusable.any():
        places = _mended(places, unusable, source_ids, target_ids)
    rendering = paint(exemplar, places, source, target_ids, fixed, tone=tone, wrap=wishes.tile)
    clock.stage("painting")
    return Rendering(rendering.image, rendering.provenance, clock.seconds)


def paint(
    exemplar: Exemplar,
    places: Places,
    source: Plane,
    target_ids: Ids,
    fixed: NDArray[np.bool_],
    *,
    tone: bool,
    wrap: bool,
) -> Rendering:
    """Copy the pixels, and fade tones at seams if asked to."""
    image = exemplar.image[places[..., 0], places[..., 1]]
    if not tone:
        return Rendering(image, Provenance(places, exemplar.shape))
    margin = min(TILE_MARGIN, *target_ids.shape) if wrap else 0
    around = [(margin, margin), (margin, margin)]
    parts = (np.pad(places, [*around, (0, 0)], mode="wrap"), np.pad(target_ids, around, mode="wrap"))
    levels = 1 + int(np.log2(min(seams.REACH, *target_ids.shape)))
    change = seams.membrane(source, *parts, np.pad(fixed, around, mode="wrap"), levels)
    height, width = target_ids.shape
    change = change[margin : margin + height, margin : margin + width]
    # what cannot be seen is left as the exact copy that it is
    change[(np.abs(change) < seams.LEAST).all(-1) | fixed] = 0
    change /= 255
    return Rendering(np.clip(image + change, 0, 1), Provenance(places, exemplar.shape, change))


def class_places(exemplar: Exemplar, target: LabelMap) -> tuple[Ids, Ids]:
    """Classes of both maps as their places in the exemplar's palette; the number of classes where not usable."""
    palette = exemplar.labels.palette
    known = np.array(palette.ids, np.int64)
    order = np.argsort(known)
    source = exemplar.labels.indices().astype(np.uint16)
    if exemplar.usable is not None:
        source[~exemplar.usable] = len(known)
    found = order[np.searchsorted(known[order], target.ids.ravel())]
    return np.ascontiguousarray(source), found.reshape(target.shape).astype(np.uint16)


def planes(exemplar: Exemplar, target: LabelMap, guides: tuple[Guide, ...]) -> tuple[Plane, Plane]:
    """The planes that patches are compared by: the source's colours and guides, and the target's guides.

    A guide of weight 1 counts as much as the three colours together.
    """
    colours = np.rint(exemplar.image * 255).astype(np.int16 if guides else np.uint8)
    if not guides:
        return colours, np.empty((*target.shape, 0), np.uint8)
    ours: list[Plane] = [colours]
    theirs: list[Plane] = []
    for guide in guides:
        for side, parts, shape in ((guide.source, ours, exemplar.shape), (guide.target, theirs, target.shape)):
            values = side.reshape(*side.shape[:2], -1)
            scaled = np.rint(values * (255 * np.sqrt(3 * guide.weight / values.shape[2])))
            padded = np.zeros((*shape, values.shape[2]), np.int16)  # a guide may be for the frame alone
            padded[: values.shape[0], : values.shape[1]] = np.clip(scaled, -LARGEST, LARGEST)
            parts.append(padded)
    return np.ascontiguousarray(np.concatenate(ours, -1)), np.ascontiguousarray(np.concatenate(theirs, -1))


#: Largest value of a guide's plane: the squares of a row of a patch still fit into 32 bits.
LARGEST = 4000


def _fixed(exemplar: Exemplar, target: LabelMap, source_ids: Ids, target_ids: Ids, wishes: Wishes) -> NDArray[np.bool_]:
    """Pixels that stay as they are."""
    if isinstance(wishes.keep, np.ndarray):
        return wishes.keep
    height, width = exemplar.frame
    # a tile continues on its other side, and guides may ask for changes anywhere
    if wishes.keep == "none" or target.shape != exemplar.frame or wishes.tile or wishes.guides:
        return np.zeros(target.shape, bool)
    return unconcerned(source_ids[:height, :width], target_ids)


def _carried(exemplar: Exemplar, target: LabelMap) -> NDArray[np.float32]:
    """The field of :func:`transport` from the frame of the exemplar."""
    if exemplar.frame == exemplar.shape:
        return transport(exemplar.labels, target).field
    height, width = exemplar.frame
    return transport(LabelMap(exemplar.labels.ids[:height, :width], exemplar.labels.palette), target).field


def _in_class(field: NDArray[np.float32], source_ids: Ids, target_ids: Ids) -> NDArray[np.float32]:
    """The field with every place in its class and usable."""
    places = np.floor(field + 0.5).astype(np.int32)
    wrong = source_ids[places[..., 0], places[..., 1]] != target_ids
    return _mended(places, wrong, source_ids, target_ids).astype(np.float32) if wrong.any() else field


def _mended(places: Places, wrong: NDArray[np.bool_], source_ids: Ids, target_ids: Ids) -> Places:
    """The places with the wrong ones sent to the nearest of their class."""
    from scipy import ndimage as ndi

    places = places.copy()
    for c in np.unique(target_ids[wrong]):
        there = source_ids == c
        ys, xs = np.nonzero(wrong & (target_ids == c))
        near = ndi.distance_transform_edt(~there, return_distances=False, return_indices=True)
        old = places[ys, xs]
        places[ys, xs] = near[:, old[:, 0], old[:, 1]].T
    return places


class _Clock:
    """Wall-clock seconds of stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def stage(self, name: str, without: float = 0.0) -> None:
        """What has passed since the last stage was this one, less what others account for."""
        now = time.perf_counter()
        self.seconds[name] = now - self._last - without
        self._last = now
