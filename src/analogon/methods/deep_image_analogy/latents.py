"""Features of a picture at every level, how they are compared, and what is made of them for the next level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from analogon.data import LabelMap
from analogon.methods.deep_image_analogy.config import Config
from analogon.methods.deep_image_analogy.fields import Field, Map, voted

#: The response, from 0 to 1, from which on a feature counts as there, and how sharply (the paper's sigmoid).
THRESHOLD, SLOPE = 0.05, 300.0
#: Lengths and deviations under this are no direction.
TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Described:
    """The features of a picture and its classes; lists go from coarse to fine.

    Attributes:
        maps: float32 (h, w, C).
        planes: float32 (h, w, K), the share of each class, times the root of its weight.
        torn: float32 (h, w, 1), the share of what is not to be trusted.
        trust: float32 (h, w, 1) in [0, 1], where the picture's own features say something.
        scales: what was taken from the features, and what they were divided by.
    """

    maps: list[Map]
    planes: list[Map]
    torn: list[Map]
    trust: list[Map]
    scales: list[tuple[Map, np.float32]]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Height and width of each level."""
        return [(one.shape[0], one.shape[1]) for one in self.maps]

    def joined(self, level: int, *parts: Map, config: Config) -> Map:
        """What patches are compared by: two feature maps and the classes, (h, w, 2 * C + K)."""
        if config.compare == "directions":
            parts = tuple(one / np.maximum(np.linalg.norm(one, axis=-1, keepdims=True), TINY) for one in parts)
        return np.ascontiguousarray(np.concatenate([*parts, self.planes[level]], -1))


def describe(
    image: NDArray[np.float32],
    labels: LabelMap,
    extract: Callable[[Tensor], list[Tensor]],
    device: torch.device,
    config: Config,
    *,
    torn: NDArray[np.bool_] | None = None,
    like: Described | None = None,
) -> Described:
    """The features of a picture.

    Args:
        image: (h, w, 3) in [0, 1]. labels: (h, w).
        extract: five maps, fine to coarse.
        torn: bool (h, w), where the picture is not to be trusted.
        like: the picture whose scales are used; None for its own.
    """
    with torch.inference_mode():
        picture = torch.tensor(image).permute(2, 0, 1)[None].to(device)
        maps = [np.ascontiguousarray(one[0].permute(1, 2, 0).cpu().numpy()) for one in reversed(extract(picture))]
        seams = torch.from_numpy((np.zeros(labels.shape) if torn is None else torn).astype(np.float32))[None, None]
        planes = torch.from_numpy(labels.one_hot()).permute(2, 0, 1)[None]
        shares = [torch.cat([planes, seams], 1)]
        for _ in maps[1:]:
            shares.insert(0, F.avg_pool2d(shares[0], 2))
    scales = like.scales if like is not None else [_scale(one, config) for one in maps]
    maps = [(one - mean) / scale for one, (mean, scale) in zip(maps, scales, strict=True)]
    levels = [one[0].permute(1, 2, 0).numpy() for one in shares]
    torn_shares = [level[..., -1:] for level in levels]
    trust = [_response(one) * (1 - share) for one, share in zip(maps, torn_shares, strict=True)]
    root = np.float32(np.sqrt(config.label_weight))
    return Described(maps, [level[..., :-1] * root for level in levels], torn_shares, trust, scales)


def blended(mine: Described, theirs: Described, field: Field, patch: int, level: int, share: float) -> Map:
    """Latent features of a level: (h, w, C).

    The other picture's features of that level, taken along by its field, and the picture's own, as far as ``share``
    and its trust go.
    """
    own = np.float32(share) * mine.trust[level]
    return own * mine.maps[level] + (1 - own) * voted(theirs.maps[level], field, patch)


def _scale(features: Map, config: Config) -> tuple[Map, np.float32]:
    """Mean by channel and the root of the variance of all channels; of directions neither."""
    if config.compare == "directions":
        return np.zeros(features.shape[-1], np.float32), np.float32(1)
    variance = features.reshape(-1, features.shape[-1]).var(0).sum()
    return features.mean((0, 1)), np.float32(max(np.sqrt(variance), TINY))


def _response(features: Map) -> Map:
    """Where features are there: a sigmoid of their squared length, which is scaled to [0, 1]."""
    length = np.square(features).sum(-1, keepdims=True)
    scaled = (length - length.min()) / max(float(np.ptp(length)), TINY)
    response: Map = (1 / (1 + np.exp(-SLOPE * (scaled - THRESHOLD)))).astype(np.float32)
    return response
