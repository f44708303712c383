"""Where a verb writes, settled and checked before any work is done."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analogon.errors import OptionError

SHEET = "sheet.png"
MODEL = "model"


@dataclass(frozen=True)
class Outputs:
    """Files of one run: per target a picture (its settings beside it, as .json), and the contact sheet."""

    folder: Path
    pictures: tuple[Path, ...]

    @property
    def sheet(self) -> Path:
        """The contact sheet of the run."""
        return self.folder / SHEET

    @property
    def model(self) -> Path:
        """The folder of the model that `make` fits."""
        return self.folder / MODEL


def plan(folder: Path, targets: Sequence[Path], inputs: Sequence[Path]) -> Outputs:
    """Name the picture of each target: `folder/<stem of the target>.png`.

    Raises:
        OptionError: there is no target, the folder cannot be written to, two pictures would have one name, a
            picture would overwrite one of `inputs` or of the targets, or a folder is in the place of a file.
    """
    if not targets:
        raise OptionError("There is no target: name at least one label map to render.")
    check_folder(folder)
    sources = {path.resolve() for path in (*inputs, *targets)}
    taken: dict[str, Path] = {Path(SHEET).stem: Path(SHEET)}
    pictures = []
    for target in targets:
        picture = folder / f"{target.stem}.png"
        if target.stem in taken:
            other = taken[target.stem]
            which = "the contact sheet" if other == Path(SHEET) else f"{other}"
            raise OptionError(f"The pictures of {target} and {which} would both be {picture}: rename the target.")
        taken[target.stem] = target
        for written in (picture, picture.with_suffix(".json")):
            if written.resolve() in sources:
                raise OptionError(
                    f"The result for {target} would overwrite the input {written}: choose another folder."
                )
        pictures.append(picture)
    if (folder / SHEET).resolve() in sources:
        raise OptionError(
            f"The contact sheet would overwrite the input {folder / SHEET}: choose another folder with -o."
        )
    for written in (*(path.with_suffix(suffix) for path in pictures for suffix in (".png", ".json")), folder / SHEET):
        if written.is_dir():
            raise OptionError(f"{written} is a folder, and a file is to be written there: choose another with -o.")
    return Outputs(folder, tuple(pictures))


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
