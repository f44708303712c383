"""What workers are asked to do in tests: functions that other processes find by the name of this module."""

import os
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from analogon.errors import InputError


def square(shared: int, item: int) -> int:
    return item * item + shared


def careful(_: None, item: int) -> int:
    if item == 1:
        raise InputError("'a.png' is no picture: give another.")
    if item == 2:
        raise ValueError("what is this")
    return item


def dies_once(folder: str, item: int) -> int:
    """Item 2 ends its process, the first time."""
    mark = Path(folder, "died")
    if item == 2 and not mark.exists():
        mark.touch()
        os._exit(1)
    return item


def dies(_: None, item: int) -> int:
    if item == 1:
        os._exit(1)
    return item


def waits(folder: str, item: int) -> int:
    """Says that it has begun, with its process, and is not done before it may be."""
    written = Path(folder, f"written-{item}")
    written.write_text(str(os.getpid()))
    written.rename(Path(folder, f"begun-{item}"))  # so that whoever sees it can read it
    while not Path(folder, f"go-{item}").exists():
        time.sleep(0.02)
    return item


def surroundings(_: None, item: int) -> dict[str, Any]:
    return {
        "process": os.getpid(),
        **{name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")},
    }


def marks(shared: tuple[str, bytes], item: int) -> bytes:
    """Leaves a mark whenever it begins, and returns many bytes, which a node keeps until they are fetched."""
    folder, content = shared
    Path(folder, f"{item}-{uuid4().hex}").touch()
    time.sleep(0.2)
    return content + bytes([item])


class Unsendable:
    """What cannot be pickled, or cannot be read again."""

    def __init__(self, *, broken: bool) -> None:
        self.broken = broken

    def __reduce__(self) -> Any:
        if self.broken:
            return exec, ("raise ValueError('what is that')",)
        raise TypeError("this cannot be sent")


class MuteError(Exception):
    """An exception that cannot be asked what it says, or sent."""

    def __init__(self, first: object, second: object) -> None:
        super().__init__(first)

    def __str__(self) -> str:
        raise ValueError


def strange(_: None, item: int) -> Any:
    """Ends in another odd way for each item, and well for those from 5 on."""
    if item == 0:
        sys.exit("no more of this")
    if item == 1:
        raise KeyboardInterrupt
    if item == 2:
        raise MuteError(1, 2)
    return Unsendable(broken=item == 4) if item < 5 else item
