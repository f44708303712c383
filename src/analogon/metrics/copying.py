"""How much of a result is copied: what its provenance tells, and what can be seen without one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analogon.metrics.patches import Basis, Patches, nearest
from analogon.provenance import Provenance

#: Side of the windows that are looked for in the source, and how many are.
WINDOW, WINDOWS = 15, 400
#: Contrast, standard deviation of its values, below which a window shows nothing that could be copied.
FLAT = 8 / 255
#: Difference, as a share of its contrast, up to which a window is the same as another.
SAME = 0.1


def used(provenance: Provenance, usable: NDArray[np.bool_] | None) -> float:
    """Share of the source that is used: |{source pixels that some pixel of the result shows}| / |source pixels|.

    Range 0 to 1, higher is better: a result that repeats one piece uses little. Pixels that are not usable do not
    count. Source: our own.
    """
    seen = np.zeros(provenance.source_shape, bool)
    seen[provenance.places[..., 0], provenance.places[..., 1]] = True
    if usable is None:
        return float(seen.mean())
    return float((seen & usable).sum() / usable.sum())


def largest_copy(provenance: Provenance) -> float:
    """The largest piece that is copied as it was: max over connected regions R of one offset of |R| / |result|.

    The offset of a pixel is its place in the source minus its place in the result; pixels are connected to the four
    beside them. Range above 0 to 1, lower is better: at 1 the whole result is one piece of the source. Where the layout
    changes little, most of the result stays where it is, and that is one piece. Source: our own, after the verbatim
    copies that patch methods are known for.
    """
    from skimage.measure import label

    height, width = provenance.shape
    offsets = provenance.places - np.moveaxis(np.indices((height, width), np.int32), 0, -1)
    span = 2 * (provenance.source_shape[1] + width)
    one_number = offsets[..., 0].astype(np.int64) * span + offsets[..., 1]
    _, dense = np.unique(one_number, return_inverse=True)
    regions: Callable[..., NDArray[np.int64]] = label
    pieces = regions(dense.reshape(height, width), background=-1, connectivity=1)
    return float(np.bincount(pieces.ravel()).max() / pieces.size)


def copied(image: NDArray[np.float32], source: NDArray[np.float32], seed: int = 0) -> float | None:
    """How much of a result is in the source as it is, seen in the pictures alone.

    copied = share, of the windows W of the result with a contrast σ(W) of at least 8 levels, for which
    min over windows V of the source of ‖W − V‖ / √n ≤ 0.1 σ(W), windows of 15x15 pixels, σ the standard deviation of
    the n = 675 values about the mean colour of the window. 400 windows are asked for, spread evenly.

    Range 0 to 1. 1 for any rearrangement of large pieces, at 0 nothing is as it was. What is flat (sky) does not count,
    since all of it is alike. To be read beside diversity and the distances of patches: copies are near the source, and
    what is near the source need not be a copy. Source: our own, since distances alone reward copies.

    Args:
        image, source: float32 (h, w, 3) in [0, 1], of any sizes.

    Returns:
        None where no window can be asked for: a picture is too small, or all is flat.
    """
    if min(*image.shape[:2], *source.shape[:2]) < WINDOW:
        return None
    asked, keys = (Patches(one, np.zeros(one.shape[:2], np.int64), side=WINDOW) for one in (image, source))
    queries = asked.at(asked.sample(asked.every, 2 * WINDOWS, (seed,)))
    values = queries.reshape(len(queries), 3, -1)
    contrast = np.sqrt(values.var(2).mean(1))
    seen = np.flatnonzero(contrast >= FLAT)[:: -(-int((contrast >= FLAT).sum()) // WINDOWS) or 1]
    if not len(seen):
        return None
    squares = nearest(queries[seen], keys, keys.every, Basis.of(keys, seed)) / queries.shape[1]
    return float((np.sqrt(squares) <= SAME * contrast[seen]).mean())
