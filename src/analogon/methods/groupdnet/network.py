"""GroupDNet's encoder and generator, whose groups are classes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from analogon.errors import OptionError
from analogon.methods.groupdnet.config import Config
from analogon.methods.groupdnet.splitting import interleaved, split
from analogon.networks.batches import Batch, Views
from analogon.networks.convolutions import Conv
from analogon.networks.encoder import Encoder, start_codes
from analogon.networks.generator import DEPTHS, Generator, Maps, Modulation, Stage, doubling, resized
from analogon.networks.losses import divergence, held
from analogon.networks.painter import Look, Looks, Painted, Painter, summed

NAMES = ("head", "middle 0", "middle 1", "up 0", "up 1", "up 2", "up 3")
#: Channels of the stages as multiples of the width, and their groups as shares of the classes where none are given.
WIDTHS, SHARES = (16, 16, 16, 8, 4, 2, 1), (1, 1, 2, 2, 4, 4, math.inf)


class GroupDNet(Painter):
    """A layout and a code for each class to a picture. Codes are (B, K, numbers, h, w) on the start grid."""

    styled, random, reads_layout = True, True, True
    by_class = True

    def __init__(self, config: Config, classes: int, seen: int) -> None:  # noqa: ARG002 (edges are shown apart)
        """Raises OptionError where channels and groups do not fit, or no grid is left for codes."""
        super().__init__()
        stages = stages_of(config, classes)
        self.stride, self.classes, self.code = doubling(stages), classes, config.code
        self.config = config
        if min(config.window(self.stride)) < 2 * self.stride:
            raise OptionError(
                f"Windows (crop) need {2 * self.stride} pixels a side, so that codes have a grid of 2x2: set a larger "
                "crop, or depth=normal."
            )
        layers = int(math.log2(self.stride))
        width = config.encoder_width * classes
        widths = [width * min(2**n, 8) for n in range(layers)]
        self.encoder = Encoder(3 * classes, widths, classes, norm=config.encoder_norm == "instance")
        self.mean, self.log_variance = (Conv(widths[-1], config.code * classes, groups=classes) for _ in range(2))
        start_codes(self.mean, self.log_variance, config.code_noise)
        wide = stages[0].made
        self.generator = Generator(wide, stages, config.norm)
        if config.code * classes % stages[0].groups:
            raise OptionError(
                f"The numbers of all codes are {config.code * classes}, which the {stages[0].groups} groups of stage "
                "'head' do not divide: change code or groups."
            )
        self.stem = Conv(config.code * classes, wide, groups=stages[0].groups)

    def encode(self, views: Views) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the codes of pictures, (B, K * numbers, h, w) each."""
        found = self.encoder(split(views, stretch=self.config.split == "mask+stretch"))
        return self.mean(found).float(), held(self.log_variance(found))

    def paint(self, batch: Batch) -> Painted:
        """The pictures of a batch in their own looks."""
        mean, log_variance = self.encode(batch.views)
        codes = mean + (log_variance / 2).exp() * batch.normal(*mean.shape[1:])
        return Painted(self._picture(batch.views, codes), divergence(mean, log_variance))

    def look_of(self, style: Views) -> Look:
        """The mean codes of a picture."""
        mean = self.encode(style)[0]
        return {"codes": mean.view(len(mean), self.classes, self.code, *mean.shape[2:])}

    def random_look(self, size: tuple[int, int], draws: torch.Generator) -> Look:
        """Standard normal codes."""
        h, w = (n // self.stride for n in size)
        return {"codes": torch.randn((1, self.classes, self.code, h, w), generator=draws)}

    def with_classes(self, look: Look, others: Mapping[int, Look]) -> Look:
        """A look whose classes (places in the palette) have the codes of others; the rest stays bit for bit."""
        codes = look["codes"].clone()
        for number, other in others.items():
            codes[:, number] = other["codes"][:, number]
        return {"codes": codes}

    def picture(self, views: Views, looks: Looks) -> Tensor:
        """(B, 3, h, w) in [-1, 1]."""
        return self._picture(views, summed(looks, "codes").flatten(1, 2))

    def features(self, views: Views, codes: Tensor, stages: int | None = None) -> Tensor:
        """Features behind so many stages (None: all) for codes (B, K * numbers, h, w)."""
        return self.generator.features(self._start(views, codes), self._maps(views), stages)

    def _picture(self, views: Views, codes: Tensor) -> Tensor:
        made: Tensor = self.generator(self._start(views, codes), self._maps(views))
        return made

    def _start(self, views: Views, codes: Tensor) -> Tensor:
        size = tuple(n // self.stride for n in views.size)
        if tuple(codes.shape[-2:]) != size:  # of a style of another size
            codes = torch.nn.functional.interpolate(codes, size, mode="bilinear", align_corners=False)
        made: Tensor = self.stem(codes)
        return made

    def _maps(self, views: Views) -> Maps:
        classes = views.one_hot
        return resized(interleaved(classes, views.edges) if self.config.modulation == "interleaved" else classes)


def stages_of(config: Config, classes: int) -> tuple[Stage, ...]:
    """The generator's stages for so many classes.

    Where they are not given, groups are the classes, a half and a quarter of them, and one; channels are multiples of
    the width, rounded up to what the groups of a stage and of the next one divide.
    """
    groups = config.groups or tuple(max(1, int(classes / share)) for share in SHARES)
    after = (*groups[1:], 1)
    channels = config.channels or tuple(
        _rounded(config.width * times, math.lcm(here, following, classes if config.modulation == "interleaved" else 1))
        for times, here, following in zip(WIDTHS, groups, after, strict=True)
    )
    between, _ = DEPTHS[config.depth]
    ups = (False, True, bool(between), True, True, True, True)
    return tuple(
        Stage(name, made, _modulation(config, classes, own), own, up)
        for name, made, own, up in zip(NAMES, channels, groups, ups, strict=True)
    )


def _modulation(config: Config, classes: int, groups: int) -> Modulation:
    if config.modulation == "grouped":
        return Modulation(classes, config.hidden, (groups, groups))
    if config.modulation == "interleaved":
        return Modulation(2 * classes, classes * groups, (classes, classes))
    return Modulation(classes, 2 * classes if classes % groups == 0 else classes * groups, (classes, groups))


def _rounded(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
