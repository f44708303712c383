"""Pictures that move: frames of a job, and how they came about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.io import Writer, animation_writer, to_bytes, write_together
from analogon.result import Result

#: What a record says of one picture, and not of an animation.
_OF_ONE = ("timing", "provenance", "size", "seconds")


@dataclass(frozen=True, eq=False)
class Animation:
    """Frames that are shown one after the other.

    Attributes:
        frames: uint8 (h, w, 3) each; their sizes may differ.
        frames_per_second: how fast.
        loop: the last frame continues to the first without a jump.
        about: how they came about, as JSON values.
    """

    frames: Sequence[NDArray[np.uint8]]
    frames_per_second: float
    loop: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, results: Iterable[Result], frames_per_second: float, *, loop: bool = False) -> Animation:
        """The animation of results, of which only what it needs is kept."""
        frames, first, seconds = [], dict[str, Any](), 0.0
        for result in results:
            frames.append(to_bytes(result.image))
            seconds += result.seconds
            first = first or {name: value for name, value in result.record().items() if name not in _OF_ONE}
        return cls(frames, frames_per_second, loop, {**first, "seconds": round(seconds, 3)})

    def bounced(self) -> Animation:
        """Forth and back, as a loop."""
        return replace(self, frames=[*self.frames, *self.frames[-2:0:-1]], loop=True)

    def changes(self) -> tuple[float, ...]:
        """Root mean square difference of each frame to the next, in levels (0 to 255), where both have pixels.

        Frames of several sizes lie on each other at the top left. Of a loop, the last is compared with the first too.
        """
        return _changes(self.frames, loop=self.loop)

    def stretched(self) -> tuple[float, ...]:
        """What :meth:`changes` would be if the first frame were stretched to the sizes of all: no jump is in that."""
        from PIL import Image

        first = Image.fromarray(np.ascontiguousarray(self.frames[0]))
        sizes = [(frame.shape[1], frame.shape[0]) for frame in self.frames]
        frames = [np.asarray(first.resize(size, Image.Resampling.BICUBIC)) for size in sizes]
        return _changes(frames, loop=self.loop)

    def record(self) -> dict[str, Any]:
        """Everything but the pictures, ready for JSON."""
        return {
            **self.about,
            "frames": len(self.frames),
            "frames_per_second": self.frames_per_second,
            "loop": self.loop,
            "sizes": [list(frame.shape[:2]) for frame in self.frames],
            "change": self._change(),
        }

    def _change(self) -> dict[str, float] | None:
        """Mean and largest step from frame to frame; with several sizes the largest step of stretching too."""
        if len(self.frames) < 2:
            return None
        changes = self.changes()
        found = {"mean": float(np.mean(changes)), "most": max(changes)}
        if len({frame.shape for frame in self.frames}) > 1:
            found["stretched"] = max(self.stretched())
        return {name: round(value, 3) for name, value in found.items()}

    def save(self, path: str | Path) -> None:
        """Write the frames as .gif, .webp, .png or .mp4, and all else as JSON beside it; both files or none.

        Raises:
            InputError, OptionError: it cannot be written so or there.
        """
        path = Path(path)
        text = json.dumps(self.record(), indent=1) + "\n"
        writers: dict[Path, Writer] = {path: animation_writer(path, self.frames, self.frames_per_second)}
        writers[path.with_suffix(".json")] = lambda file: file.write(text.encode())
        write_together(writers)


def _changes(frames: Sequence[NDArray[np.uint8]], *, loop: bool) -> tuple[float, ...]:
    found = []
    for one, following in zip(frames, [*frames[1:], *(frames[:1] if loop else [])], strict=False):
        height, width = np.minimum(one.shape, following.shape)[:2]
        difference = one[:height, :width].astype(np.float32) - following[:height, :width]
        found.append(float(np.sqrt(np.square(difference).mean())))
    return tuple(found)
