"""Where a verb writes, settled and checked before any work is done."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from analogon.cli.console import say
from analogon.errors import OptionError

SHEET = "sheet.png"
MODEL = "model"
#: Endings of the files that `Result.save` writes with `provenance`.
PROVENANCE = (".provenance.npy", ".provenance.png", ".labels.png")


@dataclass(frozen=True)
class Outputs:
    """Files of one run: per target a picture with others of its stem beside it, and the contact sheet."""

    folder: Path
    pictures: tuple[Path, ...]
    provenance: bool = False

    @property
    def sheet(self) -> Path:
        """The contact sheet of the run."""
        return self.folder / SHEET

    @property
    def model(self) -> Path:
        """The folder of the model that `make` fits."""
        return self.folder / MODEL


def plan(
    folder: Path,
    targets: Sequence[Path],
    inputs: Sequence[Path],
    *,
    provenance: bool = False,
    endings: Sequence[str] = ("",),
    beside: Sequence[str] = (),
) -> Outputs:
    """Name the picture of each target: `folder/<stem of the target>.png`; with endings one for each, in their order.

    `provenance` tells that the provenance of each picture is written beside it, `beside` the endings of other files.

    Raises:
        OptionError: there is no target, the folder cannot be written to, two files would have one name, a file
            would overwrite one of `inputs` or of the targets, or a folder is in the place of a file.
    """
    if not targets:
        raise OptionError("There is no target: name at least one label map to render.")
    check_folder(folder)
    sources = {path.resolve() for path in (*inputs, *targets)}
    beside = (".png", ".json", *(PROVENANCE if provenance else ()), *beside)
    taken: dict[Path, Path] = {folder / SHEET: Path(SHEET)}
    pictures = []
    for target, ending in product(targets, endings):
        picture = folder / f"{target.stem}{ending}.png"
        for written in (picture.with_suffix(suffix) for suffix in beside):
            if written in taken:
                other = taken[written]
                which = "the contact sheet" if other == Path(SHEET) else f"{other}"
                raise OptionError(f"The results for {target} and {which} would both be {written}: rename the target.")
            taken[written] = target
            if written.resolve() in sources:
                raise OptionError(
                    f"The result for {target} would overwrite the input {written}: choose another folder."
                )
        pictures.append(picture)
    if (folder / SHEET).resolve() in sources:
        raise OptionError(
            f"The contact sheet would overwrite the input {folder / SHEET}: choose another folder with -o."
        )
    for written in taken:
        if written.is_dir():
            raise OptionError(f"{written} is a folder, and a file is to be written there: choose another with -o.")
    return Outputs(folder, tuple(pictures), provenance)


def check_folder(folder: Path) -> None:
    """Raise OptionError where `folder` cannot become, or is, a folder that can be written to."""
    existing = next((path for path in (folder, *folder.absolute().parents) if path.exists()), Path("/"))
    if not existing.is_dir():
        raise OptionError(f"{folder} cannot be a folder, because {existing} is a file: choose another with -o.")
    try:
        # Permissions alone do not tell: a read-only disk or a full one refuses as well.
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise OptionError(f"Nothing can be written in {existing} ({reason}): choose another folder with -o.") from None


@contextmanager
def kept(output: Path) -> Iterator[None]:
    """Say at Ctrl-C what becomes of the work."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"What is done is kept in {output}: the same command goes on from there.")
        raise
