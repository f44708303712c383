"""A folder that one process has for itself while it writes there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from analogon.errors import OptionError


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Have a folder for this process alone.

    The system lets go of it when this process ends, however it does. Where the system cannot hold a folder (Windows,
    some network disks, one that cannot be read), nothing keeps others away.

    Args:
        folder: one that is there.
        what: is written there, for the message.

    Raises:
        OptionError: another process has it.
    """
    place = _lock(folder, what)
    try:
        yield
    finally:
        if place is not None:
            os.close(place)


def _lock(folder: Path, what: str) -> int | None:
    if find_spec("fcntl") is None:
        return None
    import fcntl

    try:
        place = os.open(folder, os.O_RDONLY)
    except PermissionError:  # it can be written to and not be listed
        return None
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(place)
        raise OptionError(
            f"Another {what} is being written in '{folder}': wait for its end, or choose another folder with -o."
        ) from error
    except OSError:
        pass  # this disk holds nothing for anybody
    return place
