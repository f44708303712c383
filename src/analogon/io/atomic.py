"""Files that appear complete or not at all."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from analogon.errors import InputError

Writer = Callable[[BinaryIO], object]
"""Writes one file's content."""


@contextmanager
def replacing(path: str | os.PathLike[str], *, parents: bool = False) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when the block ends without an error.

    What is written goes to a hidden file in the same folder, is flushed to the disk and renamed. After an
    error, and after Ctrl-C, that file is gone and `path` is what it was. InputError where the folder or the
    disk does not allow the writing. With `parents`, folders that are missing are made.
    """
    target = Path(path)
    # open() rather than tempfile: the file gets the permissions that the user's umask gives to any new file.
    draft = target.with_name(f".{secrets.token_hex(6)}.part")
    try:
        if parents:
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"'{target}' cannot be written ({reason}): choose another place with -o.") from error


def write_together(writers: Mapping[Path, Writer]) -> None:
    """Write several files that take their places when all are complete, or none does.

    The first is the last to appear, and can be taken for a sign that all are there. InputError for an unwritable place.
    """
    with ExitStack() as drafts:
        for path, write in writers.items():
            write(drafts.enter_context(replacing(path)))


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file in UTF-8, complete or not at all; InputError for an unwritable place."""
    with replacing(path) as file:
        file.write(text.encode())
