"""Contact sheets on white: one row per result, source | labels | target | result; or pictures in rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from analogon.data.labelmap import LabelMap
from analogon.errors import InputError
from analogon.io import to_bytes

if TYPE_CHECKING:
    from PIL import Image as PILImage

COLUMNS = ("source", "labels", "target", "result")

_CELL_WIDTH, _CELL_HEIGHT = 320, 240
"""Every picture is scaled, keeping its proportions, to the largest size that fits into this box."""
_GAP = 12
_ACROSS = 4
"""Pictures beside each other where they are in rows."""
_HEADING_SIZE, _CAPTION_SIZE = 20, 16
_INK, _PAPER = (30, 30, 30), (255, 255, 255)


@dataclass(frozen=True, eq=False)
class SheetRow:
    """One row: a source picture, float32 (h, w, 3) in [0, 1], its labels, a target and the result for it.

    `caption` stands below the row, for instance the name of the target's file.
    """

    caption: str
    source: npt.NDArray[np.float32]
    labels: LabelMap
    target: LabelMap
    result: npt.NDArray[np.float32]

    def small(self) -> "SheetRow":
        """The same row with everything in the size that the sheet shows: it looks the same, and takes no memory."""
        source, result = thumbnail(self.source), thumbnail(self.result)
        labels, target = (one.resize(_cell(one.shape)) for one in (self.labels, self.target))
        return SheetRow(self.caption, source, labels, target, result)


def contact_sheet(rows: Sequence[SheetRow]) -> npt.NDArray[np.float32]:
    """Draw the rows below each other under the headings of `COLUMNS`.

    Pictures are scaled by Pillow's Lanczos filter, label maps by the nearest pixel (`LabelMap.resize`).

    Returns:
        The sheet, float32 (h, w, 3) in [0, 1].

    Raises:
        InputError: there is no row.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not rows:
        raise InputError("A contact sheet needs at least one row: give it at least one result.")
    cells = [(_picture(row.source), _labels(row.labels), _labels(row.target), _picture(row.result)) for row in rows]
    widths = [max(line[i].width for line in cells) for i in range(len(COLUMNS))]
    heights = [max(cell.height for cell in line) for line in cells]
    heading, caption = ImageFont.load_default(_HEADING_SIZE), ImageFont.load_default(_CAPTION_SIZE)
    heading_height, caption_height = round(1.5 * _HEADING_SIZE), round(1.75 * _CAPTION_SIZE)

    width = sum(widths) + _GAP * (len(widths) + 1)
    height = 2 * _GAP + heading_height + sum(h + caption_height + _GAP for h in heights) - _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    lefts = [_GAP + sum(widths[:i]) + _GAP * i for i in range(len(widths))]
    for left, name in zip(lefts, COLUMNS, strict=True):
        draw.text((left, _GAP), name, _INK, heading)
    top = _GAP + heading_height
    for row, line, line_height in zip(rows, cells, heights, strict=True):
        for left, cell in zip(lefts, line, strict=True):
            sheet.paste(cell, (left, top))
        draw.text((_GAP, top + line_height + 4), _fitting(row.caption, caption, width - 2 * _GAP), _INK, caption)
        top += line_height + caption_height + _GAP
    return np.asarray(sheet, np.float32) / np.float32(255)


def picture_sheet(cells: Sequence[tuple[str, npt.NDArray[np.float32]]]) -> npt.NDArray[np.float32]:
    """Draw pictures in rows, each over its caption; scaled as in :func:`contact_sheet`.

    Args:
        cells: caption and picture, float32 (h, w, 3) in [0, 1].

    Returns:
        The sheet, float32 (h, w, 3) in [0, 1].

    Raises:
        InputError: there is no picture.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not cells:
        raise InputError("A sheet needs at least one picture: give it at least one.")
    pictures = [_picture(image) for _, image in cells]
    width = max(80, *(picture.width for picture in pictures))
    height = max(picture.height for picture in pictures) + round(1.75 * _CAPTION_SIZE)
    columns = min(len(cells), _ACROSS)
    rows = -(-len(cells) // columns)
    size = (width + _GAP) * columns + _GAP, (height + _GAP) * rows + _GAP
    sheet = Image.new("RGB", size, _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_CAPTION_SIZE)
    for place, ((caption, _), picture) in enumerate(zip(cells, pictures, strict=True)):
        left, top = _GAP + place % columns * (width + _GAP), _GAP + place // columns * (height + _GAP)
        sheet.paste(picture, (left, top))
        draw.text((left, top + picture.height + 4), _fitting(caption, font, width), _INK, font)
    return np.asarray(sheet, np.float32) / np.float32(255)


def thumbnail(image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The picture in the size that sheets show: it looks the same there, and takes no memory."""
    return np.asarray(_picture(image), np.float32) / np.float32(255)


def _picture(image: npt.NDArray[np.float32]) -> "PILImage.Image":
    from PIL import Image

    height, width = _cell(image.shape[:2])
    picture = Image.fromarray(to_bytes(image))
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _labels(labels: LabelMap) -> "PILImage.Image":
    from PIL import Image

    return Image.fromarray(labels.resize(_cell(labels.shape)).colors())


def _cell(shape: tuple[int, ...]) -> tuple[int, int]:
    """The largest (height, width) of the same proportions that fits into a cell."""
    height, width = shape
    factor = min(_CELL_WIDTH / width, _CELL_HEIGHT / height)
    return max(1, round(height * factor)), max(1, round(width * factor))


def _fitting(text: str, font: "object", width: int) -> str:
    """The text, cut with "..." where it is wider than `width` pixels."""
    from PIL import ImageFont

    assert isinstance(font, ImageFont.FreeTypeFont | ImageFont.ImageFont)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
