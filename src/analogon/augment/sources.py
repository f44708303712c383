"""The annotated pictures that samples are made of, and layouts that are known besides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from analogon.augment.values import IntArray
from analogon.data import Exemplar, LabelMap, Palette
from analogon.errors import InputError, LabelError, OptionError
from analogon.io import ImageSource, LabelSource, find_case, load_npy, read_image, read_target
from analogon.io.opening import SUFFIXES
from analogon.loading import load_exemplar

#: Folders of a set of pictures: files of the same stems.
IMAGES, LABELS, INSTANCES = "images", "labels", "instances"

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Source:
    """An annotated picture.

    Attributes:
        name: unique among the sources.
        exemplar: the picture and its labels.
        instances: int32 (h, w), the number of the object at each pixel, 0 for none; None where it is not known.
    """

    name: str
    exemplar: Exemplar
    instances: IntArray | None = None

    def __post_init__(self) -> None:
        """Check the instances."""
        if self.instances is not None and self.instances.shape != self.exemplar.shape:
            raise LabelError(f"The instances of '{self.name}' and its picture differ in size: give equal sizes.")


@dataclass(frozen=True, eq=False)
class Sources:
    """Annotated pictures of one palette.

    Attributes:
        pictures: at least one.
        predicted: label maps of pictures that nobody has annotated, by name, with the same palette.
    """

    pictures: tuple[Source, ...]
    predicted: tuple[tuple[str, LabelMap], ...] = ()
    _held: dict[Any, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        pictures: Iterable[Source | Exemplar | tuple[ImageSource, LabelSource | LabelMap]],
        predicted: Iterable[LabelMap] = (),
    ) -> Sources:
        """Sources from exemplars, or from pairs of a picture and its labels; palettes are merged.

        Raises:
            InputError: there is none, or a file cannot be used. LabelError: classes contradict each other.
        """
        found = list[Source]()
        for number, one in enumerate(pictures, 1):
            if isinstance(one, tuple):
                one = load_exemplar(*one)
            found.append(one if isinstance(one, Source) else Source(f"picture {number}", one))
        if not found:
            raise InputError("There is no annotated picture: give at least one with its labels.")
        palette = found[0].exemplar.labels.palette
        for source in found[1:]:
            palette = _merged(palette, source.exemplar.labels.palette)
        joined = tuple(
            Source(s.name, Exemplar(s.exemplar.image, _in(palette, s.exemplar.labels), s.exemplar.usable), s.instances)
            for s in found
        )
        known = tuple((f"layout {n}", _in(palette, labels)) for n, labels in enumerate(predicted, 1))
        return cls(joined, known)

    @property
    def palette(self) -> Palette:
        """The classes of all."""
        return self.pictures[0].exemplar.labels.palette

    def held(self, key: Any, make: Callable[[], T]) -> T:
        """What ``make`` gives, made once for these sources."""
        if key not in self._held:
            self._held[key] = make()
        value: T = self._held[key]
        return value

    def record(self) -> dict[str, Any]:
        """Names and SHA-256 of pictures and layouts, as JSON values."""
        made = {
            "pictures": [{"name": s.name, "sha256": _digest(s)} for s in self.pictures],
            "predicted": [{"name": name, "sha256": labels.digest()} for name, labels in self.predicted],
        }
        return self.held("record", lambda: made)

    def pack(self) -> bytes:
        """All of it in one piece, to be sent to another process."""
        text = {
            "palette": self.palette.to_json(),
            "pictures": [s.name for s in self.pictures],
            "predicted": [name for name, _ in self.predicted],
        }
        arrays: dict[str, Any] = {"text": np.frombuffer(json.dumps(text).encode(), np.uint8)}
        for n, source in enumerate(self.pictures):
            arrays |= {f"image{n}": source.exemplar.image, f"labels{n}": source.exemplar.labels.ids.astype(np.int32)}
            if source.exemplar.usable is not None:
                arrays[f"usable{n}"] = source.exemplar.usable
            if source.instances is not None:
                arrays[f"instances{n}"] = source.instances
        for n, (_, labels) in enumerate(self.predicted):
            arrays[f"predicted{n}"] = labels.ids.astype(np.int32)
        held = BytesIO()
        np.savez(held, **arrays)
        return held.getvalue()

    @classmethod
    def unpack(cls, data: bytes) -> Sources:
        """The sources that :meth:`pack` wrote."""
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            text = json.loads(arrays["text"].tobytes())
            palette = Palette.from_json(text["palette"])
            found = []
            for n, name in enumerate(text["pictures"]):
                usable = arrays.get(f"usable{n}")
                exemplar = Exemplar(arrays[f"image{n}"], LabelMap(arrays[f"labels{n}"], palette), usable)
                found.append(Source(name, exemplar, arrays.get(f"instances{n}")))
            known = [(name, LabelMap(arrays[f"predicted{n}"], palette)) for n, name in enumerate(text["predicted"])]
        return cls(tuple(found), tuple(known))


def load_sources(
    given: Sequence[str | PathLike[str]] | str | PathLike[str], unlabelled: str | PathLike[str] | None = None
) -> Sources:
    """Annotated pictures from folders.

    Args:
        given: folders with ``images/`` and ``labels/`` (and ``instances/``) of the same names, cases (``img.*``,
            ``label.*``, with ``instances.*``), folders of cases, or pictures each with its label map after it.
        unlabelled: a folder of pictures, whose labels are then predicted from the annotated ones; or one with
            ``labels/``, which somebody has predicted.

    Raises:
        InputError, LabelError: a file or folder cannot be used.
    """
    found, paths = list[Source](), [Path(one) for one in ([given] if isinstance(given, str | PathLike) else given)]
    while paths:
        path = paths.pop(0)
        if path.is_file() and (not paths or paths[0].is_dir()):
            raise InputError(f"The label map of '{path}' is missing: give it after the picture.")
        files = [(path.stem, path, paths.pop(0), None)] if path.is_file() else _files(path)
        for name, image, labels, instances in files:
            try:
                exemplar = load_exemplar(image, labels)
            except LabelError as error:
                raise LabelError(f"'{image}' cannot be used with '{labels}': {error}") from error
            numbers = None if instances is None else _read_instances(instances)
            taken = {one.name for one in found}
            unique = name if name not in taken else next(
                f"{name} {n}" for n in range(2, len(found) + 3) if f"{name} {n}" not in taken
            )  # fmt: skip
            found.append(Source(unique, exemplar, numbers))
    if not found:
        raise OptionError("There is no annotated picture: name a folder with images/ and labels/.")
    sources = Sources.of(found)
    return sources if unlabelled is None else _with_predictions(sources, Path(unlabelled))


def _with_predictions(sources: Sources, folder: Path) -> Sources:
    """The sources with the layouts of a folder of other pictures."""
    if (folder / LABELS).is_dir():
        files = _by_stem(folder / LABELS, (*SUFFIXES, ".npy"))
        known = [(name, read_target(path, sources.palette)) for name, path in files.items()]
    else:
        from analogon.augment.predicting import predictor

        files = _by_stem(folder / IMAGES if (folder / IMAGES).is_dir() else folder, SUFFIXES)
        predict = predictor([one.exemplar for one in sources.pictures]) if files else None
        known = [(name, predict(read_image(path))) for name, path in files.items() if predict is not None]
    if not known:
        raise InputError(f"'{folder}' holds no picture: give a folder of pictures with --unlabelled.")
    return Sources(sources.pictures, tuple(known))


def _files(folder: Path) -> list[tuple[str, Path, Path, Path | None]]:
    """Name, picture, labels and instances of each annotated picture of a folder."""
    if not folder.is_dir():
        raise InputError(f"There is no folder '{folder}': give one with images/ and labels/, or img.* and label.*.")
    if (folder / IMAGES).is_dir() and (folder / LABELS).is_dir():
        images, labels = _by_stem(folder / IMAGES, SUFFIXES), _by_stem(folder / LABELS, (*SUFFIXES, ".npy"))
        instances = _by_stem(folder / INSTANCES, (*SUFFIXES, ".npy"))
        both = [stem for stem in images if stem in labels]
        if not both:
            raise InputError(f"'{folder}' holds no picture with labels: give files in images/ and labels/ equal names.")
        return [(stem, images[stem], labels[stem], instances.get(stem)) for stem in both]
    if any(folder.glob("img.*")):
        return [_case(folder)]
    cases = [path for path in sorted(folder.iterdir()) if path.is_dir() and any(path.glob("img.*"))]
    if not cases:
        raise InputError(
            f"'{folder}' holds no annotated picture: give one with images/ and labels/, or img.*, label.*."
        )
    return [_case(path) for path in cases]


def _case(folder: Path) -> tuple[str, Path, Path, Path | None]:
    case = find_case(folder)
    return folder.resolve().name, case.image, case.labels, next(iter(sorted(folder.glob("instances.*"))), None)


def _by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """The files of a folder by name; InputError where two have one name."""
    found = dict[str, Path]()
    if not folder.is_dir():
        return found
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in suffixes and not path.name.startswith("."):
            if path.stem in found:
                raise InputError(f"'{folder}' holds {found[path.stem].name} and {path.name}: keep one of them.")
            found[path.stem] = path
    return found


def _read_instances(path: Path) -> IntArray:
    """A map of object numbers: the values of a file, whatever their meaning, as they are."""
    if path.suffix.lower() == ".npy":
        array = load_npy(path)
    else:
        from PIL import Image

        try:
            with Image.open(path) as image:
                array = np.asarray(image)
        except OSError as error:
            raise InputError(f"'{path}' cannot be read ({error}): save it again as a PNG.") from error
    if array.ndim == 3 and array.dtype == np.uint8:  # colours: each is one object, black is none
        packed = array[..., :3].astype(np.int64) @ [1 << 16, 1 << 8, 1]
        values, array = np.unique(packed, return_inverse=True)
        array = array.reshape(packed.shape) + (values[0] != 0)
    if array.ndim != 2 or array.dtype.kind not in "iu" or int(array.min()) < 0:
        raise InputError(f"'{path}' is no map of objects: save their numbers as whole numbers, 0 for none.")
    return array.astype(np.int32)


def _merged(palette: Palette, other: Palette) -> Palette:
    """The classes of both: those of equal ids where these are the same class in both, else by names and colours."""
    known = {one.id: one for one in palette.classes}
    shared = [one for one in other.classes if one.id in known]
    if shared and all(known[one.id] == one for one in shared):
        fresh = [one for one in other.classes if one.id not in known]
        if not {one.name for one in fresh} & set(palette.names):
            return Palette((*palette.classes, *fresh))
    return palette.merge(other)[0]


def _in(palette: Palette, labels: LabelMap) -> LabelMap:
    """The map with the ids that its classes have in a merged palette."""
    if labels.palette == palette or set(labels.palette.classes) <= set(palette.classes):
        return LabelMap(labels.ids, palette)
    _, renamed = palette.merge(labels.palette)
    table = np.array([renamed[number] for number in labels.palette.ids], np.int64)
    return LabelMap(table[labels.indices()], palette)


def _digest(source: Source) -> str:
    digest = sha256(source.exemplar.digest().encode())
    if source.instances is not None:
        digest.update(np.ascontiguousarray(source.instances, "<i4").data)
    return digest.hexdigest()
