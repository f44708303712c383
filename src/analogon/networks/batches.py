"""What networks are given: layouts as channels, pictures, and random numbers, all of one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from analogon.datasets.augmenting import Augmentation, augmented
from analogon.datasets.order import step_batch
from analogon.datasets.values import Pair, Pictures
from analogon.training.world import ALONE, World

#: A pixel of no class: all of its channels are 0.
NOTHING = -1


@dataclass(frozen=True, eq=False)
class Views:
    """Layouts, and their pictures where these are known.

    Attributes:
        classes: places in the palette, int64 (B, h, w), or :data:`NOTHING`.
        number: of classes.
        edges: (B, 1, h, w), 1 at edges of instances, or None.
        image: (B, 3, h, w) in [-1, 1], or None.
    """

    classes: Tensor
    number: int
    edges: Tensor | None = None
    image: Tensor | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        h, w = self.classes.shape[-2:]
        return h, w

    @property
    def one_hot(self) -> Tensor:
        """(B, K, h, w): 1 where a pixel has the class, else 0."""
        planes = F.one_hot(self.classes + 1, self.number + 1)[..., 1:]
        return planes.permute(0, 3, 1, 2).float()

    @property
    def semantics(self) -> Tensor:
        """(B, K or K + 1, h, w): the classes, and edges where there are any."""
        return self.one_hot if self.edges is None else torch.cat([self.one_hot, self.edges], 1)

    @property
    def pictures(self) -> Tensor:
        """The pictures, which must be known."""
        assert self.image is not None
        return self.image

    def to(self, device: torch.device) -> Views:
        """The same on a device."""
        moved = (None if one is None else one.to(device) for one in (self.edges, self.image))
        return Views(self.classes.to(device), self.number, *moved)

    @staticmethod
    def of(pairs: Sequence[Pair], pictures: Pictures, *, edges: bool) -> Views:
        """Pairs of one size, of a data set; labels may be :data:`NOTHING`."""
        classes = np.stack([_places(pair.labels, pictures) for pair in pairs])
        image = np.stack([pair.image.transpose(2, 0, 1) for pair in pairs]) * np.float32(2) - np.float32(1)
        lines = None
        if edges:
            maps = [pair.labels if pair.instances is None else pair.instances for pair in pairs]
            lines = torch.from_numpy(np.stack([edge_map(one)[None] for one in maps]))
        return Views(torch.from_numpy(classes), len(pictures.palette), lines, torch.from_numpy(image))


def _places(labels: NDArray[np.int64], pictures: Pictures) -> NDArray[np.int64]:
    blank = labels == NOTHING
    if not blank.any():
        return pictures.channels(labels)
    return np.where(blank, NOTHING, pictures.channels(np.where(blank, pictures.palette.ids[0], labels)))


def edge_map(instances: NDArray[np.integer]) -> NDArray[np.float32]:
    """(h, w) of 1 where the left, right, upper or lower neighbour is of another instance, else 0."""
    edges = np.zeros(instances.shape, np.float32)
    across, down = instances[:, 1:] != instances[:, :-1], instances[1:] != instances[:-1]
    for part, other in ((edges[:, 1:], across), (edges[:, :-1], across), (edges[1:], down), (edges[:-1], down)):
        part[other] = 1
    return edges


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step learns from.

    Attributes:
        views: layouts, and the pictures that are wanted of them.
        style: for methods that take the look from another picture: this one, else None.
        draws: a source of random numbers for each view.
    """

    views: Views
    draws: tuple[torch.Generator, ...]
    style: Views | None = None

    def normal(self, *shape: int) -> Tensor:
        """Standard normal (B, *shape), each view's own; on the views' device."""
        made = torch.stack([torch.randn(shape, generator=draws) for draws in self.draws])
        return made.to(self.views.classes.device)


#: A pair as it is in the data set, and numbers that all its random draws derive from, to what is learnt (and, for some
#: methods, what its look is taken from).
Cut = Callable[[Pair, tuple[int, ...]], tuple[Pair, Pair | None]]


class Sampler:
    """The batch of any step of one process, by arithmetic on its number; the next one is made meanwhile.

    A batch of several processes together is the one that one process would have: view by view, the same picture,
    window and random numbers.
    """

    def __init__(
        self,
        pictures: Pictures,
        cut: Cut,
        *,
        batch: int,
        seed: int,
        edges: bool,
        device: torch.device,
        world: World = ALONE,
    ) -> None:
        self.pictures, self.cut, self.batch, self.seed, self.edges = pictures, cut, batch, seed, edges
        self.device, self.world = device, world
        self._pool = ThreadPoolExecutor(1, "batches")
        self._ahead: tuple[int, Future[Batch]] | None = None

    def __call__(self, step: int) -> Batch:
        """The batch of a step, on the device."""
        ahead = self._ahead
        made = ahead[1].result() if ahead is not None and ahead[0] == step else self.make(step)
        self._ahead = step + 1, self._pool.submit(self.make, step + 1)
        style = None if made.style is None else made.style.to(self.device)
        return Batch(made.views.to(self.device), made.draws, style)

    def make(self, step: int) -> Batch:
        """The batch of a step, on the CPU."""
        world = self.world
        chosen = step_batch(len(self.pictures), self.seed, step, self.batch, world.rank, world.size)
        places = [world.rank + world.size * k for k in range(self.batch)]
        cuts = [self.cut(self.pictures[int(i)], (self.seed, step, p)) for i, p in zip(chosen, places, strict=True)]
        draws = tuple(torch.Generator().manual_seed(_mixed(self.seed, step, place)) for place in places)
        views = Views.of([one for one, _ in cuts], self.pictures, edges=self.edges)
        styles = [style for _, style in cuts if style is not None]
        return Batch(views, draws, Views.of(styles, self.pictures, edges=self.edges) if styles else None)


def windows(settings: Augmentation) -> Cut:
    """Windows of pictures, resized and mirrored as the settings say."""
    return lambda pair, seed: (augmented(pair, settings, seed), None)


def _mixed(*numbers: int) -> int:
    """One seed of several numbers."""
    low, high = np.random.SeedSequence(numbers).generate_state(2, np.uint32)
    return (int(high) << 32 | int(low)) >> 1
