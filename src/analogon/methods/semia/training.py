"""One iteration of SemIA, and all that must be kept to repeat it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analogon.data import Exemplar, LabelMap
from analogon.errors import OptionError
from analogon.features import extractor
from analogon.methods.semia import augment, losses
from analogon.methods.semia.conditions import channels
from analogon.methods.semia.config import Config
from analogon.methods.semia.critics import Discriminator, Segmenter
from analogon.methods.semia.networks import Generator
from analogon.methods.semia.practice import Pair, Practice
from analogon.run import Progress, ignore
from analogon.training.state import gather, scatter

#: Coarse colours are compared after averaging over this many pixels.
COARSE = 8


class Trainer:
    """Networks, optimisers and the practice of one fit.

    Every random draw of iteration n comes from a generator seeded by (seed, n), so that a resumed run repeats an
    uninterrupted one bit for bit.
    """

    def __init__(
        self,
        exemplar: Exemplar,
        config: Config,
        *,
        seed: int,
        device: torch.device | str,
        targets: tuple[LabelMap, ...] = (),
        listener: Callable[[Progress], None] = ignore,
    ) -> None:
        self.config, self.seed, self.device = config, seed, torch.device(device)
        self.steps = config.steps
        self.extractor = extractor(config.features).to(self.device)
        self.practice = Practice(exemplar, config.conditions, self.device)
        if config.carry:
            total = config.invented + len(targets)
            if not total:
                raise OptionError(
                    "Field 'carry' needs layouts to practise on: set 'invented' to 1 or more, or name targets."
                )
            self.practice.plan(
                config.invented,
                targets,
                np.random.default_rng(seed),
                lambda done: listener(Progress("preparing", done, total)),
            )
        self.classes = len(exemplar.labels.palette)
        self.colours = torch.from_numpy(exemplar.labels.palette.colors / np.float32(127.5) - 1).to(self.device)
        with self._drawing(seed):
            self.generator = make_generator(config, self.classes)
            seen = 3 + (self.classes if config.discriminator_sees == "picture+layout" else 0)
            self.discriminator = Discriminator(seen, config.discriminator_width)
            answers = 3 if config.segmenter_target == "colour" else self.classes
            self.segmenter = Segmenter(answers, config.segmenter_width, config.segmenter_scale)
            self.generator.apply(partial(initialise, gain=config.initial_gain))
            for judge in (self.discriminator, self.segmenter):
                judge.apply(partial(initialise, gain=0.02))
            self.generator.start_output()
        self.average = copy.deepcopy(self.generator).requires_grad_(False) if config.average else None
        for network in self._networks().values():
            network.to(self.device)
        self.optimisers = {
            name: torch.optim.Adam(getattr(self, name).parameters(), rate, betas=config.betas)
            for name, rate in (
                ("generator", config.lr_generator),
                ("discriminator", config.lr_discriminator),
                ("segmenter", config.lr_segmenter),
            )
        }

    @contextmanager
    def _drawing(self, seed: int) -> Iterator[None]:
        """Torch's own draws (initial weights, dropout) from a seed; the global random states are put back."""
        # manual_seed seeds every CUDA device
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(seed)
            yield

    # -- one iteration -------------------------------------------------------------------------------------------

    def step(self, n: int, share: float = 0.0) -> dict[str, float]:
        """Iteration n, counted from 0, when a share of the budget is spent; returns the losses by name."""
        config = self.config
        draws = torch.Generator().manual_seed(self.seed * 1_000_003 + n)
        with self._drawing(self.seed * 1_000_003 + n):
            self._set_rates(share)
            pair, real = self._draw(n, draws)
            log = {"discriminator": self._discriminator_step(pair, real, draws)}
            if pair.same or not config.reconstruct_every:
                log["segmenter"] = self._segmenter_step(real)
            for _ in range(config.generator_steps):
                log |= self._generator_step(pair, real, draws)
            if config.discriminator_steps > 1:
                log["discriminator"] = self._discriminator_step(pair, real, draws)
        return log

    def _draw(self, n: int, draws: torch.Generator) -> tuple[Pair, tuple[Tensor, Tensor]]:
        """The pair of iteration n, and a real picture with its class indices for the judges."""
        config, practice = self.config, self.practice
        strength = round(min(1.0, n / config.ramp), 2)
        warp = augment.draw(strength, draws, bend=config.bend, zoom=config.zoom)
        choice = float(torch.rand((), generator=draws))
        if config.reconstruct_every and n % config.reconstruct_every == 0:
            pair = practice.reconstruction(warp)
        elif practice.journeys:
            journey = practice.journeys[int(choice * len(practice.journeys))]
            pair = practice.carried(journey, flip=bool(torch.rand((), generator=draws) < 0.5))
            image, _, indices = practice.warped(warp)
            return pair, (image, indices)
        else:
            pair = practice.warp(warp, exchange=choice < config.exchange)
        return pair, (pair.truth, pair.target_indices)

    def _render(self, pair: Pair, draws: torch.Generator) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        noise = (torch.rand(pair.source.shape, generator=draws) * 2 - 1).to(self.device) * self.config.noise
        painted, modulations = self.generator(pair.source + noise, pair.source_layout, pair.target_layout)
        return torch.lerp(pair.source, painted, pair.open), modulations

    def _judge(self, image: Tensor, indices: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        if self.config.discriminator_sees == "picture+layout":
            planes = F.one_hot(indices.to(self.device), self.classes).permute(2, 0, 1)[None].to(image.dtype)
            image = torch.cat([image, planes], 1)
        scores: tuple[list[Tensor], list[Tensor]] = self.discriminator(image)
        return scores

    def _doubt(self, pair: Pair) -> Tensor | None:
        """Where a carried pair is to be judged: what is known to be right would drown the rest."""
        return 1 - pair.sure if self.config.carry and not pair.same else None

    def _discriminator_step(self, pair: Pair, real: tuple[Tensor, Tensor], draws: torch.Generator) -> float:
        with torch.no_grad():
            fake, _ = self._render(pair, draws)
        loss = losses.adversarial(self._judge(*real)[0], True)
        loss = loss + losses.adversarial(self._judge(fake, pair.target_indices)[0], False, self._doubt(pair))
        return self._update("discriminator", loss)

    def _segmenter_step(self, real: tuple[Tensor, Tensor]) -> float:
        image, indices = real
        return self._update("segmenter", self._alignment(image, indices))

    def _alignment(self, image: Tensor, indices: Tensor) -> Tensor:
        """How far the segmenter's view of a picture is from the layout (h, w)."""
        seen, indices = self.segmenter(image), indices.to(self.device)
        if self.config.segmenter_target == "colour":
            return losses.colour_alignment(seen, self.colours[indices].permute(2, 0, 1)[None])
        return losses.alignment(seen, indices[None])

    def _generator_step(self, pair: Pair, real: tuple[Tensor, Tensor], draws: torch.Generator) -> dict[str, float]:
        with frozen(self.discriminator, self.segmenter, dropout=self.config.segmenter_dropout):
            fake, modulations = self._render(pair, draws)
            terms = self.terms(pair, real, fake, modulations, draws)
            loss = sum(
                (getattr(self.config, name) * value for name, value in terms.items()),
                torch.zeros((), device=self.device),
            )
            if loss.requires_grad:
                self._update("generator", loss)
        if self.average is not None:
            with torch.no_grad():
                for kept, new in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                    kept.lerp_(new, 1 - self.config.average)
                for kept_buffer, new_buffer in zip(self.average.buffers(), self.generator.buffers(), strict=True):
                    kept_buffer.copy_(new_buffer)
        return {name: float(value.detach()) for name, value in terms.items()}

    def terms(
        self,
        pair: Pair,
        real: tuple[Tensor, Tensor],
        fake: Tensor,
        modulations: list[tuple[Tensor, Tensor]],
        draws: torch.Generator,
    ) -> dict[str, Tensor]:
        """The generator's loss terms, unweighted, under the names of their weights in the configuration."""
        config, out = self.config, {}
        if config.gan or config.matching:
            scores, features = self._judge(fake, pair.target_indices)
            if config.gan:
                out["gan"] = losses.adversarial(scores, True, self._doubt(pair))
            if config.matching and (pair.same or not config.carry):
                with torch.no_grad():
                    _, wanted = self._judge(*real)
                out["matching"] = losses.feature_matching(features, wanted)
        if config.reconstruction and (pair.same or config.carry):
            out["reconstruction"] = losses.known(fake, pair.truth, pair.sure, COARSE if pair.coarse else 0)
        if config.detail and config.carry and not pair.same:
            out["detail"] = losses.detail(fake, pair.source, pair.detail)
        if pair.same:
            gamma, beta = losses.fixed_point(modulations)
            if config.fixed_gamma:
                out["fixed_gamma"] = gamma
            if config.fixed_beta:
                out["fixed_beta"] = beta
            return out
        if config.align:
            shown = fake if config.align_gradient else fake.detach()
            out["align"] = self._alignment(shown, pair.target_indices)
        if config.patch:
            out["patch"] = self._patch_loss(pair, fake, draws)
        return out

    def _patch_loss(self, pair: Pair, fake: Tensor, draws: torch.Generator) -> Tensor:
        """Patch coherence at both feature maps, weighted by the number of samples."""
        config = self.config
        source, labels = (self.practice.image, self.practice.indices) if config.carry else (pair.source, None)
        if labels is None:
            labels = pair.source_layout[0, : self.classes].argmax(0).cpu()
        made = self.extractor((fake + 1) / 2)
        with torch.no_grad():
            given = self.extractor((source + 1) / 2)
        total, count = torch.zeros((), device=self.device), 0
        for k, (size, samples) in enumerate(zip(config.patch_sizes, config.patch_samples, strict=True)):
            size = min(size, *made[k].shape[-2:], *given[k].shape[-2:])
            at = _corners(made[k].shape[-2:], size, samples, self._doubt(pair), draws)
            total = total + samples * losses.patch_coherence(
                made[k],
                given[k],
                at.to(self.device),
                size=size,
                neighbours=config.patch_neighbours,
                target_labels=_halved(pair.target_indices, k).to(self.device) if config.patch_labels else None,
                source_labels=_halved(labels, k).to(self.device) if config.patch_labels else None,
            )
            count += samples
        return total / count

    def _update(self, name: str, loss: Tensor) -> float:
        optimiser = self.optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return float(loss.detach())

    def _set_rates(self, share: float) -> None:
        """Constant, then linear down to ``decay_to``; the segmenter's rate stays."""
        config = self.config
        fall = max(0.0, (share - config.decay_from) / max(1 - config.decay_from, 1e-9)) * (1 - config.decay_to)
        for name, rate in (("generator", config.lr_generator), ("discriminator", config.lr_discriminator)):
            for group in self.optimisers[name].param_groups:
                group["lr"] = rate * (1 - fall)

    # -- state ---------------------------------------------------------------------------------------------------

    def _networks(self) -> dict[str, nn.Module]:
        named: dict[str, nn.Module] = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "segmenter": self.segmenter,
        }
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


