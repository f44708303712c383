"""Edits made consistent: what was pasted or painted over, said with pieces of the source that fit what is around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.kernels import kernel
from analogon.ops.engine import synthesize
from analogon.ops.level import Places
from analogon.ops.nearest import Tree, Window, bases, points, projected, seek
from analogon.ops.parallel import spread
from analogon.ops.rearranging import one_class
from analogon.ops.synthesis import Settings
from analogon.provenance import Provenance
from analogon.rendering import Guide, Rendering, Wishes
from analogon.run import Run

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: An edit is where colours differ by more levels than a saved copy's do, and so much around, as a share of the
#: picture's longer side.
CHANGED, AROUND = 10.0, 0.025
#: Side of the patches that tell where parts of an edit come from; every so many pixels one is looked up.
SIDE, EVERY = 7, 3
#: Shifts that are tried for all pixels of an edit, the most frequent first.
SHIFTS = 24
#: How much the edit counts beside what fits, blurred by so many pixels.
WEIGHT, BLUR = 0.25, 2.0
#: Leaves of the tree that are looked through.
LEAVES = 24


def changed(source: Floats, edited: Floats) -> Mask:
    """Where an edit differs from the source, and what is beside that: bool (h, w)."""
    from scipy import ndimage as ndi

    differs = np.abs(edited - source).max(-1) * 255 > CHANGED
    near: Mask = ndi.distance_transform_edt(~differs) <= AROUND * max(differs.shape) if differs.any() else differs
    return near


def mended(
    exemplar: Exemplar, edited: Floats, mask: Mask | None, run: Run, settings: Settings, *, tone: bool
) -> Rendering:
    """An edit made consistent; see :class:`analogon.jobs.Edit`."""
    height, width = edited.shape[:2]
    source = exemplar.image[:height, :width]
    usable = np.ones((height, width), bool) if exemplar.usable is None else exemplar.usable[:height, :width]
    if mask is None:
        mask = changed(source, edited)
    same = (edited == source).all(-1)
    here = np.moveaxis(np.indices((height, width), np.int32), 0, -1)
    if not mask.any():
        return Rendering(edited.copy(), Provenance(here, (height, width)) if same.all() else None)
    # the edit stands to the left of the source: what stays is a copy of itself, but nothing else is taken from it
    both = Exemplar(
        np.concatenate([edited, source], 1),
        LabelMap(np.zeros((height, 2 * width), np.int64), one_class((1, 1)).palette),
        np.concatenate([np.zeros_like(usable), usable], 1),
    )
    start = here.copy()
    start[mask] = origins(source, usable, edited, mask)[mask] + np.array([0, width], np.int32)
    smooth = _blurred(edited)
    guide = Guide("edit", np.concatenate([smooth, _blurred(source)], 1), smooth, WEIGHT)
    done = synthesize(
        both,
        one_class((height, width)),
        run,
        settings=settings,
        wishes=Wishes(keep=~mask, guides=(guide,)),
        start=start,
        tone=tone,
    )
    assert done.provenance is not None
    image = np.where(mask[..., None], done.image, edited)
    provenance = None
    if same[~mask].all():  # else some of what stays is no copy
        places = np.where(mask[..., None], done.provenance.places - np.array([0, width], np.int32), here)
        provenance = Provenance(places, (height, width), done.provenance.tone)
    return Rendering(image, provenance, done.seconds)


def origins(source: Floats, usable: Mask, edited: Floats, mask: Mask) -> Places:
    """Where in the source each pixel of a mask looks most as it does in an edit: places (h, w, 2), own ones elsewhere.

    Parts that were pasted as they are come from one shift, which many of their patches find.
    """
    from scipy import ndimage as ndi

    height, width = edited.shape[:2]
    places: Places = np.moveaxis(np.indices((height, width), np.int32), 0, -1).copy()
    radius = SIDE // 2
    asked = np.argwhere(mask)
    asked = asked[(asked % EVERY == 0).all(1)] if (asked % EVERY == 0).all(1).any() else asked
    weights = np.full((SIDE, SIDE, 3), 1 / (3 * SIDE**2), np.float32)
    planes = [np.pad(one, ((radius, radius), (radius, radius), (0, 0)), mode="edge") for one in (source, edited)]
    known = np.argwhere(usable)
    basis = bases([Window(planes[0], weights)], known)
    theirs, ours = (points(*projected([Window(plane, weights)], basis, (height, width))) for plane in planes)
    tree = Tree.of(np.ascontiguousarray(theirs[usable]))
    found = np.empty(len(asked), np.int64)
    queries = np.ascontiguousarray(ours[tuple(asked.T)])
    spread(
        _look_up,
        [(queries, *tree.plain(), LEAVES, found, a, min(a + 256, len(asked))) for a in range(0, len(asked), 256)],
    )
    match = known[found]
    shifts, counts = np.unique(match - asked, axis=0, return_counts=True)
    tried = np.concatenate([[[0, 0]], shifts[np.argsort(-counts, kind="stable")[:SHIFTS]]])
    (top, left), (bottom, right) = asked.min(0).tolist(), (asked.max(0) + 1).tolist()
    box = np.s_[max(top - EVERY, 0) : bottom + EVERY, max(left - EVERY, 0) : right + EVERY]
    at = places[box]
    best = np.full(at.shape[:2], np.inf)
    out = at.copy()
    # each pixel's nearest match that was looked up, and the frequent shifts
    near = np.zeros((height, width), bool)
    near[tuple(asked.T)] = True
    index = ndi.distance_transform_edt(~near, return_distances=False, return_indices=True)
    moves = np.zeros((height, width, 2), np.int64)
    moves[tuple(asked.T)] = match - asked
    own = moves[index[0], index[1]][box]
    for n in range(-1, len(tried)):
        theirs_at = at + (own if n < 0 else tried[n])
        inside = ((theirs_at >= 0) & (theirs_at < (height, width))).all(-1)
        clipped = np.clip(theirs_at, 0, (height - 1, width - 1))
        inside &= usable[clipped[..., 0], clipped[..., 1]]
        gap = ((edited[box] - source[clipped[..., 0], clipped[..., 1]]) ** 2).sum(-1)
        cost = np.where(inside, ndi.uniform_filter(np.where(inside, gap, 1.0), SIDE), np.inf) * (1.0 if n >= 0 else 1.2)
        better = cost < best
        best[better], out[better] = cost[better], clipped[better]
    places[box] = out
    places[~mask] = np.argwhere(~mask)
    return places


@kernel()
def _look_up(queries, order, leaves, lows, highs, ease, easiest, most, found, first, last):  # type: ignore[no-untyped-def]
    """The nearest point of each query first..last."""
    near, scores = np.empty(1, np.int64), np.empty(1, np.float32)
    for n in range(first, last):
        seek(order, leaves, lows, highs, ease, easiest, queries[n], np.float32(1e30), most, near, scores)
        found[n] = max(near[0], 0)


def _blurred(image: Floats) -> Floats:
    from scipy import ndimage as ndi

    smooth: Floats = ndi.gaussian_filter(image, (BLUR, BLUR, 0))
    return smooth
