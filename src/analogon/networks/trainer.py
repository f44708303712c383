"""One step of training, whatever the method."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from analogon.networks.batches import Batch
from analogon.networks.convolutions import refresh
from analogon.networks.discriminator import Discriminator
from analogon.networks.losses import Judged, Perceptual, absolute, adversarial, feature_matching, judges_loss
from analogon.networks.painter import Painter
from analogon.networks.settings import Learning
from analogon.training.state import gather, scatter
from analogon.training.world import ALONE, World


class Trainer:
    """Painter, judges and their optimisers (a :class:`~analogon.training.Trainable`).

    First a step of the painter, then one of the judges, which see a picture made anew. All randomness of step n is in
    its batch.

    Attributes:
        painter, critics: what learns.
        average: the running average of the painter's weights, or None.
    """

    def __init__(
        self,
        config: Learning,
        painter: Callable[[], Painter],
        seen: int,
        batches: Callable[[int], Batch],
        *,
        seed: int,
        device: torch.device,
        divergence_weight: float = 0.0,
        divergence_from: float = 0.0,
        world: World = ALONE,
    ) -> None:
        """``painter`` makes one with initial weights; ``seen``: channels of layouts that judges see."""
        self.config, self.batches, self.device, self.world = config, batches, device, world
        self.steps, self.divergence_weight, self.divergence_from = config.steps, divergence_weight, divergence_from
        self.share = 0.0
        with drawing(seed):
            self.painter = painter().to(device)
            self.critics = Discriminator(seen + 3, config.critic_width, config.critics).to(device)
        self.perceptual = None
        if config.perceptual and config.features != "none":
            self.perceptual = Perceptual(config.features).to(device)
        self.average = copy.deepcopy(self.painter).requires_grad_(False) if config.average else None
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), rate, betas=config.betas, eps=config.epsilon)
            for name, network, rate in (
                ("painter", self.painter, config.lr_generator),
                ("critics", self.critics, config.lr_critics),
            )
        }

    def step(self, n: int, share: float) -> dict[str, float]:
        """Step n, counted from 0, when a share of the budget is spent; returns the losses by name, unweighted."""
        self.share = share
        self._set_rates(share)
        refresh(self.painter)
        refresh(self.critics)
        batch = self.batches(n)
        before = [draws.get_state() for draws in batch.draws]
        terms = self.terms(batch)
        loss = torch.stack([self._weight(name) * value for name, value in terms.items()]).sum()
        self._update("painter", self.painter, loss)
        log = {name: float(value.detach()) for name, value in terms.items()}
        if self.config.gan or self.config.matching:
            for draws, state in zip(batch.draws, before, strict=True):
                draws.set_state(state)
            lost = self.critics_loss(batch)
            self._update("critics", self.critics, lost)
            log["critics"] = float(lost.detach())
        if self.average is not None:
            self._take_average(n, batch)
        return log

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """The painter's loss terms, unweighted, under the names of their weights."""
        config, wanted = self.config, batch.views.pictures
        with self._precision():
            painted = self.painter.paint(batch)
            fake = painted.image.float()
            out = {}
            if config.gan or config.matching:
                with frozen(self.critics):
                    real_layers, fake_layers = self._judged(batch, fake)
                if config.gan:
                    out["gan"] = adversarial(config.family, fake_layers)
                if config.matching:
                    out["matching"] = feature_matching(real_layers, fake_layers)
            if self.perceptual is not None:
                out["perceptual"] = self.perceptual(fake, wanted)
        if config.l1:
            out["l1"] = absolute(fake, wanted, batch.views.one_hot if config.balance == "classes" else None)
        if painted.divergence is not None and self.divergence_weight and self.share >= self.divergence_from:
            out["divergence"] = painted.divergence
        return out

    def critics_loss(self, batch: Batch) -> Tensor:
        """What the judges lose on a batch and on pictures of its layouts."""
        with self._precision():
            with torch.no_grad():
                fake = self.painter.paint(batch).image.float()
            return judges_loss(self.config.family, *self._judged(batch, fake))

    def _judged(self, batch: Batch, fake: Tensor) -> tuple[Judged, Judged]:
        """All layers for the real pictures and for the others, made in one pass."""
        layouts = batch.views.semantics
        real = torch.cat([layouts, batch.views.pictures], 1)
        layers = self.critics(torch.cat([real, torch.cat([layouts, fake], 1)]))
        half = len(fake)
        return [[x[:half].float() for x in each] for each in layers], [
            [x[half:].float() for x in each] for each in layers
        ]

    def _weight(self, name: str) -> float:
        if name == "divergence":  # a sum over the batch of all processes, and gradients are averaged over these
            return self.divergence_weight * self.world.size
        return float(getattr(self.config, name))

    def _update(self, name: str, network: nn.Module, loss: Tensor) -> None:
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.world.average_gradients(network.parameters())
        self.optimisers[name].step()

    def _set_rates(self, share: float) -> None:
        """Constant, then linear down to 0."""
        config = self.config
        left = min(1.0, (1 - share) / max(1 - config.decay_from, 1e-9))
        for name, rate in (("painter", config.lr_generator), ("critics", config.lr_critics)):
            for group in self.optimisers[name].param_groups:
                group["lr"] = rate * left

    @torch.no_grad()
    def _take_average(self, n: int, batch: Batch) -> None:
        """Move the average towards the painter; it begins as the mean of all steps.

        Its norms measure its own features: those of the painter are others, and pictures suffer from the difference.
        """
        assert self.average is not None
        share = max(1 - self.config.average, 1 / (n + 1))
        for kept, new in zip(self.average.parameters(), self.painter.parameters(), strict=True):
            kept.lerp_(new, share)
        refresh(self.average)
        if self.config.norm == "batch":
            with self._precision():
                self.average.paint(batch)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16")

    # -- state ---------------------------------------------------------------------------------------------------

    def _networks(self) -> dict[str, nn.Module]:
        named: dict[str, nn.Module] = {"painter": self.painter, "critics": self.critics}
        return named | ({"average": self.average} if self.average is not None else {})

    def state(self) -> dict[str, Tensor]:
        """Weights, running averages of norms, and optimiser states."""
        return gather(self._networks(), self.optimisers)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take :meth:`state` back."""
        scatter(state, self._networks(), self.optimisers)

    @property
    def rendering(self) -> Painter:
        """The weights that make pictures: the running average where there is one."""
        return self.average if self.average is not None else self.painter


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Its weights get no gradient inside the block."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


@contextmanager
def drawing(seed: int) -> Iterator[None]:
    """Torch's own draws (initial weights) from a seed; the global random states are put back."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):  # manual_seed seeds every CUDA device
        torch.manual_seed(seed)
        yield
