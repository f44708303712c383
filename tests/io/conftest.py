"""Painted label maps as they come out of paint programs."""

import re
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

from analogon.errors import AnalogonError

SKIN, HAIR, WALL, LIPS = (240, 200, 160), (90, 50, 20), (30, 60, 200), (200, 30, 60)
WHITE, IRIS, NOSE = (255, 255, 255), (0, 220, 220), (220, 170, 120)
Color = tuple[int, int, int]


def _face(scale: int) -> Image.Image:
    """A face of 256x256 pixels; each eye covers 0.25 % of it."""
    side = 256 * scale
    image = Image.new("RGB", (side, side), WALL)
    draw = ImageDraw.Draw(image)

    def ellipse(x: float, y: float, rx: float, ry: float, color: tuple[int, int, int]) -> None:
        draw.ellipse([(x - rx) * side, (y - ry) * side, (x + rx) * side, (y + ry) * side], fill=color)

    ellipse(0.5, 0.45, 0.38, 0.44, HAIR)
    ellipse(0.5, 0.52, 0.3, 0.38, SKIN)
    ellipse(0.38, 0.45, 0.04, 0.02, WHITE)
    ellipse(0.62, 0.45, 0.04, 0.02, IRIS)
    ellipse(0.5, 0.72, 0.09, 0.025, LIPS)
    draw.polygon([(0.5 * side, 0.5 * side), (0.45 * side, 0.62 * side), (0.55 * side, 0.62 * side)], fill=NOSE)
    return image


@pytest.fixture(scope="session")
def face() -> Image.Image:
    """The face with exact colours."""
    return _face(4).resize((256, 256), Image.Resampling.NEAREST)


@pytest.fixture(scope="session")
def soft_face() -> Image.Image:
    """The same with anti-aliased borders."""
    return _face(4).resize((256, 256), Image.Resampling.BOX)


@pytest.fixture(scope="session")
def as_jpeg() -> Callable[[Image.Image, int], Image.Image]:
    """Image and quality to the image after JPEG."""

    def convert(image: Image.Image, quality: int) -> Image.Image:
        buffer = BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=quality)
        return Image.open(buffer)

    return convert


@pytest.fixture(scope="session")
def soft() -> Callable[..., np.ndarray]:
    """(h, w), ground colour and (box, colour) ellipses to an anti-aliased map, uint8 (h, w, 3)."""

    def paint(shape: tuple[int, int], ground: Color, *blobs: tuple[tuple[float, ...], Color]) -> np.ndarray:
        image = Image.new("RGB", (shape[1] * 4, shape[0] * 4), ground)
        for box, color in blobs:
            ImageDraw.Draw(image).ellipse([4 * c for c in box], fill=color)
        return np.asarray(image.resize(shape[::-1], Image.Resampling.BOX))

    return paint


@pytest.fixture
def sentence() -> Callable[[pytest.ExceptionInfo[AnalogonError], str], str]:
    """Check that an error is one sentence that names the file; gives its text."""

    def check(error: pytest.ExceptionInfo[AnalogonError], name: str) -> str:
        text = str(error.value)
        assert name in text
        assert "\n" not in text
        assert text[-1] in ".?"
        assert not re.search(r"[.?!] [A-Z]", text.replace(name, ""))
        return text

    return check
