"""Drives a trainer through its steps: budget, progress, history, previews, checkpoints, interruption."""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
from analogon.run import Outcome, Progress, Run, ignore
from analogon.training.checkpoint import Checkpoint, make_folder
from analogon.training.world import ALONE, World

#: Seconds between checkpoints: a killed run loses less than a minute, or a step where that takes longer.
CHECKPOINT_SECONDS = 40.0
#: Seconds between two reports to the listener.
REPORT_SECONDS = 0.5
#: Steps averaged in one line of the history.
HISTORY_STEPS = 10
#: How often previews of the targets are made in a run.
PREVIEWS = 8
#: Share of a time budget that previews may take; what is due beyond it is left out.
PREVIEW_SHARE = 0.02


class Trainable(Protocol):
    """What can be driven. ``steps`` is their number where there is no time budget."""

    steps: int

    def step(self, n: int, share: float) -> Mapping[str, float]:
        """Do step n, counted from 0; returns losses by name. All randomness derives from n.

        ``share`` of the budget is spent, from 0 up to 1: what falls over a fit falls with it.
        """

    def state(self) -> dict[str, Tensor]:
        """All that the remaining steps depend on, as copies."""

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take a state back.

        Raises:
            KeyError, RuntimeError, ValueError: the state is not of this trainer.
        """


@dataclass(frozen=True)
class _Budget:
    """What a fit may take: steps in all, and, in a sitting, the time from ``begun`` to ``deadline``.

    Whichever is nearer to its end counts. ``spent`` is the share of earlier sittings.
    """

    steps: float
    begun: float
    deadline: float
    spent: float

    def share(self, done: int, now: float) -> float:
        """The share of the fit's budget that is spent after so many steps."""
        timed = self.spent + (1 - self.spent) * (now - self.begun) / max(self.deadline - self.begun, 1e-9)
        return min(1.0, max(done / self.steps, timed))

    def left(self, done: int, now: float, pace: float) -> tuple[int, float]:
        """How many steps there will be in all at so many seconds a step, and the seconds until then."""
        pace = max(pace, 1e-9)
        seconds = max(0.0, min(self.deadline - now, (self.steps - done) * pace))
        return done + max(1, round(seconds / pace)), seconds


