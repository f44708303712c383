"""The generator and the judges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from analogon.methods.ingan.geometry import Transformation

#: The generator halves a picture three times, and normalises over more than one place at the coarsest.
STRIDE, SHORTEST = 8, 16
#: Sizes that judges see are this much smaller from one to the next.
SCALE = 1.4
#: A picture whose shorter side is this long has one judge.
SMALLEST_JUDGED = 13
#: Output pixels times channels beyond which features are computed again rather than kept.
KEPT = 640 * 640 * 64


def start(layer: nn.Conv2d, gain: float = 0.01) -> None:
    """Xavier normal weights and no bias."""
    nn.init.xavier_normal_(layer.weight, gain)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)


def start_larger(network: nn.Module, times: float) -> None:
    """Make the weights under spectral norm so many times as large.

    What the network computes stays; the optimiser's steps, whose size does not depend on it, become small to them.
    """
    for module in network.modules():
        if isinstance(module, SpectralConv):
            module.weight.data.mul_(times)


class SpectralConv(nn.Conv2d):
    """A convolution whose weights are divided by their largest singular value.

    The singular vectors are followed by :meth:`refresh`, once for each step of training, not in the forward pass: that
    changes nothing, and passes of one step and their recomputation agree.
    """

    u: Tensor
    v: Tensor

    def __init__(self, given: int, made: int, side: int, stride: int = 1) -> None:
        super().__init__(given, made, side, stride)
        start(self)
        self.register_buffer("u", F.normalize(torch.randn(made), dim=0))
        self.register_buffer("v", F.normalize(torch.randn(given * side * side), dim=0))
        self.refresh(15)

    @torch.no_grad()
    def refresh(self, times: int = 1) -> None:
        """Power iterations towards the largest singular value."""
        rows = self.weight.flatten(1)
        for _ in range(times):
            self.v.copy_(F.normalize(rows.T @ self.u, dim=0))
            self.u.copy_(F.normalize(rows @ self.v, dim=0))

    def forward(self, x: Tensor) -> Tensor:
        """(1, given, h, w) to (1, made, …), without padding."""
        largest = self.u @ (self.weight.flatten(1) @ self.v)
        return F.conv2d(x, self.weight / largest, self.bias, self.stride)


def place(network: nn.Module, device: torch.device) -> None:
    """Bring a network to a device, with the channels last in memory: convolutions on a CPU are quicker so."""
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def refresh(network: nn.Module) -> None:
    """One power iteration of every convolution with spectral norm."""
    for module in network.modules():
        if isinstance(module, SpectralConv):
            module.refresh()


class PictureNorm(nn.Module):
    """Each channel to mean 0 and variance 1 over the picture that passes, then scaled and shifted.

    That is what batch norm does with one picture a batch, as the released code has it in training and, never being
    switched over, in use.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(1, C, h, w) to the same."""
        # quicker than instance_norm, which cannot have the channels last
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True)


class Layer(nn.Module):
    """Reflected border, convolution with spectral norm, norm over the picture, leaky ReLU."""

    def __init__(
        self, given: int, made: int, side: int, *, pad: bool = True, stride: int = 1, act: bool = True
    ) -> None:
        super().__init__()
        self.pad, self.act = (side // 2 if pad else 0), act
        self.conv = SpectralConv(given, made, side, stride)
        self.norm = PictureNorm(made)

    def forward(self, x: Tensor) -> Tensor:
        """(1, given, h, w) to (1, made, …)."""
        x = self.norm(self.conv(F.pad(x, (self.pad,) * 4, mode="reflect") if self.pad else x))
        return F.leaky_relu(x, 0.2, inplace=True) if self.act else x


class Residual(nn.Module):
    """A bottleneck block: 1x1, 3x3, 1x1, plus what it was given."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 4
        self.layers = nn.Sequential(
            Layer(channels, inner, 1), Layer(inner, inner, 3), Layer(inner, channels, 1, act=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(1, C, h, w) to the same."""
        out: Tensor = x + self.layers(x)
        return out


class Generator(nn.Module):
    """A picture and a transformation to the picture transformed, whose patches are those of one picture."""

    def __init__(
        self, *, width: int = 64, blocks: int = 6, residual: bool = False, recompute: bool | None = False
    ) -> None:
        """``recompute``: features in the backward pass instead of keeping them; None: those of large outputs."""
        super().__init__()
        self.width, self.residual, self.recompute = width, residual, recompute
        self.entry = Layer(3, width, 7)
        self.encoder = nn.ModuleList(Layer(width * 2**i, width * 2 ** (i + 1), 3) for i in range(3))
        self.middle = nn.ModuleList(Residual(width * 8) for _ in range(blocks))
        self.decoder = nn.ModuleList(Layer(width * 2 ** (i + 1), width * 2**i, 3) for i in reversed(range(3)))
        self.exit = nn.Conv2d(width, 3, 7)
        start(self.exit)

    def forward(self, image: Tensor, to: Transformation) -> Tensor:
        """(1, 3, H, W) about [-1, 1], sides of 16 or more, to (1, 3, h, w)."""
        h, w = to.size
        run = self._runner(h * w * self.width)
        features = [_filled(to.apply(run(self.entry, image)))]
        for layer in self.encoder:
            features.append(run(lambda x, layer=layer: F.max_pool2d(layer(x), 2), features[-1]))
        x = features.pop()
        for block in self.middle:
            x = run(block, x)
        for layer in self.decoder:
            x = run(_doubled, layer, x, features.pop())
        x = run(self._exit, x)[..., :h, :w]
        return to.apply(image) + x if self.residual else torch.tanh(x)

    def _exit(self, x: Tensor) -> Tensor:
        made: Tensor = self.exit(F.pad(x, (3, 3, 3, 3), mode="reflect"))
        return made

    def _runner(self, features: int) -> Callable[..., Tensor]:
        again = features > KEPT if self.recompute is None else self.recompute
        return _again if again and torch.is_grad_enabled() else _plainly


def _plainly(stage: Callable[..., Tensor], *args: object) -> Tensor:
    return stage(*args)


def _again(stage: Callable[..., Tensor], *args: object) -> Tensor:
    made: Tensor = checkpoint(stage, *args, use_reentrant=False, preserve_rng_state=False)
    return made


def _doubled(layer: nn.Module, x: Tensor, beside: Tensor) -> Tensor:
    out: Tensor = layer(F.interpolate(x, scale_factor=2, mode="nearest")) + beside
    return out


def _filled(features: Tensor) -> Tensor:
    """With the last row and column repeated up to whole eights."""
    h, w = features.shape[-2:]
    more = [max(-(-n // STRIDE) * STRIDE, SHORTEST) - n for n in (h, w)]
    return F.pad(features, (0, more[1], 0, more[0]), mode="replicate") if any(more) else features


class Critic(nn.Module):
    """How real each patch of 9x9 pixels looks: four convolutions without padding, the second with stride 2."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Layer(3, width, 3, pad=False),
            Layer(width, 2 * width, 3, pad=False, stride=2),
            Layer(2 * width, 2 * width, 3, pad=False),
            SpectralConv(2 * width, 1, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """(1, 3, h, w), sides of 11 or more, to scores (1, 1, …) in [0, 1]."""
        return torch.sigmoid(self.layers(image))


class Critics(nn.Module):
    """Independent judges of patches, one for each scale; nothing is shared."""

    def __init__(self, number: int, *, width: int = 64, smooth: bool = False) -> None:
        super().__init__()
        self.smooth = smooth
        self.judges = nn.ModuleList(Critic(width) for _ in range(number))

    def forward(self, image: Tensor, share: float) -> Tensor:
        """Scores (1, 1, …) of a picture (1, 3, h, w), those of all scales weighed together, when ``share`` is spent."""
        combined: Tensor | None = None
        for weight, score in self.scores(image, share):
            if combined is None:
                combined = weight * score
            else:
                size = combined.shape[-2:]
                combined = combined + weight * F.interpolate(score, size, mode="bilinear", align_corners=False)
        assert combined is not None
        return combined

    def scores(self, image: Tensor, share: float) -> Iterator[tuple[float, Tensor]]:
        """The weight and the scores of each scale that the picture is large enough for, the finest first."""
        h, w = image.shape[-2:]
        for i, weight in enumerate(scale_weights(min(h, w), share, len(self.judges))):
            size = round(h * SCALE**-i), round(w * SCALE**-i)
            seen = image
            if i:
                seen = F.interpolate(image, size, mode="bilinear", align_corners=False, antialias=self.smooth)
            yield weight, self.judges[i](seen)


def judges_of(crop: int) -> int:
    """How many scales there are for crops whose shorter side is ``crop``; nine for 256."""
    return max(1, math.ceil(math.log(crop / 16) / math.log(SCALE)))


def scale_weights(side: int, share: float, judges: int) -> list[float]:
    """What the scores of each scale count, finest first, for a picture whose shorter side is ``side``; their sum is 1.

    They move from coarse to fine with the share of the budget that is spent: the coarser of two neighbouring scales
    counts 1.4 times the finer at the beginning, as much after a third, 1/1.4 after two thirds, 1/1.96 at the end.
    A picture that has more scales than there are judges has the finest ones.
    """
    number = max(1, min(judges, math.ceil(math.log(side / SMALLEST_JUDGED) / math.log(SCALE))))
    weights = [SCALE ** ((1 - 3 * share) * i) for i in range(number)]
    return [weight / sum(weights) for weight in weights]
