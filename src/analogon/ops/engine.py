"""The patch engine from an exemplar and a target to a rendering."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence, Set
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.ops import copies, reflections, seams
from analogon.ops.arrange import Advice, arrange, cell_size
from analogon.ops.keeping import unconcerned
from analogon.ops.level import Ids, Level, Places, Plane, usage_of
from analogon.ops.moves import Moved, moved_regions, positions
from analogon.ops.reflections import Water
from analogon.ops.synthesis import Problem, Settings, refine
from analogon.provenance import Provenance
from analogon.rendering import PLAIN, Guide, Rendering, Wishes
from analogon.run import Progress, Run
from analogon.transport import transport

#: How patches are compared where nothing else is said.
DEFAULTS = Settings()
#: A preview searches down to the level that has no more pixels than this.
PREVIEW_PIXELS = 16_000
#: Width in pixels of the rim of what has to come from a given place that may come from elsewhere all the same.
RIM = 1
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
    mirror: bool = False,
    reflect: bool = False,
    start: Places | None = None,
    advice: Advice | None = None,
    join: bool = True,
    on: Callable[[Level], Level] = lambda level: level,
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
        mirror: copy from the mirror image of the exemplar as well.
        reflect: what water shows changes with what stands above it (:mod:`analogon.ops.reflections`) where pixels are
            kept, too, which then are fewer; where none are kept it always does.
        things, stuff: ids of classes whose regions always move as wholes, and never.
        start: places (h, w, 2) that the search starts from, in place of what the layouts alone say.
        advice: knows more of which map belongs where; see :func:`analogon.ops.arrange.arrange`.
        join: search for patches that fit together; else pieces are laid side by side.
        on: moves a level of the search to what computes it, if that is not the CPU.

    Returns:
        The picture with its provenance. Where tone was faded a pixel is its source pixel plus
        ``provenance.tone``, elsewhere exactly its source pixel.
    """
    clock = _Clock()
    source_ids, target_ids = class_places(exemplar, target)
    position = {label.id: n for n, label in enumerate(exemplar.labels.palette.classes)}
    objects, ground = {position[i] for i in things}, {position[i] for i in stuff}
    turned = (
        copies.turned_objects(source_ids, target_ids, unusable=len(position), without=ground)
        if pieces and start is None
        else []
    )
    beside = [copies.mirror_image(exemplar.shape)] * mirror + turned
    whole, origin = exemplar, None
    if beside:
        whole, wider, origin = copies.joined(exemplar, wishes.guides, beside)
        wishes = replace(wishes, guides=wider)
        source_ids, _ = class_places(whole, target)
    wanted = wishes.guides
    if settings.position_weight > 0:
        wanted += (Guide("position", positions(source_ids), positions(target_ids), settings.position_weight),)
    source, guides = planes(whole, target, wanted)
    clock.stage("reading")
    fallback = _carried(whole, target)
    if whole.usable is not None:
        fallback = _in_class(fallback, source_ids, target_ids)
    moved = moved_regions(target_ids, fallback)
    told = given_places(source_ids, target_ids, wishes.places)
    fixed, waters = staying(whole, source_ids, target_ids, wishes, moved, told), list[Water]()
    if pieces and start is None and advice is None and (reflect or not fixed.any()):
        cell = cell_size(target.shape)
        waters = reflections.waters(source, source_ids, target_ids, cell, whole.frame)
    if waters:
        concerned = reflections.concerned(waters, cell, target.shape)
        fixed = staying(whole, source_ids, target_ids, wishes, moved, concerned if told is None else concerned | told)
    clock.stage("carrying")
    sure = np.zeros(target.shape, bool)
    if start is not None:
        places = start.copy()
    elif pieces:
        places, sure = arrange(
            source,
            source_ids,
            target_ids,
            fallback,
            frame=whole.frame,
            unusable=len(position),
            fixed=fixed,
            moved=moved,
            waters=waters,
            things=objects,
            stuff=ground,
            advice=advice,
        )
    else:
        places = np.floor(fallback + 0.5).astype(np.int32)
    firm = fixed
    if told is not None and wishes.places is not None:
        told &= ~fixed
        places[told] = wishes.places[told]
        firm = fixed | inner(told)
    places[fixed] = np.stack(np.nonzero(fixed), -1)
    clock.stage("arranging")
    # what is fixed beyond the reach of a patch needs no look, so that a small edit takes little time
    part = (slice(None), slice(None)) if wishes.tile else _window(~fixed, settings.patch)
    problem = Problem(
        source,
        source_ids,
        target_ids[part],
        guides[part],
        firm[part],
        sure[part],
        demand=np.bincount(target_ids.ravel(), minlength=len(exemplar.labels.palette)),
        elsewhere=usage_of(places, source_ids.shape) - usage_of(places[part], source_ids.shape),
        wrap=wishes.tile,
        seed=run.seed,
    )
    problem.told = lambda done, levels: run.listener(Progress("joining pieces", done, levels))
    if wishes.preview:
        while problem.target_ids.size / problem.finest**2 > PREVIEW_PIXELS:
            problem.finest *= 2
        settings = replace(settings, rounds=tuple(-(-n // 2) for n in settings.rounds), leaps=min(settings.leaps, 1))
    if join:
        places[part] = refine(problem, np.ascontiguousarray(places[part]), settings, on)
    clock.seconds |= problem.seconds
    clock.stage("joining", without=sum(problem.seconds.values()))
    unusable = source_ids[places[..., 0], places[..., 1]] == len(exemplar.labels.palette)
    if unusable.any():
        places = _mended(places, unusable, source_ids, target_ids)
    image, change = paint(whole.image, places), None
    if tone:
        change = np.zeros((*target.shape, 3), np.float32)
        stayed = (places[..., 0] == np.arange(target.shape[0])[:, None]) & (
            places[..., 1] == np.arange(target.shape[1])
        )
        change[part] = seam_tone(source, places[part], target_ids[part], fixed[part], stayed[part], wrap=wishes.tile)
        # in place, and only there: a picture may be large
        image[part] = np.clip(image[part] + change[part], 0, 1)
    clock.stage("painting")
    if origin is not None:
        places = origin[places[..., 0], places[..., 1]]
    return Rendering(image, Provenance(places, exemplar.shape, change), clock.seconds)


def paint(image: NDArray[np.float32], places: Places) -> NDArray[np.float32]:
    """The pixels at these places."""
    flat = places[..., 0].astype(np.int64) * image.shape[1] + places[..., 1]
    copies: NDArray[np.float32] = image.reshape(-1, 3).take(flat, axis=0)
    return copies


def seam_tone(
    source: Plane,
    places: Places,
    target_ids: Ids,
    fixed: NDArray[np.bool_],
    stayed: NDArray[np.bool_],
    *,
    wrap: bool,
) -> NDArray[np.float32]:
    """What hides seams when it is added to the colours in [0, 1]: float32 (h, w, 3).

    ``fixed`` pixels do not change, those that ``stayed`` in their place hardly.
    """
    own = np.where(stayed, 1 / seams.REACH_STAYING**2, 1 / seams.REACH**2).astype(np.float32)
    own[fixed] = seams.FIRM
    margin = min(TILE_MARGIN, *target_ids.shape) if wrap else 0
    around = [(margin, margin), (margin, margin)]
    levels = 1 + int(np.log2(min(seams.REACH, *target_ids.shape)))
    change: NDArray[np.float32] = seams.membrane(
        source,
        np.pad(places, [*around, (0, 0)], mode="wrap"),
        np.pad(target_ids, around, mode="wrap"),
        np.pad(own, around, mode="wrap"),
        levels,
    )
    height, width = target_ids.shape
    change = change[margin : margin + height, margin : margin + width]
    # what cannot be seen is left as the exact copy that it is
    change[(np.abs(change) < seams.LEAST).all(-1) | fixed] = 0
    change /= 255
    return change


def _window(open_: NDArray[np.bool_], margin: int) -> tuple[slice, slice]:
    """The rows and columns of all open pixels, with a margin; one pixel where none is."""
    rows, cols = np.flatnonzero(open_.any(1)), np.flatnonzero(open_.any(0))
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    first, last = (np.array([edge[at] for edge in (rows, cols)]) for at in (0, -1))
    first, last = np.maximum(first - margin, 0), np.minimum(last + 1 + margin, open_.shape)
    return slice(int(first[0]), int(last[0])), slice(int(first[1]), int(last[1]))


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
    largest = min(LARGEST, int(np.sqrt(SQUARES / sum(guide.source[0, 0].size for guide in guides))))
    ours: list[Plane] = [colours]
    theirs: list[Plane] = []
    for guide in guides:
        for side, parts, shape in ((guide.source, ours, exemplar.shape), (guide.target, theirs, target.shape)):
            values = side.reshape(*side.shape[:2], -1)
            scaled = np.rint(values * np.minimum(255 * np.sqrt(3 * guide.weight / values.shape[2]), HEAVIEST))
            padded = np.zeros((*shape, values.shape[2]), np.int16)  # a guide may be for the frame alone
            padded[: values.shape[0], : values.shape[1]] = np.clip(scaled, -largest, largest)
            parts.append(padded)
    return np.ascontiguousarray(np.concatenate(ours, -1)), np.ascontiguousarray(np.concatenate(theirs, -1))


#: Largest value of a guide's plane, and largest sum of the squares of values of all of them: the squared differences
#: of a row of a patch still fit into 32 bits.
LARGEST, SQUARES = 4000, 59_000_000
#: Factors of guides above this make no difference any more.
HEAVIEST = 1e9


def staying(
    exemplar: Exemplar,
    source_ids: Ids,
    target_ids: Ids,
    wishes: Wishes,
    moved: Sequence[Moved] = (),
    also: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Pixels of a target (h, w) that stay as they are: bool (h, w).

    Args:
        source_ids, target_ids: as :func:`class_places` gives them.
        also: pixels (h, w) that change with the map as it is.
        moved: regions that have only been moved; without them a pixel stays that an object has left and covers again.
    """
    if isinstance(wishes.keep, np.ndarray):
        return wishes.keep
    height, width = exemplar.frame
    # a tile continues on its other side, and guides may ask for changes anywhere
    if wishes.keep == "none" or target_ids.shape != exemplar.frame or wishes.tile or wishes.guides:
        return np.zeros(target_ids.shape, bool)
    kept = unconcerned(source_ids[:height, :width], target_ids, also)
    for move in moved:  # one that covers its own old place has moved there too
        kept &= ~np.repeat(np.repeat(move.region, move.every, 0), move.every, 1)[: kept.shape[0], : kept.shape[1]]
    return kept


def given_places(source_ids: Ids, target_ids: Ids, places: NDArray[np.int32] | None) -> NDArray[np.bool_] | None:
    """Pixels (h, w) whose places are asked for, and are of their class; None where nothing is asked for."""
    if places is None:
        return None
    asked = places[..., 0] >= 0
    there = np.maximum(places, 0)
    found: NDArray[np.bool_] = asked & (source_ids[there[..., 0], there[..., 1]] == target_ids)
    return found


def inner(told: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """All but the rim, where colours of two things are mixed in one pixel: what lies beside may suit it better."""
    from scipy import ndimage as ndi

    without: NDArray[np.bool_] = ndi.binary_erosion(told, np.ones((3, 3), bool), iterations=RIM, border_value=1)
    return without


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
