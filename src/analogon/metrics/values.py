"""What figures are: their names, ranges and directions, and the figures of one picture.

A figure may be None: it is not defined for this picture, and a note says why. It is never NaN.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analogon.errors import InputError
from analogon.io import write_text

#: Patches are compared at one over these scales; the small ones see structure, the full size sees texture.
SCALES = (1, 2, 4, 8)

Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Metric:
    """One figure: what it is called, what it means and which way is better.

    Attributes:
        name: as in `Scores.figures`, for instance ``coherence@2``.
        title: for tables, short.
        better: ``"higher"``, ``"lower"``, or ``"one"`` where 1 is ideal and both sides of it are worse.
        low, high: the range; ``math.inf`` where there is no end.
        unit: ``""``, ``"dB"``, ``"levels"`` (differences of colour values 0 to 255), …
        meaning: one sentence for people.
        source: the paper or the formula that it comes from.
    """

    name: str
    title: str
    better: Literal["higher", "lower", "one"]
    low: float
    high: float
    unit: str
    meaning: str
    source: str

    @property
    def arrow(self) -> str:
        """The direction as a sign: ↑, ↓ or →1."""
        return {"higher": "↑", "lower": "↓", "one": "→1"}[self.better]

    def badness(self, value: float) -> float:
        """A number that is smaller for better values, to sort by: 0.5 and 2 are equally far from 1."""
        if self.better == "one":
            return abs(math.log(value)) if value > 0 else math.inf
        return -value if self.better == "higher" else value


@dataclass(frozen=True)
class Scores:
    """The figures of one picture.

    Attributes:
        figures: by name, in the order of `METRICS`; None where one is not defined here.
        classes: by name of the class, the figures of that class (`CLASS_METRICS`).
        notes: one sentence each: why a figure is missing, or what is left out of it.
    """

    figures: Figures
    classes: Mapping[str, Figures] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Everything as values of strict JSON: infinity as the text ``"inf"``."""
        return {
            "figures": _plain(self.figures),
            "classes": {name: _plain(figures) for name, figures in self.classes.items()},
            "notes": list(self.notes),
        }


class Recorded(ABC):
    """Figures of several pictures that can be kept in a file."""

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """Everything as values of strict JSON, with what each figure means."""

    def save(self, path: str | Path) -> None:
        """Write it as JSON, complete or not at all.

        Raises:
            InputError: it cannot be written there.
        """
        write_text(path, json.dumps(self.record(), indent=1) + "\n")


def checked(image: NDArray[Any]) -> NDArray[np.float32]:
    """A picture that figures can be given for: float32 (h, w, 3) in [0, 1].

    Raises:
        InputError: another shape or type, or values that are not in [0, 1].
    """
    pixels = np.asarray(image)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size or pixels.dtype.kind != "f":
        raise InputError(f"A result is a float picture (h, w, 3), not {pixels.dtype} of shape {pixels.shape}.")
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # nor is either so for what is no number
        raise InputError("A result has values in [0, 1] only: scale it to that range.")
    return pixels.astype(np.float32, copy=False)


def _plain(figures: Figures) -> dict[str, float | str | None]:
    return {name: _number(value) for name, value in figures.items()}


def _number(value: float | None) -> float | str | None:
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(value)
