"""Where the files of projects are: a folder, or a place that fsspec knows, such as an S3 bucket.

Names are relative and have slashes. A file appears complete or not at all, and is stored when :meth:`Files.write`
returns.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import Any, Protocol

from analogon.errors import InputError, OptionError
from analogon.io import replacing


class Files(Protocol):
    """A place for files; threads may use it at once. What cannot be done there is an OSError."""

    def write(self, name: str, content: bytes) -> None:
        """Store a file, in the place of one that has this name."""

    def read(self, name: str) -> bytes:
        """A file; FileNotFoundError where there is none."""

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""

    def delete(self, folder: str) -> None:
        """Remove all files whose names begin with ``folder/``, if there are any."""


class Folder:
    """Files on a disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, content: bytes) -> None:
        """See :class:`Files`."""
        path = self._root / name
        if not path.parent.is_dir():
            made = [folder for folder in path.parent.parents if folder.is_relative_to(self._root)]
            path.parent.mkdir(parents=True, exist_ok=True)
            for folder in made:
                _sync(folder)
        with replacing(path) as file:
            file.write(content)
        _sync(path.parent)  # the name is on the disk as well

    def read(self, name: str) -> bytes:
        """See :class:`Files`."""
        return (self._root / name).read_bytes()

    def remove(self, name: str) -> None:
        """See :class:`Files`."""
        (self._root / name).unlink(missing_ok=True)

    def delete(self, folder: str) -> None:
        """See :class:`Files`."""
        shutil.rmtree(self._root / folder, ignore_errors=True)


class Remote:
    """Files at a place that fsspec knows."""

    def __init__(self, system: Any, root: str) -> None:
        self._system, self._root = system, root.rstrip("/")

    def write(self, name: str, content: bytes) -> None:
        """See :class:`Files`."""
        self._system.pipe_file(f"{self._root}/{name}", content)

    def read(self, name: str) -> bytes:
        """See :class:`Files`."""
        found: bytes = self._system.cat_file(f"{self._root}/{name}")
        return found

    def remove(self, name: str) -> None:
        """See :class:`Files`."""
        with contextlib.suppress(FileNotFoundError):
            self._system.rm_file(f"{self._root}/{name}")

    def delete(self, folder: str) -> None:
        """See :class:`Files`."""
        with contextlib.suppress(FileNotFoundError):
            self._system.rm(f"{self._root}/{folder}", recursive=True)


def open_files(place: str | None, data: Path) -> Files:
    """The files at a place; without one, those in a folder under ``data``.

    Args:
        place: a folder, or a URL such as ``s3://bucket/prefix``.

    Raises:
        InputError: nothing can be stored there. OptionError: fsspec does not know it.
    """
    files: Files
    if place is None or "://" not in place:
        root = data / "files" if place is None else Path(place)
        with _explained(str(root)):
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = Folder(root)
    else:
        files = _remote(place)
    with _explained(place or str(data)):
        probe = f"probe-{secrets.token_hex(4)}"
        files.write(f"{probe}/file", b"here")
        if files.read(f"{probe}/file") != b"here":
            raise OSError("what was stored there is not found again")
        files.delete(probe)
    return files


def _remote(place: str) -> Remote:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise OptionError("--files needs fsspec for URLs: pip install 'analogon[service]'.") from None
    try:
        # listings that are kept would not show what another server has stored
        system, root = url_to_fs(place, use_listings_cache=False, skip_instance_cache=True)
    except ImportError as error:
        raise OptionError(f"--files '{place}' needs another package: {error}.".replace("..", ".")) from None
    except (ValueError, TypeError):
        raise OptionError(f"--files '{place}' is no URL of a place for files: give one such as s3://BUCKET.") from None
    return Remote(system, root)


@contextlib.contextmanager
def _explained(place: str) -> Any:
    try:
        yield
    except Exception as error:  # each system of files has errors of its own
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(f"Files cannot be stored at '{place}' ({reason}): check --files.") from None


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
