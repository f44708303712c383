"""Distances in the eyes of a network: SIFID and LPIPS of two pictures, FID and KID of two sets of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analogon.errors import InputError, OptionError
from analogon.metrics.learned.weights import Pixels, Weights, inception, lpips_network, tensor

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    from analogon.features.inception import Dims

Floats = NDArray[np.float64]

#: No set of KID is larger than this; so many are drawn.
SUBSET, SUBSETS = 1000, 100


def frechet(mean_a: Floats, cov_a: Floats, mean_b: Floats, cov_b: Floats) -> float:
    """Fréchet (2-Wasserstein) distance of two Gaussians, squared: |a - b|² + tr(A + B - 2 (A^½ B A^½)^½).

    Range 0 to infinity, lower is better, 0 for equal ones. Covariances may be singular. Source: Dowson and Landau, "The
    Fréchet distance between multivariate normal distributions", J. Multivariate Analysis 1982.

    Args:
        mean_a, mean_b: (n,). cov_a, cov_b: (n, n), symmetric.
    """
    sizes, axes = np.linalg.eigh(cov_a)
    root = (axes * np.sqrt(np.maximum(sizes, 0))) @ axes.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0)).sum()
    return max(float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * shared), 0.0)


def sifid(first: Pixels, second: Pixels, weights: Weights) -> float | None:
    """Single-image FID: the Fréchet distance of the Gaussians of two pictures' features, the places being the samples.

    Features are the 192 channels of Inception-v3 just before its second pooling, of pictures in their own size.

    Range 0 to infinity, lower is better, 0 for equal pictures. Near-copies score best: read it beside copying and
    diversity. Source: Shaham et al., "SinGAN", ICCV 2019. Published figures were made with torchvision's weights; those
    of FID give others.

    Args:
        first, second: float32 (h, w, 3) in [0, 1]; sizes may differ.

    Returns:
        The distance; None where a picture is too small to have two places (about 24 pixels a side).

    Raises:
        OptionError, InputError: no Inception weights are named, or they cannot be used.
    """
    import torch

    network, gaussians = inception(weights, 192), []
    for image in (first, second):
        if min(image.shape[:2]) < 21:
            return None
        with torch.no_grad():
            seen = network.before_second_pooling(tensor(image))[0].flatten(1).double().numpy()
        if seen.shape[1] < 2:
            return None
        gaussians += [seen.mean(1), np.cov(seen)]
    return frechet(*gaussians)


def lpips(first: Pixels, second: Pixels, weights: Weights) -> float | None:
    """Learned perceptual image patch similarity: Σ over layers of the mean over places of w · (f(first) - f(second))².

    f are the features of AlexNet or VGG-16 with unit length at each place, w the layer's learned weights of channels.

    Range 0 to infinity (about 1 for pictures without anything in common), lower is more alike, symmetric. Source: Zhang
    et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, version 0.1.

    Args:
        first, second: float32 (h, w, 3) in [0, 1], of one size.

    Returns:
        The distance; None for pictures that are too small for the network (31 pixels for AlexNet, 16 for VGG-16).

    Raises:
        OptionError, InputError: no LPIPS weights are named, they cannot be used, or the pictures differ in size.
    """
    import torch

    if first.shape != second.shape:
        raise InputError(
            f"LPIPS compares pictures of one size, not {first.shape[1]}x{first.shape[0]} and "
            f"{second.shape[1]}x{second.shape[0]}: resize one of them."
        )
    network = lpips_network(weights)
    if min(first.shape[:2]) < network.backbone.least:
        return None
    with torch.no_grad():
        return float(network(tensor(first), tensor(second)))


def fid(first: Sequence[Pixels], second: Sequence[Pixels], weights: Weights, *, dims: Dims = 2048) -> float:
    """Fréchet inception distance of two sets of pictures: that of the Gaussians of their Inception-v3 features.

    Pictures are resized to 299x299 (bilinear). With fewer pictures than features the covariances are singular and the
    figure is too large by an amount that depends on the number: compare sets of one size only, or use :func:`kid`.

    Range 0 to infinity, lower is better, 0 for equal sets. Source: Heusel et al., "GANs Trained by a Two Time-Scale
    Update Rule Converge to a Local Nash Equilibrium", NeurIPS 2017, as torchmetrics computes it.

    Args:
        first, second: pictures, float32 (h, w, 3) in [0, 1], of any sizes; at least two in each.
        dims: which features: 2048 of the last pooling, or 768, 192 or 64 of an earlier one.

    Raises:
        OptionError: a set is too small, or no weights of FID's own network are named. InputError: the weights cannot be
            used.
    """
    return fid_of(*_both_seen(first, second, weights, dims, "FID"))


def kid(
    first: Sequence[Pixels], second: Sequence[Pixels], weights: Weights, *, dims: Dims = 2048, seed: int = 0
) -> tuple[float, float]:
    """Kernel inception distance of two sets of pictures, and its standard deviation from subset to subset.

    The unbiased estimate of the squared maximum mean discrepancy with the kernel (x · y / n + 1)³ of the n Inception-v3
    features, mean over 100 random subsets of 1000 pictures, or of as many as the smaller set has. Two sets of one size
    of at most 1000 are compared once, as they are (the deviation is 0).

    Range about 0 (an unbiased estimate may be below) to infinity, lower is better. Fit for small sets, unlike FID.
    Source: Bińkowski et al., "Demystifying MMD GANs", ICLR 2018, as torchmetrics computes it.

    Args:
        first, second, dims: as for :func:`fid`. seed: of the subsets.

    Raises:
        As :func:`fid` does.
    """
    return kid_of(*_both_seen(first, second, weights, dims, "KID"), seed=seed)


def seen_by_inception(image: Pixels, weights: Weights, dims: Dims = 2048) -> Tensor:
    """The features (1, dims) by which FID and KID know a picture, float32 (h, w, 3) in [0, 1].

    Raises:
        OptionError: no weights of FID's own network are named. InputError: they, or the picture, cannot be used.
    """
    import torch

    from analogon.features.inception import check_fid

    check_fid(weights.path("inception"))
    with torch.no_grad():
        features: Tensor = inception(weights, dims)(tensor(image))
    return features


def fid_of(first: Sequence[Tensor], second: Sequence[Tensor]) -> float:
    """:func:`fid` of two sets of pictures, at least two in each, by their features (:func:`seen_by_inception`)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torchmetrics.image.fid import FrechetInceptionDistance

        distance = FrechetInceptionDistance(feature=_as_they_are(first))
        _tell(distance, first, second)
        return max(float(distance.compute()), 0.0)


