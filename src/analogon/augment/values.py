"""One invented picture with all that is known of it, and the folder that it becomes."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap
from analogon.errors import InputError, LabelError
from analogon.io import image_writer, labels_writer, read_image, read_labels, replacing

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

#: The folder of the samples in that of a dataset, and the files of one sample.
SAMPLES = "samples"
IMAGE, LABELS, INSTANCES, RECORD = "image.png", "labels.png", "instances.png", "record.json"
#: Instances of one picture, at most: what 16 bits hold besides none.
MOST_INSTANCES = 65535
#: Digits of a sample's name.
DIGITS = 6


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture, what each of its pixels is, and how it came about.

    Attributes:
        name: its index with leading zeros ("000123"); the name of its folder.
        image: float32 (h, w, 3) in [0, 1].
        labels: the class of each pixel.
        instances: int32 (h, w), the number of the object that a pixel belongs to, from 1 on, 0 for none.
        instance_classes: the class id of instance 1, 2, and so on.
        record: seed, index, sources, layout, method, figures and versions, as JSON values.

    Arrays are made read-only.

    Raises:
        LabelError: sizes differ, or an instance has no class.
    """

    name: str
    image: FloatArray
    labels: LabelMap
    instances: IntArray
    instance_classes: tuple[int, ...]
    record: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the arrays against each other."""
        image, instances = np.array(self.image, np.float32), np.array(self.instances, np.int32)
        for name, shape in (("image", image.shape[:2]), ("instances", instances.shape)):
            if shape != self.labels.shape:
                raise LabelError(f"The {name} of sample '{self.name}' and its labels differ in size: give equal sizes.")
        for name, array in (("image", image), ("instances", instances)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if not 0 <= int(self.instances.max(initial=0)) <= min(len(self.instance_classes), MOST_INSTANCES):
            raise LabelError(f"An instance of sample '{self.name}' has no class: give one for each.")

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.labels.shape


def sample_name(index: int) -> str:
    """The name of the sample with this index."""
    return f"{index:0{DIGITS}d}"


def encode(sample: Sample) -> dict[str, bytes]:
    """The files of a sample by their names; equal samples have equal bytes."""
    from PIL import Image

    files = {}
    for name, write in (
        (IMAGE, image_writer(IMAGE, sample.image)),
        (LABELS, labels_writer(LABELS, sample.labels)),
        (INSTANCES, lambda file: Image.fromarray(sample.instances.astype(np.uint16)).save(file, format="PNG")),
    ):
        held = BytesIO()
        write(held)
        files[name] = held.getvalue()
    record = {**sample.record, "instance_classes": list(sample.instance_classes)}
    files[RECORD] = (json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()
    return files


def write_sample(files: Mapping[str, bytes], folder: str | PathLike[str]) -> None:
    """Make the folder of a sample, with all of its files or not at all; one that is there stays as it is.

    The files are written to a hidden folder beside it, which is then renamed; one that a killed process has left behind
    can be deleted (see :func:`sweep`).

    Raises:
        InputError: the place cannot be written to.
    """
    target = Path(folder)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        draft.mkdir(parents=True)
        try:
            for name, data in files.items():
                with replacing(draft / name) as file:  # on the disk before the folder has its name
                    file.write(data)
            if not target.exists():
                draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"'{target}' cannot be written ({reason}): choose another place with -o.") from error


def sweep(folder: Path) -> None:
    """Delete what writers of samples have left behind when they were killed."""
    for draft in folder.glob(".*.part"):
        shutil.rmtree(draft, ignore_errors=True)


def read_sample(folder: str | PathLike[str]) -> Sample:
    """The sample of a folder.

    Raises:
        InputError, LabelError: a file is missing or damaged.
    """
    root = Path(folder)
    try:
        record = json.loads((root / RECORD).read_text(encoding="utf-8"))
        classes = tuple(int(number) for number in record.pop("instance_classes"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"'{root}' is no sample ({error}): delete the folder and make it again.") from error
    return Sample(
        root.name, read_image(root / IMAGE), read_labels(root / LABELS), _instances(root / INSTANCES), classes, record
    )


def _instances(path: Path) -> IntArray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image).astype(np.int32)
    except OSError as error:
        raise InputError(f"'{path}' cannot be read ({error}): delete its folder and make it again.") from error


def sample_folders(dataset: str | PathLike[str]) -> list[Path]:
    """The folders of all samples of a dataset, by name; none where it has none yet."""
    root = Path(dataset) / SAMPLES
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def read_samples(dataset: str | PathLike[str]) -> Iterator[Sample]:
    """The samples of a dataset, by name, one after the other.

    Raises:
        InputError: the folder is no dataset.
    """
    if not (Path(dataset) / SAMPLES).is_dir():
        raise InputError(f"'{dataset}' is no dataset of samples: give the folder that analogon augment wrote.")
    yield from (read_sample(folder) for folder in sample_folders(dataset))
