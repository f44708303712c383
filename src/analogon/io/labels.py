"""Label maps: files to ids and back.

A label map is not a picture. It is read into integer ids and a palette that names them; ids are never
blended, and what is softened or noisy in a file is cleaned while it is read (`palette_discovery` and
`snapping` say how).
"""

import json
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from analogon.data.color import Color, id_color
from analogon.data.labelmap import LabelMap
from analogon.data.palette import LabelClass, Palette
from analogon.errors import LabelError
from analogon.io.atomic import Writer, replacing
from analogon.io.label_files import CLASSES_KEY, LabelFile, read_label_file
from analogon.io.matching import UnusedKeys, match_classes
from analogon.io.opening import LabelSource
from analogon.io.recovery import Recovered, recover

DISTINCT_GREYS = 24
"""Greys this many levels apart are shown as they are; nearer ones get colours that the eye tells apart."""


def read_labels(source: LabelSource) -> LabelMap:
    """Read a label map of a source and find out its classes.

    `source` is a path, a Pillow image, or an array: integer ids (h, w) or uint8 colours (h, w, 3 or 4).
    Which ids a file has is listed in `label_files`; a colour map gets the ids 0, 1, 2, ... in the order of
    its colours (as the number rrggbb), so that two maps with the same colours have the same ids. Classes
    are named after their colours ("green"), or "class 3" where the colour says nothing or two classes would
    share a word. InputError or LabelError says in one sentence what cannot be read and why.
    """
    file = read_label_file(source)
    found = recover(file)
    if found.ids is None:
        packed = found.colors.astype(np.int64) @ [1 << 16, 1 << 8, 1]
        order = np.argsort(packed)
        colors = [_color(found.colors[place]) for place in order]
        return LabelMap(np.argsort(order)[found.places], Palette.from_colors(colors))
    palette = file.palette or _palette_of_ids(file, found)
    return LabelMap(found.ids[found.places], palette)


def _color(values: npt.NDArray[np.uint8]) -> Color:
    red, green, blue = (int(v) for v in values)
    return red, green, blue


def _palette_of_ids(file: LabelFile, found: Recovered) -> Palette:
    """Names and colours for ids: the file's own colours if they tell the classes apart, others if not."""
    assert found.ids is not None
    pairs = sorted((int(i), _color(color)) for i, color in zip(found.ids, found.colors, strict=True))
    ids = [i for i, _ in pairs]
    if not file.colored:
        greys = ids[-1] <= 255
    else:
        greys = all(color == (i, i, i) for i, color in pairs)
        if not greys:
            return Palette.from_colors([color for _, color in pairs], ids)
    gap = min((b - a for a, b in pairwise(ids)), default=DISTINCT_GREYS)
    if greys and (gap >= DISTINCT_GREYS or not found.exact):
        return Palette.from_colors([(i, i, i) for i in ids], ids)
    return Palette(tuple(LabelClass(i, f"class {i}", id_color(i)) for i in ids))


def read_target(
    source: LabelSource, palette: Palette, mapping: Mapping[str, str] = {}, unused: UnusedKeys | None = None
) -> LabelMap:
    """Read a target label map against the classes of the source; the result has the source's palette.

    `source` is what `read_labels` takes. `mapping` says what classes of the target stand for: keys are a
    colour "#31ff08", an id or a name in the target, values a name, id or colour of `palette`. How the other
    classes are recognised is told in `matching`. LabelError names the largest class of the target that the
    source lacks; OptionError a `mapping` that cannot be, or a key that the target lacks. Where one mapping serves
    several targets, `unused` collects such keys over all of them instead.
    """
    file = read_label_file(source)
    found = recover(file, anchors=palette.colors)
    keys = unused or UnusedKeys(mapping)
    ids = np.array(match_classes(file, found, palette, mapping, keys), np.int64)
    if unused is None:
        keys.refuse()
    return LabelMap(ids[found.places], palette)


def write_labels(path: str | os.PathLike[str], labels: LabelMap) -> None:
    """Write an indexed PNG whose indices are the ids, with the palette and the names inside.

    `read_labels` gives back the same ids and the same palette. Ids above 255 do not fit an index: such a
    map becomes a 16-bit greyscale PNG of its ids (up to 65535), with the palette as text inside. The file
    appears complete or not at all. LabelError for another suffix than .png and for larger ids, InputError
    for an unwritable place.
    """
    write = labels_writer(path, labels)
    with replacing(path) as file:
        write(file)


def labels_writer(path: str | os.PathLike[str], labels: LabelMap) -> Writer:
    """What writes a label map into an open file; `write_labels` says how, and what is a LabelError."""
    if Path(path).suffix.lower() != ".png":
        raise LabelError(f"'{path}' is not written: label maps are written as PNG, so give it the suffix .png.")
    largest = max(labels.palette.ids)
    if largest > 65535:
        raise LabelError(f"'{path}' is not written: the class id {largest} does not fit a PNG, use ids up to 65535.")
    text = PngInfo()
    text.add_itxt(CLASSES_KEY, json.dumps(labels.palette.to_json(), ensure_ascii=False))
    if largest > 255:
        image = Image.fromarray(labels.ids.astype(np.uint16))
    else:
        entries = np.zeros((largest + 1, 3), np.uint8)
        entries[list(labels.palette.ids)] = labels.palette.colors
        image = Image.frombytes("P", labels.shape[::-1], labels.ids.astype(np.uint8).tobytes())
        image.putpalette(entries.ravel().tolist())
    return lambda file: image.save(file, format="PNG", pnginfo=text)
