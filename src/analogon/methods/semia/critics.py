"""The two networks that judge the generator: the discriminator and the auxiliary segmenter."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


def _conv(c_in: int, c_out: int, size: int, stride: int = 1) -> nn.Module:
    """SN convolution without bias, non-affine instance norm, leaky ReLU 0.2."""
    return nn.Sequential(
        spectral_norm(nn.Conv2d(c_in, c_out, size, stride, size // 2, bias=False)),
        nn.InstanceNorm2d(c_out),
        nn.LeakyReLU(0.2, inplace=True),
    )


class Discriminator(nn.Module):
    """Feature-pyramid patch discriminator with scores at strides 4 and 8.

    Args:
        in_channels: 3, or 3 + label channels where it also sees the layout.
        width: channels at stride 2 (64 in the paper); twice that at stride 4, four times at stride 8.

    The released code allocates a third scale that it never runs; it is left out.
    """

    def __init__(self, in_channels: int = 3, width: int = 64) -> None:
        super().__init__()
        w = width
        self.up2, self.up4, self.up8 = (
            _conv(in_channels, w, 3, 2),
            _conv(w, 2 * w, 3, 2),
            _conv(2 * w, 4 * w, 3, 2),
        )
        self.lateral4, self.lateral8 = _conv(2 * w, 4 * w, 1), _conv(4 * w, 4 * w, 1)
        self.final4, self.final8 = _conv(4 * w, 2 * w, 3), _conv(4 * w, 2 * w, 3)
        self.score = spectral_norm(nn.Conv2d(2 * w, 1, 1))

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """From (B, C, H, W): scores [(B, 1, H/4, W/4), (B, 1, H/8, W/8)] and the bottom-up features behind them."""
        e4 = self.up4(self.up2(x))
        e8 = self.up8(e4)
        top = self.lateral8(e8)
        fine = self.lateral4(e4) + F.interpolate(top, size=e4.shape[-2:], mode="bilinear", align_corners=False)
        return [self.score(self.final4(fine)), self.score(self.final8(top))], [e4, e8]


class Segmenter(nn.Module):
    """Picture (B, 3, H, W) to class scores (B, K, H, W): atrous pyramid with dilations 8 and 16 and a global branch.

    Args:
        classes: K.
        width: channels (128 in the paper).
        scale: the picture is averaged over ``scale`` x ``scale`` pixels first, the scores enlarged again.
    """

    def __init__(self, classes: int, width: int = 128, scale: int = 1) -> None:
        super().__init__()
        self.scale = scale
        self.point = nn.Conv2d(3, width, 1)
        self.near = nn.Conv2d(3, width, 3, padding=8, dilation=8)
        self.far = nn.Conv2d(3, width, 3, padding=16, dilation=16)
        self.whole = nn.Conv2d(3, width, 1)
        self.merge = nn.Conv2d(4 * width, width, 1)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, classes, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, K, H, W)."""
        x = F.avg_pool2d(image, self.scale, ceil_mode=True) if self.scale > 1 else image
        whole = F.relu(self.whole(x.mean((2, 3), keepdim=True))).expand(-1, -1, *x.shape[-2:])
        branches = [F.relu(self.point(x)), F.relu(self.near(x)), F.relu(self.far(x)), whole]
        x = self.head(self.drop(F.relu(self.merge(torch.cat(branches, 1)))))
        if self.scale > 1:
            x = F.interpolate(x, size=image.shape[-2:], mode="bilinear", align_corners=False)
        return x
