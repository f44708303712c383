"""Compiled: what a level of the pyramid starts from."""

from __future__ import annotations

import numpy as np

from analogon.kernels import kernel


@kernel()
def begin(  # type: ignore[no-untyped-def]
    given, coarser, coarser_ids, source_ids, target_ids, fixed, thin, ratio, agree, first, last, out
):
    """Write rows first..last of a level's first places to ``out``, int32 (h, w, 2).

    They are those of the start map, ``given`` (h, w, 2), where ``coarser`` (whose pixels are ``ratio`` wide) differs
    by up to ``agree`` pixels or where they are ``fixed``, else those of the coarser level. Small and thin things,
    which the coarser level could not show (``coarser_ids``; empty for unknown) or lost to what is around them, start
    anew.
    """
    rows, cols = source_ids.shape
    for y in range(first, last):
        above = min(y // ratio, coarser.shape[0] - 1)
        for x in range(out.shape[1]):
            beside = min(x // ratio, coarser.shape[1] - 1)
            gy, gx = given[y, x, 0], given[y, x, 1]
            py = np.int32(min(coarser[above, beside, 0] * ratio + y - ratio * above, rows - 1))
            px = np.int32(min(coarser[above, beside, 1] * ratio + x - ratio * beside, cols - 1))
            if fixed[y, x] or max(abs(py - gy), abs(px - gx)) <= agree:
                py, px = gy, gx
            elif coarser_ids.size > 0:
                wanted = target_ids[y, x]
                lost = coarser_ids[above, beside] != wanted or thin[y, x]
                if lost and source_ids[py, px] != wanted and source_ids[gy, gx] == wanted:
                    py, px = gy, gx
            out[y, x, 0], out[y, x, 1] = py, px
