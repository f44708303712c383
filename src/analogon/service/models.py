"""Exemplars and models that are kept ready, so that a render begins at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar

from analogon.api import Model, fit, load
from analogon.augment import Sources
from analogon.data import Exemplar
from analogon.errors import ModelError
from analogon.methods.bundle import FILE
from analogon.service.files import Files
from analogon.service.pictures import IMAGE, LABELS, stored_exemplar

MOST_PIXELS = 24_000_000
"""Of all that is kept, of exemplars and of models each."""
MOST_KEPT = 64

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """What was made last, as far as it has room; each is made once, however many ask for it at a time."""

    def __init__(self, size: Callable[[Value], int]) -> None:
        self._size = size
        self._found: OrderedDict[Hashable, Value] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What has this key."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._found:
                    return self._found[key]
            try:
                value = make()
                with self._lock:
                    self._found[key] = value
                    while len(self._found) > 1 and (
                        len(self._found) > MOST_KEPT or sum(map(self._size, self._found.values())) > MOST_PIXELS
                    ):
                        self._found.popitem(last=False)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return value

    def forget(self, of: Callable[[Any], bool]) -> None:
        """Drop what has such keys."""
        with self._lock:
            for key in [key for key in self._found if of(key)]:
                del self._found[key]


class Models:
    """Exemplars and models by the projects they belong to."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._exemplars: Kept[Exemplar] = Kept(lambda one: one.labels.ids.size)
        self._models: Kept[Model] = Kept(lambda one: one.exemplar.labels.ids.size)
        self._sources: Kept[Sources] = Kept(lambda one: one.pictures[0].exemplar.labels.ids.size)

    def exemplar(self, project: str) -> Exemplar:
        """The picture of a project with its label map; FileNotFoundError where the files are gone."""

        def read() -> Exemplar:
            folder = project_folder(project)
            return stored_exemplar(self._files.read(f"{folder}/{IMAGE}"), self._files.read(f"{folder}/{LABELS}"))

        return self._exemplars.get((project,), read)

    def sources(self, project: str, things: tuple[str, ...]) -> Sources:
        """The same as what samples are made of, with what was measured of it, which takes seconds.

        Args:
            things: classes of single objects that it is measured with. Sources hold what is measured for ever, and who
                asks may name them in endless ways: each has sources of its own, of which the last are kept.
        """
        return self._sources.get((project, things), lambda: Sources.of([self.exemplar(project)]))

    def model(self, project: str, asked: Mapping[str, Any]) -> Model:
        """What renders a request: the model of a fit, or a method that needs none.

        Raises:
            AnalogonError: the method cannot be loaded. ModelError: the fit has been deleted.
        """
        if asked.get("model") is not None:
            return self._models.get((project, asked["model"]), lambda: self._fitted(project, asked["model"]))
        settings = asked.get("settings", {})
        key = (project, asked["method"], asked.get("recipe"), asked["seed"], repr(sorted(settings.items())))

        def make() -> Model:
            more = {"recipe": asked.get("recipe"), "seed": asked["seed"], **settings}
            return fit(self.exemplar(project), asked["method"], **more)

        return self._models.get(key, make)

    def _fitted(self, project: str, job: str) -> Model:
        with TemporaryDirectory() as folder:
            try:
                with (Path(folder) / FILE).open("wb") as file:
                    file.writelines(self._files.pieces(result_file(project, job, FILE)))
            except FileNotFoundError:
                raise ModelError(f"The model of the fit '{job}' is gone: fit anew.") from None
            return load(folder)

    def forget(self, project: str, job: str | None = None) -> None:
        """Drop what is kept of a project, or of one of its fits."""
        self._models.forget(lambda key: key[0] == project and (job is None or job in key))
        if job is None:
            self._exemplars.forget(lambda key: key[0] == project)
            self._sources.forget(lambda key: key[0] == project)


def project_folder(project: str) -> str:
    """Of the files of a project."""
    return f"projects/{project}"


def result_file(project: str, job: str, name: str) -> str:
    """A file of a job's result; they are all in one folder, as a new one each would cost the disk as much again."""
    return f"projects/{project}/results/{job}-{name}"
