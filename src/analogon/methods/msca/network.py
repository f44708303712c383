"""MSCA's pyramids, its attention at each scale, and the generator that they modulate."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.errors import OptionError
from analogon.features import extractor
from analogon.methods.msca.attention import Attention, LabelPyramid, TrainedPyramid
from analogon.methods.msca.config import Config
from analogon.networks.batches import Batch, Views
from analogon.networks.convolutions import Conv
from analogon.networks.generator import Generator, Maps, Modulation, doubling, ladder
from analogon.networks.painter import Look, Looks, Painted, Painter, Places

#: Feature channels of frozen extractors, fine to coarse.
FROZEN = {"filters": [11] * 5, "vgg19": [64, 128, 256, 512, 512]}


class MSCA(Painter):
    """A layout to a picture in the look of another one, which comes with its own layout.

    A look is, at each scale, K vectors and the mean of the features of its layout, by which the vectors are gated.
    """

    styled, random, reads_layout = True, False, True
    by_place = True

    def __init__(self, config: Config, classes: int, seen: int) -> None:  # noqa: ARG002 (edges count as well)
        """Raises OptionError for unknown features, InputError for a weights file that cannot be used."""
        super().__init__()
        self.config, levels = config, config.levels
        widths = [min(config.picture_width * 2**n, config.picture_most) for n in range(levels)]
        self.pictures: nn.Module
        if config.seen_by == "trained":
            self.pictures, given = TrainedPyramid(widths), widths
        else:
            self.pictures = extractor(config.seen_by, levels).requires_grad_(False)
            given = FROZEN[config.seen_by.partition(":")[0]][:levels]
        self.compress = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(given, widths, strict=True))
        self.layouts = LabelPyramid(seen, config.label_width, levels)
        self.attention = nn.ModuleList(
            Attention(config, width, max(1, config.regions // 2) if n == 0 else config.regions)
            for n, width in enumerate(widths)
        )
        self.widths = [config.label_width + width for width in widths]
        wide, stages = ladder(config.width, config.depth, lambda _: Modulation(1))
        self.stride, size = doubling(stages), doubling(stages)
        modulated = []
        for stage in stages:  # each has the channels of the scale that is nearest to it
            size //= 1 + stage.up
            level = min(levels, size.bit_length()) - 1
            modulated.append(replace(stage, modulation=Modulation(self.widths[level], config.hidden)))
        self.stem = Conv(self.widths[-1], wide)
        self.generator = Generator(wide, modulated, config.norm)

    # -- the two halves ------------------------------------------------------------------------------------------

    def look_of(self, style: Views) -> Look:
        """Vectors and the mean of the layout's features, scale by scale."""
        look = {}
        for n, (picture, layout) in enumerate(zip(*self._seen(style), strict=True)):
            look[f"vectors {n}"] = self._attention(n).gather(picture, layout)
            look[f"summary {n}"] = layout.mean((2, 3))
        return look

    def aligned(self, views: Views, looks: Looks) -> list[Tensor]:
        """At each scale, features of a layout, and beside them those of the looks where the layout wants them."""
        found = []
        layouts = self.layouts(views.semantics)
        for n, layout in enumerate(layouts):
            attention = self._attention(n)
            gated = [
                weight * attention.gates(layout, look[f"summary {n}"])[..., None] * look[f"vectors {n}"]
                for weight, look in looks
            ]
            carried = attention.hand_out(layout, torch.stack(gated).sum(0))
            if self._shut(n):
                carried = torch.zeros_like(carried)
            found.append(torch.cat([layout, carried], 1))
        return found

    def picture(self, views: Views, looks: Looks) -> Tensor:
        """(B, 3, h, w) in [-1, 1]."""
        return self.decode(views, self.aligned(views, looks))

    def picture_by_places(self, views: Views, looks: Looks, places: Places) -> Tensor:
        """As :meth:`picture`; at each scale the features of looks are mixed as their maps say."""
        beneath = 1 - torch.stack([mask for mask, _ in places]).sum(0)
        mixed = [torch.zeros(()) for _ in self.attention]
        for mask, these in [(beneath, looks), *((mask, [(1.0, look)]) for mask, look in places)]:
            for n, features in enumerate(self.aligned(views, these)):
                h, w = features.shape[-2:]
                here = F.adaptive_avg_pool2d(mask, (h, w)).to(features.device)
                mixed[n] = mixed[n].to(features.device) + here * features
        return self.decode(views, mixed)

    def decode(self, views: Views, features: list[Tensor]) -> Tensor:
        """The picture of a layout from what :meth:`aligned` gives; features may be mixed place by place before."""
        grid = tuple(n // self.stride for n in views.size)
        start = self.stem(F.interpolate(features[-1], grid, mode="nearest"))
        made: Tensor = self.generator(start, self._maps(views, features))
        return made

    # -- training ------------------------------------------------------------------------------------------------

    def paint(self, batch: Batch) -> Painted:
        """The pictures of a batch, each in the look of its other window."""
        assert batch.style is not None
        return Painted(self.picture(batch.views, [(1.0, self.look_of(batch.style))]))

    def random_look(self, size: tuple[int, int], draws: torch.Generator) -> Look:  # noqa: ARG002 (there is none)
        """There is none.

        Raises:
            OptionError: always.
        """
        raise OptionError("This model takes the look from a picture: name one with --style.")

    # -- what can be seen ----------------------------------------------------------------------------------------

    def attentions(self, views: Views, style: Views) -> list[dict[str, Tensor]]:
        """At each scale: regions of the look ("where"), gates ("gates"), and what places take of them ("shares")."""
        found = []
        layouts = self.layouts(views.semantics)
        for n, (picture, other) in enumerate(zip(*self._seen(style), strict=True)):
            attention = self._attention(n)
            gates = attention.gates(layouts[n], other.mean((2, 3)))
            found.append(
                {
                    "where": attention.where(picture, other),
                    "gates": torch.zeros_like(gates) if self._shut(n) else gates,
                    "shares": attention.shares(layouts[n]),
                }
            )
        return found

    def _shut(self, level: int) -> bool:
        """Whether nothing of looks is let through at a scale, as in an ablation."""
        return self.config.scales == "coarsest" and level < len(self.attention) - 1

    def _attention(self, level: int) -> Attention:
        return cast(Attention, self.attention[level])

    def _seen(self, style: Views) -> tuple[list[Tensor], list[Tensor]]:
        """Features of a picture and of its layout, both at the size that the layout has at each scale."""
        layouts = self.layouts(style.semantics)
        maps = self.pictures((style.pictures + 1) / 2)
        squeezed = []
        for compress, found, layout in zip(self.compress, maps, layouts, strict=True):
            if found.shape[-2:] != layout.shape[-2:]:
                found = F.interpolate(found, layout.shape[-2:], mode="bilinear", align_corners=False)
            squeezed.append(compress(found))
        return squeezed, layouts

    def _maps(self, views: Views, features: list[Tensor]) -> Maps:
        known: dict[tuple[int, int], Tensor] = {}

        def at(size: tuple[int, int]) -> Tensor:
            if size not in known:
                level = min(len(features), max(1, views.size[0] // size[0]).bit_length()) - 1
                maps = features[level]
                known[size] = maps if tuple(maps.shape[-2:]) == size else F.interpolate(maps, size, mode="nearest")
            return known[size]

        return at
