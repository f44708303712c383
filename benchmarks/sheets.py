"""Pictures with their titles on one sheet."""

from textwrap import wrap

from PIL import Image, ImageDraw

#: Pixels of a line of a title, and of a letter.
LINE, LETTER = 12, 6
#: Narrower pictures are shown at twice their size.
NARROW = 200


def sheet(rows: list[list[tuple[str, Image.Image]]]) -> Image.Image:
    """Pictures with their titles in rows, on white."""
    shown = [[(title, _visible(picture)) for title, picture in row] for row in rows]
    titled = [[(wrap(title, picture.width // LETTER), picture) for title, picture in row] for row in shown]
    tops = [LINE * max(len(lines) for lines, _ in row) + 4 for row in titled]
    heights = [top + max(picture.height for _, picture in row) for top, row in zip(tops, titled, strict=True)]
    width = max(sum(picture.width + 6 for _, picture in row) for row in titled)
    drawing = Image.new("RGB", (width, sum(heights)), "white")
    draw, top = ImageDraw.Draw(drawing), 0
    for row, title, height in zip(titled, tops, heights, strict=True):
        left = 0
        for lines, picture in row:
            for place, line in enumerate(lines):
                draw.text((left + 2, top + LINE * place), line, "black")
            drawing.paste(picture, (left, top + title))
            left += picture.width + 6
        top += height
    return drawing


def _visible(picture: Image.Image) -> Image.Image:
    if picture.width >= NARROW:
        return picture
    return picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.NEAREST)
