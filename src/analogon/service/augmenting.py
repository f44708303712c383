"""Samples as a job: a process of its own, ``python -m analogon.service.augmenting FOLDER``, which is resumed.

It reads ``FOLDER/request.json`` and makes ``FOLDER/dataset`` after the picture of the project, and then
``FOLDER/dataset.zip`` of it. It ends when its standard input is closed.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
import zipfile
from pathlib import Path

from analogon.augment import Settings, make_dataset
from analogon.errors import AnalogonError
from analogon.run import Progress
from analogon.service.files import PIECE
from analogon.service.fitting import Fits
from analogon.service.working import Made, Task
from analogon.serving.processes import REQUEST, tell, told, watched

DATASET = "dataset.zip"
_EVERY_SECONDS = 0.2
_FEW = 8
"""Samples that one process makes in the time that others take to begin."""
_THEN = (1980, 1, 1, 0, 0, 0)
"""The time of all files in the archive: the same samples are the same bytes."""


class Augmentations(Fits):
    """Makes data sets; see :class:`Fits` for the arguments."""

    _module = "analogon.service.augmenting"

    def _made(self, task: Task, folder: Path, ended: str) -> Made:
        """The whole data set, or nothing."""
        error = {
            "finished": "",
            "cancelled": "",
            "failed": str(told(folder).get("error", "")),
            "late": f"The samples were not made in {self._minutes:g} minutes, the most that this server gives: ask for "
            "fewer.",
        }.get(ended, f"The work {ended}.")
        if ended != "finished":
            return Made(error=error)
        record = json.loads((folder / "made.json").read_text())
        return Made(record, self._stored(task, folder / DATASET))


def main(folder: Path) -> int:
    """Make what the folder asks for; 0 where it is there, 2 after an error that has been written down."""
    watched(folder)
    asked = json.loads((folder / REQUEST).read_text())
    last = 0.0

    def listen(event: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY_SECONDS or event.step >= event.steps:
            last = now
            tell(folder, {"stage": event.stage, "step": event.step, "steps": event.steps})

    try:
        source = folder / "source"
        for kind in ("photo", "labels"):
            place = source / ("images" if kind == "photo" else "labels") / "project.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(Path(asked[kind]).read_bytes())
        dataset = make_dataset(
            source,
            asked["count"],
            output=folder / "dataset",
            settings=Settings(**asked["settings"]),
            formats=asked["formats"],
            validation=asked["validation"],
            workers=1 if asked["count"] <= _FEW else None,
            progress=listen,
        )
        _pack(dataset.folder, folder / DATASET)
        refused = [refusal.reason for refusal in dataset.refusals]
        (folder / "made.json").write_text(json.dumps({"samples": dataset.samples, "refused": refused}))
    except AnalogonError as error:
        tell(folder, {"stage": "failed", "error": str(error)})
        return 2
    except KeyboardInterrupt:
        tell(folder, {"stage": "cancelled"})
        return 130
    tell(folder, {"stage": "finished", "step": dataset.samples, "steps": dataset.samples})
    return 0


def _pack(dataset: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as packed:  # pictures are packed already
        for path in sorted(one for one in dataset.rglob("*") if one.is_file() and not one.name.startswith(".")):
            name = zipfile.ZipInfo(path.relative_to(dataset).as_posix(), _THEN)
            name.file_size = path.stat().st_size
            with path.open("rb") as file, packed.open(name, "w") as place:
                shutil.copyfileobj(file, place, PIECE)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