def make_generator(config: Config, classes: int) -> Generator:
    """The generator that a configuration describes, for K classes; torch's global random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        return Generator(
            channels(classes, config.conditions),
            width=config.width,
            norm=config.norm,
            spectral=config.spectral,
            ratio=config.ratio,
            modulation=config.modulation,
            gamma_offset=config.gamma_offset,
            encode_together=config.encode_together,
            translate_in=config.translate_in,
            skip=config.skip,
            output=config.output,
        )


def initialise(module: nn.Module, gain: float) -> None:
    """Xavier normal with a gain (0.02 in the released code) and zero bias; norm weights N(1, 0.02).

    Layers with spectral norm keep torch's initial weights: the norm divides their scale out. Without it, 0.02 makes
    features so small that gradients underflow.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_normal_(module.weight, gain)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


@contextmanager
def frozen(discriminator: nn.Module, segmenter: nn.Module, *, dropout: bool) -> Iterator[None]:
    """The judges' weights get no gradient while they judge the generator; without ``dropout`` the segmenter is calm.

    Evaluation mode also makes its batch norm use what it learnt, and leaves those statistics alone.
    """
    for network in (discriminator, segmenter):
        network.requires_grad_(False)
    segmenter.train(dropout)
    try:
        yield
    finally:
        segmenter.train()
        for network in (discriminator, segmenter):
            network.requires_grad_(True)


def _corners(shape: Sequence[int], size: int, samples: int, where: Tensor | None, draws: torch.Generator) -> Tensor:
    """Top-left corners (N, 2) of random patches; with ``where`` (1, 1, H, W), of such as have their centre in it."""
    spans = [n - size + 1 for n in shape]
    if where is not None:
        c = size // 2
        inside = F.adaptive_max_pool2d(where, (shape[0], shape[1]))[0, 0, c : c + spans[0], c : c + spans[1]]
        found = inside.nonzero().cpu()
        if len(found):
            return found[torch.randint(len(found), (samples,), generator=draws)]
    return torch.stack([torch.randint(n, (samples,), generator=draws) for n in spans], 1)


def _halved(indices: Tensor, times: int) -> Tensor:
    """Labels at the k-th feature map (halved ``times`` times, rounded down), nearest."""
    for _ in range(times):
        h, w = indices.shape
        indices = indices[: h // 2 * 2 : 2, : w // 2 * 2 : 2]
    return indices
