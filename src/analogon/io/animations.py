"""Animations: frames to GIF, WebP, animated PNG and MP4 files."""

import os
from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from analogon.errors import InputError, OptionError
from analogon.io.atomic import Writer

Frame = npt.NDArray[np.uint8]

ANIMATED = (".gif", ".webp", ".png", ".mp4")
"""Suffixes that animations are written with."""
_FORMATS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG"}
LONGEST = {".gif": 65535, ".webp": 16383, ".png": 2**31 - 1, ".mp4": 16384}
"""Sides in pixels that each of them can have."""
COLOURS_FROM = 1 << 18
"""Pixels, of all frames together, that the palette of a GIF is made of."""
PAPER = 255
"""What lies beside frames that are smaller than others."""


def check_animation(path: str | os.PathLike[str], frames_per_second: float) -> None:
    """Refuse an animation that could not be written, before the work.

    Raises:
        InputError: the suffix is none of animations. OptionError: it is MP4 and PyAV is missing, or the pace cannot be.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in ANIMATED:
        raise InputError(f"'{path}' has no suffix that animations are written with: use one of {', '.join(ANIMATED)}.")
    if suffix == ".mp4" and find_spec("av") is None:
        raise OptionError(
            f"'{path}' needs PyAV: install it with pip install 'analogon[video]', or end the name in .gif or .webp."
        )
    if isinstance(frames_per_second, bool) or not 1 <= frames_per_second <= 50:
        raise OptionError(f"--fps cannot be {frames_per_second!r}: give a number from 1 to 50.")


def animation_writer(path: str | os.PathLike[str], frames: Sequence[Frame], frames_per_second: float) -> Writer:
    """What writes frames, uint8 (h, w, 3), as an animation into an open file, by the suffix of the path.

    It is played again and again (MP4 leaves that to the player). Frames of several sizes lie at the top left of white
    paper. GIF has one palette of 256 colours for all frames; WebP and MP4 are lossy at a quality that does not show,
    PNG is without loss. The time of a frame is in whole milliseconds, of a GIF in hundredths of a second.

    Raises:
        InputError, OptionError: see :func:`check_animation`; there is no frame.
    """
    check_animation(path, frames_per_second)
    if not frames:
        raise InputError(f"'{path}' is not written: an animation needs at least one frame.")
    suffix = Path(path).suffix.lower()
    height, width = (max(frame.shape[side] for frame in frames) for side in (0, 1))
    if max(height, width) > LONGEST[suffix]:
        raise InputError(
            f"'{path}' is not written: {suffix} holds up to {LONGEST[suffix]} pixels a side, and the frames are "
            f"{width}x{height}: end the name in another suffix, or make them smaller."
        )
    milliseconds = round(1000 / frames_per_second)

    def write(file: BinaryIO) -> None:
        if suffix == ".mp4":
            _write_video(file, frames, (height, width), frames_per_second)
            return
        pictures = [Image.fromarray(_on_paper(frame, (height, width))) for frame in frames]
        options: dict[str, Any] = {"save_all": True, "duration": milliseconds, "loop": 0}
        if suffix == ".gif":
            pictures = _indexed(pictures)
            options |= {"duration": 10 * round(milliseconds / 10), "disposal": 1}
        elif suffix == ".webp":
            options |= {"quality": 90}
        pictures[0].save(file, _FORMATS[suffix], append_images=pictures[1:], **options)

    return write


def _on_paper(frame: Frame, size: tuple[int, int]) -> Frame:
    if frame.shape[:2] == size:
        return np.ascontiguousarray(frame)
    paper = np.full((*size, 3), PAPER, np.uint8)
    paper[: frame.shape[0], : frame.shape[1]] = frame
    return paper


def _indexed(pictures: Sequence[Image.Image]) -> list[Image.Image]:
    """The pictures with one palette, so that what stands still does not flicker."""
    stride = -(-len(pictures) * pictures[0].width * pictures[0].height // COLOURS_FROM)
    sample = np.concatenate([np.asarray(picture).reshape(-1, 3)[::stride] for picture in pictures])
    palette = Image.fromarray(sample[None]).quantize(256, Image.Quantize.MEDIANCUT)
    found: list[Image.Image] = []
    for n, picture in enumerate(pictures):
        indexed = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        if n:  # dots of the dithering would dance where nothing moves
            still = (np.asarray(picture) == np.asarray(pictures[n - 1])).all(2)
            indexed.paste(found[-1], mask=Image.fromarray(still))
        found.append(indexed)
    return found


def _write_video(file: BinaryIO, frames: Sequence[Frame], size: tuple[int, int], pace: float) -> None:
    """H.264 whose sides are even: a last row or column is shown twice where that takes one."""
    import av

    height, width = size
    extra = (0, height % 2), (0, width % 2), (0, 0)
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(pace).limit_denominator(1000))
        stream.height, stream.width, stream.pix_fmt = height + height % 2, width + width % 2, "yuv420p"
        stream.options = {"crf": "17"}
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.pad(_on_paper(frame, size), extra, "edge"), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
