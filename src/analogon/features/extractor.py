"""What an extractor is, and how one is chosen by name."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from analogon.errors import OptionError


class Extractor(Protocol):
    """Maps a picture (B, 3, H, W) in [0, 1] to two feature maps: full size and half size (rounded down)."""

    def __call__(self, image: Tensor) -> list[Tensor]:
        """The two maps of a picture."""


def extractor(name: str) -> nn.Module:
    """``"filters"``, the fixed filter bank, or ``"vgg19:FILE"`` with the weights as a safetensors file.

    Raises:
        OptionError: unknown name. InputError: the weights file cannot be used.
    """
    if name == "filters":
        from analogon.features.filters import FilterBank

        return FilterBank()
    kind, _, file = name.partition(":")
    if kind == "vgg19" and file:
        from analogon.features.vgg import VGG19

        return VGG19(Path(file))
    raise OptionError(f"features '{name}' is not known; use 'filters' or 'vgg19:FILE' with a safetensors file.")
