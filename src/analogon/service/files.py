"""Where the files of projects are: a folder, or a place that fsspec knows, such as an S3 bucket.

Names are relative and have slashes. A file appears complete or not at all, and is stored when :meth:`Files.write`
returns.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from analogon.errors import InputError, OptionError
from analogon.io import replacing
from analogon.serving.failures import RefusedError, UnreachedError

PIECE = 1 << 20
"""Bytes of a large file that are in memory at a time."""
_S3 = {"config_kwargs": {"connect_timeout": 5, "read_timeout": 30, "retries": {"total_max_attempts": 1}}}
"""How long an S3 place is asked before a request is refused, or a job waits; fsspec asks some times more."""
_S3_PIECES = {"chunksize": 8 * PIECE, "max_concurrency": 2}
"""What an S3 place is given of a file at a time; its smallest piece is 5 MiB."""


class Files(Protocol):
    """A place for files; threads may use it at once.

    What cannot be done there is an OSError: UnreachedError where it may be done later, RefusedError where
    somebody has to allow it first.
    """

    def write(self, name: str, content: bytes | Path) -> None:
        """Store a file, in the place of one that has this name: bytes, or what is in a file of this machine."""

    def read(self, name: str) -> bytes:
        """A file; FileNotFoundError where there is none."""

    def pieces(self, name: str) -> Iterator[bytes]:
        """A file piece by piece; FileNotFoundError before the first one where there is none."""

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""

    def delete(self, folder: str) -> None:
        """Remove all files whose names begin with ``folder/``, if there are any."""


class Folder:
    """Files on a disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, content: bytes | Path) -> None:
        """See :class:`Files`."""
        path = self._root / name
        if not path.parent.is_dir():
            made = [folder for folder in path.parent.parents if folder.is_relative_to(self._root)]
            path.parent.mkdir(parents=True, exist_ok=True)
            for folder in made:
                _sync(folder)
        with replacing(path) as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                with content.open("rb") as given:
                    shutil.copyfileobj(given, file, PIECE)
        _sync(path.parent)  # the name is on the disk as well

    def read(self, name: str) -> bytes:
        """See :class:`Files`."""
        return (self._root / name).read_bytes()

    def pieces(self, name: str) -> Iterator[bytes]:
        """See :class:`Files`."""
        with (self._root / name).open("rb") as file:
            yield from _pieces(file)

    def remove(self, name: str) -> None:
        """See :class:`Files`."""
        (self._root / name).unlink(missing_ok=True)

    def delete(self, folder: str) -> None:
        """See :class:`Files`."""
        shutil.rmtree(self._root / folder, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._root / folder)  # says why something is still there


class Remote:
    """Files at a place that fsspec knows."""

    def __init__(self, system: Any, root: str, sending: Mapping[str, Any]) -> None:
        self._system, self._root, self._sending = system, root.rstrip("/"), sending

    def write(self, name: str, content: bytes | Path) -> None:
        """See :class:`Files`."""
        with self._reached(name) as place:
            if isinstance(content, bytes):
                self._system.pipe_file(place, content)
            else:
                self._system.put_file(str(content), place, **self._sending)

    def read(self, name: str) -> bytes:
        """See :class:`Files`."""
        with self._reached(name) as place:
            found: bytes = self._system.cat_file(place)
        return found

    def pieces(self, name: str) -> Iterator[bytes]:
        """See :class:`Files`."""
        with self._reached(name) as place, self._system.open(place, "rb", block_size=PIECE) as file:
            yield from _pieces(file)

    def remove(self, name: str) -> None:
        """See :class:`Files`."""
        with contextlib.suppress(FileNotFoundError), self._reached(name) as place:
            self._system.rm_file(place)

    def delete(self, folder: str) -> None:
        """See :class:`Files`."""
        with contextlib.suppress(FileNotFoundError), self._reached(folder) as place:
            self._system.rm(place, recursive=True)

    @contextmanager
    def _reached(self, name: str) -> Iterator[str]:
        """Where a name is; whatever goes wrong there is an OSError, of which kind each system has others."""
        try:
            yield f"{self._root}/{name}"
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from None
        except PermissionError as error:
            raise RefusedError(_said(error)) from error
        except Exception as error:
            raise UnreachedError(_said(error)) from error


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


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
        s3 = place.startswith(("s3://", "s3a://"))
        more: Mapping[str, Any] = _S3 if s3 else {}
        system, root = url_to_fs(place, use_listings_cache=False, skip_instance_cache=True, **more)
    except ImportError as error:
        raise OptionError(f"--files '{place}' needs another package: {error}.".replace("..", ".")) from None
    except (ValueError, TypeError):
        raise OptionError(f"--files '{place}' is no URL of a place for files: give one such as s3://BUCKET.") from None
    return Remote(system, root, _S3_PIECES if s3 else {})


@contextmanager
def _explained(place: str) -> Any:
    try:
        yield
    except Exception as error:  # each system of files has errors of its own
        reason = getattr(error, "strerror", None) or _said(error).rstrip(".")
        raise InputError(f"Files cannot be stored at '{place}' ({reason}): check --files.") from None


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
