"""Jobs in processes of their own, as many at once as cores and free memory allow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from analogon.comparing.jobs import Job
from analogon.comparing.machine import free_memory, held_memory, peak_memory
from analogon.methods import registry
from analogon.workers import cores

#: Memory that a job is thought to need before one of its contender has shown what it does, in bytes: of methods that
#: need torch, and of all others.
NEURAL_NEED, NEED = 3 << 30, 1 << 30

_POLL_SECONDS = 0.05
#: How much of what a process says at its end is worth keeping.
_LAST_WORDS = 4000


@dataclass(frozen=True)
class Ending:
    """How a process ended: its exit code (negative: the signal that killed it), what it held, what it said last."""

    code: int
    peak: int | None
    words: str


@dataclass
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    said: IO[bytes]
    need: int
    peak: int | None = None


def at_once(jobs: int, asked: int | None) -> tuple[int, int]:
    """How many of so many jobs run at once, and with how many threads each: together they have every core."""
    most = max(1, min(jobs, asked or cores()))
    return most, max(1, cores() // most)


def run_jobs(jobs: Sequence[Job], most: int, threads: int, ended: Callable[[Job, Ending], None]) -> None:
    """Run all of them and tell of each when it ends; however this ends, by Ctrl-C too, no process is left."""
    waiting, running, peaks = list(jobs), list[_Running](), dict[str, int]()
    try:
        while waiting or running:
            while waiting and len(running) < most and _fits(need := _need(waiting[0], peaks), running):
                running.append(_start(waiting.pop(0), need, threads))
            time.sleep(_POLL_SECONDS)
            for one in list(running):
                one.peak = max(filter(None, (one.peak, peak_memory(one.process.pid))), default=None)
                if (code := one.process.poll()) is None:
                    continue
                running.remove(one)
                ending = _ending(one, code)
                label = one.job.contender.label
                peaks[label] = max(peaks.get(label, 0), ending.peak or 0)
                ended(one.job, ending)
    finally:
        for one in running:
            _kill(one.process)
        for one in running:
            _ending(one, one.process.wait())


def _need(job: Job, peaks: dict[str, int]) -> int:
    """Bytes that a job is thought to need."""
    method = job.contender.method
    if method is not None and registry.get(method).neural:
        return peaks.get(job.contender.label) or NEURAL_NEED
    return peaks.get(job.contender.label) or NEED


def _fits(need: int, running: Sequence[_Running]) -> bool:
    """Whether memory is free for one more, when those that run have grown as they will; one job always fits."""
    free = free_memory()
    if not running or free is None:
        return True
    to_come = sum(max(0, one.need - (held_memory(one.process.pid) or 0)) for one in running)
    return need + to_come <= free


def _start(job: Job, need: int, threads: int) -> _Running:
    """A fresh interpreter, in a group of its own so that the terminal's Ctrl-C is for this process to handle."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    threads = min(threads, int(asked)) if asked.isdigit() and int(asked) else threads
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        # With more, NumPy's products have other last bits; what takes long here has threads of its own.
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONIOENCODING": "utf-8",
    }
    said = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when the process has ended
    windows = sys.platform == "win32"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "analogon.comparing.worker"],
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=not windows,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if windows else 0,
    )
    running = _Running(job, process, said, need)
    assert process.stdin is not None
    try:
        process.stdin.write(job.text().encode() + b"\n")
        process.stdin.flush()  # and stays open: the process ends when it is closed
    except BrokenPipeError:
        pass  # it is gone already, and its exit code says so
    except BaseException:
        _kill(process)
        _ending(running, process.wait())
        raise
    return running


def _ending(one: _Running, code: int) -> Ending:
    """Close what belongs to a process that has ended."""
    assert one.process.stdin is not None
    with suppress(BrokenPipeError):
        one.process.stdin.close()
    one.said.seek(0)
    words = one.said.read().decode("utf-8", "replace")[-_LAST_WORDS:]
    one.said.close()
    return Ending(code, one.peak, words)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it has started."""
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
