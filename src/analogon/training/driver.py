"""Drives a trainer through its steps: budget, progress, history, previews, checkpoints, interruption."""

from __future__ import annotations

import itertools
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import torch
from torch import Tensor

from analogon.errors import TrainingError
from analogon.run import Progress, Run
from analogon.training.checkpoint import Checkpoint
from analogon.training.device import flushed_denormals

#: Seconds between checkpoints: a killed run loses less than a minute.
CHECKPOINT_SECONDS = 40.0
#: Seconds between two reports to the listener.
REPORT_SECONDS = 0.5
#: Steps that are timed before a time budget is turned into a number of steps.
TRIAL_STEPS = 8
#: Share of a time budget that is planned for; the rest is for checkpoints, previews and slower moments.
PLANNED = 0.95
#: Steps averaged in one line of the history.
HISTORY_STEPS = 10
#: How often previews of the targets are made in a run.
PREVIEWS = 8


class Trainable(Protocol):
    """What can be driven. ``steps`` is the planned number; a time budget replaces it once, early."""

    steps: int

    def step(self, n: int) -> Mapping[str, float]:
        """Do step n, counted from 0; returns losses by name. All randomness derives from n."""

    def state(self) -> dict[str, Tensor]:
        """All that the remaining steps depend on."""

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take a state back."""


@dataclass(frozen=True)
class Outcome:
    """How a drive ended: ``steps`` done of ``planned``; ``stopped`` says why if early: "interrupted" or "time"."""

    steps: int
    planned: int
    stopped: str | None


def drive(
    trainer: Trainable,
    run: Run,
    identity: Mapping[str, Any],
    *,
    started: float,
    preview: Callable[[str], Path | None] | None = None,
) -> Outcome:
    """Run the trainer to its end, its budget, or Ctrl-C.

    Args:
        trainer: does the steps.
        run: budget, folder, listener, resume.
        identity: what a checkpoint must share with this run to be resumed.
        started: ``time.monotonic()`` when the fit began; preparation counts against the budget.
        preview: writes previews under a tag and returns one of them; called a few times in a run.

    Raises:
        TrainingError: a loss or a weight is not finite; the last good checkpoint stays.
        ModelError: the folder's checkpoint cannot be resumed.
    """
    first, trial = 0, run.minutes is not None
    deadline = started + 60 * run.minutes if run.minutes is not None else math.inf
    if run.folder is not None and run.resume:
        checkpoint = Checkpoint.read(run.folder, identity)
        if checkpoint is not None:
            trainer.load(checkpoint.tensors)
            # the planned steps already fit the budget
            trainer.steps, first, trial, deadline = checkpoint.steps, checkpoint.step, False, math.inf
    history = History(run.folder, first)
    begun = saved = reported = time.monotonic()
    done, stopped = first, None
    with stop_on_interrupt() as interrupted, flushed_denormals():
        for n in itertools.count(first):
            if n >= trainer.steps and not trial:
                break
            losses = trainer.step(n)
            done = n + 1
            _check(losses, done, run.folder)
            history.add(losses)
            if done % HISTORY_STEPS == 0:
                history.flush(done)
            now = time.monotonic()
            if trial and done == TRIAL_STEPS:
                fitting = done + max(1, int(PLANNED * (deadline - now) * done / (now - begun)))
                trainer.steps, trial = min(fitting, run.most_steps or fitting), False
            if done >= trainer.steps and not trial:
                break
            if interrupted.is_set() or now > deadline:
                stopped = "interrupted" if interrupted.is_set() else "time"
                break
            shown = None
            if preview is not None and done % max(trainer.steps // PREVIEWS, 1) == 0:
                shown = preview(f"{done:06d}")
            if run.folder is not None and now - saved > CHECKPOINT_SECONDS:
                _save(trainer, done, identity, run.folder)
                saved = now
            if shown is not None or now - reported > REPORT_SECONDS:
                left = None if trial else (now - begun) / (done - first) * (trainer.steps - done)
                run.listener(Progress("training", done, trainer.steps, losses, left, shown))
                reported = now
    if stopped and run.folder is not None:
        _save(trainer, done, identity, run.folder)
    history.flush(done)
    run.listener(Progress("training", done, trainer.steps, {}, 0.0))
    return Outcome(done, trainer.steps, stopped)


class History:
    """Mean losses between flushes as JSON lines in ``history.jsonl``; a resumed run drops what it will repeat."""

    def __init__(self, folder: Path | None, first: int) -> None:
        self.path = folder / "history.jsonl" if folder is not None else None
        self.sums: dict[str, list[float]] = {}
        if self.path is not None:
            kept = self.path.read_text().splitlines() if first and self.path.exists() else []
            kept = [line for line in kept if json.loads(line)["step"] <= first]
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text("".join(line + "\n" for line in kept))

    def add(self, losses: Mapping[str, float]) -> None:
        """Remember one step's losses."""
        for name, value in losses.items():
            self.sums.setdefault(name, []).append(value)

    def flush(self, step: int) -> None:
        """Append the means since the last flush."""
        if self.path is not None and self.sums:
            means = {name: round(sum(v) / len(v), 6) for name, v in self.sums.items()}
            with self.path.open("a") as file:
                file.write(json.dumps({"step": step, **means}) + "\n")
        self.sums = {}


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of breaking into a step; a second Ctrl-C interrupts at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)


def _check(losses: Mapping[str, float], step: int, folder: Path | None) -> None:
    for name, value in losses.items():
        if not math.isfinite(value):
            good = folder is not None and Checkpoint.exists(folder)
            kept = f"the last good state is kept in '{folder}'" if good else "there was no checkpoint yet"
            raise TrainingError(
                f"Training stopped at step {step} because the loss '{name}' is {value}; {kept}, "
                "try a lower learning rate (--set lr_generator=…, --set lr_discriminator=…)."
            )


def _save(trainer: Trainable, step: int, identity: Mapping[str, Any], folder: Path) -> None:
    tensors = trainer.state()
    if all(bool(torch.isfinite(t).all()) for t in tensors.values() if t.is_floating_point()):
        Checkpoint(step, trainer.steps, identity, tensors).write(folder)
