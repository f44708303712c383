"""The classes of a label map: integer id, name and colour of each."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analogon.data.color import Color, class_names, color_distances, hex_color
from analogon.errors import LabelError

MAX_CLASSES = 256
"""Classes in one map. More than this is a picture, or instance ids, taken for a label map."""
ONE_COLOR = 0.04
"""Colours nearer than this (`data.color.oklab`; 0.02 is just visible) are one, when palettes are merged."""


@dataclass(frozen=True)
class LabelClass:
    """One class.

    `id` is what the label map holds (0 to 2**31 - 1), `name` one line of text, `color` sRGB 0 to 255.
    """

    id: int
    name: str
    color: Color

    def __post_init__(self) -> None:
        """Bring NumPy integers to int and refuse what cannot be written and read back."""
        object.__setattr__(self, "id", int(self.id))
        red, green, blue = (int(c) for c in self.color)
        object.__setattr__(self, "color", (red, green, blue))
        if not 0 <= self.id < 2**31:
            raise LabelError(f"Class id {self.id} is out of range: use ids from 0 to {2**31 - 1}.")
        if not self.name.strip() or not self.name.isprintable():
            raise LabelError(f"The name {self.name!r} of class {self.id} cannot be used: give it one line of text.")
        if not all(0 <= c <= 255 for c in self.color):
            raise LabelError(f"Colour {self.color} of class '{self.name}' is out of range: use 0 to 255 per channel.")

    @property
    def described(self) -> str:
        """Name and colour as messages show them: `'sky' (#00fdff)`."""
        return f"'{self.name}' ({hex_color(self.color)})"


@dataclass(frozen=True)
class Palette:
    """The classes that a label map may hold, in a fixed order.

    Ids and names are unique, colours need not be.
    """

    classes: tuple[LabelClass, ...]

    def __post_init__(self) -> None:
        """Refuse an empty palette, double ids and double names."""
        object.__setattr__(self, "classes", tuple(self.classes))
        if not self.classes:
            raise LabelError("A palette needs at least one class: it is empty.")
        if len(self.classes) > MAX_CLASSES:
            raise LabelError(f"A palette holds at most {MAX_CLASSES} classes, not {len(self.classes)}.")
        for what, values in (("id", self.ids), ("name", self.names)):
            double = next((v for i, v in enumerate(values) if v in values[:i]), None)
            if double is not None:
                raise LabelError(f"Two classes of the palette have the {what} {double!r}: make each {what} unique.")

    def __len__(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def ids(self) -> tuple[int, ...]:
        """Ids in palette order."""
        return tuple(c.id for c in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in palette order."""
        return tuple(c.name for c in self.classes)

    @property
    def colors(self) -> npt.NDArray[np.uint8]:
        """Colours in palette order, uint8 (K, 3)."""
        return np.array([c.color for c in self.classes], np.uint8)

    def index_of(self, class_id: int) -> int:
        """Place of the class in the palette, 0 to K-1; LabelError where the palette lacks it."""
        try:
            return self.ids.index(class_id)
        except ValueError:
            known = ", ".join(str(i) for i in self.ids[:16]) + (", ..." if len(self) > 16 else "")
            raise LabelError(f"There is no class with the id {class_id}: the palette has {known}.") from None

    def get(self, class_id: int) -> LabelClass:
        """The class with this id; LabelError where the palette lacks it."""
        return self.classes[self.index_of(class_id)]

    def nearest(self, color: Color) -> LabelClass:
        """The class whose colour looks most like `color`."""
        return self.classes[int(color_distances([color], self.colors)[0].argmin())]

    @classmethod
    def from_colors(cls, colors: Sequence[Color], ids: Sequence[int] | None = None) -> "Palette":
        """Classes named after their colours ("green"; "class 3" where two would share a word).

        `ids` defaults to 0, 1, 2, ... in the order given.
        """
        numbers = list(range(len(colors))) if ids is None else list(ids)
        names = class_names(list(colors), numbers)
        return cls(tuple(LabelClass(*fields) for fields in zip(numbers, names, colors, strict=True)))

    def merge(self, other: "Palette") -> tuple["Palette", dict[int, int]]:
        """The classes of both, and the id in the merged palette of each class of `other`.

        A class of `other` is the class of the same name here, unless that name is only a number ("class 3"), or
        else the class of the same colour. Any other is a new one, with its own id and name where these are free.
        LabelError where name and colour point to two classes, or two classes of `other` to one.
        """
        classes, ids = list(self.classes), dict[int, int]()
        named = {c.name: c for c in classes if c.name != f"class {c.id}"}
        distances = color_distances(other.colors, self.colors)
        for label, row in zip(other.classes, distances, strict=True):
            alike = self.classes[int(row.argmin())] if row.min() <= ONE_COLOR else None
            same = named.get(label.name, alike)
            if same is not None and alike is not None and same.color != alike.color:
                raise LabelError(
                    f"The class {label.described} has the name of {same.described} and the colour of "
                    f"{alike.described}: change one of them."
                )
            if same is None:
                used = {c.id for c in classes}
                number = label.id if label.id not in used else max(used) + 1
                free = label.name not in {c.name for c in classes}
                same = LabelClass(number, label.name if free else f"class {number}", label.color)
                classes.append(same)
            elif same.id in ids.values():
                raise LabelError(
                    f"Two classes would both be {same.described}, {label.described} among them: give each class a "
                    "colour and a name of its own."
                )
            ids[label.id] = same.id
        return Palette(tuple(classes)), ids

    def to_json(self) -> list[dict[str, Any]]:
        """The classes as plain JSON data: `[{"id": 0, "name": "sky", "color": [0, 253, 255]}, ...]`."""
        return [{"id": c.id, "name": c.name, "color": list(c.color)} for c in self.classes]

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> "Palette":
        """The palette that `to_json` wrote; LabelError where the data have another form."""
        try:
            classes = tuple(LabelClass(int(c["id"]), str(c["name"]), tuple(c["color"])) for c in data)
        except (KeyError, TypeError, ValueError) as error:
            raise LabelError(f"The palette data are damaged ({error!r}): write the label map again.") from error
        return cls(classes)


def percent(share: float) -> str:
    """A share as people read it: `0.3 %`, and never `0.0 %` for something that is there."""
    return f"{100 * share:.1f} %" if share >= 0.0005 else "less than 0.1 %"


def unknown_class(where: str, key: str, share: float, nearest: LabelClass) -> LabelError:
    """The error for a class that a target has and the source lacks.

    `where` names the target at the start of the sentence, `key` is the colour or id as `--map` takes it,
    `share` the part of the target that has it.
    """
    way_out = shlex.quote(f"{key}={nearest.name}")
    return LabelError(
        f"{where} has {key} on {percent(share)} of its pixels, which is no class of the source: paint it as "
        f"one of the source's classes (the nearest is {nearest.described}) or say which one it stands for "
        f"with --map {way_out}."
    )
