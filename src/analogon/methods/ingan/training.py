"""One step of training, and the curriculum of transformations."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from analogon.methods.ingan.config import Config
from analogon.methods.ingan.geometry import Transformation
from analogon.methods.ingan.networks import (
    SHORTEST,
    STRIDE,
    Critics,
    Generator,
    judges_of,
    place,
    refresh,
    start_larger,
)
from analogon.training.state import gather, scatter


class Trainer:
    """Generator, judges and their optimisers (a :class:`~analogon.training.Trainable`).

    Attributes:
        image: what is learnt, (1, 3, H, W) in [-1, 1].
        crop: sides of the crops, whole eights.
    """

    def __init__(self, picture: NDArray[np.float32], config: Config, *, seed: int, device: torch.device) -> None:
        self.config, self.seed, self.device, self.steps = config, seed, device, config.steps
        self.image = to_tensor(picture, device)
        h, w = (max(SHORTEST, min(config.crop, side) // STRIDE * STRIDE) for side in picture.shape[:2])
        self.crop = (h, w)
        with _drawing(seed):
            self.generator = make_generator(config)
            self.critics = Critics(judges_of(min(self.crop)), width=config.critic_width, smooth=config.smooth_scales)
        for network in (self.generator, self.critics):
            start_larger(network, config.initial_scale)
        self.average = copy.deepcopy(self.generator).requires_grad_(False) if config.average else None
        for each in self._networks().values():
            place(each, device)
        self.optimisers = {
            name: torch.optim.Adam(getattr(self, name).parameters(), rate, betas=config.betas)
            for name, rate in (("generator", config.lr_generator), ("critics", config.lr_critics))
        }

    def step(self, n: int, share: float = 0.0) -> dict[str, float]:
        """Step n, counted from 0, when a share of the budget is spent; returns the losses by name."""
        config = self.config
        draws = torch.Generator().manual_seed(self.seed * 1_000_003 + n)
        self._set_rates(share)
        real, to = self._crop(draws), draw(config, self.crop, share, draws)
        back = to.inverse(self.crop)
        refresh(self.generator)
        refresh(self.critics)
        fake = self.generator(self._noisy(real, draws), to)
        log = self._generator_step(fake, real, back, share, draws)
        fake = fake.detach()
        if config.gan:
            log["critics"] = self._critics_step(fake, real, share, draws)
        if config.extra_inverse and share >= config.extra_from:
            refresh(self.generator)
            lost = inverse_loss(self.generator(self._noisy(fake, draws), back), real, back)
            log["extra_inverse"] = self._update("generator", config.extra_inverse * lost, lost)
        if self.average is not None:
            self._take_average(n)
        return log

    def _generator_step(
        self, fake: Tensor, real: Tensor, back: Transformation, share: float, draws: torch.Generator
    ) -> dict[str, float]:
        terms = self.terms(fake, real, back, share, draws)
        if terms:
            loss = torch.stack([getattr(self.config, name) * value for name, value in terms.items()]).sum()
            self._update("generator", loss, loss)
        return {name: float(value.detach()) for name, value in terms.items()}

    def terms(
        self, fake: Tensor, real: Tensor, back: Transformation, share: float, draws: torch.Generator
    ) -> dict[str, Tensor]:
        """The generator's loss terms, unweighted, under the names of their weights in the configuration."""
        out = {}
        if self.config.gan:
            with frozen(self.critics):
                out["gan"] = self._judged(fake, share, draws, real=True)
        if self.config.inverse:
            out["inverse"] = inverse_loss(self.generator(self._noisy(fake, draws), back), real, back)
        return out

    def _critics_step(self, fake: Tensor, real: Tensor, share: float, draws: torch.Generator) -> float:
        loss = self._judged(real, share, draws, real=True)
        loss = 0.5 * (loss + self._judged(fake, share, draws, real=False))
        return self._update("critics", loss, loss)

    def _judged(self, image: Tensor, share: float, draws: torch.Generator, *, real: bool) -> Tensor:
        """How far the scores of a picture are from those of a real one, or of one that is not."""
        image = self._noisy(image, draws)
        if self.config.judged == "together":
            return adversarial(self.critics(image, share), real=real)
        each = [weight * adversarial(score, real=real) for weight, score in self.critics.scores(image, share)]
        return torch.stack(each).sum()

    def _crop(self, draws: torch.Generator) -> Tensor:
        """A random crop (1, 3, h, w) of the picture."""
        (height, width), (h, w) = self.image.shape[2:], self.crop
        top, left = (int(torch.randint(n + 1, (), generator=draws)) for n in (height - h, width - w))
        return self.image[..., top : top + h, left : left + w]

    def _noisy(self, image: Tensor, draws: torch.Generator) -> Tensor:
        if not self.config.noise:
            return image
        noise = torch.rand(image.shape, generator=draws).to(self.device, memory_format=torch.channels_last)
        return image + (2 * noise - 1) * self.config.noise

    def _update(self, name: str, loss: Tensor, told: Tensor) -> float:
        optimiser = self.optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return float(told.detach())

    def _set_rates(self, share: float) -> None:
        """Constant, then linear down to 0."""
        config = self.config
        left = min(1.0, (1 - share) / max(1 - config.decay_from, 1e-9))
        for name, rate in (("generator", config.lr_generator), ("critics", config.lr_critics)):
            for group in self.optimisers[name].param_groups:
                group["lr"] = rate * left

    @torch.no_grad()
    def _take_average(self, n: int) -> None:
        """Move the average towards the generator; it begins as the mean of all steps."""
        assert self.average is not None
        share = max(1 - self.config.average, 1 / (n + 1))
        for kept, new in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            kept.lerp_(new, share)
        for kept_buffer, new_buffer in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            kept_buffer.copy_(new_buffer)

    # -- state ---------------------------------------------------------------------------------------------------

    def _networks(self) -> dict[str, nn.Module]:
        named: dict[str, nn.Module] = {"generator": self.generator, "critics": self.critics}
        return named | ({"average": self.average} if self.average is not None else {})

    def state(self) -> dict[str, Tensor]:
        """Weights and optimiser states."""
        return gather(self._networks(), self.optimisers)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take :meth:`state` back."""
        scatter(state, self._networks(), self.optimisers)

    @property
    def rendering(self) -> Generator:
        """The weights that render: the running average where there is one."""
        return self.average if self.average is not None else self.generator


def adversarial(scores: Tensor, *, real: bool) -> Tensor:
    """Mean squared difference of scores from 1 or 0."""
    return (scores - float(real)).square().mean()


def inverse_loss(image: Tensor, wanted: Tensor, back: Transformation) -> Tensor:
    """Mean absolute difference (1, 3, h, w) where the way back shows something of what it started from."""
    apart = (image - wanted).abs()
    if back.rectangular:
        return apart.mean()
    shown = torch.from_numpy(back.covered().astype(np.float32)).to(apart.device)
    return (apart * shown).sum() / (apart.shape[1] * shown.sum()).clamp_min(1)


def draw(config: Config, size: tuple[int, int], share: float, draws: torch.Generator) -> Transformation:
    """A random transformation of a crop (h, w) to whole eights, when a share of the budget is spent.

    Factors of height and width are independent; their range, and that of the shifts, grows from nothing.
    """
    u = torch.rand(5, generator=draws).tolist()
    strength = min(1.0, share / config.ramp) if config.ramp else 1.0
    low, high = 1 - (1 - config.smallest) * strength, 1 + (config.largest - 1) * strength
    factors = [low + (high - low) * v for v in u[:2]]
    h, w = (max(SHORTEST, math.ceil(n * f / STRIDE) * STRIDE) for n, f in zip(size, factors, strict=True))
    reach = config.distortion * strength if u[4] < config.distorted else 0.0
    return Transformation.of((h, w), (reach * (2 * u[2] - 1), reach * (2 * u[3] - 1)))


def make_generator(config: Config) -> Generator:
    """The generator that a configuration describes; torch's global random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        return Generator(
            width=config.width,
            blocks=config.blocks,
            residual=config.output == "residual",
            recompute={"auto": None, "on": True, "off": False}[config.checkpointing],
        )


def to_tensor(picture: NDArray[np.float32], device: torch.device) -> Tensor:
    """A picture (h, w, 3) in [0, 1] as (1, 3, h, w) in [-1, 1]."""
    planes = torch.from_numpy(picture.transpose(2, 0, 1).copy())[None] * 2 - 1
    return planes.to(device, memory_format=torch.channels_last)


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Its weights get no gradient inside the block."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


@contextmanager
def _drawing(seed: int) -> Iterator[None]:
    """Torch's own draws (initial weights) from a seed; the global random states are put back."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):  # manual_seed seeds every CUDA device
        torch.manual_seed(seed)
        yield
