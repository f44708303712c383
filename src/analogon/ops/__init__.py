"""The patch engine: compiled kernels, and the synthesis that is made of them. No files, no torch.

They are imported when the engine is first used. Where kernels must be compiled (once for each installation), that
takes up to half a minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analogon.ops.engine import synthesize
    from analogon.ops.polishing import polish

__all__ = ["polish", "synthesize"]

_HOMES = {"synthesize": "analogon.ops.engine", "polish": "analogon.ops.polishing"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'analogon.ops' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
