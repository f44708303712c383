"""Drives a trainer through its steps: budget, progress, history, previews, checkpoints, interruption."""

from __future__ import annotations

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

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analogon.data import LabelMap
from analogon.errors import ModelError, TrainingError
from analogon.io import write_image, write_text
from analogon.run import Progress, Run
from analogon.training.checkpoint import Checkpoint, make_folder

#: Seconds between checkpoints: a killed run loses less than a minute, or a step where that takes longer.
CHECKPOINT_SECONDS = 40.0
#: Seconds between two reports to the listener.
REPORT_SECONDS = 0.5
#: A time budget is turned into a number of steps by timing this many, or for this share of it if less.
TRIAL_STEPS, TRIAL_SHARE = 8, 0.1
#: Share of a time budget that is planned for; the rest is for checkpoints, previews and slower moments.
PLANNED = 0.95
#: Steps averaged in one line of the history.
HISTORY_STEPS = 10
#: How often previews of the targets are made in a run.
PREVIEWS = 8
#: Share of a time budget that previews may take; what is due beyond it is left out.
PREVIEW_SHARE = 0.02


class Trainable(Protocol):
    """What can be driven. ``steps`` is the planned number; a time budget sets it before the first step."""

    steps: int

    def step(self, n: int) -> Mapping[str, float]:
        """Do step n, counted from 0; returns losses by name. All randomness derives from n."""

    def state(self) -> dict[str, Tensor]:
        """All that the remaining steps depend on, as copies."""

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take a state back.

        Raises:
            KeyError, RuntimeError, ValueError: the state is not of this trainer.
        """


@dataclass(frozen=True)
class Outcome:
    """How a drive ended: steps done and planned; ``stopped`` says why if early: "interrupted" or "time"."""

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
        preview: writes previews under a tag and returns one of them; called a few times in a run, less often
            where that takes too much of a time budget.

    The first checkpoint is written after the first step, the last one after the last step: it holds the end of the
    run until the model is saved.

    Raises:
        TrainingError: a loss or a weight is not finite; the last good checkpoint stays.
        ModelError: there is no checkpoint to resume, it is of another run, or the folder cannot be written to.
    """
    first, deadline, planned = 0, math.inf, run.minutes is None
    if run.minutes is not None:
        deadline = started + 60 * run.minutes
    if run.folder is not None and run.resume:
        checkpoint = Checkpoint.read(run.folder, identity)
        _load(trainer, checkpoint, run.folder)
        # the planned steps already fit the budget
        first, deadline, planned = checkpoint.step, math.inf, True
    history = History(run.folder, first)
    keeper = _Keeper(trainer, identity, run.folder, good=first > 0)
    done, stopped = first, None
    with stop_on_interrupt() as interrupted:
        if not planned:
            _plan(trainer, run, deadline, keeper, interrupted)
        begun = reported = now = time.monotonic()
        # of all previews, and of the last one: nobody knows how long the first will take
        previewing, last_preview = 0.0, math.inf
        while done < trainer.steps:
            before = now
            losses = trainer.step(done)
            done += 1
            keeper.check(losses, done)
            history.add(losses)
            if done % HISTORY_STEPS == 0:
                history.flush(done)
            now = time.monotonic()
            if done == trainer.steps:
                break
            if interrupted.is_set() or now > deadline:
                stopped = "interrupted" if interrupted.is_set() else "time"
                break
            shown = None
            affordable = deadline == math.inf or previewing <= PREVIEW_SHARE * (now - begun)
            previews = preview if affordable and done % max(trainer.steps // PREVIEWS, 1) == 0 else None
            # what will have passed when this is asked again
            ahead = now - before + (last_preview if previews is not None else 0.0)
            if keeper.due(now + ahead):
                keeper.save(done)
                now = time.monotonic()
            if previews is not None:
                shown = previews(f"{done:06d}")
                last_preview = time.monotonic() - now
                previewing += last_preview
                now += last_preview
            if shown is not None or now - reported > REPORT_SECONDS:
                left = (now - begun) / (done - first) * (trainer.steps - done)
                run.listener(Progress("training", done, trainer.steps, losses, left, shown))
                reported = now
        history.flush(done)
        keeper.save(done)
    run.listener(Progress("training", done, trainer.steps, {}, 0.0))
    return Outcome(done, trainer.steps, stopped)


class History:
    """Mean losses between flushes as JSON lines in ``history.jsonl``; a resume drops what it will repeat."""

    def __init__(self, folder: Path | None, first: int) -> None:
        self.path = folder / "history.jsonl" if folder is not None else None
        self.sums: dict[str, list[float]] = {}
        if self.path is not None:
            kept = self.path.read_text(errors="replace").splitlines() if first and self.path.is_file() else []
            make_folder(self.path.parent)
            write_text(self.path, "".join(line + "\n" for line in kept if _line_step(line) <= first))

    def add(self, losses: Mapping[str, float]) -> None:
        """Remember one step's losses."""
        for name, value in losses.items():
            self.sums.setdefault(name, []).append(value)

    def flush(self, step: int) -> None:
        """Append the means since the last flush.

        Raises:
            ModelError: the file or the disk does not take them.
        """
        if self.path is not None and self.sums:
            means = {name: round(sum(v) / len(v), 6) for name, v in self.sums.items()}
            try:
                with self.path.open("a") as file:
                    file.write(json.dumps({"step": step, **means}) + "\n")
            except OSError as problem:
                raise ModelError(
                    f"'{self.path}' cannot be written ({problem.strerror or problem}): make room or choose another "
                    "folder with -o."
                ) from problem
        self.sums = {}


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of breaking into a step; a second Ctrl-C interrupts at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)