def kid_of(first: Sequence[Tensor], second: Sequence[Tensor], *, seed: int = 0) -> tuple[float, float]:
    """:func:`kid` of two sets of pictures, at least two in each, by their features (:func:`seen_by_inception`)."""
    import torch

    size = min(len(first), len(second), SUBSET)
    once = len(first) == len(second) == size
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        from torchmetrics.image.kid import KernelInceptionDistance

        torch.manual_seed(seed)
        subsets = 1 if once else SUBSETS
        distance = KernelInceptionDistance(feature=_as_they_are(first), subsets=subsets, subset_size=size)
        _tell(distance, first, second)
        mean, deviation = distance.compute()
        return float(mean), float(deviation)


def _both_seen(
    first: Sequence[Pixels], second: Sequence[Pixels], weights: Weights, dims: Dims, figure: str
) -> tuple[list[Tensor], list[Tensor]]:
    fewest = min(len(first), len(second))
    if fewest < 2:
        raise OptionError(f"{figure} compares sets of pictures: give at least two in each, not {fewest}.")
    one, other = ([seen_by_inception(image, weights, dims) for image in images] for images in (first, second))
    return one, other


def _as_they_are(features: Sequence[Tensor]) -> nn.Module:
    """A network for torchmetrics that is given features and answers with them."""
    import torch

    network = torch.nn.Identity()
    network.register_buffer("num_features", torch.tensor(features[0].shape[1]))
    return network


def _tell(
    distance: FrechetInceptionDistance | KernelInceptionDistance, real: Sequence[Tensor], images: Sequence[Tensor]
) -> None:
    for features in real:
        distance.update(features, real=True)
    for features in images:
        distance.update(features, real=False)
