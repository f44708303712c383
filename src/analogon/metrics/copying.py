"""What the provenance of a result tells: how much of the source is used, and in how large pieces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analogon.provenance import Provenance


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
