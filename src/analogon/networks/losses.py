"""What training minimises. Pictures are (B, 3, h, w) in [-1, 1]."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.features import extractor
from analogon.features.vgg import MEAN, STD

#: Layers of a judge by scale, the scores last in each.
Judged = Sequence[Sequence[Tensor]]
#: What the perceptual distance counts at each of the five levels, fine to coarse.
LEVEL_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


def _hinge(scores: Tensor, real: bool) -> Tensor:
    return F.relu(1 - scores if real else 1 + scores).mean()


def _least_squares(scores: Tensor, real: bool) -> Tensor:
    return (scores - float(real)).square().mean()


def _cross_entropy(scores: Tensor, real: bool) -> Tensor:
    return F.softplus(-scores if real else scores).mean()


def _wasserstein(scores: Tensor, real: bool) -> Tensor:
    return -scores.mean() if real else scores.mean()


#: What the judges lose on scores of real pictures, and of others, by name.
FAMILIES: dict[str, Callable[[Tensor, bool], Tensor]] = {
    "hinge": _hinge,
    "least-squares": _least_squares,
    "cross-entropy": _cross_entropy,
    "wasserstein": _wasserstein,
}


def judges_loss(family: str, real: Judged, fake: Judged) -> Tensor:
    """What the judges lose: the sum of both kinds of pictures, the mean over scales."""
    loss = FAMILIES[family]
    each = [loss(r[-1], True) + loss(f[-1], False) for r, f in zip(real, fake, strict=True)]
    return torch.stack(each).mean()


def adversarial(family: str, fake: Judged) -> Tensor:
    """What the generator loses when its pictures are not taken for real, the mean over scales."""
    if family == "hinge":  # not the judges' loss with the sides changed: it does not end at 1
        return torch.stack([-f[-1].mean() for f in fake]).mean()
    return torch.stack([FAMILIES[family](f[-1], True) for f in fake]).mean()


def feature_matching(real: Judged, fake: Judged) -> Tensor:
    """Mean absolute distances of the judges' features, summed over layers but the scores, the mean over scales.

    Real pictures are what is matched: they get no gradient.
    """
    each = [
        torch.stack([(f - r.detach()).abs().mean() for r, f in zip(rs[:-1], fs[:-1], strict=True)]).sum()
        for rs, fs in zip(real, fake, strict=True)
    ]
    return torch.stack(each).mean()


def absolute(fake: Tensor, real: Tensor, classes: Tensor | None = None) -> Tensor:
    """Mean absolute difference: over all pixels, or over the classes that each picture has, whatever their areas.

    ``classes``: for the latter, (B, K, h, w), 1 where a pixel has the class; pixels of none do not count.
    """
    apart = (fake - real).abs().mean(1)
    if classes is None:
        return apart.mean()
    areas = classes.sum((2, 3))
    each = torch.einsum("bkhw,bhw->bk", classes, apart) / areas.clamp(min=1)
    return (each.sum(1) / (areas > 0).sum(1).clamp(min=1)).mean()


#: Logarithms of variances are held within this of 0: a code from features that grow has one that overflows else.
WIDEST = 10.0


def held(log_variance: Tensor) -> Tensor:
    """Logarithms of variances that can be used, float32."""
    return log_variance.float().clamp(-WIDEST, WIDEST)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of a normal distribution from the standard one, summed over batch and dimensions.

    A sum, so that its strength grows with the batch.
    """
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()


class Perceptual(nn.Module):
    """A weighted distance of frozen features of two pictures, five levels.

    With ``"vgg19:FILE"``: VGG-19 behind relu1_1 to relu5_1, which sees pictures in [-1, 1] as they are. With
    ``"filters"`` a bank of fixed filters takes its place, a surrogate that needs no file.
    """

    middle: Tensor
    spread: Tensor

    def __init__(self, features: str) -> None:
        """Raises OptionError for an unknown name, InputError where a weights file cannot be used."""
        super().__init__()
        self.features = extractor(features, len(LEVEL_WEIGHTS))
        # VGG's own normalisation is undone: it gets [-1, 1]
        plain = features == "filters"
        self.register_buffer("middle", torch.tensor((0.5,) * 3 if plain else MEAN)[:, None, None])
        self.register_buffer("spread", torch.tensor((0.5,) * 3 if plain else STD)[:, None, None])

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """The distance; ``real`` gets no gradient."""
        with torch.no_grad():
            wanted = self.features(real * self.spread + self.middle)
        found = self.features(fake * self.spread + self.middle)
        apart = [w * (f - r).abs().mean() for w, f, r in zip(LEVEL_WEIGHTS, found, wanted, strict=True)]
        return torch.stack(apart).sum()
