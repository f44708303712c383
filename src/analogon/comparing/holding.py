"""A comparison's folder while it is being written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analogon.comparing.cases import INPUTS, RESULTS, make_folder
from analogon.io.holding import alone

#: What `analogon.io` writes to before it takes its place.
_DRAFTS = f".{'[0-9a-f]' * 12}.part"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder and have it for this process alone; drafts of files that processes left there are taken away.

    Raises:
        InputError: it cannot be a folder. OptionError: another comparison is being written there.
    """
    make_folder(folder)
    with alone(folder, "comparison"):
        _sweep(folder)
        try:
            yield
        finally:
            _sweep(folder)


def _sweep(folder: Path) -> None:
    for drafts in (folder.glob(_DRAFTS), *((folder / part).rglob(_DRAFTS) for part in (INPUTS, RESULTS))):
        for draft in drafts:
            draft.unlink(missing_ok=True)
