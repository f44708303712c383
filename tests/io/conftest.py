"""Painted label maps as they come out of paint programs."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

SKIN, HAIR, WALL, LIPS = (240, 200, 160), (90, 50, 20), (30, 60, 200), (200, 30, 60)
WHITE, IRIS, NOSE = (255, 255, 255), (0, 220, 220), (220, 170, 120)
FACE = {SKIN, HAIR, WALL, LIPS, WHITE, IRIS, NOSE}
Painter = Callable[[int], Image.Image]


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


def as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    """The image after JPEG."""
    buffer = BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def soft(shape: tuple[int, int], *blobs: tuple[tuple[float, float, float, float], tuple[int, int, int]]) -> np.ndarray:
    """Anti-aliased ellipses and the first blob's colour as ground, uint8 (h, w, 3); boxes in pixels."""
    height, width = shape
    image = Image.new("RGB", (width * 4, height * 4), blobs[0][1])
    for box, color in blobs[1:]:
        ImageDraw.Draw(image).ellipse([4 * c for c in box], fill=color)
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))
