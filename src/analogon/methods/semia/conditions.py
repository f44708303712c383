"""Layouts as network input."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage as ndi
from torch import Tensor

#: Distances to the class border are squashed by tanh at these scales (pixels).
DEPTH_SCALES = (4.0, 16.0)


def channels(classes: int, kind: str) -> int:
    """How many channels :func:`conditions` gives for ``classes`` classes."""
    return classes + (len(DEPTH_SCALES) + 2 if kind == "geometry" else 0)


def conditions(indices: NDArray[np.int64], classes: int, kind: str) -> Tensor:
    """Class indices (h, w) to float32 (1, L, h, w) in [-1, 1].

    ``kind="one-hot"``: K planes of 0 and 1. ``kind="geometry"`` adds how deep a pixel lies in its own region (two
    scales; the frame is no border) and its row and column in the frame, so that a convolution knows the place
    inside an object without seeing all of it.
    """
    h, w = indices.shape
    planes = [indices == c for c in range(classes)]
    out = [p.astype(np.float32) for p in planes]
    if kind == "geometry":
        depth = np.zeros((h, w), np.float32)
        for p in planes:
            if p.all():
                depth[:] = 1e3
            elif p.any():
                depth[p] = ndi.distance_transform_edt(p)[p]
        out += [np.tanh(depth / s) for s in DEPTH_SCALES]
        out += [np.broadcast_to(np.linspace(-1, 1, h, dtype=np.float32)[:, None], (h, w))]
        out += [np.broadcast_to(np.linspace(-1, 1, w, dtype=np.float32)[None], (h, w))]
    return torch.from_numpy(np.stack(out))[None]
