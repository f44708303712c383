"""Which pixels an edit of the label map does not concern."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analogon.ops.labelling import depths

#: What lies farther from every change than this share of the diagonal stays, and at least so many pixels.
REACH, LEAST_REACH = 0.03, 8
#: Distances are measured on a map on which the reach is this many pixels at most.
SIDE = 40


def unconcerned(source_ids: NDArray[np.uint16], target_ids: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Pixels around which nothing changes: bool (h, w).

    Changes narrower than two pixels do not count: lines of classes are rarely drawn twice to the very pixel.
    """
    changed: NDArray[np.bool_] = source_ids != target_ids
    # opening by 2 x 2
    core = changed[:-1, :-1] & changed[1:, :-1] & changed[:-1, 1:] & changed[1:, 1:]
    if not core.any():
        return ~changed
    reach = max(LEAST_REACH, REACH * float(np.hypot(*changed.shape)))
    factor = int(np.ceil(reach / SIDE))
    height, width = (-(-n // factor) for n in changed.shape)
    blocks = np.zeros((height * factor, width * factor), bool)
    blocks[: core.shape[0], : core.shape[1]] = core
    small = blocks.reshape(height, factor, width, factor).any((1, 3))
    limit = int(np.ceil(reach / factor))
    # depths are thirds of a pixel, and pixels beside a change have a depth of one
    near = (depths(small.astype(np.uint16), limit + 1) < 3 * (limit + 1)) | small
    full = np.repeat(np.repeat(near, factor, 0), factor, 1)[: changed.shape[0], : changed.shape[1]]
    unchanged: NDArray[np.bool_] = ~(full | changed)
    return unchanged
