"""What came of a job, however its process ended."""

from __future__ import annotations

import signal
from dataclasses import replace

from analogon.comparing.jobs import Job
from analogon.comparing.processes import Ending
from analogon.report.values import Trial


def outcomes(job: Job, ending: Ending | None) -> list[Trial]:
    """The trials of a job, one for each picture.

    Args:
        ending: of its process; None: there was nothing to do.
    """
    trials = []
    for piece in job.pieces:
        trial = job.scored(piece)
        if trial is None and (trial := job.trial(piece)) is not None:
            note = "There are no figures, for the process that takes them" + _reason(ending)
            trial = replace(trial, notes=(*trial.notes, note))
        if trial is None:
            trial = job.failure(piece)
        if trial is None:
            error = f"The process of {job.name}{_reason(ending)}"
            record = job.about() | {"process": "" if ending is None else ending.words}
            trial = job.failed(piece, error, peak_bytes=None if ending is None else ending.peak, record=record)
        trials.append(trial)
    # they share a process, and its memory
    peak = max((trial.peak_bytes for trial in trials if trial.peak_bytes is not None), default=None)
    return [replace(trial, peak_bytes=peak) for trial in trials]


def _reason(ending: Ending | None) -> str:
    if ending is None or ending.code == 0:
        return " ended without a word: run the command again."
    if ending.code == -getattr(signal, "SIGKILL", 9):
        return " was killed, most likely for lack of memory: use a smaller picture, or fewer at once (--jobs 1)."
    if ending.code < 0:
        return f" was ended by signal {_signal(-ending.code)}: run the command again."
    last = (ending.words.strip().splitlines() or [""])[-1].strip().rstrip(".")
    return f" failed with {last!r}: run the command again." if last else f" failed with exit code {ending.code}."


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
