"""How much a server takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from analogon.errors import OptionError
from analogon.service.room import Room

_OPTIONS = {
    "upload": "--max-upload", "pixels": "--max-pixels", "seconds": "--max-seconds", "minutes": "--max-minutes",
    "queue": "--max-queue", "storage": "--max-storage", "total": "--max-total",
}  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """What is refused, or ended.

    Attributes:
        upload: MiB of a request.
        pixels: megapixels of a picture, and of a target.
        seconds: of a render.
        minutes: of a fit.
        queue: jobs that wait at a time.
        storage: GiB of what an owner stores.
        total: GiB of what all owners store.

    Raises:
        OptionError: one is no number above 0.
    """

    upload: float = 32.0
    pixels: float = 4.0
    seconds: float = 600.0
    minutes: float = 60.0
    queue: int = 10_000
    storage: float = 20.0
    total: float = 200.0

    def __post_init__(self) -> None:
        """Check the values."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not 0 < value < math.inf:
                raise OptionError(f"{_OPTIONS[field.name]} cannot be {value!r}: give a number above 0.")

    @property
    def most_bytes(self) -> int:
        """Of a request."""
        return _whole(self.upload, 2**20)

    @property
    def most_pixels(self) -> int:
        """Of a picture."""
        return _whole(self.pixels, 10**6)

    @property
    def room(self) -> Room:
        """For what is stored."""
        return Room(_whole(self.storage, 2**30), _whole(self.total, 2**30))


def _whole(value: float, unit: int) -> int:
    """A limit as a whole number that a database takes, which adds others to it."""
    return max(1, int(min(value * unit, 2.0**62)))


USUAL = Limits()
