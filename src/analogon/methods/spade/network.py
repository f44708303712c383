"""SPADE's generator and its encoder."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.methods.spade.config import Config
from analogon.networks.batches import Batch, Views
from analogon.networks.convolutions import Conv, start
from analogon.networks.encoder import Encoder, halvings, start_codes
from analogon.networks.generator import Generator, Modulation, doubling, ladder, resized
from analogon.networks.losses import divergence, held
from analogon.networks.painter import Look, Looks, Painted, Painter, summed

#: Sides of what the encoder leaves of a picture.
GRID = 4


class StyleEncoder(nn.Module):
    """A picture to the mean and the logarithm of the variance of its code.

    As many layers as leave a grid of 4x4: six for pictures of 256x256, fewer for smaller ones.
    """

    def __init__(self, side: int, width: int, code: int, *, norm: bool = True, noise: float = 1.0) -> None:
        """``side``: that of the pictures that are made."""
        super().__init__()
        layers = halvings(side, GRID)
        widths = [width * min(2**n, 8) for n in range(layers)]
        self.side = GRID * 2**layers
        self.convs = Encoder(3, widths, norm=norm)
        self.mean, self.log_variance = (nn.Linear(widths[-1] * GRID**2, code) for _ in range(2))
        start(self.mean)
        start(self.log_variance)
        start_codes(self.mean, self.log_variance, noise)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, h, w) to (B, code) twice."""
        image = F.interpolate(image, (self.side, self.side), mode="bilinear", align_corners=False)
        found = self.convs(image).flatten(1)
        return self.mean(found).float(), held(self.log_variance(found))


class Spade(Painter):
    """A layout, and a code where looks differ, to a picture."""

    reads_layout = False

    def __init__(self, config: Config, classes: int, seen: int) -> None:  # noqa: ARG002 (edges count as well)
        """``seen``: channels of layouts."""
        super().__init__()
        wide, stages = ladder(config.width, config.depth, lambda _: Modulation(seen, config.hidden))
        self.stride, self.styled, self.random = doubling(stages), config.styled, True
        self.wide, self.code = wide, config.code
        h, w = config.window(self.stride)
        self.grid = h // self.stride, w // self.stride
        if config.styled:
            self.stem: nn.Module = nn.Linear(config.code, wide * self.grid[0] * self.grid[1])
            start(self.stem)
            self.encoder = StyleEncoder(
                max(h, w),
                config.encoder_width,
                config.code,
                norm=config.encoder_norm == "instance",
                noise=config.code_noise,
            )
        else:
            self.stem = Conv(seen, wide)
        self.generator = Generator(wide, stages, config.norm)

    def paint(self, batch: Batch) -> Painted:
        """The pictures of a batch; with an encoder, in their own looks."""
        if not self.styled:
            return Painted(self._picture(batch.views, None))
        mean, log_variance = self.encoder(batch.views.pictures)
        code = mean + (log_variance / 2).exp() * batch.normal(self.code)
        return Painted(self._picture(batch.views, code), divergence(mean, log_variance))

    def look_of(self, style: Views) -> Look:
        """The mean of a picture's code."""
        return {"code": self.encoder(style.pictures)[0]}

    def random_look(self, size: tuple[int, int], draws: torch.Generator) -> Look:  # noqa: ARG002 (any size)
        """A standard normal code; nothing where there is none."""
        return {"code": torch.randn((1, self.code), generator=draws)} if self.styled else {}

    def picture(self, views: Views, looks: Looks) -> Tensor:
        """(B, 3, h, w) in [-1, 1]."""
        return self._picture(views, summed(looks, "code") if self.styled else None)

    def _picture(self, views: Views, code: Tensor | None) -> Tensor:
        maps = resized(views.semantics)
        h, w = (n // self.stride for n in views.size)
        if code is None:
            x = self.stem(maps((h, w)))
        else:
            x = self.stem(code).view(len(code), self.wide, *self.grid)
            if (h, w) != self.grid:
                x = F.interpolate(x, (h, w), mode="bilinear", align_corners=False)
        made: Tensor = self.generator(x, maps)
        return made
