"""The terms of SemIA's objectives, each from tensors alone; the weights live in the configuration."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def adversarial(scores: Sequence[Tensor], real: bool, where: Tensor | None = None) -> Tensor:
    """Least-squares GAN: mean over scales of ``(D(x) - 1)^2`` for real, ``D(x)^2`` for fake.

    Args:
        scores: (1, 1, h, w) each.
        where: (1, 1, H, W) weights in [0, 1] at the picture's size; the mean is taken with their local averages.
    """
    terms = []
    for score in scores:
        error = (score - float(real)).square()
        if where is None:
            terms.append(error.mean())
        else:
            weight = F.adaptive_avg_pool2d(where, (error.shape[-2], error.shape[-1]))
            terms.append(_mean(error, weight))
    return torch.stack(terms).mean()


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Mean over discriminator features of the L1 distance; the real side is a constant."""
    return torch.stack([F.l1_loss(f, r.detach()) for f, r in zip(fake, real, strict=True)]).mean()


def fixed_point(modulations: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Equal layouts translate nothing: sum over levels of mean ``|gamma - 1|`` and of mean ``|beta|``."""
    gamma = torch.stack([(g - 1).abs().mean() for g, _ in modulations]).sum()
    beta = torch.stack([b.abs().mean() for _, b in modulations]).sum()
    return gamma, beta


def alignment(scores: Tensor, indices: Tensor) -> Tensor:
    """Semantic alignment: cross-entropy of the segmenter's scores (B, K, H, W) and the layout (B, H, W)."""
    return F.cross_entropy(scores, indices)


def colour_alignment(colours: Tensor, wanted: Tensor) -> Tensor:
    """Semantic alignment of the released code: L1 of regressed and wanted label colours, (B, 3, H, W) in [-1, 1]."""
    return F.l1_loss(colours, wanted)


def patch_coherence(
    target: Tensor,
    source: Tensor,
    at: Tensor,
    *,
    size: int,
    neighbours: int,
    target_labels: Tensor | None = None,
    source_labels: Tensor | None = None,
) -> Tensor:
    """Patches of the target should occur in the source: mean over samples of L1 to the k nearest source patches.

    ``1/N sum_{V in target} min_{U in source} d(V, U)`` (slides), with the mean over k neighbours of the released
    code. Neighbours are searched by Euclidean distance, written as one convolution of the source features with
    the sampled patches; only the found patches are gathered, and only the target side gets gradient.

    Args:
        target, source: features (1, C, H, W), (1, C, H', W').
        at: int64 (N, 2) (row, col) top-left corners of the target patches, rows <= H - size, cols <= W - size.
        size: side of a patch. neighbours: k.
        target_labels, source_labels: int64 (H, W), (H', W'); given both, a patch may only match patches whose
            centre has the same class, or all where the source lacks it.

    Returns:
        Scalar: mean absolute difference per feature element.
    """
    rows, cols = at.unbind(1)
    steps = torch.arange(size, device=at.device)
    y, x = (rows[:, None] + steps)[:, :, None], (cols[:, None] + steps)[:, None, :]
    # index_select, because the gradient of target[0][:, y, x] is added up in no fixed order by several threads
    flat = (y * target.shape[-1] + x).flatten()
    patches = target[0].flatten(1).index_select(1, flat).reshape(-1, len(at), size, size).transpose(0, 1)
    keys = source.detach()
    with torch.no_grad():
        distance = -2 * F.conv2d(keys, patches.detach())[0].flatten(1)  # (N, P); the patch's own norm is constant
        ones = torch.ones(1, 1, size, size, dtype=keys.dtype, device=keys.device)
        distance += F.conv2d(keys.square().sum(1, keepdim=True), ones).flatten()[None]
        if target_labels is not None and source_labels is not None:
            c = size // 2
            span_h, span_w = source.shape[-2] - size + 1, source.shape[-1] - size + 1
            candidates = source_labels[c : c + span_h, c : c + span_w].flatten()
            wanted = target_labels[rows + c, cols + c]
            other = candidates[None] != wanted[:, None]
            other &= ~other.all(1, keepdim=True)
            distance.masked_fill_(other, torch.inf)
        found = distance.topk(min(neighbours, distance.shape[1]), largest=False)
        # a class with fewer patches than k: its nearest stands in for the missing
        nearest = torch.where(found.values.isinf(), found.indices[:, :1], found.indices)
    width = source.shape[-1] - size + 1
    top, left = nearest // width, nearest % width  # (N, k)
    y = (top[..., None] + steps)[..., :, None]
    x = (left[..., None] + steps)[..., None, :]
    matches = keys[0][:, y, x].permute(1, 2, 0, 3, 4)  # (N, k, C, size, size)
    return (patches[:, None] - matches).abs().mean()


def known(fake: Tensor, truth: Tensor, sure: Tensor, coarse: int) -> Tensor:
    """L1 to the truth where it is sure, plus L1 of averages over ``coarse`` x ``coarse`` pixels elsewhere (0: none).

    Each part is a mean over its own area, so that a small hole counts as much as all that surrounds it.

    Args:
        fake, truth: (1, 3, H, W). sure: (1, 1, H, W) in [0, 1].
    """
    loss = _mean((fake - truth).abs().mean(1, keepdim=True), sure)
    if coarse:
        blurred = F.avg_pool2d(fake - truth, coarse, stride=coarse // 2).abs().mean(1, keepdim=True)
        loss = loss + _mean(blurred, F.avg_pool2d(1 - sure, coarse, stride=coarse // 2))
    return loss


def detail(fake: Tensor, source: Tensor, where: Tensor) -> Tensor:
    """L1 of the differences between neighbours: the tone may change, the detail not.

    Args:
        fake, source: (1, 3, H, W). where: (1, 1, H, W) in [0, 1]; both neighbours must lie inside.
    """
    change = fake - source
    down = (change[..., 1:, :] - change[..., :-1, :]).abs().mean(1, keepdim=True)
    right = (change[..., 1:] - change[..., :-1]).abs().mean(1, keepdim=True)
    inside_down, inside_right = where[..., 1:, :] * where[..., :-1, :], where[..., 1:] * where[..., :-1]
    return _mean(down, inside_down) + _mean(right, inside_right)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean; 0 where nothing has weight."""
    return (values * weights).sum() / (weights.sum() + 1)
