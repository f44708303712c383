import contextlib
import io
import os
import pty

import pytest

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
        for step in range(1, 101):
            display(Progress("training", step, 100))
        for step in range(1, 6):
            display(Progress("averaging", step, 5))
    assert stream.getvalue().splitlines() == [
        "training 1/100",
        "training 100/100",
        "averaging 1/5",
        "averaging 5/5",
    ]


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


@pytest.mark.parametrize("columns", [120, 64])
def test_a_terminal_gets_a_bar(monkeypatch, columns):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.delenv("NO_COLOR", raising=False)
    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb", buffering=0) as reader:
        with os.fdopen(follower, "w") as stream, ProgressDisplay(stream) as display:
            display(Progress("training", 30, 60, {"patch": 0.5, "adversarial": 1.25}, 90.0))
            display(Progress("training", 31, 60, {}, 88.0))
        shown = everything(reader)
    last = shown[shown.rindex("31/60") :]
    assert "patch 0.5" in last
    assert ("adversarial 1.25" in last) == (columns == 120)
    assert "1 min 28 s left" in last
    assert "━" in shown
