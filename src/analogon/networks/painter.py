"""What learns to make pictures of layouts: the part in which methods differ."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from analogon.errors import OptionError
from analogon.networks.batches import Batch, Views

#: What decides the looks of a picture besides its layout: named tensors, (1, ...) each.
Look = Mapping[str, Tensor]
#: Several looks and what each of them counts.
Looks = Sequence[tuple[float, Look]]
#: Looks of some places, and how much they count there: (1, 1, h, w) on the CPU, in any size.
Places = Sequence[tuple[Tensor, Look]]


@dataclass(frozen=True, eq=False)
class Painted:
    """The pictures of a batch.

    Attributes:
        image: (B, 3, h, w) in [-1, 1].
        divergence: of the codes' distribution from the standard normal one, summed over the batch; None: no codes.
    """

    image: Tensor
    divergence: Tensor | None = None


class Painter(nn.Module, ABC):
    """Generator, and encoder where there is one.

    Attributes:
        stride: sides of pictures are whole multiples of it.
        styled: the look can be taken from a picture.
        reads_layout: the look of a picture takes its layout, too.
        random: a look can be drawn at random. One that is neither has one look for each layout.
        by_class, by_place: classes, and places, can have looks of their own.
    """

    stride: int
    reads_layout: ClassVar[bool]
    styled: bool
    random: bool
    by_class: ClassVar[bool] = False
    by_place: ClassVar[bool] = False

    @abstractmethod
    def paint(self, batch: Batch) -> Painted:
        """The pictures of a batch, in training."""

    @abstractmethod
    def look_of(self, style: Views) -> Look:
        """The look of a picture, without any randomness."""

    @abstractmethod
    def random_look(self, size: tuple[int, int], draws: torch.Generator) -> Look:
        """A look for a picture of a size, drawn at random; empty where there is one for each layout."""

    def with_classes(self, look: Look, others: Mapping[int, Look]) -> Look:  # noqa: ARG002 (some can)
        """A look in which some classes (places in the palette) have those of others.

        Raises:
            OptionError: looks are not of classes.
        """
        raise OptionError("This model has one look for all classes: give it styles for the whole picture.")

    @abstractmethod
    def picture(self, views: Views, looks: Looks) -> Tensor:
        """Pictures (B, 3, h, w) in [-1, 1] of layouts, in a look that is the weighted sum of some."""

    def picture_by_places(self, views: Views, looks: Looks, places: Places) -> Tensor:  # noqa: ARG002 (some can)
        """As :meth:`picture`, but other looks take the place of those where their maps are 1.

        Raises:
            OptionError: a look is one of the whole picture.
        """
        raise OptionError("This model has one look for all places: give it styles without masks.")

    def attentions(self, views: Views, style: Views) -> Sequence[Mapping[str, Tensor]]:  # noqa: ARG002 (some can)
        """At each scale: regions of the style ("where"), gates ("gates"), and what places take of them ("shares").

        Raises:
            OptionError: there are no such things.
        """
        raise OptionError("This model has no attention to look at: ask one of method 'msca'.")


def summed(looks: Looks, name: str) -> Tensor:
    """The weighted sum of one tensor of several looks."""
    (first, look), *more = looks
    total = look[name] if first == 1 else first * look[name]
    for weight, other in more:
        total = total + weight * other[name]
    return total
