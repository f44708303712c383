"""What an extractor is, and how one is chosen by name."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from analogon.errors import OptionError

#: The deepest pyramid that every extractor has.
DEEPEST = 5


class Extractor(Protocol):
    """Maps a picture (B, 3, H, W) in [0, 1] to feature maps: full size, half size (rounded down), and so on."""

    def __call__(self, image: Tensor) -> list[Tensor]:
        """The maps of a picture, fine to coarse."""


def extractor(name: str, levels: int = 2) -> nn.Module:
    """``"filters"``, the fixed filter bank, or ``"vgg19:FILE"`` with the weights as a safetensors file.

    Args:
        levels: how many maps it returns, 1 to :data:`DEEPEST`; pictures need 2**(levels - 1) pixels on either side.

    Raises:
        OptionError: unknown name. InputError: the weights file cannot be used.
    """
    if name == "filters":
        from analogon.features.filters import FilterBank

        return FilterBank(levels)
    kind, _, file = name.partition(":")
    if kind == "vgg19" and file:
        from analogon.features.vgg import VGG19

        return VGG19(Path(file), levels)
    raise OptionError(f"features '{name}' is not known; use 'filters' or 'vgg19:FILE' with a safetensors file.")
