"""Which pixels an edit of the label map does not concern."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analogon.ops.labelling import depths

#: What lies farther from every change than this share of the diagonal stays, and at least so many pixels.
REACH, LEAST_REACH = 0.03, 8
#: Distances are measured on a map on which the reach is this many pixels at most.
SIDE = 40


def unconcerned(
    source_ids: NDArray[np.uint16], target_ids: NDArray[np.uint16], also: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Pixels around which nothing changes: bool (h, w). What is ``also`` marked (h, w) changes with the map as it is.

    A border between two classes that wanders by a pixel is no change: lines are rarely drawn twice to the very pixel.
    """
    changed = changes(source_ids, target_ids)
    if also is not None:
        changed |= also
    if not changed.any():
        return ~changed
    reach = max(LEAST_REACH, REACH * float(np.hypot(*changed.shape)))
    factor = int(np.ceil(reach / SIDE))
    height, width = (-(-n // factor) for n in changed.shape)
    blocks = np.zeros((height * factor, width * factor), bool)
    blocks[: changed.shape[0], : changed.shape[1]] = changed
    small = blocks.reshape(height, factor, width, factor).any((1, 3))
    limit = int(np.ceil(reach / factor))
    # depths are thirds of a pixel, and pixels beside a change have a depth of one
    near = (depths(small.astype(np.uint16), limit + 1) < 3 * (limit + 1)) | small
    full = np.repeat(np.repeat(near, factor, 0), factor, 1)[: changed.shape[0], : changed.shape[1]]
    return ~full


def changes(source_ids: NDArray[np.integer], target_ids: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Pixels of another class, but for those that only a border wandered over.

    Those are in no 2 x 2 square of changed pixels, their new class stood beside them before, and their old one still
    does: a line that is gone is a change.
    """
    changed: NDArray[np.bool_] = source_ids != target_ids
    square = changed[:-1, :-1] & changed[1:, :-1] & changed[:-1, 1:] & changed[1:, 1:]
    wide = np.zeros(changed.shape, bool)
    for down in (slice(None, -1), slice(1, None)):
        for across in (slice(None, -1), slice(1, None)):
            wide[down, across] |= square
    ys, xs = np.nonzero(changed & ~wide)
    before, after = np.pad(source_ids, 1, mode="edge"), np.pad(target_ids, 1, mode="edge")
    new, old = np.zeros(len(ys), bool), np.zeros(len(ys), bool)
    for dy in range(3):
        for dx in range(3):
            new |= before[ys + dy, xs + dx] == target_ids[ys, xs]
            old |= after[ys + dy, xs + dx] == source_ids[ys, xs]
    wandered = new & old
    changed[ys[wandered], xs[wandered]] = False
    return changed
