"""What is compared on: pictures with label maps and targets, from the user's files to the comparison's folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.errors import InputError, LabelError, OptionError
from analogon.io import ImageSource, LabelSource, find_case, read_image, write_image, write_labels
from analogon.io.opening import SUFFIXES
from analogon.loading import load_exemplar, load_targets
from analogon.report.values import Case

#: Folders of a comparison.
INPUTS, RESULTS = Path("inputs"), Path("results")
#: Longest part of a name that becomes a file's, in bytes: systems take 255, and endings come after it.
_LONGEST = 80

Picture = NDArray[np.float32]
Target = LabelSource | LabelMap


@dataclass(frozen=True, eq=False)
class Given:
    """One case as it was read.

    Attributes:
        name: for people; unique among the cases of a comparison.
        exemplar: the source.
        targets: by name.
        truths: by name of a target the picture that it really has, of its size.
    """

    name: str
    exemplar: Exemplar
    targets: Mapping[str, LabelMap]
    truths: Mapping[str, Picture] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the truths."""
        for name, truth in self.truths.items():
            if truth.shape[:2] != self.targets[name].shape:
                raise InputError(
                    f"The true picture of target '{name}' of case '{self.name}' has {_size(truth.shape)} pixels and "
                    f"the target {_size(self.targets[name].shape)}: give one of the target's size."
                )


def from_files(
    image: ImageSource,
    labels: Target,
    targets: Sequence[Target] | Mapping[str, Target],
    *,
    name: str | None = None,
    mapping: Mapping[str, str] | None = None,
    truths: Mapping[str, ImageSource] | None = None,
) -> Given:
    """One case of files or arrays.

    Args:
        targets: by name; without names they are called after their files.
        name: of the case; None for that of the picture's file.
        mapping: see :func:`analogon.load_target`.
        truths: by name of a target the picture that it really has.

    Raises:
        InputError, LabelError: a file cannot be used. OptionError: no target, or two of one name.
    """
    named = targets if isinstance(targets, Mapping) else _by_name(targets)
    if not named:
        raise OptionError("There is no target: name at least one label map to render.")
    exemplar = load_exemplar(image, labels)
    layouts = load_targets(exemplar, named.values(), mapping)
    pictures = {target: read_image(truth) for target, truth in (truths or {}).items()}
    return Given(name or _case_name(image), exemplar, dict(zip(named, layouts, strict=True)), pictures)


def from_folder(folder: Path, *, truth: bool = False) -> Given:
    """The case of a folder: ``img.*``, ``label.*``, ``cond/*``, and with ``truth`` also ``truth/*``.

    With ``truth`` those targets are left out whose true picture is not there.

    Raises:
        InputError, LabelError: a file cannot be used, or there is no target (with a true picture).
    """
    found = find_case(folder)
    targets = _by_name(found.targets)
    truths: dict[str, ImageSource] = {}
    if truth:
        pictures = _by_name(p for p in sorted((folder / "truth").glob("*")) if p.suffix.lower() in SUFFIXES)
        truths = {name: path for name, path in pictures.items() if name in targets and isinstance(path, Path)}
        targets = {name: target for name, target in targets.items() if name in truths}
    if not targets:
        what = "truth/ beside a label map of the same name in cond/" if truth else "cond/"
        raise InputError(f"'{folder}' holds no target: put a file into {what}.")
    try:
        return from_files(found.image, found.labels, targets, name=_readable(folder.resolve().name), truths=truths)
    except LabelError as error:
        raise LabelError(f"The case '{folder.name}' cannot be read: {_lowered(str(error))}") from error


def case_folders(root: Path, only: Sequence[str] = (), *, truth: bool = False) -> list[Path]:
    """The folders in ``root`` that are cases, by name; with ``truth`` those that hold true pictures.

    Raises:
        InputError: there is no such folder, or no case in it. OptionError: ``only`` names what is none.
    """
    if not root.is_dir():
        raise InputError(f"There is no folder '{root}': give a folder of cases (NAME/img.*, NAME/label.*, NAME/cond/).")
    found = [path for path in sorted(root.iterdir()) if path.is_dir() and any(path.glob("img.*"))]
    if truth:
        found = [path for path in found if (path / "truth").is_dir()]
    if not found and any(root.glob("img.*")):
        raise InputError(f"'{root}' is a case itself: name the folder that it lies in, with --only {root.name}.")
    if not found:
        what = "NAME/img.*, NAME/label.*, NAME/cond/" + (", NAME/truth/" if truth else "")
        raise InputError(f"'{root}' holds no case: give a folder with {what}.")
    return [path for path in found if not only or path.name in chosen(only, [one.name for one in found])]


def chosen(only: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    """The names of ``only``, or all; OptionError for one that is not known."""
    for name in only:
        if name not in known:
            raise OptionError(f"--only names '{name}', which is no case there: the cases are {', '.join(known)}.")
    return only or known


def prepare(given: Sequence[Given], folder: Path) -> tuple[Case, ...]:
    """Write what is compared on into the comparison's folder.

    Raises:
        InputError: the folder cannot be written to.
    """
    cases, taken = [], Names()
    for one in given:
        own = INPUTS / taken.name(one.name)
        make_folder(folder / own)
        files = Names("source", "labels")
        image, labels = own / "source.png", own / "labels.png"
        write_image(folder / image, one.exemplar.image)
        write_labels(folder / labels, one.exemplar.labels)
        targets, truths = {}, {}
        for name, target in one.targets.items():
            stem = files.name(name)
            targets[name] = own / f"{stem}.png"
            write_labels(folder / targets[name], target)
            if name in one.truths:
                truths[name] = own / f"{files.name(f'{stem}.truth')}.png"
                write_image(folder / truths[name], one.truths[name])
        cases.append(Case(one.name, image, labels, targets, truths))
    return tuple(cases)


class Names:
    """Names for people as names of files: each is given once, however the disk spells capitals."""

    def __init__(self, *taken: str) -> None:
        self._taken = {name.casefold() for name in taken}

    def name(self, text: str) -> str:
        """A name for ``text`` that was not given yet."""
        stem = re.sub(r"[^\w.+=-]+", "_", text).strip(".").encode()[:_LONGEST].decode(errors="ignore") or "_"
        found, number = stem, 2
        while found.casefold() in self._taken:
            found, number = f"{stem}-{number}", number + 1
        self._taken.add(found.casefold())
        return found


def _by_name(files: Iterable[Target]) -> dict[str, Target]:
    """Files by their stems; what is no file has a number."""
    named: dict[str, Target] = {}
    for number, one in enumerate(files, 1):
        name = _readable(Path(one).stem) if isinstance(one, str | PathLike) else f"target {number}"
        if name in named:
            raise OptionError(f"{one} and {named[name]} would both be called '{name}': rename one of them.")
        named[name] = one
    return named


def _case_name(image: ImageSource) -> str:
    if not isinstance(image, str | PathLike):
        return "picture"
    path = Path(image)
    return _readable(path.stem if path.stem != "img" else path.resolve().parent.name or "img")


def _readable(name: str) -> str:
    """A file's name as text; systems take names that are none."""
    return name.encode(errors="replace").decode()


def make_folder(folder: Path) -> None:
    """Make a folder where there is none; InputError where there cannot be one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"'{folder}' cannot be made a folder ({reason}): choose another place with -o.") from error


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
