"""The networks of SemIA: encoder, semantic feature translation, decoder.

Shapes are (B, C, H, W). Pictures are in [-1, 1] here (the method rescales), conditions are the layout
channels of :mod:`analogon.methods.semia.conditions`. ``SN`` is spectral norm, ``LR`` a leaky ReLU of 0.2.

Source: Li et al., "Semantic Image Analogy with a Conditional Single-Image GAN", ACM MM 2020. The numbers
are those of the released layout; the README beside this file lists what differs and why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

NormLayer = Callable[[int], nn.Module]

#: Added to the variance and to ratio denominators; float32 keeps it where 1e-14 would vanish.
EPS = 1e-5


def norm_layer(kind: str) -> NormLayer:
    """The normalisation used in encoder and decoder: ``"batch"`` (the paper) or ``"instance"``.

    Batch norm with one picture per batch normalises by that picture's statistics in training and by
    running averages over unlike streams in evaluation; instance norm is the same in both.
    """
    if kind == "batch":
        return nn.BatchNorm2d
    if kind == "instance":
        return lambda c: nn.InstanceNorm2d(c, affine=True)
    raise ValueError(f"norm must be 'batch' or 'instance', not {kind!r}")


def _plain(conv: nn.Module) -> nn.Module:
    return conv


def _wrap(spectral: bool) -> Callable[[nn.Module], nn.Module]:
    return spectral_norm if spectral else _plain


def _lr() -> nn.Module:
    return nn.LeakyReLU(0.2, inplace=True)


class Residual(nn.Module):
    """Bottleneck residual block: 1x1 to c/4, reflected 3x3, 1x1 back, added to the input."""

    def __init__(self, channels: int, norm: NormLayer | None, spectral: bool) -> None:
        super().__init__()
        sn = _wrap(spectral)
        mid = max(channels // 4, 1)

        def normed(c: int) -> list[nn.Module]:
            return [norm(c)] if norm else []

        self.body = nn.Sequential(
            sn(nn.Conv2d(channels, mid, 1)), *normed(mid), _lr(),
            nn.ReflectionPad2d(1), sn(nn.Conv2d(mid, mid, 3)), *normed(mid), _lr(),
            sn(nn.Conv2d(mid, channels, 1)), *normed(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        out: Tensor = x + self.body(x)
        return out


class Encoder(nn.Module):
    """Picture or layout to a feature pyramid.

    Returns ``(head, levels)``: head (B, w, H, W); levels[i] (B, w*2^(i+1), H/2^(i+1), W/2^(i+1)). ``tail`` maps the
    last level to the same shape; the layout encoder has one that is never run, like the released code's.
    """

    def __init__(self, in_channels: int, width: int, levels: int, norm: NormLayer, spectral: bool) -> None:
        super().__init__()
        sn = _wrap(spectral)
        self.head = nn.Sequential(
            nn.ReflectionPad2d(3), sn(nn.Conv2d(in_channels, width, 7, bias=False)), norm(width), _lr()
        )
        self.downs = nn.ModuleList()
        for i in range(levels):
            c = width * 2**i
            self.downs.append(
                nn.Sequential(
                    Residual(c, norm, spectral),
                    sn(nn.Conv2d(c, c, 3, padding=1)), norm(c), _lr(),
                    sn(nn.Conv2d(c, 2 * c, 4, stride=2, padding=1)), norm(2 * c), _lr(),
                )
            )  # fmt: skip
        self.tail = _tail(width * 2**levels, norm, spectral)

    def forward(self, x: Tensor, modulations: Sequence[tuple[Tensor, Tensor]] = ()) -> tuple[Tensor, list[Tensor]]:
        """Features of x (B, C, H, W); ``modulations`` are applied after every level."""
        head = x = self.head(x)
        levels = []
        for i, down in enumerate(self.downs):
            x = down(x)
            if modulations:
                x = translate(x, *modulations[i])
            levels.append(x)
        return head, levels


def _tail(channels: int, norm: NormLayer, spectral: bool) -> nn.Module:
    sn = _wrap(spectral)
    return nn.Sequential(nn.ReflectionPad2d(1), sn(nn.Conv2d(channels, channels, 3, bias=False)), norm(channels), _lr())


def translate(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Semantic feature translation: ``gamma * (x - mu) / sigma + beta`` per channel over space."""
    var, mu = torch.var_mean(x, dim=(2, 3), keepdim=True)
    return gamma * ((x - mu) * torch.rsqrt(var + EPS)) + beta


