"""A training in a process of its own: ``python -m analogon.serving.training FOLDER``.

It reads ``FOLDER/request.json`` and the files that this names, and writes ``FOLDER/progress.json`` again and again.
The model and its previews go to ``FOLDER/model``. It ends early, and keeps what it has, at SIGINT and when its
standard input is closed, by whoever began it or because that is gone.

The request: ``photo`` and ``labels`` (paths), ``method``, ``recipe``, ``steps``, ``minutes``, ``seed``; ``target`` (a
path), of which previews are made; ``settings`` of the method; ``resume``, to go on where a former process was ended.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from analogon.api import fit
from analogon.errors import AnalogonError
from analogon.loading import load_exemplar
from analogon.methods.bundle import FILE
from analogon.run import CHECKPOINT, Progress
from analogon.serving.processes import REQUEST, tell, watched

_EVERY_SECONDS = 0.2


def main(folder: Path) -> int:
    """Train what the folder asks for; 0 where there is a model, 2 after an error that has been written down."""
    watched(folder)
    asked = json.loads((folder / REQUEST).read_text())
    last = 0.0

    def listen(event: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _EVERY_SECONDS and event.step < event.steps and event.preview is None:
            return
        last = now
        losses = {name: float(value) for name, value in event.losses.items()}
        values: dict[str, Any] = {"stage": event.stage, "step": event.step, "steps": event.steps, "losses": losses}
        tell(folder, values | {"seconds_left": event.seconds_left})

    try:
        with _alone(folder) if asked.get("resume") else nullcontext():
            model = fit(
                load_exemplar(asked["photo"], asked["labels"]),
                asked["method"],
                recipe=asked["recipe"],
                steps=asked["steps"],
                minutes=asked["minutes"],
                seed=asked["seed"],
                previews=[asked["target"]] if "target" in asked else [],
                folder=folder / "model",
                resume=bool(asked.get("resume")) and _begun(folder / "model"),
                progress=listen,
                **asked.get("settings", {}),
            )
    except AnalogonError as error:
        tell(folder, {"stage": "failed", "error": str(error)})
        return 2
    except KeyboardInterrupt:  # before there was anything to keep
        tell(folder, {"stage": "cancelled"})
        return 130
    done = "cancelled" if model.stopped else "finished"
    tell(folder, {"stage": done, "step": model.config.get("steps", 0), "steps": model.config.get("steps", 0)})
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for a former process that is still writing what it has learnt."""
    import fcntl

    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _begun(folder: Path) -> bool:
    return (folder / CHECKPOINT).exists() or (folder / FILE).exists()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
