"""Which classes are things, and the things of one sample."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analogon.augment.values import RECORD, Sample, read_sample
from analogon.data import Palette
from analogon.errors import OptionError
from analogon.layout.regions import Region, parts_of


@dataclass(frozen=True)
class Classes:
    """The classes of a dataset.

    Attributes:
        palette: all of them.
        things: ids of those whose instances are told apart, in palette order; the others are stuff.
    """

    palette: Palette
    things: tuple[int, ...]

    def is_thing(self, class_id: int) -> bool:
        """Whether instances of the class are told apart."""
        return class_id in self.things


@dataclass(frozen=True, eq=False)
class Thing:
    """One instance: its class and its pixels."""

    class_id: int
    region: Region


def things_of(sample: Sample, classes: Classes) -> Iterator[Thing]:
    """The things of a sample: its instances by number, then what else has a thing's class.

    Pixels of a thing's class that belong to no instance are things as well, one for each part that hangs together, at
    corners too. Instances that are covered altogether are left out.
    """
    from scipy import ndimage as ndi

    for number, window in enumerate(ndi.find_objects(sample.instances), 1):
        if window is None or not classes.is_thing(sample.instance_classes[number - 1]):
            continue
        yield Thing(sample.instance_classes[number - 1], _region(sample.instances, number, window))
    for class_id in classes.things:
        loose = (sample.labels.ids == class_id) & (sample.instances == 0)
        if loose.any():
            parts, _ = parts_of(loose, 8)
            for number, window in enumerate(ndi.find_objects(parts), 1):
                yield Thing(class_id, _region(parts, number, window))


def _region(numbers: NDArray[np.int32], number: int, window: tuple[slice, slice]) -> Region:
    rows, columns = window
    return Region.of(numbers[window] == number, rows.start, columns.start)


def classes_of(folder: Path) -> tuple[int, ...]:
    """The classes of a sample's instances, without looking at its pictures.

    Raises:
        InputError: the sample is damaged.
    """
    try:
        return tuple(json.loads((folder / RECORD).read_text(encoding="utf-8"))["instance_classes"])
    except (OSError, ValueError, KeyError, TypeError):
        return read_sample(folder).instance_classes  # which says what is wrong


def chosen(names: Sequence[str] | None, palette: Palette, found: Iterable[int]) -> tuple[int, ...]:
    """The ids of the things, in palette order.

    Args:
        names: names or ids of the classes that are things; None for those that have instances.
        found: ids of the classes that have.

    Raises:
        OptionError: there is no such class.
    """
    if names is None:
        wanted = set(found)
    else:
        wanted = set()
        known = {**{str(c.id): c.id for c in palette.classes}, **{c.name: c.id for c in palette.classes}}
        for name in names:
            if name not in known:
                raise OptionError(
                    f"The samples have no class '{name}', which is to be a thing: use one of "
                    f"{', '.join(palette.names)}."
                )
            wanted.add(known[name])
    return tuple(c.id for c in palette.classes if c.id in wanted)
