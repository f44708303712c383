"""Layouts as network input."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage as ndi
from torch import Tensor

from analogon.data import LabelMap

#: Distances to the class border are squashed by tanh at these scales (pixels).
DEPTH_SCALES = (4.0, 16.0)


def channels(classes: int, kind: str) -> int:
    """How many channels :func:`conditions` gives for ``classes`` classes."""
    return classes + (len(DEPTH_SCALES) + 2 if kind == "geometry" else 0)


def depth_map(indices: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """How deep each pixel lies in its own region: float32 (h, w), pixels to the next class; the frame is no border."""
    depth = np.zeros(indices.shape, np.float32)
    for c in range(classes):
        mask = indices == c
        if mask.all():
            depth[:] = 1e3
        elif mask.any():
            depth[mask] = ndi.distance_transform_edt(mask)[mask]
    return depth


def conditions(indices: Tensor, depth: Tensor | None, classes: int) -> Tensor:
    """Class indices (h, w) to float32 (1, L, h, w) in [-1, 1]: K planes of 0 and 1, with ``depth`` (h, w) geometry too.

    Geometry is how deep a pixel lies in its own region (two scales) and its row and column in the frame, so that a
    convolution knows the place inside an object without seeing all of it.
    """
    (h, w), device = indices.shape, indices.device
    planes = [F.one_hot(indices.long(), classes).permute(2, 0, 1).float()]
    if depth is not None:
        planes += [torch.tanh(depth.float() / s)[None] for s in DEPTH_SCALES]
        planes += [torch.linspace(-1, 1, h, device=device)[:, None].expand(h, w)[None]]
        planes += [torch.linspace(-1, 1, w, device=device)[None].expand(h, w)[None]]
    return torch.cat(planes)[None]


def layout_conditions(labels: LabelMap, kind: str, device: torch.device) -> Tensor:
    """Conditions (1, L, h, w) of a label map; ``kind`` is "one-hot" or "geometry"."""
    indices, classes = labels.indices(), len(labels.palette)
    depth = torch.from_numpy(depth_map(indices, classes)).to(device) if kind == "geometry" else None
    return conditions(torch.from_numpy(indices).to(device), depth, classes)
