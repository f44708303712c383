"""A place for what Numba keeps, settled before it is imported."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

#: Numba's own setting.
VARIABLE = "NUMBA_CACHE_DIR"


def settle_cache(package: Path | None = None, cache: Path | None = None) -> None:
    """Where Numba would find no place for compiled kernels and refuse to import them, give it a temporary folder.

    It looks beside the sources and in the user's cache folder, as its own message does not say; a container may have
    neither writable. Compiled again in every process, kernels cost half a minute: set the variable to keep them.

    Args:
        package: the folder of the sources; by default this package's.
        cache: the user's cache folder; by default ``~/.cache``.
    """
    package = package or Path(__file__).parents[1]
    if os.environ.get(VARIABLE) or writable(package) or writable(cache or user_cache()):
        return
    folder = tempfile.mkdtemp(prefix="analogon-kernels-")
    os.environ[VARIABLE] = folder
    if "numba" in sys.modules:  # it has read the variable already
        from numba import config

        config.CACHE_DIR = folder  # type: ignore[attr-defined]


def user_cache() -> Path:
    """The folder for what programs of this user can make again."""
    return Path(os.environ.get("XDG_CACHE_HOME", "") or Path("~").expanduser() / ".cache")


def writable(folder: Path) -> bool:
    """Whether files can be written to the folder, or to the nearest folder above it that exists."""
    existing = next((path for path in (folder, *folder.absolute().parents) if path.exists()), Path("/"))
    return existing.is_dir() and os.access(existing, os.W_OK)