class _Keeper:
    """Keeps the checkpoint, and nothing in it that is not finite.

    Attributes:
        saved: when the last one was written, or this began.
        good: whether the folder has a checkpoint of this run.
    """

    def __init__(self, trainer: Trainable, identity: Mapping[str, Any], folder: Path | None, *, good: bool) -> None:
        self.trainer, self.identity, self.folder, self.good = trainer, identity, folder, good
        self.saved = time.monotonic()

    def check(self, losses: Mapping[str, float], step: int) -> None:
        """Raise TrainingError where a loss is not finite."""
        for name, value in losses.items():
            if not math.isfinite(value):
                raise self._diverged(step, f"the loss '{name}' is {value}")

    def checked_state(self, step: int) -> dict[str, Tensor]:
        """The trainer's state; TrainingError where it is not finite, though no loss may have shown it yet."""
        tensors = self.trainer.state()
        for name, tensor in tensors.items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise self._diverged(step, f"'{name}' is no longer finite")
        return tensors

    def due(self, then: float) -> bool:
        """Whether to write now what would otherwise wait until ``then``."""
        return (self.folder is not None and not self.good) or then - self.saved > CHECKPOINT_SECONDS

    def save(self, step: int) -> None:
        """Write the checkpoint, if there is a folder."""
        tensors = self.checked_state(step)
        if self.folder is not None:
            Checkpoint(step, self.trainer.steps, self.identity, tensors).write(self.folder)
            self.good = True
        self.saved = time.monotonic()

    def _diverged(self, step: int, what: str) -> TrainingError:
        kept = f"the last good state is kept in '{self.folder}'" if self.good else "there was no checkpoint yet"
        return TrainingError(
            f"Training stopped at step {step} because {what}; {kept}, "
            "try lower learning rates or loss weights (--set FIELD=…; 'analogon methods' lists them)."
        )


def _plan(trainer: Trainable, run: Run, deadline: float, keeper: _Keeper, interrupted: threading.Event) -> None:
    """Set the number of steps to what fits before the deadline, by timing some and taking them back.

    They are taken back because their learning rates may depend on the number of steps: a fit with that number
    given must make the same picture. The first step, which warms everything up, counts only where it is the only one.
    """
    start, begun, done = trainer.state(), time.monotonic(), 0
    warm = begun
    most = min(TRIAL_STEPS, run.most_steps or TRIAL_STEPS)
    while True:
        losses = trainer.step(done)
        done, now = done + 1, time.monotonic()
        keeper.check(losses, done)
        if done == 1 and most > 1:
            warm = now
        if done == most or interrupted.is_set() or now - begun > TRIAL_SHARE * (deadline - begun):
            break
    trainer.load(start)
    seconds = (now - warm) / (done - 1) if done > 1 else now - begun
    fitting = max(1, int(PLANNED * (deadline - now) / max(seconds, 1e-9)))
    trainer.steps = min(fitting, run.most_steps or fitting)


def _load(trainer: Trainable, checkpoint: Checkpoint, folder: Path) -> None:
    try:
        trainer.load(checkpoint.tensors)
    except (KeyError, RuntimeError, ValueError) as problem:
        raise ModelError(
            f"The checkpoint in '{folder}' was written by another version of analogon or is damaged; "
            "leave out --resume to start anew."
        ) from problem
    trainer.steps = checkpoint.steps


def _line_step(line: str) -> float:
    """The step of a line of the history; infinite for one that was cut off while it was written."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf


def write_previews(render: Callable[[LabelMap], NDArray[np.float32]], run: Run, tag: str) -> Path | None:
    """Every target of the run as ``render`` (layout to picture (h, w, 3)) makes it: ``previews/<tag>-<number>.png``.

    Returns:
        The last one's path.
    """
    assert run.folder is not None
    folder, path = run.folder / "previews", None
    make_folder(folder)
    for i, target in enumerate(run.targets, 1):
        path = folder / f"{tag}-{i}.png"
        write_image(path, render(target))
    return path
