"""Where in the source each pixel of a result comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.errors import InputError
from analogon.io import Writer, image_writer, write_together


@dataclass(frozen=True, eq=False)
class Provenance:
    """For each pixel of a result, the one pixel of the source that it is a copy of.

    Attributes:
        places: int32 (h, w, 2), row and column in the source; any integer array is taken, and made read-only.
        source_shape: height and width of the source.
        tone: float32 (h, w, 3), what was added to the colours of the copies (in units of [0, 1]) to hide seams; None
            where nothing was.

    Raises:
        InputError: ``places`` or ``tone`` is no such array, or a place lies outside the source.
    """

    places: NDArray[np.int32]
    source_shape: tuple[int, int]
    tone: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        """Check the places."""
        places = np.asarray(self.places)
        if places.ndim != 3 or places.shape[2] != 2 or places.size == 0 or places.dtype.kind not in "iu":
            raise InputError(f"Places are integers (h, w, 2), not {places.dtype} of shape {places.shape}.")
        height, width = self.source_shape
        rows, columns = places[..., 0], places[..., 1]
        if rows.min() < 0 or columns.min() < 0 or rows.max() >= height or columns.max() >= width:
            raise InputError(f"A place lies outside the source, which is {width}x{height} pixels.")
        view = places.astype(np.int32, copy=False).view()
        view.setflags(write=False)
        object.__setattr__(self, "places", view)
        object.__setattr__(self, "source_shape", (int(height), int(width)))
        if self.tone is not None and (self.tone.shape != (*places.shape[:2], 3) or self.tone.dtype != np.float32):
            raise InputError(f"The tone is float32 (h, w, 3), not {self.tone.dtype} of shape {self.tone.shape}.")

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the result."""
        height, width, _ = self.places.shape
        return height, width

    def apply_to(self, other: NDArray[Any], *, tone: bool = False) -> NDArray[Any]:
        """The same rearrangement of another map of the source.

        Args:
            other: (h', w') or (h', w', ...) of the source's size and any dtype.
            tone: add ``tone`` and clip to [0, 1], for colours in [0, 1]: with it the source's picture becomes the
                result to the last bit.

        Returns:
            (h, w) or (h, w, ...) of the same dtype, exact copies of the values but for the tone.

        Raises:
            InputError: ``other`` has another size than the source, or takes no tone.
        """
        array = np.asarray(other)
        if array.shape[:2] != self.source_shape:
            height, width = self.source_shape
            raise InputError(
                f"The map has the shape {array.shape} and the source is {width}x{height} pixels: give a map of the "
                "source's size."
            )
        moved: NDArray[Any] = array.reshape(-1, *array.shape[2:])[self._flat()]
        if not tone or self.tone is None:
            return moved
        if array.dtype.kind != "f" or array.shape[2:] != (3,):
            raise InputError(
                f"Tone is for float colours (h, w, 3) in [0, 1], not for {array.dtype} of shape {array.shape}: leave "
                "it out."
            )
        return np.clip(moved + self.tone, 0, 1)

    def _flat(self) -> NDArray[np.int64]:
        """Each place as one number, row by row."""
        return self.places[..., 0].astype(np.int64) * self.source_shape[1] + self.places[..., 1]

    def used(self) -> float:
        """Share of the source's pixels that are somewhere in the result, 0 to 1."""
        seen = np.zeros(self.source_shape[0] * self.source_shape[1], np.bool_)
        seen[self._flat()] = True
        return int(np.count_nonzero(seen)) / seen.size

    def kept(self) -> float:
        """Share of the result's pixels that have the row and column they had in the source, 0 to 1."""
        height, width = self.shape
        stay = self.places[..., 0] == np.arange(height)[:, None]
        stay &= self.places[..., 1] == np.arange(width)
        return int(np.count_nonzero(stay)) / int(stay.size)

    def preview(self) -> NDArray[np.float32]:
        """The places as colours, float32 (h, w, 3) in [0, 1].

        Red grows from the left to the right of the source, green from its top to its bottom, blue falls with both:
        what was copied as one piece is a smooth piece of that gradient.
        """
        height, width = self.source_shape
        across = (np.arange(width, dtype=np.float32) + np.float32(0.5)) / np.float32(width)
        down = (np.arange(height, dtype=np.float32) + np.float32(0.5)) / np.float32(height)
        red, green = across[self.places[..., 1]], down[self.places[..., 0]]
        return np.stack([red, green, 1 - (red + green) / 2], axis=-1)

    def save(self, path: str | Path) -> None:
        """Write the places (``.npy``, int32 (h, w, 2)) or their preview (``.png``), by the suffix.

        Raises:
            InputError: another suffix, or a place that cannot be written to.
        """
        write_together({Path(path): self.writer(path)})

    def writer(self, path: str | Path) -> Writer:
        """What writes the file that :meth:`save` describes.

        Raises:
            InputError: another suffix.
        """
        suffix = Path(path).suffix.lower()
        if suffix == ".npy":
            return lambda file: np.save(file, self.places)
        if suffix == ".png":
            return image_writer(path, self.preview())
        raise InputError(f"'{path}' is not written: end it in .npy for the places or .png for their preview.")
