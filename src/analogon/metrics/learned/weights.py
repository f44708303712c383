"""The files that the user names, and the networks in them, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analogon.errors import InputError, OptionError
from analogon.metrics.values import checked

if TYPE_CHECKING:
    from torch import Tensor

    from analogon.features.inception import Dims, InceptionV3
    from analogon.features.perceptual import LPIPS

Pixels = NDArray[np.float32]

#: What each file is, and the modules that read it.
_NEEDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "inception": ("Inception weights", ("torch", "torchmetrics")),
    "lpips": ("LPIPS weights", ("torch",)),
    "segmenter": ("The segmentation network", ("onnxruntime",)),
}


@dataclass(frozen=True)
class Weights:
    """Files with the weights of networks that judge pictures; None: there is no such file.

    Attributes:
        inception: Inception-v3, for SIFID, FID and KID (safetensors).
        lpips: AlexNet or VGG-16 with the linear heads of LPIPS (safetensors).
        segmenter: a segmentation network for the classes of the layouts (ONNX).
    """

    inception: Path | None = None
    lpips: Path | None = None
    segmenter: Path | None = None

    def __post_init__(self) -> None:
        """Take text for a path too."""
        for field in fields(self):
            path = getattr(self, field.name)
            object.__setattr__(self, field.name, None if path is None else Path(path))

    def check(self) -> None:
        """Refuse files that are not there, and files that nothing here can read; they are not opened.

        Raises:
            InputError: there is no such file. OptionError: a package is missing.
        """
        for kind in _NEEDS:
            if getattr(self, kind) is not None:
                self.path(kind)

    def path(self, kind: str) -> Path:
        """The file of one kind, "inception", "lpips" or "segmenter".

        Raises:
            InputError: there is no such file. OptionError: none is named, or a package is missing that reads it.
        """
        what, modules = _NEEDS[kind]
        file: Path | None = getattr(self, kind)
        if file is None:
            raise OptionError(
                f"This figure takes a file that you have, and none is named: set '{kind}' of the weights."
            )
        for module in modules:
            if find_spec(module) is None:
                raise OptionError(
                    f"{what} '{file}' can only be read with {module}: install it with pip install 'analogon[metrics]'."
                )
        if not file.is_file():
            raise InputError(f"{what} '{file}' cannot be read: there is no such file.")
        return file


def inception(weights: Weights, dims: Dims) -> InceptionV3:
    """Inception-v3 up to where it has so many features.

    Raises:
        OptionError, InputError: there are no such weights, or they do not fit.
    """
    file = weights.path("inception")
    return _inception(file, stamp(file), dims)


def lpips_network(weights: Weights) -> LPIPS:
    """The network of LPIPS.

    Raises:
        OptionError, InputError: there are no such weights, or they do not fit.
    """
    file = weights.path("lpips")
    return _lpips(file, stamp(file))


def tensor(image: Pixels) -> Tensor:
    """A picture (h, w, 3) as (1, 3, h, w).

    Raises:
        InputError: it is no picture in [0, 1].
    """
    import torch

    return torch.from_numpy(np.array(checked(image))).permute(2, 0, 1)[None].contiguous()


def stamp(file: Path) -> tuple[int, int]:
    """What tells a file from one that took its place."""
    state = file.stat()
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=2)
def _inception(file: Path, version: tuple[int, int], dims: Dims) -> InceptionV3:  # noqa: ARG001
    from analogon.features.inception import InceptionV3

    return InceptionV3.load(file, dims)


@lru_cache(maxsize=1)
def _lpips(file: Path, version: tuple[int, int]) -> LPIPS:  # noqa: ARG001
    from analogon.features.perceptual import LPIPS

    return LPIPS.load(file)
