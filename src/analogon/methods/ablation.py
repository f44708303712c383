"""One part of a method left out, to see what it is good for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ablation:
    """A configuration without one of its parts.

    Attributes:
        meaning: one sentence, what is left out.
        settings: the fields of the method's configuration that this changes, with their values.
    """

    meaning: str
    settings: Mapping[str, Any]
