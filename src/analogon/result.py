"""What a render gives back."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon import kernels
from analogon._version import __version__
from analogon.data import LabelMap
from analogon.errors import OptionError
from analogon.io import ImageSource, Writer, image_writer, labels_writer, read_map, write_together
from analogon.provenance import Provenance

#: Libraries whose versions belong to a result, and their modules.
_COMPUTING = {"scipy": "scipy", "scikit-image": "skimage", "torch": "torch"}


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
        wishes: what was asked for besides the layout (keep, tile, preview, guides, polish), as JSON values; "draft"
            is among them where this is the first picture of a stream.
        timing: seconds of each stage of this render, in their order.
        provenance: where in the source each pixel comes from; None where the picture is not made of its pixels.
        labels: the label map that the picture realises: the source's class of each pixel where the provenance is
            known, else the target.
        job: the job that was done (see :mod:`analogon.jobs`), as JSON values; empty where a layout was rendered.
        covered: bool (h, w), the pixels inside an outline that was asked for; None where it is the whole rectangle.
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
    wishes: Mapping[str, Any] = field(default_factory=dict)
    timing: Mapping[str, float] = field(default_factory=dict)
    provenance: Provenance | None = None
    labels: LabelMap | None = None
    job: Mapping[str, Any] = field(default_factory=dict)
    covered: NDArray[np.bool_] | None = None

    def apply_to(self, other: ImageSource, *, tone: bool = False) -> NDArray[Any]:
        """Carry the rearrangement of the picture to another map of the source: depth, normals, instance masks, ….

        Args:
            other: an array (h', w') or (h', w', ...) of any dtype, or a file or Pillow picture, which is read without
                any conversion (an indexed one as its indices). It has the source's size; several pictures that were
                joined have the size of all of them.
            tone: add what was added to the picture's colours at seams; for float colours in [0, 1] only.

        Returns:
            (h, w) or (h, w, ...) of the same dtype, exact copies of the values but for the tone.

        Raises:
            InputError: ``other`` cannot be read, or has another size. OptionError: the picture is not made of pixels
                of the source.
        """
        values = read_map(other)
        return self._known_provenance().apply_to(values, tone=tone)

    def save(self, path: str | Path, *, provenance: bool = False) -> None:
        """Write the picture, and all else as JSON beside it under the same stem; all files or none.

        What is not covered is transparent, and in JPEG white.

        Args:
            path: ends in the suffix of a picture format.
            provenance: write ``<stem>.provenance.npy`` (int32 (h, w, 2), rows and columns in the source),
                ``<stem>.provenance.png`` (the same as colours) and ``<stem>.labels.png`` (``labels``) as well.

        Raises:
            InputError: the folder cannot be written to, or the suffix is no picture format. OptionError: there is no
                provenance to write.
        """
        path = Path(path)
        text = json.dumps(self.record(), indent=1) + "\n"
        writers: dict[Path, Writer] = {path: image_writer(path, self.image, self.covered)}
        if provenance:
            known, labels = self._known_provenance(), self.labels
            for suffix in (".provenance.npy", ".provenance.png"):
                writers[path.with_suffix(suffix)] = known.writer(path.with_suffix(suffix))
            if labels is not None:
                writers[path.with_suffix(".labels.png")] = labels_writer(path.with_suffix(".labels.png"), labels)
        writers[path.with_suffix(".json")] = lambda file: file.write(text.encode())
        write_together(writers)

    def record(self) -> dict[str, Any]:
        """Everything but the picture, ready for JSON."""
        return {
            "method": self.method,
            "config": dict(self.config),
            "seed": self.seed,
            **({"job": dict(self.job)} if self.job else {}),
            **({"wishes": dict(self.wishes)} if self.wishes or not self.job else {}),
            "seconds": round(self.seconds, 3),
            "timing": {stage: round(seconds, 4) for stage, seconds in self.timing.items()},
            "size": list(self.image.shape[:2]),
            "provenance": self._statistics(),
            "inputs": dict(self.inputs),
            "device": self.device,
            "threads": self.threads,
            "fit": dict(self.fit),
            "versions": dict(self.versions),
        }

    def _statistics(self) -> dict[str, float] | None:
        """Share of the source's pixels that are used, and of the result's pixels that kept their place."""
        if self.provenance is None:
            return None
        return {"used": round(self.provenance.used(), 6), "kept": round(self.provenance.kept(), 6)}

    def _known_provenance(self) -> Provenance:
        if self.provenance is None:
            raise OptionError(
                f"The pixels of this picture come from no place in the source: method '{self.method}' paints new ones; "
                "ask for polish (--polish) or use another method."
            )
        return self.provenance


def versions() -> dict[str, str]:
    """Versions of the package, Python and the libraries that compute, of those that this process has in use."""
    found = {"analogon": __version__, "python": platform.python_version(), "numpy": np.__version__}
    for name, module in _COMPUTING.items():
        if module in sys.modules:
            found[name] = str(sys.modules[module].__version__)
    if numba := kernels.compiler():
        found["numba"] = numba  # it has compiled what is in use, and need not be there itself
    return found
