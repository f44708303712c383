"""Draw the targets of the shipped examples: read NAME/label.png, write NAME/cond/*.png.

Run it from anywhere: `python examples/make_targets.py`. It needs numpy, scipy and pillow.

Every edit moves whole class ids: pixels are picked by nearest index or overwritten, never averaged, so a
target contains only ids of its label map. What an edit uncovers receives the class that surrounds it.
Masks are bool (h, w), label maps uint8 (h, w), offsets (rows down, columns right) in pixels.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from scipy import ndimage

FOLDER = Path(__file__).resolve().parent

FLOWER = {"leaves": 0, "petals": 1, "heart": 2, "bud": 3}
COFFEE = {"table": 0, "floor": 1, "saucer": 2, "cup": 3, "lining": 4, "coffee": 5, "spoon": 6}
CHINA = {"sky": 0, "shore": 1, "water": 2, "roof": 3, "facade": 4, "trees": 5}
CHELSEA = {"backdrop": 0, "fur": 1, "ear": 2, "eye": 3, "pupil": 4, "nose": 5}


def paste(labels, source, mask, down=0, right=0, scale=1.0, about=(0, 0)):
    """A copy of `labels` with `source` inside `mask` on top, scaled about pixel `about` and then moved."""
    rows, columns = np.indices(labels.shape)
    y = np.rint((rows - down - about[0]) / scale + about[0]).astype(int)
    x = np.rint((columns - right - about[1]) / scale + about[1]).astype(int)
    inside = (y >= 0) & (y < labels.shape[0]) & (x >= 0) & (x < labels.shape[1])
    y, x = np.where(inside, y, 0), np.where(inside, x, 0)
    drawn = inside & mask[y, x]
    result = labels.copy()
    result[drawn] = source[y, x][drawn]
    return result


def parts(mask):
    """The connected parts of a mask, from the highest centre to the lowest."""
    components, count = ndimage.label(mask, np.ones((3, 3)))
    found = [components == k for k in range(1, count + 1)]
    return sorted(found, key=lambda part: np.argwhere(part)[:, 0].mean())


def centre(mask):
    return tuple(int(v) for v in np.rint(np.argwhere(mask).mean(0)))


def flower(labels):
    blossom = parts(np.isin(labels, [FLOWER["petals"], FLOWER["heart"]]))[0]
    empty = np.where(blossom, FLOWER["leaves"], labels).astype(labels.dtype)
    about = centre(blossom)
    two = paste(empty, labels, blossom, down=-20, right=-86, about=about)
    return {
        "moved": paste(empty, labels, blossom, down=-24, right=98, about=about),
        "grown": paste(empty, labels, blossom, down=-15, scale=1.25, about=about),
        "two_flowers": paste(two, labels, blossom, down=-25, right=104, scale=0.75, about=about),
    }


def coffee(labels):
    rows, columns = np.indices(labels.shape)
    # a higher level: an ellipse that touches the near wall of the cup, as the old level did
    level = ((columns - 186) / 58.5) ** 2 + ((rows - 76) / 47.5) ** 2 <= 1
    inner = np.isin(labels, [COFFEE["lining"], COFFEE["coffee"]])
    # the saucer's rim behind the spoon is nearly straight and runs down to the right
    below_rim = rows > 66 + 0.85 * (columns - 267)
    uncovered = np.where(below_rim, COFFEE["saucer"], COFFEE["table"])
    setting = np.isin(labels, [COFFEE[name] for name in ("saucer", "cup", "lining", "coffee", "spoon")])
    bare = np.where(setting, COFFEE["table"], labels).astype(labels.dtype)
    return {
        "full_cup": np.where(level & inner, COFFEE["coffee"], labels).astype(labels.dtype),
        "no_spoon": np.where(labels == COFFEE["spoon"], uncovered, labels).astype(labels.dtype),
        "moved": paste(bare, labels, setting, right=66),
    }


def landscape_behind(labels):
    """The view of `china` with the pagoda taken away: sky, shore, water and a line of trees run through."""
    rows, columns = np.indices(labels.shape)
    pagoda = np.isin(labels, [CHINA["roof"], CHINA["facade"]])
    horizon, (left, right) = 122, (38, 204)
    waterline = 161 + (141 - 161) * (columns - left) / (right - left)
    crowns = 190 + 3 * np.sin(columns / 9) + 2 * np.sin(columns / 4)
    view = np.select(
        [rows < horizon, rows < waterline, rows < crowns],
        [CHINA["sky"], CHINA["shore"], CHINA["water"]],
        CHINA["trees"],
    )
    return np.where(pagoda, view, labels).astype(labels.dtype)


def china(labels):
    pagoda = np.isin(labels, [CHINA["roof"], CHINA["facade"]])
    view = landscape_behind(labels)
    roofs, storeys = parts(labels == CHINA["roof"]), parts(labels == CHINA["facade"])
    # the top roof and its storey come down onto the third roof; the second roof and its storey are gone
    top, gone = roofs[0] | storeys[0], roofs[1] | storeys[1]
    lowered = paste(np.where(top | gone, view, labels).astype(labels.dtype), labels, top, down=60)
    stays = pagoda & ~top & ~gone
    rows, columns = np.indices(labels.shape)
    drained = (labels == CHINA["water"]) & (rows < 173 - columns / 25 + 3 * np.sin(columns / 17))
    return {
        "no_pagoda": view,
        "lower_pagoda": np.where(stays, labels, lowered).astype(labels.dtype),
        "near_shore": np.where(drained, CHINA["shore"], labels).astype(labels.dtype),
    }


def chelsea(labels):
    eyes = parts(np.isin(labels, [CHELSEA["eye"], CHELSEA["pupil"]]))
    rows, columns = np.indices(labels.shape)
    big, wide = labels, labels
    for eye in eyes:
        big = paste(big, labels, eye, scale=1.25, about=centre(eye))
        # a pupil as wide as in dim light: an ellipse of the slit's height that leaves a rim of the iris
        y, x = np.nonzero(eye & (labels == CHELSEA["pupil"]))
        height = (np.ptp(y) + 1) / 2
        ellipse = ((rows - np.mean(y)) / height) ** 2 + ((columns - np.mean(x)) / (0.8 * height)) ** 2 <= 1
        wide = np.where(ellipse & ndimage.binary_erosion(eye, iterations=3), CHELSEA["pupil"], wide)
    nose = labels == CHELSEA["nose"]
    no_nose = np.where(nose, CHELSEA["fur"], labels).astype(labels.dtype)
    return {
        "big_eyes": big,
        "wide_pupils": wide.astype(labels.dtype),
        "moved_nose": paste(no_nose, labels, nose, down=-20, right=4),
    }


def main():
    for edit in (flower, coffee, china, chelsea):
        folder = FOLDER / edit.__name__
        with Image.open(folder / "label.png") as picture:
            labels, palette, info = np.array(picture), picture.getpalette(), PngInfo()
            for key, value in picture.text.items():  # the class names, where the label map carries them
                info.add_text(key, value)
        (folder / "cond").mkdir(exist_ok=True)
        for name, target in edit(labels).items():
            image = Image.fromarray(target)
            image.putpalette(palette)
            image.save(folder / "cond" / f"{name}.png", pnginfo=info, optimize=True)


if __name__ == "__main__":
    main()
