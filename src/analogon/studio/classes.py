"""Changes of the classes of a label map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analogon.data import LabelClass, LabelMap, Palette
from analogon.data.color import id_color
from analogon.errors import OptionError
from analogon.studio.messages import Classes


def edited(labels: LabelMap, asked: Classes) -> tuple[LabelMap, bool]:
    """The label map after a change of its classes, and whether operations on the old one hold for it.

    They do where classes only get other colours or are added: objects are called by their class.

    Raises:
        LabelError: there is no such class, or two would be called alike. OptionError: a class is merged with itself.
    """
    classes = labels.palette.classes
    if asked.merge is not None:
        gone, into = asked.merge
        labels.palette.index_of(into)
        labels.palette.index_of(gone)
        if gone == into:
            raise OptionError("A class cannot be merged with itself: choose two.")
        ids = np.where(labels.ids == gone, into, labels.ids)
        left = tuple(one for one in classes if one.id != gone)
        return LabelMap(ids, Palette(left)), False
    if asked.rename is not None:
        labels.palette.index_of(asked.rename.id)
        name = " ".join(asked.rename.name.split())
        new = tuple(replace(one, name=name) if one.id == asked.rename.id else one for one in classes)
        return LabelMap(labels.ids, Palette(new)), False
    if asked.color is not None:
        labels.palette.index_of(asked.color.id)
        new = tuple(replace(one, color=asked.color.color) if one.id == asked.color.id else one for one in classes)
        return LabelMap(labels.ids, Palette(new)), True
    assert asked.add is not None  # one of them is given
    number = max(labels.palette.ids) + 1
    name = " ".join(asked.add.name.split())
    added = LabelClass(number, name, asked.add.color or id_color(number))
    return LabelMap(labels.ids, Palette((*classes, added))), True