def drive(
    trainer: Trainable,
    run: Run,
    identity: Mapping[str, Any],
    *,
    started: float,
    preview: Callable[[str], Path | None] | None = None,
    world: World = ALONE,
    preemptible: bool = False,
) -> Outcome:
    """Run the trainer to the end of its budget, or Ctrl-C.

    The budget is time, or a number of steps, or both and whichever ends first. A budget of steps is repeated bit for
    bit; one of time ends on time, however the machine's pace changes, and with every rate fallen as planned.

    Args:
        trainer: does the steps.
        run: budget, folder, listener, resume.
        identity: what a checkpoint must share with this run to be resumed.
        started: ``time.monotonic()`` when the fit began; preparation counts against the budget.
        preview: writes previews under a tag and returns one of them; called a few times in a run, less often
            where that takes too much of a time budget.
        world: processes that train together: all read the checkpoint, the first one alone writes and reports.
        preemptible: SIGTERM counts as Ctrl-C, for machines that are taken away.

    The first checkpoint is written after the first step, the last one after the last step: it holds the end of the
    run until the model is saved.

    Raises:
        TrainingError: a loss or a weight is not finite; the last good checkpoint stays.
        ModelError: there is no checkpoint to resume, it is of another run, or the folder cannot be written to.
    """
    first, share, earlier, stopped = 0, 0.0, 0.0, None
    if run.folder is not None and run.resume:
        checkpoint = Checkpoint.read(run.folder, identity)
        _load(trainer, checkpoint, run.folder)
        first, share, earlier = checkpoint.step, checkpoint.share, checkpoint.seconds
    if not world.leads:
        run, preview = replace(run, folder=None, listener=ignore), None
    history = History(run.folder, first)
    keeper = _Keeper(trainer, identity, run.folder, started - earlier, good=first > 0)
    done, lasted = first, 0.0
    with stop_on_interrupt(preemptible=preemptible) as interrupted:
        begun = reported = now = time.monotonic()
        if run.minutes is None:
            budget = _Budget(trainer.steps, begun, math.inf, share)
        else:
            budget = _Budget(run.most_steps or math.inf, begun, started - earlier + 60 * run.minutes, share)
        # of all previews, and of the last one: nobody knows how long the first will take
        previewing, last_preview = 0.0, math.inf
        while share < 1:
            before, last_share = now, share
            losses = trainer.step(done, share)
            done += 1
            keeper.check(losses, done)
            history.add(losses)
            if done % HISTORY_STEPS == 0:
                history.flush(done)
            now = time.monotonic()
            # no step is begun that would end too late if it takes as long as the quicker of the last two
            pace, lasted = min(lasted, now - before), now - before
            share = budget.share(done, now) if now + pace <= budget.deadline else 1.0
            share, stop = world.agree(share, interrupted.is_set())
            if share < 1 and stop:
                stopped = "interrupted"
            if share == 1 or stopped:
                break
            shown = None
            affordable = run.minutes is None or previewing <= PREVIEW_SHARE * (now - begun)
            passed = int(PREVIEWS * share) > int(PREVIEWS * last_share)
            previews = preview if affordable and passed else None
            # what will have passed when this is asked again
            ahead = now - before + (last_preview if previews is not None else 0.0)
            if keeper.due(now + ahead):
                keeper.save(done, share)
                now = time.monotonic()
            if previews is not None:
                shown = previews(f"{done:06d}")
                last_preview = time.monotonic() - now
                previewing += last_preview
                now += last_preview
            if shown is not None or now - reported > REPORT_SECONDS:
                steps, left = budget.left(done, now, (now - begun) / (done - first))
                run.listener(Progress("training", done, steps, losses, left, shown))
                reported = now
            share, _ = world.agree(budget.share(done, now), False)
        history.flush(done)
        keeper.save(done, share)
    steps, _ = budget.left(done, now, (now - begun) / max(done - first, 1)) if stopped else (done, 0.0)
    run.listener(Progress("training", done, steps, {}, 0.0))
    return Outcome(done, earlier, stopped)


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
def stop_on_interrupt(*, preemptible: bool = False) -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of breaking into a step; a second Ctrl-C interrupts at once.

    ``preemptible``: so does SIGTERM, of which a second one is ignored.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    signals = [signal.SIGINT, signal.SIGTERM] if preemptible else [signal.SIGINT]
    before = [(number, signal.getsignal(number)) for number in signals]

    def note(number: int, _frame: FrameType | None) -> None:
        if event.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        event.set()

    for number in signals:
        signal.signal(number, note)
    try:
        yield event
    finally:
        for number, handler in before:
            signal.signal(number, handler)


class _Keeper:
    """Keeps the checkpoint, and nothing in it that is not finite.

    Attributes:
        started: when the fit would have begun, had it not been broken off.
        saved: when the last one was written, or this began.
        good: whether the folder has a checkpoint of this run.
    """

    def __init__(
        self, trainer: Trainable, identity: Mapping[str, Any], folder: Path | None, started: float, *, good: bool
    ) -> None:
        self.trainer, self.identity, self.folder, self.started, self.good = trainer, identity, folder, started, good
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

    def save(self, step: int, share: float) -> None:
        """Write the checkpoint, if there is a folder."""
        tensors = self.checked_state(step)
        if self.folder is not None:
            Checkpoint(step, share, time.monotonic() - self.started, self.identity, tensors).write(self.folder)
            self.good = True
        self.saved = time.monotonic()

    def _diverged(self, step: int, what: str) -> TrainingError:
        kept = f"the last good state is kept in '{self.folder}'" if self.good else "there was no checkpoint yet"
        return TrainingError(
            f"Training stopped at step {step} because {what}; {kept}, "
            "try lower learning rates or loss weights (--set FIELD=…; 'analogon methods' lists them)."
        )


def _load(trainer: Trainable, checkpoint: Checkpoint, folder: Path) -> None:
    try:
        trainer.load(checkpoint.tensors)
    except (KeyError, RuntimeError, ValueError) as problem:
        raise ModelError(
            f"The checkpoint in '{folder}' was written by another version of analogon or is damaged; "
            "leave out --resume to start anew."
        ) from problem


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
