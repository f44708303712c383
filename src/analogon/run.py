"""What a run needs besides hyperparameters: device, seed, budget, place to keep things, a listener."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analogon.data import LabelMap

#: The file in a run's folder that a fit can be resumed from; it goes when the model is safely on disk.
CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Progress:
    """One report of a running fit or render.

    Attributes:
        stage: what is being done, in a word or two, such as "training". Steps count anew in each.
        step, steps: done so far and planned.
        losses: latest named values.
        seconds_left: estimate; None while unknown.
        preview: a picture that has just been written, or None.
    """

    stage: str
    step: int
    steps: int
    losses: Mapping[str, float] = field(default_factory=dict)
    seconds_left: float | None = None
    preview: Path | None = None


def ignore(event: Progress) -> None:
    """The listener that does nothing."""


@dataclass(frozen=True)
class Run:
    """The circumstances of a fit or a render.

    Attributes:
        device: "auto" (an accelerator where there is one), "cpu", "cuda", "cuda:1" or "mps".
        seed: every random draw derives from it.
        minutes: time budget of a fit; None for the configured number of steps.
        most_steps: upper limit of the steps within a time budget; None for no limit.
        targets: layouts that will be asked for: shown as previews, practised on by methods that can.
        folder: where checkpoint, history and previews go; None keeps nothing on disk. The checkpoint stays there
            at the end of a fit: it is for the caller to remove, once the model is saved.
        resume: go on from the checkpoint in ``folder``.
        request: all that the fit was asked for, as JSON values; a checkpoint is resumed by the same request only.
        listener: called with a :class:`Progress` now and then; what it raises ends the fit or render.
    """

    device: str = "auto"
    seed: int = 0
    minutes: float | None = None
    most_steps: int | None = None
    targets: tuple[LabelMap, ...] = ()
    folder: Path | None = None
    resume: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)
    listener: Callable[[Progress], None] = ignore


@dataclass(frozen=True)
class Outcome:
    """How a fit ended.

    Attributes:
        steps: training steps done, in all sittings; 0 where nothing is learnt.
        earlier: seconds that it had taken when it was resumed.
        stopped: "interrupted" where it did not come to the end of its budget, else None.
    """

    steps: int = 0
    earlier: float = 0.0
    stopped: str | None = None


#: Of what needs no training, or had it elsewhere, or is still at it.
UNTRAINED = Outcome()