def layout_change(source: Tensor, target: Tensor, ratio: str) -> tuple[Tensor, Tensor]:
    """How layout features change from source to target: ``(gamma_seg, beta_seg)``.

    ``ratio="raw"`` is the paper's ``target / source``, which explodes wherever a feature is near 0 (features
    are signed). ``ratio="bounded"`` is ``1 + (t - s) / (|t| + |s| + eps)`` in [0, 2]; 1 where nothing changes,
    like the ratio.
    """
    beta = target - source
    if ratio == "raw":
        return (target + 1e-14) / (source + 1e-14), beta
    if ratio == "bounded":
        return 1 + beta / (target.abs() + source.abs() + EPS), beta
    raise ValueError(f"ratio must be 'raw' or 'bounded', not {ratio!r}")


def guidance(source: Tensor, target: Tensor, ratio: str, modulation: str) -> tuple[Tensor | None, Tensor | None]:
    """What gamma and beta of one level are computed from; None for one that is left out.

    ``modulation="change"`` is the paper's: gamma from the ratio of both layouts' features, beta from their difference
    (:func:`layout_change`). ``"ratio"`` and ``"difference"`` keep one of the two. ``"target"`` gives both the target's
    features alone, which is plain spatial feature transform (Wang et al., CVPR 2018): the source's layout is not seen.
    """
    if modulation == "target":
        return target, target
    gamma, beta = layout_change(source, target, ratio)
    if modulation == "change":
        return gamma, beta
    if modulation == "ratio":
        return gamma, None
    if modulation == "difference":
        return None, beta
    raise ValueError(f"modulation must be 'change', 'ratio', 'difference' or 'target', not {modulation!r}")


