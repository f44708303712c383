import contextlib
import io
import os
import pty

import pytest

from analogon.cli import progress
from analogon.cli.progress import ProgressDisplay, describe, duration
from analogon.run import Progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59, "59 s"), (59.7, "1 min 00 s"), (200, "3 min 20 s"), (3900, "1 h 05 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_a_line_has_step_losses_and_time_left():
    event = Progress("training", 120, 2000, {"patch": 0.12345, "adversarial": 12.0}, 370.0)
    assert describe(event) == "training 120/2000  patch 0.123  adversarial 12  6 min 10 s left"
    assert describe(Progress("training", 0, 10)) == "training 0/10"


def test_plain_lines_are_rare_but_tell_start_stages_and_end():
    stream = io.StringIO()
    with ProgressDisplay(stream, interval=1000.0) as display:
        for step in range(1, 6):
            display(Progress("preparing", step, 5))
        for step in range(1, 101):
            display(Progress("training", step, 100))
    assert stream.getvalue().splitlines() == [
        "preparing 1/5",
        "preparing 5/5",
        "training 1/100",
        "training 100/100",
    ]


def test_what_is_soon_over_is_not_shown(monkeypatch):
    clock = iter([0.0, 0.5, 1.9, 2.1, 2.2])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    with ProgressDisplay(stream, interval=1000.0, delay=2.0) as display:
        for step in range(1, 5):
            display(Progress("search", step, 4))
    assert stream.getvalue().splitlines() == ["search 3/4", "search 4/4"]


def test_a_terminal_shows_nothing_of_what_is_soon_over(monkeypatch):
    assert on_a_terminal(monkeypatch, 80, Progress("search", 1, 2), Progress("search", 2, 2), delay=60.0) == ""


def test_plain_lines_come_again_after_the_interval():
    stream = io.StringIO()
    with ProgressDisplay(stream, interval=0.0) as display:
        for step in range(1, 4):
            display(Progress("training", step, 100))
    assert len(stream.getvalue().splitlines()) == 3


def everything(reader):
    """What was written to a terminal whose other end is closed: reading past its end is an error there."""
    parts = []
    with contextlib.suppress(OSError):
        while part := reader.read(4096):
            parts.append(part)
    return b"".join(parts).decode()


def on_a_terminal(monkeypatch, columns, *events, delay=0.0):
    """All that a terminal is sent for the events."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.delenv("NO_COLOR", raising=False)
    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb", buffering=0) as reader:
        with os.fdopen(follower, "w") as stream, ProgressDisplay(stream, delay=delay) as display:
            for event in events:
                display(event)
        return everything(reader)


def test_each_stage_has_a_bar_of_its_own(monkeypatch):
    shown = on_a_terminal(
        monkeypatch,
        100,
        *(Progress("preparing", step, 48) for step in (1, 24, 48)),
        Progress("training", 30, 60, {"patch": 0.5}, 90.0),
    )
    *_, preparing, training = [line for line in shown.splitlines() if "/" in line]
    assert "preparing" in preparing and "48/48" in preparing
    assert "patch" not in preparing and "left" not in preparing
    assert "training" in training and "30/60" in training and "patch 0.5" in training


@pytest.mark.parametrize("columns", [120, 64])
def test_a_terminal_gets_a_bar(monkeypatch, columns):
    shown = on_a_terminal(
        monkeypatch,
        columns,
        Progress("training", 30, 60, {"patch": 0.5, "adversarial": 1.25}, 90.0),
        Progress("training", 31, 60, {}, 88.0),
    )
    last = shown[shown.rindex("31/60") :]
    assert "patch 0.5" in last
    assert ("adversarial 1.25" in last) == (columns == 120)
    assert "1 min 28 s left" in last
    assert "━" in shown
