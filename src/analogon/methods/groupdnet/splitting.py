"""A picture taken apart into its classes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from analogon.networks.batches import Views


def split(views: Views, *, stretch: bool) -> Tensor:
    """(B, 3K, h, w), class by class: the picture where it has the class, 0 elsewhere.

    ``stretch``: the box around the class is enlarged to the whole picture, each place taking the nearest pixel. A
    class that is not there is 0 all over.
    """
    b, _, h, w = views.pictures.shape
    masks = views.one_hot
    apart = masks[:, :, None] * views.pictures[:, None]
    if stretch:
        for picture, number in masks.flatten(2).any(2).nonzero().tolist():
            mask = masks[picture, number] > 0
            rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
            top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
            box = apart[picture, number, :, top:bottom, left:right]
            apart[picture, number] = F.interpolate(box[None], (h, w), mode="nearest")[0]
    return apart.reshape(b, -1, h, w)


def interleaved(classes: Tensor, edges: Tensor | None) -> Tensor:
    """(B, 2K, h, w): each class channel followed by the channel of edges, 0 where there is none."""
    lines = torch.zeros_like(classes[:, :1]) if edges is None else edges
    return torch.stack([classes, lines.expand_as(classes)], 2).flatten(1, 2)
