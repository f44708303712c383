"""How a running fit or render is shown: a live line on a terminal, a plain line every few seconds elsewhere."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from analogon import Progress

_SECONDS_BETWEEN_LINES = 10.0
_LOSSES_SHOWN = 5


class ProgressDisplay:
    """Shows progress events on `stream` (stderr); use it as a context manager.

    What is over within `delay` seconds is not shown at all.
    """

    def __init__(
        self, stream: TextIO | None = None, interval: float = _SECONDS_BETWEEN_LINES, delay: float = 0.0
    ) -> None:
        self._stream = stream or sys.stderr
        self._interval = interval
        self._begin = time.monotonic() + delay
        self._next_line = -float("inf")
        self._shown_stage = ""
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: "Progress") -> None:
        """Show one event."""
        now = time.monotonic()
        if now < self._begin:
            return
        if self._bar is None and self._stream.isatty():
            self._bar = _bar(self._stream)
            self._bar.start()
        if self._bar is not None:
            self._show_bar(self._bar, event)
            return
        last = event.step >= event.steps
        if now < self._next_line and event.stage == self._shown_stage and not last:
            return
        self._next_line = now + self._interval
        self._shown_stage = event.stage
        self._stream.write(describe(event) + "\n")
        self._stream.flush()

    def _show_bar(self, bar: "Bar", event: "Progress") -> None:
        if self._task is None or event.stage != self._shown_stage:  # each stage has a line of its own
            self._shown_stage = event.stage
            self._task = bar.add_task(event.stage, total=event.steps, losses="", left="")
        bar.update(
            self._task,
            description=event.stage,
            total=event.steps,
            completed=event.step,
            left=_left(event.seconds_left),
        )
        if event.losses:  # the last ones stay on the screen
            bar.update(self._task, losses=_losses(event.losses))


def describe(event: "Progress") -> str:
    """One line: stage, step, losses and time left."""
    parts = [f"{event.stage} {event.step}/{event.steps}", _losses(event.losses), _left(event.seconds_left)]
    return "  ".join(part for part in parts if part)


def duration(seconds: float) -> str:
    """A time as people say it: "8 s", "3 min 20 s", "1 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _losses(losses: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.3g}" for name, value in list(losses.items())[:_LOSSES_SHOWN])


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f"{duration(seconds)} left"


def _bar(stream: TextIO) -> "Bar":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    # On a narrow terminal the losses are cut, and only they.
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[losses]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
        console=Console(file=stream),
        expand=True,
    )
