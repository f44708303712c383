"""A training in a process of its own: ``python -m analogon.studio.training FOLDER``.

It reads ``FOLDER/request.json`` and the files that this names, and writes ``FOLDER/progress.json`` again and again.
The model and its previews go to ``FOLDER/model``. It ends early, and keeps what it has, at SIGINT and when its
standard input is closed, by whoever began it or because that is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from analogon.api import fit
from analogon.errors import AnalogonError
from analogon.loading import load_exemplar
from analogon.run import Progress

REQUEST, PROGRESS, ALIVE = "request.json", "progress.json", "alive"
BEAT_SECONDS = 1.0
"""How often the file ``alive`` is touched, by which another server sees that the training goes on."""
_EVERY_SECONDS = 0.2


def main(folder: Path) -> int:
    """Train what the folder asks for; 0 where there is a model, 2 after an error that has been written down."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a server in the background has switched off
    threading.Thread(target=_until_alone, daemon=True).start()
    threading.Thread(target=_beat, args=(folder / ALIVE,), daemon=True).start()
    asked = json.loads((folder / REQUEST).read_text())
    last = 0.0

    def tell(event: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _EVERY_SECONDS and event.step < event.steps and event.preview is None:
            return
        last = now
        losses = {name: float(value) for name, value in event.losses.items()}
        _write(folder, {"stage": event.stage, "step": event.step, "steps": event.steps, "losses": losses,
                        "seconds_left": event.seconds_left})  # fmt: skip

    try:
        exemplar = load_exemplar(asked["photo"], asked["labels"])
        model = fit(
            exemplar,
            asked["method"],
            recipe=asked["recipe"],
            steps=asked["steps"],
            minutes=asked["minutes"],
            seed=asked["seed"],
            previews=[asked["target"]],
            folder=folder / "model",
            progress=tell,
        )
    except AnalogonError as error:
        _write(folder, {"stage": "failed", "error": str(error)})
        return 2
    except KeyboardInterrupt:  # before there was anything to keep
        _write(folder, {"stage": "cancelled"})
        return 130
    done = "cancelled" if model.stopped else "finished"
    _write(folder, {"stage": done, "step": model.config.get("steps", 0), "steps": model.config.get("steps", 0)})
    return 0


def _write(folder: Path, values: dict[str, Any]) -> None:
    """Replace the file as a whole: it is read at any moment."""
    draft = folder / f".{PROGRESS}.part"
    draft.write_text(json.dumps(values))
    draft.replace(folder / PROGRESS)


def _beat(file: Path) -> None:
    while True:
        file.touch()
        time.sleep(BEAT_SECONDS)


def _until_alone() -> None:
    """End as Ctrl-C does when nobody holds the other end of standard input."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
