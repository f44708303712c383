"""What has been done to a label map, step by step: undone, done again, saved and replayed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from analogon.data import LabelMap
from analogon.errors import AnalogonError, InputError, OptionError
from analogon.io import write_text
from analogon.layout.arrangement import Layout
from analogon.layout.moving import Deform, Delete, Duplicate, Flip, Move, Rotate, Scale
from analogon.layout.operation import Operation, described
from analogon.layout.painting import Brush, Fill, Polygon, Spans
from analogon.layout.sorting import Arrange, Group, Merge, Relabel, Ungroup

#: Layouts before the last so many operations are kept; what was before them is made again when it is asked for.
KEPT = 30
#: Bytes of a recipe, at most.
LARGEST = 64 << 20

AnyOperation = Annotated[
    Move
    | Scale
    | Rotate
    | Flip
    | Deform
    | Duplicate
    | Delete
    | Brush
    | Polygon
    | Fill
    | Spans
    | Relabel
    | Merge
    | Arrange
    | Group
    | Ungroup,
    Field(discriminator="do"),
]


class Recipe(BaseModel):
    """What a file of operations holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["analogon layout"] = "analogon layout"
    version: Literal[1] = 1
    labels: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    connectivity: Literal[4, 8] = 8
    operations: tuple[AnyOperation, ...]
    undone: tuple[AnyOperation, ...] = ()


class History:
    """A label map, and what has been done to it.

    >>> history = History(analogon.read_labels("labels.png"))  # doctest: +SKIP
    >>> history.apply(Move(of="tree", right=40))  # doctest: +SKIP
    >>> analogon.write_labels("target.png", history.layout.target)  # doctest: +SKIP

    Attributes:
        start: the layout before everything.
        done, undone: operations in the order in which they were, and would be, done.
    """

    def __init__(self, labels: LabelMap, connectivity: Literal[4, 8] = 8) -> None:
        self.start = Layout.split(labels, connectivity)
        self.done: tuple[Operation, ...] = ()
        self.undone: tuple[Operation, ...] = ()
        self._layouts = {0: self.start}

    @property
    def layout(self) -> Layout:
        """The layout after all that is done."""
        return self._after(len(self.done))

    def apply(self, *operations: Operation) -> Layout:
        """Do something, and forget what was undone; where one of several fails, none is done."""
        layouts = [self.layout]
        for operation in operations:
            layouts.append(operation.apply(layouts[-1]))
        if operations:
            before = len(self.done)
            self.done, self.undone = (*self.done, *operations), ()
            self._layouts = {n: kept for n, kept in self._layouts.items() if n <= before}
            for n, layout in enumerate(layouts[1:], before + 1):
                self._keep(n, layout)
        return self.layout

    def undo(self) -> Layout:
        """Take the last operation back.

        Raises:
            OptionError: there is none.
        """
        if not self.done:
            raise OptionError("There is nothing to undo: no operation is left.")
        self.done, self.undone = self.done[:-1], (self.done[-1], *self.undone)
        return self.layout

    def redo(self) -> Layout:
        """Do again what was undone last.

        Raises:
            OptionError: there is nothing.
        """
        if not self.undone:
            raise OptionError("There is nothing to redo: no operation was undone.")
        layout = self.undone[0].apply(self.layout)
        self.done, self.undone = (*self.done, self.undone[0]), self.undone[1:]
        self._keep(len(self.done), layout)
        return layout

    def replay(self) -> Layout:
        """The layout, made once more from the start."""
        layout = self.start
        for operation in self.done:
            layout = operation.apply(layout)
        return layout

    def record(self) -> dict[str, Any]:
        """The operations as JSON values, with the digest of the label map that they are for."""
        return {
            "format": "analogon layout",
            "version": 1,
            "labels": self.start.source.digest(),
            "connectivity": self.start.connectivity,
            "operations": [one.record() for one in self.done],
            "undone": [one.record() for one in self.undone],
        }

    def save(self, path: str | Path) -> None:
        """Write the operations as JSON.

        Raises:
            InputError: nothing can be written there.
        """
        write_text(path, json.dumps(self.record(), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: str | Path, labels: LabelMap) -> History:
        """The history that :meth:`save` wrote, of the same label map.

        Raises:
            InputError: the file cannot be read, holds something else, or was made for another label map. OptionError,
                LabelError: an operation cannot be done.
        """
        try:
            if Path(path).stat().st_size > LARGEST:
                raise InputError(f"'{path}' is over {LARGEST >> 20} MiB large: name a recipe of a layout.")
            data = json.loads(Path(path).read_bytes())
        except OSError as error:
            raise InputError(f"'{path}' cannot be read ({error.strerror}): name a recipe of a layout.") from None
        except (ValueError, RecursionError):
            raise InputError(f"'{path}' is no JSON file: name a recipe of a layout.") from None
        return cls.restored(data, labels, f"'{path}'")

    @classmethod
    def restored(cls, data: Any, labels: LabelMap, where: str = "The recipe") -> History:
        """The history that :meth:`record` gave; ``where`` names it in messages. Errors are those of :meth:`load`."""
        if not isinstance(data, Mapping) or data.get("format") != "analogon layout":
            raise InputError(f"{where} is no recipe of a layout: name one that analogon layout --recipe wrote.")
        if data.get("version") != 1:
            raise InputError(f"{where} has the version {data.get('version')!r}, and only 1 is known: update analogon.")
        try:
            recipe = Recipe.model_validate(data)
        except ValidationError as error:
            raise InputError(described(error, where)) from None
        except OptionError as error:
            raise InputError(f"{where} cannot be used, because of this: {_lowered(error)}") from None
        if recipe.labels != labels.digest():
            raise InputError(f"{where} was made for another label map: give the one that it began with.")
        history = cls(labels, recipe.connectivity)
        history.apply(*recipe.operations)
        history.undone = recipe.undone
        return history

    def _after(self, count: int) -> Layout:
        """The layout after so many operations, from the nearest one before that is kept."""
        known = max(n for n in self._layouts if n <= count)
        layout = self._layouts[known]
        for n in range(known, count):
            layout = self.done[n].apply(layout)
            self._keep(n + 1, layout)
        return layout

    def _keep(self, count: int, layout: Layout) -> None:
        self._layouts[count] = layout
        for old in sorted(set(self._layouts) - {0}, key=lambda n: abs(n - count))[KEPT:]:
            del self._layouts[old]


def operation(data: Mapping[str, Any]) -> Operation:
    """The operation that :meth:`Operation.record` gave.

    Raises:
        OptionError: there is no such operation, or a value is of another form.
    """
    try:
        found: Operation = _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise OptionError(described(error, "The operation")) from None
    return found


def _lowered(error: AnalogonError) -> str:
    text = str(error)
    return text[0].lower() + text[1:]


_ADAPTER: TypeAdapter[Any] = TypeAdapter(AnyOperation)
