"""Projects as they are worked with: files and rows of the store as a picture, its labels and a layout.

What was done to a project is one row of steps. A step is an operation on the layout, or labels to begin from; undoing
goes back over both. Labels that only have other colours, or more classes, carry the operations before them along.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy.exc import DatabaseError

from analogon.data import Exemplar, LabelMap
from analogon.errors import InputError, OptionError
from analogon.io import read_image, read_labels, write_image, write_labels
from analogon.io.images import to_bytes
from analogon.layout import Layout, operation
from analogon.layout.operation import Operation
from analogon.segment import first_labels
from analogon.serving.messages import title_of
from analogon.serving.uploads import opened_picture
from analogon.studio.store import NoProjectError, OutdatedError, Project, Store, new_identity

LARGEST_PIXELS = 16_000_000
"""Pixels of a picture that is edited, at most."""
_OPEN, _OPEN_PIXELS = 24, 48_000_000
"""Projects that are kept in memory at most, and their pixels together; besides them, those that a page watches."""
_KEPT_PIXELS = 3_000_000
"""Pixels of all layouts of a project that are kept for undo; what was before them is made again."""
FIRST_CLASSES = 6
_IDENTITY = re.compile("[0-9a-f]{16}")
_LABELS = re.compile(r"[0-9a-f]{16}\.png")

Bytes = NDArray[np.uint8]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Moment:
    """A project as it is at one version; nothing of it changes.

    Attributes:
        operations: how many were done on the labels to make the layout.
        undo, redo: how many steps can be undone, and done again.
    """

    project: Project
    layout: Layout
    operations: int
    undo: int
    redo: int

    @property
    def base(self) -> LabelMap:
        """The labels of the photo."""
        return self.layout.source


class Opened:
    """One project in memory. Threads may use it at once."""

    def __init__(self, store: Store, folder: Path, identity: str, seconds: dict[str, float]) -> None:
        self._store, self.folder, self.id = store, folder, identity
        self.seconds = seconds
        self._lock = threading.RLock()
        self._moment: Moment | None = None
        self._key: str | None = None
        self._records: list[dict[str, Any]] = []
        self._layouts: dict[int, Layout] = {}
        self.kept: dict[str, Any] = {}
        """What others have computed from this project; see :meth:`once`."""
        with Image.open(folder / "photo.png") as picture:
            self.photo: Bytes = np.asarray(picture.convert("RGB"))
        self.photo.setflags(write=False)

    @property
    def image(self) -> NDArray[np.float32]:
        """The photo, float32 (h, w, 3) in [0, 1]."""
        return self.photo.astype(np.float32) / np.float32(255)

    def once(self, name: str, key: object, make: Any) -> Any:
        """What ``make`` returned when it was last called with this key."""
        with self._lock:
            found = self.kept.get(name)
        if found is None or found[0] != key:
            found = (key, make())
            with self._lock:
                self.kept[name] = found
        return found[1]

    def moment(self) -> Moment:
        """The project as it is now.

        Raises:
            NoProjectError: it was deleted.
        """
        with self._lock:
            project = self._store.project(self.id)
            if self._moment is None or self._moment.project.version != project.version:
                project, steps = self._store.with_steps(self.id)
                layout = self._layout(steps[: project.done])
                # the first step are the labels that there always are
                redo = len(steps) - project.done
                self._moment = Moment(project, layout, len(self._records), project.done - 1, redo)
            elif self._moment.project.changed != project.changed:
                self._moment = replace(self._moment, project=project)
            return self._moment

    def _layout(self, steps: Sequence[Mapping[str, Any]]) -> Layout:
        """The layout after steps, made from the last one that is known where the beginning is the same."""
        key, records = in_force(steps)
        if self._key != key:
            self._layouts, self._key, self._records = {0: Layout.split(self.read_labels(key))}, key, []
        same = 0
        while same < min(len(records), len(self._records)) and records[same] == self._records[same]:
            same += 1
        self._layouts = {n: layout for n, layout in self._layouts.items() if n <= same}
        known = max(self._layouts)
        layout, self._records = self._layouts[known], records[:same]
        most = max(2, _KEPT_PIXELS // self.photo[..., 0].size)
        for n in range(known, len(records)):
            layout = operation(records[n]).apply(layout)
            self._layouts[n + 1] = layout
            self._records = records[: max(n + 1, same)]
            for old in sorted(set(self._layouts) - {0})[:-most]:
                del self._layouts[old]
        return layout

    def records(self, moment: Moment) -> list[dict[str, Any]]:
        """The operations on the labels of a moment, as JSON values."""
        _, steps = self._store.with_steps(self.id)
        return in_force(steps[: moment.project.done])[1]

    def read_labels(self, name: str) -> LabelMap:
        """Labels that a step names."""
        file = self.folder / "labels" / name
        if not _LABELS.fullmatch(name) or not file.exists():
            raise InputError(f"The project names labels {name!r}, which are none of its files: import it again.")
        return read_labels(file)

    def write_labels(self, labels: LabelMap) -> str:
        """Write labels for a step to name."""
        return store_labels(self.folder, labels)

    def apply(self, version: int, operations: Sequence[Operation]) -> tuple[Moment, Moment]:
        """Do operations on the layout, all or none; the project before and after.

        Raises:
            OutdatedError: another change was faster. OptionError, LabelError: one cannot be done.
        """
        with self._lock:
            before = self.at(version)
            layout = before.layout
            for one in operations:
                layout = one.apply(layout)
            self._store.append(self.id, version, [one.record() for one in operations])
            return before, self.moment()

    def relabel(self, version: int, labels: LabelMap, *, carry: bool = False) -> Moment:
        """Begin from other labels; with ``carry`` the operations so far are done again on them."""
        with self._lock:
            self.at(version)
            if labels.shape != self.photo.shape[:2]:
                raise InputError(
                    f"The label map is {labels.shape[1]}x{labels.shape[0]} pixels and the photo "
                    f"{self.photo.shape[1]}x{self.photo.shape[0]}: give one of its size."
                )
            self._store.append(self.id, version, [{"labels": self.write_labels(labels), "carry": carry}])
            return self.moment()

    def go(self, version: int, by: int) -> tuple[Moment, Moment]:
        """Undo (-1) or redo (1)."""
        with self._lock:
            before = self.at(version)
            if by < 0 and not before.undo:
                raise OptionError("There is nothing to undo: this is how the project began.")
            if by > 0 and not before.redo:
                raise OptionError("There is nothing to redo: nothing was undone since the last change.")
            self._store.step(self.id, version, by)
            return before, self.moment()

    def at(self, version: int) -> Moment:
        """The project now, if that is this version; else OutdatedError."""
        moment = self.moment()
        if moment.project.version != version:
            raise OutdatedError(moment.project.version)
        return moment

    def exemplar(self, moment: Moment) -> Exemplar:
        """The photo with its labels."""
        return Exemplar(self.image, moment.base)


class Projects:
    """All projects under a folder."""

    def __init__(self, store: Store, data: Path) -> None:
        self.store, self.data = store, data
        #: of the last final render by each method
        self.seconds: dict[str, float] = {}
        self._opened: OrderedDict[str, Opened] = OrderedDict()
        #: also those that only a page's connection still holds
        self._known: WeakValueDictionary[str, Opened] = WeakValueDictionary()
        self._lock = threading.Lock()

    def folder(self, identity: str) -> Path:
        """Where the files of a project are; NoProjectError for what cannot be its name."""
        if not _IDENTITY.fullmatch(identity):
            raise NoProjectError
        return self.data / "projects" / identity

    def get(self, identity: str) -> Opened:
        """A project; NoProjectError where there is none."""
        folder = self.folder(identity)
        with self._lock:
            opened = self._known.get(identity)
        if opened is None:
            self.store.project(identity)
            try:
                opened = Opened(self.store, folder, identity, self.seconds)
            except FileNotFoundError:
                self.store.project(identity)  # it may have been deleted just now
                raise InputError("The photo of this project is gone from the disk: import it again.") from None
        with self._lock:
            opened = self._known.setdefault(identity, opened)
            self._opened[identity] = opened
            self._opened.move_to_end(identity)
            while len(self._opened) > 1 and (
                len(self._opened) > _OPEN or sum(one.photo.size for one in self._opened.values()) > 3 * _OPEN_PIXELS
            ):
                self._opened.popitem(last=False)
        return opened

    def create(self, data: bytes, title: str) -> Opened:
        """A project of a picture file, with a first label map.

        Raises:
            InputError: it is no picture that can be edited.
        """
        photo = read_photo(data)
        return self.add(photo, title, [first_labels(photo, FIRST_CLASSES)])

    def add(self, photo: Bytes, title: str, labels: Sequence[LabelMap],
            steps: Sequence[Mapping[str, Any]] | None = None, done: int | None = None) -> Opened:  # fmt: skip
        """A project of a photo and labels; steps name labels by their place ("labels": 0)."""
        identity = new_identity()
        folder = self.folder(identity)
        try:
            (folder / "labels").mkdir(parents=True)
            write_image(folder / "photo.png", photo)
            names = [store_labels(folder, one) for one in labels]
            given = [{"labels": 0, "carry": False}] if steps is None else steps
            stored = [{**one, "labels": names[one["labels"]]} if "labels" in one else dict(one) for one in given]
            height, width = photo.shape[:2]
            self.store.create(title_of(title), (height, width), "patch", stored, identity, done)
            opened = self.get(identity)
            opened.moment()  # which tries all steps
        except BaseException:
            self._forget(identity)
            raise
        return opened

    def delete(self, identity: str, end: Callable[[], object]) -> None:
        """Remove a project with all its files.

        Args:
            end: ends what still works on it; called when nothing new can begin any more.
        """
        folder = self.folder(identity)
        try:
            self.store.delete(identity)
        except DatabaseError:  # on a full disk its files have to go first
            end()
            shutil.rmtree(folder, ignore_errors=True)
            self.store.delete(identity)
        end()
        self._forget(identity)

    def _forget(self, identity: str) -> None:
        with contextlib.suppress(NoProjectError):
            self.store.delete(identity)
        with self._lock:
            self._opened.pop(identity, None)
            self._known.pop(identity, None)
        shutil.rmtree(self.folder(identity), ignore_errors=True)


def in_force(steps: Sequence[Mapping[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The file of the labels that steps end with, and the operations that are done on them."""
    key, records = "", list[dict[str, Any]]()
    for step in steps:
        if "labels" in step:
            key, records = step["labels"], records if step.get("carry") else []
        else:
            records.append(dict(step))
    return key, records


