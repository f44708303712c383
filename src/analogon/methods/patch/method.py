"""The patch method: nothing is learnt; each render is a synthesis of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError, OptionError
from analogon.jobs import Job
from analogon.methods.base import Arrays
from analogon.methods.patch.config import Config
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Run

if TYPE_CHECKING:
    from analogon.ops.synthesis import Settings


class PatchSynthesizer:
    """An exemplar and how to take it apart."""

    outcome = UNTRAINED

    def __init__(self, exemplar: Exemplar, config: Config) -> None:
        self.exemplar, self.config = exemplar, config
        self._things, self._stuff = self._classes("things", config.things), self._classes("stuff", config.stuff)
        both = sorted(set(config.things) & set(config.stuff))
        if both:
            raise OptionError(f"Class '{both[0]}' cannot be among things and stuff at once: leave it out of one.")

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """See :func:`analogon.ops.engine.synthesize`."""
        from analogon.ops.engine import synthesize

        config = self.config
        elsewhere: dict[str, Any] = {}
        # the registry has turned "auto" into what it means; torch is for other devices than the CPU only
        if run.device not in ("auto", "cpu"):
            from analogon.methods.patch.accelerated.level import DeviceLevel
            from analogon.training.device import pick

            elsewhere["on"] = partial(DeviceLevel.on, pick(run.device))
        return synthesize(
            self.exemplar,
            target,
            run,
            settings=self._settings(),
            wishes=wishes,
            pieces=config.start == "pieces",
            tone=config.tone,
            things=self._things,
            stuff=self._stuff,
            mirror=config.mirror,
            reflect=config.reflections,
            **elsewhere,
        )

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering | None:
        """The preview."""
        return None if wishes.preview else self.render(target, run, replace(wishes, preview=True))

    def perform(self, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
        """See :mod:`analogon.methods.patch.jobs`."""
        from analogon.methods.patch.jobs import performed

        return performed(self.exemplar, jobs, run, self._settings(), tone=self.config.tone)

    def arrays(self) -> Arrays:
        """Nothing is learnt."""
        return {}

    def _settings(self) -> Settings:
        """What the configuration says of the search."""
        from analogon.ops.synthesis import Settings

        config = self.config
        return Settings(
            patch=config.patch,
            rounds=config.rounds,
            leaps=config.leaps,
            reluctance=config.reluctance,
            uniformity=config.uniformity,
            class_weight=config.class_weight,
            depth_weight=config.depth_weight,
            position_weight=config.position_weight,
            random_tries=config.random_tries,
        )

    def _classes(self, field: str, names: Sequence[str]) -> frozenset[int]:
        """Ids of the named classes.

        Raises:
            OptionError: there is none of a name.
        """
        known = {label.name: label.id for label in self.exemplar.labels.palette.classes}
        for name in names:
            if name not in known:
                raise OptionError(f"Class '{name}' in {field} does not exist; the classes are {', '.join(known)}.")
        return frozenset(known[name] for name in names)


class _Patch:
    """See :class:`analogon.methods.base.Method`."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> PatchSynthesizer:  # noqa: ARG002 (the contract's)
        return PatchSynthesizer(exemplar, config)

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> PatchSynthesizer:  # noqa: ARG002
        if arrays:
            raise ModelError("The model holds arrays that the patch method has no use for: make it again.")
        return PatchSynthesizer(exemplar, config)


METHOD = _Patch()
