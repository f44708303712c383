"""What hard layouts are made of, and how they are entered into a list."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from painting import Ids, Mask

import analogon

KINDS = ("pose", "overlap", "instances", "growth", "hole")


@dataclass(frozen=True)
class Source:
    """A picture to make layouts of: its label map, and further maps of its folder."""

    folder: Path
    exemplar: analogon.Exemplar

    @classmethod
    def read(cls, folder: Path) -> "Source":
        """The picture in a folder."""
        found = analogon.find_case(folder)
        return cls(folder, analogon.load_exemplar(found.image, found.labels))

    @property
    def ids(self) -> Ids:
        """The label map (h, w)."""
        return self.exemplar.labels.ids

    def id(self, name: str) -> int:
        """The class of a name."""
        return next(c.id for c in self.exemplar.labels.palette.classes if c.name == name)

    def of(self, *names: str) -> Mask:
        """The pixels of some classes."""
        return np.isin(self.ids, [self.id(name) for name in names])

    def target(self, stem: str) -> Ids:
        """One of the targets that the picture comes with."""
        return analogon.load_target(self.exemplar, self.folder / "cond" / f"{stem}.png").ids


@dataclass(frozen=True)
class Layout:
    """One hard layout: its picture, its name there, its kind (one of `KINDS`), and what it shows."""

    picture: str
    name: str
    kind: str
    says: str
    make: Callable[[Source], Ids]


def layout(kind: str, layouts: list[Layout]) -> Callable[[Callable[[Source], Ids]], Callable[[Source], Ids]]:
    """Enter a construction ``<picture>_<name>`` into a list; its docstring is its sentence."""
    assert kind in KINDS

    def enter(make: Callable[[Source], Ids]) -> Callable[[Source], Ids]:
        picture, _, name = make.__name__.partition("_")
        layouts.append(Layout(picture, name, kind, (make.__doc__ or "").strip(), make))
        return make

    return enter
