"""What one picture can be asked for besides new layouts: jobs, as values that any method able to do them takes.

A job is done by a synthesizer whose method's registry entry names it (see :class:`~analogon.methods.base.Performer`).
Pictures are float32 (h, w, 3) in [0, 1], sizes (h, w) in pixels; arrays are copied to read-only ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from analogon.errors import InputError, OptionError

LONGEST = 32768
"""Side of a picture in pixels beyond which nothing is made."""
MOST_FRAMES = 1000
"""Frames of one animation."""
LEAST_TURN = 1e-3
"""Twice the area of the triangle of three neighbouring corners of an outline, at least, as a share of the result's."""


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
class Reshape:
    """The same picture with another outline: its parts keep their size and shape, and as many as fit are there.

    Attributes:
        size: of the result; what lies outside the outline is white there.
        corners: where the source's top left, top right, bottom right and bottom left corners go, (row, column) in
            shares of the size; the outline is a convex quadrilateral.
    """

    name: ClassVar[str] = "reshape"
    size: tuple[int, int]
    corners: tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]

    def __post_init__(self) -> None:
        """Check the values."""
        _check_size(self.size)
        _check_outline(self.corners)


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
        factor: Any = self.factor
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 1 < factor <= 8:
            raise OptionError(f"--factor cannot be {factor!r}: give a number above 1 and up to 8.")


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
        if isinstance(frames, bool) or not isinstance(frames, int) or not 2 <= frames <= MOST_FRAMES:
            raise OptionError(f"--frames cannot be {frames!r}: give a whole number from 2 to {MOST_FRAMES}.")
        _check_share("--amount", self.amount)


def sequence(sizes: Sequence[tuple[int, int]], frames: Any) -> list[Retarget]:
    """The frames of an animation through sizes (height, width), at an even pace.

    Raises:
        OptionError: there are less than two sizes or frames, or more than 1000 frames.
    """
    if len(sizes) < 2:
        raise OptionError("--sizes names less than two sizes: give at least two, or --size for one picture.")
    whole = isinstance(frames, int) and not isinstance(frames, bool)
    if not whole or not len(sizes) <= frames <= MOST_FRAMES:
        raise OptionError(
            f"--frames cannot be {frames!r}: give a whole number from {len(sizes)}, a frame for each size, to "
            f"{MOST_FRAMES}."
        )
    corners = np.array([Retarget(size).size for size in sizes], np.float64)
    lengths = np.maximum(np.abs(np.diff(corners, axis=0)).max(1), 1)
    at = np.linspace(0, lengths.sum(), frames)
    known = np.concatenate([[0], lengths.cumsum()])
    path = np.rint([np.interp(at, known, side) for side in corners.T]).astype(int).T
    return [Retarget((int(height), int(width))) for height, width in path]


def record(job: Job) -> dict[str, Any]:
    """The job as JSON values: its name and its fields, arrays by size and SHA-256."""
    return {"name": job.name, **{one.name: _plain(getattr(job, one.name)) for one in fields(job)}}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        plain = np.packbits(value) if value.dtype == np.bool_ else value.astype("<f4")
        return {"size": list(value.shape[:2]), "sha256": sha256(plain.tobytes()).hexdigest()}
    return list(value) if isinstance(value, tuple) else value


Job = Vary | Retarget | Reshape | Paint | Edit | Harmonize | Upscale | Animate
#: Every job by the name that users type.
JOBS: Mapping[str, type[Job]] = {
    job.name: job for job in (Vary, Retarget, Reshape, Paint, Edit, Harmonize, Upscale, Animate)
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


def _check_outline(corners: Any) -> None:
    try:
        points = np.array(corners, np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    fits = points.shape == (4, 2) and bool((points >= 0).all() and (points <= 1).all())
    if fits:
        along, beside = np.roll(points, -1, 0) - points, np.roll(points, -2, 0) - np.roll(points, -1, 0)
        # from corner to corner it turns the same way, clockwise, and by more than nothing
        fits = bool((along[:, 1] * beside[:, 0] - along[:, 0] * beside[:, 1] > LEAST_TURN).all())
    if not fits:
        raise OptionError(
            f"--corners cannot be {corners!r}: give row and column of the top left, top right, bottom right and bottom "
            "left corner, shares from 0 to 1, of an outline that is convex."
        )


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
