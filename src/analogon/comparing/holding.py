"""A comparison's folder while it is being written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from analogon.comparing.cases import INPUTS, RESULTS, make_folder
from analogon.errors import OptionError

#: What `analogon.io` writes to before it takes its place.
_DRAFTS = f".{'[0-9a-f]' * 12}.part"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder and have it for this process alone; drafts of files that processes left there are taken away.

    The system lets go of it when this process ends, however it does. Where the system cannot hold a folder (Windows,
    some network disks), nothing keeps others away.

    Raises:
        InputError: it cannot be a folder. OptionError: another comparison is being written there.
    """
    make_folder(folder)
    place = _lock(folder)
    try:
        _sweep(folder)
        try:
            yield
        finally:
            _sweep(folder)
    finally:
        if place is not None:
            os.close(place)


def _lock(folder: Path) -> int | None:
    if find_spec("fcntl") is None:
        return None
    import fcntl

    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(place)
        raise OptionError(
            f"Another comparison is being written in '{folder}': wait for its end, or choose another folder with -o."
        ) from error
    except OSError:
        pass  # this disk holds nothing for anybody
    return place


def _sweep(folder: Path) -> None:
    for drafts in (folder.glob(_DRAFTS), *((folder / part).rglob(_DRAFTS) for part in (INPUTS, RESULTS))):
        for draft in drafts:
            draft.unlink(missing_ok=True)
