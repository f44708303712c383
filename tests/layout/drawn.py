"""Label maps as text, one character a pixel."""

import numpy as np

from analogon import LabelClass, LabelMap, Layout, Palette

CLASSES = {".": (0, "sky"), ",": (1, "grass"), "t": (2, "tree"), "h": (5, "house"), "b": (9, "boat")}
PALETTE = Palette(tuple(LabelClass(i, name, (i * 20, 90, 200 - i * 15)) for i, name in CLASSES.values()))


def drawn(text: str) -> LabelMap:
    return LabelMap(np.array([[CLASSES[c][0] for c in line] for line in text.split()]), PALETTE)


def text_of(layout: Layout | LabelMap) -> str:
    words = {i: c for c, (i, _) in CLASSES.items()}
    return " ".join("".join(words[i] for i in line) for line in layout.ids.tolist())


def after(text: str, *operations) -> str:
    layout = Layout.split(drawn(text))
    for operation in operations:
        layout = operation.apply(layout)
    return text_of(layout)
