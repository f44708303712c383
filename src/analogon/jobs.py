"""What one picture can be asked for besides new layouts: jobs, as values that any method able to do them takes.

A job is done by a synthesizer whose method's registry entry names it (see :class:`~analogon.methods.base.Performer`).
Pictures are float32 (h, w, 3) in [0, 1], sizes (h, w) in pixels; arrays are copied to read-only ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from analogon.errors import InputError, OptionError

LONGEST = 32768
"""Side of a picture in pixels beyond which nothing is made."""


@dataclass(frozen=True, eq=False)
class Vary:
    """A random picture of the same kind.

    Attributes:
        size: of the result.
        difference: how different, 0 to 1: 0 is the picture itself (stretched where the size differs), 1 keeps only
            what its parts look like and arranges them anew.
    """

    name: ClassVar[str] = "vary"
    size: tuple[int, int]
    difference: float = 1.0

    def __post_init__(self) -> None:
        """Check the values."""
        _check_size(self.size)
        _check_share("--difference", self.difference)


@dataclass(frozen=True, eq=False)
class Retarget:
    """The same picture at another size: its parts keep their size and shape, and as many as fit are there."""

    name: ClassVar[str] = "retarget"
    size: tuple[int, int]

    def __post_init__(self) -> None:
        """Check the size."""
        _check_size(self.size)


@dataclass(frozen=True, eq=False)
class Paint:
    """A rough painting turned into a picture that looks like the source.

    Attributes:
        painting: (h, w, 3) of any size, colours about those of the source.
        difference: how far the result may leave the painting, 0 to 1.
    """

    name: ClassVar[str] = "paint"
    painting: NDArray[np.float32]
    difference: float = 0.5

    def __post_init__(self) -> None:
        """Check the values."""
        _freeze(self, "painting")
        _check_share("--difference", self.difference)


@dataclass(frozen=True, eq=False)
class Edit:
    """A naively pasted edit made consistent.

    Attributes:
        edited: (h, w, 3), the source after cutting and pasting, in the source's size.
        mask: bool (h, w), what may change; outside it the result is ``edited``, bit for bit. None: where ``edited``
            differs from the source, and what is beside it.
    """

    name: ClassVar[str] = "edit"
    edited: NDArray[np.float32]
    mask: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Check the arrays."""
        _freeze(self, "edited")
        _freeze_mask(self, "edited")


@dataclass(frozen=True, eq=False)
class Harmonize:
    """A pasted object takes the picture's look and keeps its shape.

    Attributes:
        composite: (h, w, 3), the source with the object, in the source's size.
        mask: bool (h, w), the object; away from it the result is ``composite``, bit for bit.
    """

    name: ClassVar[str] = "harmonize"
    composite: NDArray[np.float32]
    mask: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check the arrays."""
        _freeze(self, "composite")
        _freeze_mask(self, "composite")


@dataclass(frozen=True, eq=False)
class Upscale:
    """The picture enlarged, with the detail that it has itself at smaller sizes (super-resolution).

    Attributes:
        factor: new sides over old ones, above 1 and up to 8.
    """

    name: ClassVar[str] = "upscale"
    factor: float = 2.0

    def __post_init__(self) -> None:
        """Check the factor."""
        if isinstance(self.factor, bool) or not 1 < self.factor <= 8:
            raise OptionError(f"--factor cannot be {self.factor!r}: give a number above 1 and up to 8.")


@dataclass(frozen=True, eq=False)
class Animate:
    """A short loop: the picture, moving.

    Attributes:
        frames: how many, 2 to 1000; the last continues to the first without a jump.
        amount: how much it moves, 0 to 1.
    """

    name: ClassVar[str] = "animate"
    frames: int = 30
    amount: float = 0.3

    def __post_init__(self) -> None:
        """Check the values."""
        frames: Any = self.frames
        if isinstance(frames, bool) or not isinstance(frames, int) or not 2 <= frames <= 1000:
            raise OptionError(f"--frames cannot be {frames!r}: give a whole number from 2 to 1000.")
        _check_share("--amount", self.amount)


Job = Vary | Retarget | Paint | Edit | Harmonize | Upscale | Animate
#: Every job by the name that users type.
JOBS: Mapping[str, type[Job]] = {
    job.name: job for job in (Vary, Retarget, Paint, Edit, Harmonize, Upscale, Animate)
}  # fmt: skip


def _check_size(size: Any) -> None:
    whole = (
        isinstance(size, tuple) and len(size) == 2 and all(isinstance(n, int) and not isinstance(n, bool) for n in size)
    )
    if not whole or not all(1 <= n <= LONGEST for n in size):
        raise OptionError(f"--size cannot be {size!r}: give height and width, whole numbers from 1 to {LONGEST}.")


def _check_share(option: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise OptionError(f"{option} cannot be {value!r}: give a number from 0 to 1.")


def _freeze(job: Any, field: str) -> None:
    array = np.asarray(getattr(job, field))
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind != "f" or array.size == 0:
        raise InputError(f"The {field} picture is a float array (h, w, 3), not {array.dtype} of shape {array.shape}.")
    if not (array.min() >= 0 and array.max() <= 1):  # nor is either so for what is no number
        raise InputError(f"The {field} picture has values outside 0 to 1: scale it to that range.")
    array = np.array(array, np.float32)
    array.setflags(write=False)
    object.__setattr__(job, field, array)


def _freeze_mask(job: Any, beside: str) -> None:
    if job.mask is None:
        return
    mask, shape = np.array(job.mask), getattr(job, beside).shape[:2]
    if mask.dtype != np.bool_ or mask.shape != shape:
        raise InputError(f"The mask is {mask.dtype} of shape {mask.shape}: give bool {shape}, the picture's size.")
    if not mask.any():
        raise InputError("The mask is empty: paint what may change white.")
    mask.setflags(write=False)
    object.__setattr__(job, "mask", mask)
