"""What a render gives back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.io import write_image, write_text


@dataclass(frozen=True, eq=False)
class Result:
    """A new picture and how it came about.

    Attributes:
        image: float32 (h, w, 3) in [0, 1], in the target's size.
        method, config, seed: what made it.
        seconds: wall-clock time of this render; the fit is not in it.
        inputs: SHA-256 of the exemplar (picture with labels), of the target, and of all targets that were practised
            on in the fit ("targets", in their order), as they were used.
        device, threads: what computed this render, and with how many CPU threads.
        fit: seconds, early stop, device and CPU threads of the fit.
        versions: of the package, Python and the libraries that compute.
    """

    image: NDArray[np.float32]
    method: str
    config: Mapping[str, Any]
    seed: int
    seconds: float
    inputs: Mapping[str, Any] = field(default_factory=dict)
    device: str | None = None
    threads: int | None = None
    fit: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def save(self, path: str | Path) -> None:
        """Write the picture, and all else as JSON beside it under the same stem.

        Raises:
            InputError: the folder cannot be written to, or the suffix is no picture format.
        """
        write_image(path, self.image)
        write_text(Path(path).with_suffix(".json"), json.dumps(self.record(), indent=1) + "\n")

    def record(self) -> dict[str, Any]:
        """Everything but the picture, ready for JSON."""
        return {
            "method": self.method,
            "config": dict(self.config),
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "size": list(self.image.shape[:2]),
            "inputs": dict(self.inputs),
            "device": self.device,
            "threads": self.threads,
            "fit": dict(self.fit),
            "versions": dict(self.versions),
        }
