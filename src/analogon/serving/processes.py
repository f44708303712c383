"""Work in processes of their own, which end by themselves when nobody holds the other end of their standard input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

REQUEST, PROGRESS, ALIVE, LOG = "request.json", "progress.json", "alive", "log.txt"
BEAT_SECONDS = 1.0
"""How often the file ``alive`` is touched, by which another server sees that the work goes on."""
GRACE_SECONDS = 30.0
"""How long work that was cancelled may take to keep what it has."""


def begin(module: str, folder: Path) -> subprocess.Popen[bytes]:
    """``python -m module folder``, whose messages go to ``folder/log.txt``."""
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,
        )


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Close its standard input, by which the work ends itself; unlike a signal that also waits until it listens."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def kill_later(process: subprocess.Popen[bytes]) -> None:
    """Wait for work that was interrupted, but not for ever."""
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def told(folder: Path) -> dict[str, Any]:
    """What the work in a folder has told last; nothing before it has told anything."""
    try:
        found: dict[str, Any] = json.loads((folder / PROGRESS).read_text())
    except (OSError, ValueError):
        return {}
    return found


# In the process


def watched(folder: Path) -> None:
    """Say from now on that the work goes on, and end it as Ctrl-C does when nobody waits for it any more."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a server in the background has switched off
    threading.Thread(target=_until_alone, daemon=True).start()
    threading.Thread(target=_beat, args=(folder / ALIVE,), daemon=True).start()


def tell(folder: Path, values: dict[str, Any]) -> None:
    """Replace what :func:`told` reads as a whole: it is read at any moment."""
    draft = folder / f".{PROGRESS}.part"
    draft.write_text(json.dumps(values))
    draft.replace(folder / PROGRESS)


def _beat(file: Path) -> None:
    while True:
        with suppress(OSError):  # a disk that is full just now
            file.touch()
        time.sleep(BEAT_SECONDS)


def _until_alone() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)
