"""Colour: a space in which distances agree with the eye, names, and colours for classes that have none."""

import numpy as np
import numpy.typing as npt

Color = tuple[int, int, int]
"""sRGB, each channel 0 to 255."""

# Names are given to classes, so the table holds the words that people use for regions, one place for each.
_NAMED: tuple[tuple[str, Color], ...] = (
    ("black", (0, 0, 0)),
    ("dark grey", (72, 72, 72)),
    ("grey", (128, 128, 128)),
    ("light grey", (200, 200, 200)),
    ("white", (255, 255, 255)),
    ("dark red", (128, 0, 0)),
    ("red", (255, 0, 0)),
    ("pink", (255, 170, 190)),
    ("dark brown", (80, 45, 20)),
    ("brown", (140, 100, 50)),
    ("tan", (215, 170, 120)),
    ("orange", (255, 147, 0)),
    ("beige", (235, 210, 170)),
    ("yellow", (255, 255, 0)),
    ("olive", (150, 150, 20)),
    ("dark green", (0, 110, 0)),
    ("green", (0, 245, 0)),
    ("light green", (160, 255, 150)),
    ("teal", (0, 128, 128)),
    ("cyan", (0, 245, 250)),
    ("light blue", (120, 180, 250)),
    ("blue", (0, 0, 255)),
    ("dark blue", (0, 0, 128)),
    ("purple", (100, 50, 160)),
    ("violet", (170, 120, 250)),
    ("magenta", (255, 0, 255)),
)

# Linear sRGB to cone responses, and their roots to lightness and two opponent axes (Oklab, Ottosson 2020).
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(colors: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Oklab coordinates, float64 (..., 3), of sRGB colours (..., 3) in 0 to 255, with CIELAB's straight foot.

    The Euclidean distance between two results follows the difference that the eye sees: black to white is
    0.86, about 0.02 is just visible side by side. Oklab's plain cube root would stretch the darkest colours
    until one level of black is 0.05, so very dark cone responses go through the straight line that CIELAB
    uses there.
    """
    srgb = np.asarray(colors, np.float64) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    cones = linear @ _TO_CONES.T
    foot = 6 / 29
    roots = np.where(cones > foot**3, np.cbrt(cones), cones / (3 * foot**2) + 4 / 29)
    coordinates: npt.NDArray[np.float64] = roots @ _TO_OKLAB.T
    return coordinates


def color_distances(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Oklab distances, float64 (n, m), between sRGB colours `a` (n, 3) and `b` (m, 3)."""
    first, second = oklab(a).reshape(-1, 3), oklab(b).reshape(-1, 3)
    distances: npt.NDArray[np.float64] = np.sqrt(((first[:, None] - second[None]) ** 2).sum(-1))
    return distances


def hex_color(color: tuple[int, ...]) -> str:
    """`#rrggbb` for an sRGB colour."""
    return "#" + "".join(f"{int(c):02x}" for c in color[:3])


def parse_hex_color(text: str) -> Color | None:
    """The colour written as `#rrggbb` (any case), or None where `text` is something else."""
    digits = text.strip().removeprefix("#")
    if not text.strip().startswith("#") or len(digits) != 6 or any(c not in "0123456789abcdefABCDEF" for c in digits):
        return None
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def color_name(color: Color) -> str:
    """The word of a short table that comes nearest to `color`, such as "green" or "dark blue"."""
    distances = color_distances([color], [c for _, c in _NAMED])[0]
    return _NAMED[int(distances.argmin())][0]


def class_names(colors: list[Color], ids: list[int]) -> list[str]:
    """One unique name per class: the colour's word where no other class shares it, else "class ID"."""
    words = [color_name(color) for color in colors]
    return [word if words.count(word) == 1 else f"class {i}" for word, i in zip(words, ids, strict=True)]


def id_color(class_id: int) -> Color:
    """A colour for a class known by its id alone, different for every id below 2**24.

    This is the colour map of the PASCAL VOC label images: the bits of the id are dealt out to red, green and
    blue, most significant place first, so that small ids are far apart.
    """
    color = [0, 0, 0]
    for bit in range(24):
        color[bit % 3] |= (class_id >> bit & 1) << (7 - bit // 3)
    return color[0], color[1], color[2]
