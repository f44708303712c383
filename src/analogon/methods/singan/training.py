"""Training scale by scale, and all that must be kept to repeat it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate

import torch
from torch import Tensor, nn

from analogon.methods.singan.altering import altered
from analogon.methods.singan.config import Config
from analogon.methods.singan.ladder import Ladder
from analogon.methods.singan.losses import adversarial_loss, critic_loss, gradient_penalty, reconstruction_loss
from analogon.methods.singan.networks import (
    Growing,
    Noise,
    Pyramid,
    make_critic,
    make_generator,
    width_of,
)
from analogon.methods.singan.sizes import Size, Window, between, finest_of, ratios, resized, scaled, size_of
from analogon.training.device import brief
from analogon.training.state import gather, scatter

#: Time of a step in terms of one pass of a pixel through a critic: its own updates, the generator's, and a coarser
#: scale that is run for it. Measured; of use only to share out a budget of time.
CRITIC_PASSES, GENERATOR_PASSES, COARSER_PASSES, EMPTY_STEP = 13.0, 7.0, 2.0, 3000.0


class Trainer:
    """The generator so far, the critic of its finest scale and their optimisers (a :class:`..training.Trainable`).

    Every random draw of iteration n comes from a generator seeded by (seed, n), and the start of a scale from (seed,
    scale), so that a resumed run repeats an uninterrupted one bit for bit.
    """

    def __init__(
        self, picture: Tensor, config: Config, *, seed: int, device: torch.device | str, timed: bool = False
    ) -> None:
        """Make ready to train the coarsest scale.

        Args:
            picture: (1, 3, h, w) in [-1, 1], in full size.
            timed: the budget is one of time, not of steps.
        """
        self.config, self.seed, self.device = config, seed, torch.device(device)
        shape = picture.shape[-2], picture.shape[-1]
        shares = ratios(shape, config)
        self.sizes = scaled(finest_of(shape, config), shares)
        finest = resized(picture.to(self.device), self.sizes[-1]).clamp(-1, 1)
        self.reals = [resized(finest, size).clamp(-1, 1) for size in self.sizes]
        #: The picture at the sizes on the way from the finest scale to the full size, for what the finest scale is fed.
        self.larger: list[Tensor] = []
        if config.fed and len(shares) > 1 and max(shape[0] / self.sizes[-1][0], shape[1] / self.sizes[-1][1]) > 1:
            whole = picture.to(self.device)
            self.larger = [resized(whole, size).clamp(-1, 1) for size in between(self.sizes[-1], shape, 1 / shares[-2])]
        areas = [height * width for height, width in self.sizes]
        counts = [config.iterations * (areas[0] / area) ** config.falling for area in areas]
        self.steps = config.steps or sum(max(round(count), 1) for count in counts)
        costs = [count * self._cost(scale) for scale, count in enumerate(counts)] if timed else counts
        #: The share of the budget that is spent when each scale is trained.
        self.ends = [done / sum(costs) for done in accumulate(costs)]
        self.scale = 0
        with self._drawing(0):
            generator = make_generator(config).to(self.device)
            self.critic = make_critic(config, 0).to(self.device)
            self.ladder = Ladder(generator, shares, [1.0])
            if isinstance(generator, Pyramid):
                anchor = torch.randn(1, 1, *self.ladder.anchor_size(self.sizes[0])).expand(-1, 3, -1, -1)
                self.ladder.anchor = anchor.contiguous().to(self.device)
            else:
                self.ladder.anchor = self.reals[0].clone()
        self._prepare()

    @property
    def generator(self) -> Pyramid | Growing:
        """The generator so far."""
        return self.ladder.generator

    # -- scales --------------------------------------------------------------------------------------------------

    def place(self, share: float) -> tuple[int, float]:
        """The scale that is trained when a share of the budget is spent, and the share of its own that is."""
        scale = min(bisect_right(self.ends, share), len(self.ends) - 1)
        begun = self.ends[scale - 1] if scale else 0.0
        return scale, (share - begun) / (self.ends[scale] - begun)

    def _next(self) -> None:
        """Begin the next scale."""
        self.scale += 1
        with self._drawing(self.scale):
            self.generator.requires_grad_(False)
            self.generator.grow()
            self.generator.to(self.device)
            if isinstance(self.generator, Pyramid):
                critic = make_critic(self.config, self.scale).to(self.device)
                if width_of(self.config, self.scale) == width_of(self.config, self.scale - 1):
                    critic.load_state_dict(self.critic.state_dict())
                self.critic = critic
        self.ladder.amplitudes.append(0.0)
        self._prepare()
        with torch.no_grad():
            self.generator.eval()
            if isinstance(self.generator, Pyramid):  # what the scales below make, enlarged
                made = self.ladder.made(self.sizes, self.ladder.kept, last=self.scale - 1)
                made = resized(made, self.sizes[self.scale])
            else:
                made = self.ladder.made(self.sizes, self.ladder.kept)
            error = (made - self.reals[self.scale]).square().mean().sqrt()
        self.ladder.amplitudes[-1] = self.config.noise * float(error)

    def _prepare(self) -> None:
        """Optimisers for what is trained of this scale, each group of parameters with its share of the rate."""
        generator, config = self.generator, self.config
        generator.requires_grad_(False)
        trained = min(config.together, generator.scales)
        scales = generator.parts if isinstance(generator, Pyramid) else generator.body
        groups: list[tuple[nn.Module, float]] = [(scales[-1 - n], config.below**n) for n in range(trained)]
        if isinstance(generator, Growing):
            if trained == generator.scales:
                groups.append((generator.head, config.below ** (trained - 1)))
            groups.append((generator.tail, 1.0))
        self.trained = [module.requires_grad_(True) for module, _ in groups]
        self.shares = [share for _, share in groups]
        self.optimisers = {
            "generator": torch.optim.Adam(
                [{"params": list(module.parameters())} for module in self.trained], config.rate, betas=config.betas
            ),
            "critic": torch.optim.Adam(self.critic.parameters(), config.rate, betas=config.betas),
        }

    def _cost(self, scale: int) -> float:
        """How long a step at a scale takes, in a unit of its own."""
        config = self.config
        height, width = self.sizes[scale]
        seen = min(height, config.window) * min(width, config.window)
        updates = CRITIC_PASSES * config.critic_steps + GENERATOR_PASSES * config.generator_steps
        below = sum(h * w for h, w in self.sizes[:scale])
        runs = COARSER_PASSES * (config.critic_steps + 2 * config.generator_steps)
        channels = width_of(config, scale) / width_of(config, len(self.sizes) - 1)
        return channels**2 * (updates * seen + runs * below) + EMPTY_STEP

    # -- one iteration -------------------------------------------------------------------------------------------

    def step(self, n: int, share: float = 0.0) -> dict[str, float]:
        """Iteration n, counted from 0, when a share of the budget is spent; returns the losses by name."""
        scale, within = self.place(share)
        while self.scale < scale:
            self._next()
        config = self.config
        rate = config.rate * (config.decay_to if within >= config.decay_from else 1.0)
        for group, part in zip(self.optimisers["generator"].param_groups, self.shares, strict=True):
            group["lr"] = rate * part
        self.optimisers["critic"].param_groups[0]["lr"] = rate
        draws = torch.Generator().manual_seed(self.seed * 1_000_003 + n)
        self.generator.eval()
        for module in self.trained:
            module.train(not config.settled or within < config.decay_from)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.mixed and brief(self.device)):
            return self._iteration(n, draws)

    def _iteration(self, n: int, draws: torch.Generator) -> dict[str, float]:
        config = self.config
        log: dict[str, float] = {}
        penalised = n % config.penalty_every == 0
        shared = None
        for _ in range(config.critic_steps):
            window = self._window(draws)
            with torch.set_grad_enabled(config.shared):
                fake = self._fake(draws, window)
            log |= self._critic_step(draws, window, fake.detach(), penalised)
            shared = fake if config.shared else None
        for _ in range(config.generator_steps):
            log |= self._generator_step(draws, shared)
            shared = None  # its graph is spent
        return log

    def _critic_step(
        self, draws: torch.Generator, window: Window, fake: Tensor, penalised: bool = True
    ) -> dict[str, float]:
        config, real = self.config, self._real(window)
        loss = critic_loss(self.critic, real, fake)
        log = {"critic": float(loss.detach())}
        if config.penalty and penalised:
            penalty = gradient_penalty(self.critic, real, fake, float(torch.rand((), generator=draws)))
            log["penalty"] = float(penalty.detach())
            loss = loss + config.penalty * config.penalty_every * penalty
        self._update("critic", loss)
        return log

    def _generator_step(self, draws: torch.Generator, fake: Tensor | None = None) -> dict[str, float]:
        """One update; ``fake``: what the generator has made already, where it need not be made anew."""
        config, log = self.config, {}
        loss = torch.zeros((), device=self.device)
        if config.adversarial:
            if fake is None:
                fake = self._fake(draws, self._window(draws))
            self.critic.requires_grad_(False)
            score = adversarial_loss(self.critic, fake)
            self.critic.requires_grad_(True)
            log["adversarial"] = float(score.detach())
            loss = loss + config.adversarial * score
        if config.reconstruction:
            window = self._window(draws)
            error = reconstruction_loss(self._again(draws, window), self._real(window))
            log["reconstruction"] = float(error.detach())
            loss = loss + config.reconstruction * error
        if config.fed and self.scale:
            error = self._fed(draws)
            log["fed"] = float(error.detach())
            loss = loss + config.fed * error
        if loss.requires_grad:
            self._update("generator", loss)
        return log

    def _update(self, name: str, loss: Tensor) -> None:
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimisers[name].step()

    def _fake(self, draws: torch.Generator, window: Window) -> Tensor:
        """What the generator makes of noise, or of an altered picture."""
        start = self._practised(draws)
        given = None
        if start:
            given = altered(self.reals[start - 1], self.config.altered, draws)
        return self.ladder.made(self.sizes, self._noise(draws), start=start, given=given, window=window)

    def _again(self, draws: torch.Generator, window: Window) -> Tensor:
        """The picture again: from what is kept, or from itself at a coarser scale; without noise."""
        start = self._practised(draws)
        given = self.reals[start - 1] if start else None
        return self.ladder.made(self.sizes, self.ladder.kept, start=start, given=given, window=window)

    def _fed(self, draws: torch.Generator) -> Tensor:
        """Squared error of what the scale makes, without noise, of the picture as the scale below it should make it."""
        scale, pictures = self.scale, [self.reals[self.scale - 1], self.reals[self.scale]]
        if scale == len(self.sizes) - 1:  # it also enlarges what is made, up to the full size
            pictures += self.larger
        place = int(torch.randint(len(pictures) - 1, (), generator=draws))
        given, real = pictures[place : place + 2]
        sizes = [*self.sizes[: scale - 1], size_of(given), size_of(real)]
        window = self._window(draws, size_of(real))
        made = self.ladder.made(sizes, self._silent, start=scale, given=given, window=window)
        return reconstruction_loss(made, real[..., window[0] : window[1], window[2] : window[3]])

    def _silent(self, scale: int, channels: int, size: Size, window: Window) -> Tensor:
        return self.ladder.kept(max(scale, 1), channels, size, window)

    def _practised(self, draws: torch.Generator) -> int:
        """The scale at which an altered picture enters; 0: noise is the start."""
        if not float(torch.rand((), generator=draws)) < self.config.practice:
            return 0
        if self.scale == 0:
            return 1 if isinstance(self.generator, Growing) else 0
        return 1 + int(torch.randint(self.scale, (), generator=draws))

    def _noise(self, draws: torch.Generator) -> Noise:
        amplitudes, single = self.ladder.amplitudes, isinstance(self.generator, Pyramid)

        def drawn(scale: int, channels: int, _size: Size, window: Window) -> Tensor:
            height, width = window[1] - window[0], window[3] - window[2]
            own = 1 if single and scale == 0 else channels
            noise = torch.randn(1, own, height, width, generator=draws).to(self.device)
            return amplitudes[scale] * noise.expand(-1, channels, -1, -1)

        return drawn

    def _window(self, draws: torch.Generator, size: Size | None = None) -> Window:
        """A part of the finest scale so far, anywhere, or of a map of another size; all of it where that is small."""
        ends: list[int] = []
        for side in size or self.sizes[self.scale]:
            seen = min(side, self.config.window)
            first = int(torch.randint(side - seen + 1, (), generator=draws))
            ends += [first, first + seen]
        return ends[0], ends[1], ends[2], ends[3]

    def _real(self, window: Window) -> Tensor:
        return self.reals[self.scale][..., window[0] : window[1], window[2] : window[3]]

    @contextmanager
    def _drawing(self, scale: int) -> Iterator[None]:
        """Torch's own draws (initial weights) from the seed; the global random states are put back."""
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(self.seed * 1_000_003 + 500_009 * (scale + 1))
            yield

    # -- state ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """See :class:`analogon.training.driver.Trainable`."""
        networks = {"generator": self.generator, "critic": self.critic}
        return {
            **gather(networks, self.optimisers),
            "scale": torch.tensor(self.scale),
            "amplitudes": torch.tensor(self.ladder.amplitudes, dtype=torch.float64),
            "anchor": self.ladder.anchor.cpu().clone(),
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """See :class:`analogon.training.driver.Trainable`."""
        if not 0 <= int(state["scale"]) < len(self.sizes) or state["anchor"].shape != self.ladder.anchor.shape:
            raise ValueError("the state is of other scales")
        while self.scale < int(state["scale"]):
            self._next()
        scatter(state, {"generator": self.generator, "critic": self.critic}, self.optimisers)
        self.ladder.amplitudes = state["amplitudes"].tolist()
        self.ladder.anchor = state["anchor"].to(self.device).clone()
