"""Where the files of a data set are: the folder layouts of well-known sets, and the one for sets of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from analogon.errors import InputError, OptionError
from analogon.io.opening import SUFFIXES

SPLITS = ("train", "val", "test")
LABEL_SUFFIXES = tuple(s for s in (*SUFFIXES, ".npy") if s not in (".jpg", ".jpeg"))
"""Of label and instance maps: a JPEG blends ids with their neighbours."""


@dataclass(frozen=True)
class Files:
    """The files of one labelled picture; `instances` is None where the set has no instance maps."""

    name: str
    image: Path
    labels: Path
    instances: Path | None = None


@dataclass(frozen=True)
class Layout:
    """How one kind of data set lies in folders.

    Attributes:
        name: as options name it.
        looks: what is expected where, for people.
        splits: which parts of the files stand for a split, the first that is there.
        is_at: whether a folder looks like it.
        find: the files of one part, sorted by name; an empty list where there is no such part.
        classes: the published list (`known_classes`); None: it is the user's own.
    """

    name: str
    looks: str
    splits: Mapping[str, tuple[str, ...]]
    is_at: Callable[[Path], bool]
    find: Callable[[Path, str], list[Files]]
    classes: str | None = None

    def files(self, root: Path, split: str) -> list[Files]:
        """The files of a split.

        Raises:
            OptionError: there is no such split. InputError: files are missing.
        """
        if split not in self.splits:
            raise OptionError(f"There is no split '{split}': use {', '.join(self.splits)}.")
        for part in self.splits[split]:
            if found := self.find(root, part):
                return found
        raise InputError(f"'{root}' has no pictures of the split '{split}' of the layout {self.name}: {self.looks}.")


def detect(root: Path) -> Layout:
    """The layout that a folder has.

    Raises:
        InputError: the folder is missing, or is none that is known.
    """
    check_folder(root)
    for layout in LAYOUTS.values():
        if layout.is_at(root):
            return layout
    held = ", ".join(sorted(p.name for p in root.iterdir() if not p.name.startswith("."))[:6]) or "nothing"
    raise InputError(
        f"'{root}' (with {held} in it) is no data set of a known layout: put pictures into images/ and label maps of "
        f"the same names into labels/, or name a folder that holds {', '.join(_SIGNS)}."
    )


def check_folder(root: Path) -> None:
    """InputError where there is no such folder."""
    if not root.is_dir():
        raise InputError(f"There is no folder '{root}': give the folder that holds the data set.")


def _coco_stuff(root: Path, part: str) -> list[Files]:
    found = list[Files]()
    for ending in ("", "_portrait"):  # upright pictures may lie apart
        images, labels, instances = (root / f"{part}_{kind}{ending}" for kind in ("img", "label", "inst"))
        if images.is_dir():
            more = _paired(images, labels, _optional(instances))
            found += [replace(f, name=f"portrait {f.name}") for f in more] if ending else more
    return found


def _deepfashion(root: Path, part: str) -> list[Files]:
    return _paired(root / part, root / f"cihp_{part}_mask", None) if (root / part).is_dir() else []


def _custom(root: Path, part: str) -> list[Files]:
    places = [f"{part}/{{}}", f"{{}}/{part}"]
    if part == "train" and not _is_split(root):
        places.append("{}")  # a folder that is not split is there to be learnt
    for place in places:
        images, labels, instances = (root / place.format(kind) for kind in ("images", "labels", "instances"))
        if images.is_dir():
            return _paired(images, labels, _optional(instances))
    return []


def _samples(root: Path, part: str) -> list[Files]:
    """Folders of one sample each; one that is being written has a hidden name."""
    if part != "train" or not (root / "samples").is_dir():
        return []
    folders = sorted(p for p in (root / "samples").iterdir() if p.is_dir() and not p.name.startswith("."))
    for folder in folders:
        for name in ("image.png", "labels.png", "instances.png"):
            if not (folder / name).is_file():
                raise InputError(f"'{folder / name}' is missing: make the sample anew, or take its folder away.")
    return [Files(p.name, p / "image.png", p / "labels.png", p / "instances.png") for p in folders]


def _is_split(root: Path) -> bool:
    return any((root / part / "images").is_dir() or (root / "images" / part).is_dir() for part in SPLITS)


def _cityscapes(root: Path, part: str) -> list[Files]:
    images = _by_frame(root / "leftImg8bit" / part, "_leftImg8bit")
    if not images:
        return []
    place = root / "gtFine" / part
    labels, instances = (_by_frame(place, f"_gtFine_{kind}Ids") for kind in ("label", "instance"))
    found = []
    for frame, image in images.items():
        for maps, kind in ((labels, "label"), (instances, "instance")):
            if frame not in maps:
                wanted = place / image.parent.name / f"{frame}_gtFine_{kind}Ids.png"
                raise InputError(f"'{image}' has no {kind} map: '{wanted}' is missing, get it with the set's gtFine.")
        found.append(Files(frame, image, labels[frame], instances[frame]))
    return found


def _by_frame(folder: Path, ending: str) -> dict[str, Path]:
    """Files below a folder by the first three fields of their names: city, sequence and frame."""
    names = sorted(p for p in folder.rglob("*") if p.stem.endswith(ending) and p.suffix.lower() in SUFFIXES)
    return {"_".join(path.name.split("_")[:3]): path for path in names}


def _ade20k(root: Path, part: str) -> list[Files]:
    inside = [p for p in _pictures_below(root) if f"_{part}_" in p.relative_to(root).as_posix()]
    images = _by_stem([p for p in inside if p.suffix.lower() in (".jpg", ".jpeg")])
    labels = _by_stem([p for p in inside if p.suffix.lower() == ".png"])
    return _matched(images, labels, None, "a PNG label map of the same name anywhere in the set")


def _pictures_below(root: Path) -> Iterator[Path]:
    return (p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))


def _paired(images: Path, labels: Path, instances: Path | None) -> list[Files]:
    """Files of the same stem in two or three folders."""
    if not labels.is_dir():
        raise InputError(f"'{images}' has no label maps: the folder '{labels}' is missing.")
    shown = _by_stem(_files(images, SUFFIXES))
    if not shown:
        raise InputError(f"'{images}' holds no pictures: put PNG, JPEG, WebP or TIFF files there.")
    numbered = None if instances is None else (instances, _by_stem(_files(instances, LABEL_SUFFIXES)))
    return _matched(shown, _by_stem(_files(labels, LABEL_SUFFIXES)), numbered, f"a file of that name in '{labels}'")


def _matched(
    images: Mapping[str, Path],
    labels: Mapping[str, Path],
    instances: tuple[Path, Mapping[str, Path]] | None,
    where: str,
) -> list[Files]:
    for stem, image in images.items():
        if stem not in labels:
            raise InputError(
                f"'{image}' has no label map: put {where} (a JPEG is none, it blends ids), or take the picture away."
            )
        if instances is not None and stem not in instances[1]:
            raise InputError(
                f"'{image}' has no instance map, as others have: put one of that name into '{instances[0]}'."
            )
    for stem, path in labels.items():
        if stem not in images:
            raise InputError(f"'{path}' is the label map of no picture: put the picture '{stem}' beside the others.")
    return [Files(s, images[s], labels[s], None if instances is None else instances[1][s]) for s in images]


def _files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    return [p for p in folder.iterdir() if p.suffix.lower() in suffixes and not p.name.startswith(".")]


def _by_stem(paths: list[Path]) -> dict[str, Path]:
    """Paths by their stems, sorted as people count."""
    found = dict[str, Path]()
    for path in sorted(paths, key=_as_counted):
        if path.stem in found:
            raise InputError(f"'{found[path.stem]}' and '{path}' have the same name: keep one of them.")
        found[path.stem] = path
    return found


def _as_counted(path: Path) -> tuple[list[tuple[int, str]], str]:
    """A sorting key that compares runs of digits as numbers."""
    parts = [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.stem)]
    return parts, path.as_posix()


def _optional(folder: Path) -> Path | None:
    return folder if folder.is_dir() else None


_SIGNS = (
    "leftImg8bit/ and gtFine/ (Cityscapes)",
    "train_img/ and train_label/ (COCO-Stuff)",
    "train/ and cihp_train_mask/ (DeepFashion)",
    "samples/ (analogon augment)",
    "*_train_*.jpg and *_train_*.png (ADE20K)",
)
_LAST_IS_VAL = MappingProxyType({"train": ("train",), "val": ("val",), "test": ("val",)})

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            Layout(
                "cityscapes",
                "pictures are leftImg8bit/{train,val}/CITY/*_leftImg8bit.png, maps gtFine/{train,val}/CITY/"
                "*_gtFine_labelIds.png and *_gtFine_instanceIds.png",
                _LAST_IS_VAL,
                lambda root: (root / "leftImg8bit").is_dir(),
                _cityscapes,
                "cityscapes",
            ),
            Layout(
                "coco_stuff",
                "pictures are in {train,val}_img, label maps in {train,val}_label, instance maps in {train,val}_inst",
                _LAST_IS_VAL,
                lambda root: any((root / f"{part}_img").is_dir() for part in SPLITS),
                _coco_stuff,
                "coco_stuff",
            ),
            Layout(
                "deepfashion",
                "pictures are in {train,test}, label maps in cihp_{train,test}_mask",
                MappingProxyType({"train": ("train",), "val": ("test",), "test": ("test",)}),
                lambda root: any((root / f"cihp_{part}_mask").is_dir() for part in SPLITS),
                _deepfashion,
                "deepfashion",
            ),
            Layout(
                "samples",
                "each sample is a folder in samples/ with image.png, labels.png and instances.png, as analogon augment "
                "writes them, all of them to learn from",
                MappingProxyType({"train": ("train",), "val": ("val",), "test": ("test",)}),
                lambda root: (root / "samples").is_dir(),
                _samples,
            ),
            Layout(
                "custom",
                "pictures are in images/, label maps of the same names in labels/ and instance maps, if there are any, "
                "in instances/, for several splits within train/, val/ and test/",
                MappingProxyType({"train": ("train",), "val": ("val", "test"), "test": ("test", "val")}),
                lambda root: _is_split(root) or ((root / "images").is_dir() and (root / "labels").is_dir()),
                _custom,
            ),
            Layout(
                "ade20k",
                "pictures are *_{train,val}_*.jpg and label maps *_{train,val}_*.png, in folders of any names",
                _LAST_IS_VAL,
                lambda root: any(
                    f"_{part}_" in path.relative_to(root).as_posix()
                    for path in _pictures_below(root)
                    for part in ("train", "val")
                ),
                _ade20k,
                "ade20k",
            ),
        )
    }
)
"""Every layout by its name, in the order in which a folder is tried."""
