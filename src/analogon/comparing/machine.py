"""What computes: cores, memory that is free, the most that a process held."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from analogon.result import versions
from analogon.workers import cores

#: Where Linux says what memory there is.
_MEMORY = Path("/proc/meminfo")


def free_memory() -> int | None:
    """Bytes that new processes can have without any being swapped out; None where the system does not say."""
    return _kilobytes(_MEMORY, "MemAvailable")


def held_memory(process: int | str = "self") -> int | None:
    """Bytes that a process holds now; None where the system does not say, or the process is gone."""
    return _kilobytes(Path(f"/proc/{process}/status"), "VmRSS")


def peak_memory(process: int | str = "self") -> int | None:
    """Most bytes that a process held at once; None where the system does not say, or the process is gone.

    On Linux this is the high-water mark of the process's own memory. What ``getrusage`` says there begins with the
    size of the process that started it; elsewhere, and for this process only, it is what there is to ask.
    """
    peak = _kilobytes(Path(f"/proc/{process}/status"), "VmHWM")
    if peak is not None or process != "self" or find_spec("resource") is None:
        return peak
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if platform.system() == "Darwin" else used * 1024  # macOS counts bytes, the others kilobytes


def description() -> dict[str, Any]:
    """The machine and what runs on it, as JSON values."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": cores(),
        "memory": _kilobytes(_MEMORY, "MemTotal"),
        "versions": versions(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _kilobytes(path: Path, name: str) -> int | None:
    """The bytes of a line "NAME: NUMBER kB" of one of the kernel's files."""
    try:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