class Translator(nn.Module):
    """One parameter (gamma or beta) of one level, from the layout domain to the picture domain."""

    def __init__(self, channels: int, spectral: bool) -> None:
        super().__init__()
        sn = _wrap(spectral)
        self.body = nn.Sequential(
            Residual(channels, None, spectral),
            sn(nn.Conv2d(channels, channels // 2, 1)),
            nn.ReLU(inplace=True),
            sn(nn.Conv2d(channels // 2, channels, 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        out: Tensor = self.body(x)
        return out


class Generator(nn.Module):
    """Source picture + source layout + target layout -> picture in the target layout.

    Args:
        layout_channels: channels of a condition map.
        width: channels at full resolution; doubled at each of ``levels`` halvings.
        norm: see :func:`norm_layer`.
        spectral: spectral norm on every convolution.
        ratio: see :func:`layout_change`.
        modulation: what gamma and beta are computed from, see :func:`guidance`. A parameter that is left out is that
            of plain normalisation, gamma = 1 or beta = 0.
        gamma_offset: gamma is learned as a difference from 1, so that an untrained network translates nothing.
        encode_together: both layouts pass the encoder as one batch, so that equal layouts have equal features
            (spectral norm changes the weights between two passes in training).
        translate_in: where modulation is applied: ``"both"``, ``"encoder"`` or ``"decoder"``.
        skip: add the encoder's features to the decoder's at every resolution.
        output: ``"norm-lrelu"`` (the released last layer, unbounded), ``"tanh"``, or ``"residual"`` (a bounded
            correction of the source picture, zero at the start).
    """

    def __init__(
        self,
        layout_channels: int,
        *,
        width: int = 32,
        levels: int = 3,
        norm: str = "batch",
        spectral: bool = True,
        ratio: str = "bounded",
        modulation: str = "change",
        gamma_offset: bool = False,
        encode_together: bool = True,
        translate_in: str = "both",
        skip: bool = False,
        output: str = "tanh",
    ) -> None:
        super().__init__()
        make_norm, sn = norm_layer(norm), _wrap(spectral)
        self.ratio, self.encode_together, self.translate_in = ratio, encode_together, translate_in
        self.skip, self.output, self.gamma_offset, self.modulation = skip, output, gamma_offset, modulation
        self.stride = 2**levels
        self.layout_encoder = Encoder(layout_channels, width, levels, make_norm, spectral)
        self.image_encoder = Encoder(3, width, levels, make_norm, spectral)
        sizes = [width * 2 ** (i + 1) for i in range(levels)]
        self.to_gamma = nn.ModuleList(Translator(c, spectral) for c in sizes)
        self.to_beta = nn.ModuleList(Translator(c, spectral) for c in sizes)
        self.head = _tail(sizes[-1], make_norm, spectral)
        self.ups = nn.ModuleList(
            nn.Sequential(
                Residual(c, make_norm, spectral),
                sn(nn.Conv2d(c, c, 3, padding=1)), make_norm(c), _lr(),
                sn(nn.ConvTranspose2d(c, c // 2, 4, stride=2, padding=1)), make_norm(c // 2), _lr(),
            )
            for c in reversed(sizes)
        )  # fmt: skip
        if output == "norm-lrelu":
            self.tail = nn.Sequential(
                nn.ReflectionPad2d(1), sn(nn.Conv2d(width, 3, 3, bias=False)), make_norm(3), _lr()
            )
        elif output == "tanh":
            self.tail = nn.Sequential(nn.ReflectionPad2d(1), sn(nn.Conv2d(width, 3, 3)), nn.Tanh())
        elif output == "residual":
            # no spectral norm: it would undo the zero start
            self.tail = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(width, 3, 3))
        else:
            raise ValueError(f"output must be 'norm-lrelu', 'tanh' or 'residual', not {output!r}")

    def start_output(self) -> None:
        """Make a residual output start at zero: the untrained generator returns its input picture."""
        last = self.tail[-1]
        if self.output == "residual" and isinstance(last, nn.Conv2d):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)  # type: ignore[arg-type]

    def modulations(self, source: Tensor, target: Tensor) -> list[tuple[Tensor, Tensor]]:
        """``(gamma_img, beta_img)`` of every level for two condition maps (B, L, H, W)."""
        if self.encode_together:
            _, levels = self.layout_encoder(torch.cat([source, target]))
            pairs = [level.chunk(2) for level in levels]
        else:
            pairs = list(zip(self.layout_encoder(source)[1], self.layout_encoder(target)[1], strict=True))
        out = []
        for (f_s, f_t), to_gamma, to_beta in zip(pairs, self.to_gamma, self.to_beta, strict=True):
            gamma, beta = guidance(f_s, f_t, self.ratio, self.modulation)
            out.append(
                (
                    torch.ones_like(f_t) if gamma is None else to_gamma(gamma) + float(self.gamma_offset),
                    torch.zeros_like(f_t) if beta is None else to_beta(beta),
                )
            )
        return out

    def forward(self, image: Tensor, source: Tensor, target: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Picture (B, 3, H, W) for the target layout, and the modulations used (for the fixed-point loss).

        Any H, W: borders are repeated up to a multiple of the stride and the output is cut back.
        """
        h, w = image.shape[-2:]
        pad = (0, -w % self.stride, 0, -h % self.stride)
        image, source, target = (F.pad(x, pad, mode="replicate") for x in (image, source, target))
        mods = self.modulations(source, target)
        head, levels = self.image_encoder(image, mods if self.translate_in != "decoder" else ())
        x = self.head(self.image_encoder.tail(levels[-1]))
        below = [head, *levels[:-1]]
        for up, mod, skipped in zip(self.ups, reversed(mods), reversed(below), strict=True):
            if self.translate_in != "encoder":
                x = translate(x, *mod)
            x = up(x)
            if self.skip:
                x = x + skipped
        x = self.tail(x)
        if self.output == "residual":
            x = image + x
        return x[..., :h, :w], mods