def changed_box(before: NDArray[Any], after: NDArray[Any]) -> Box:
    """The box (top, left, bottom, right) of what differs between two arrays (h, w) or (h, w, c); zeros for nothing."""
    different = before != after
    rows = np.flatnonzero(different.reshape(len(different), -1).any(1))
    if not len(rows):
        return 0, 0, 0, 0
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    seen = different[top:bottom].any(0)
    columns = np.flatnonzero(seen if seen.ndim == 1 else seen.any(-1))
    return top, int(columns[0]), bottom, int(columns[-1]) + 1


def read_photo(data: bytes) -> Bytes:
    """The picture of an uploaded file as uint8 (h, w, 3), upright, alpha over white.

    Raises:
        InputError: it is none, or too large; its header is looked at before anything is decoded.
    """
    return to_bytes(read_image(opened_picture(data, LARGEST_PIXELS)))


def read_label_file(data: bytes) -> LabelMap:
    """The label map of an uploaded file.

    Raises:
        InputError, LabelError: it is none, or too large.
    """
    return read_labels(opened_picture(data, LARGEST_PIXELS))


def store_labels(folder: Path, labels: LabelMap) -> str:
    """Write labels into a project's folder under a new name."""
    name = f"{new_identity()}.png"
    write_labels(folder / "labels" / name, labels)
    return name


def operations_from(records: Sequence[Mapping[str, Any]]) -> list[Operation]:
    """Operations from JSON.

    Raises:
        OptionError: one is none.
    """
    return [operation(one) for one in records]


def state_of(moment: Moment) -> dict[str, Any]:
    """What the page knows of the objects and steps of a project, as JSON values."""
    layout = moment.layout
    classes = {label.id: label.name for label in moment.base.palette.classes}
    return {
        "version": moment.project.version,
        "undo": moment.undo,
        "redo": moment.redo,
        "objects": [
            {
                "id": one.id,
                "name": one.name,
                "class": one.class_id,
                "class_name": classes[one.class_id],
                "box": list(one.region.box),
                "area": one.region.area,
                "pivot": list(one.pivot),
                "arranged": one.arranged,
            }
            for one in layout.objects
        ],
        "groups": [{"name": one.name, "members": list(one.members), "pivot": list(one.pivot)} for one in layout.groups],
    }
