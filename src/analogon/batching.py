"""Models of many pictures, each fitted on its own: by processes of this machine or by the nodes of a cluster."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from analogon.api import fit
from analogon.comparing.cases import case_folders
from analogon.errors import ModelError, OptionError
from analogon.fitting import order
from analogon.io import find_case, write_together
from analogon.loading import load_exemplar
from analogon.methods import registry
from analogon.methods.bundle import FILE, NOTE, Bundle
from analogon.run import Progress, ignore
from analogon.workers import check_gpus, open_workers


@dataclass(frozen=True)
class Fitted:
    """What came of one picture.

    Attributes:
        name: of the case.
        folder: of its model, see :func:`analogon.load`.
        error: one sentence, where there is no model of it.
    """

    name: str
    folder: Path
    error: str | None = None


def fit_each(
    cases: str | Path | Sequence[str | Path],
    method: str = registry.DEFAULT_METHOD,
    *,
    output: str | Path,
    recipe: str | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    device: str = "auto",
    size: float = 1.0,
    workers: int | None = None,
    cluster: str | None = None,
    gpus: float = 0.0,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> tuple[Fitted, ...]:
    """Learn the pictures of many cases, each on its own, so many at once.

    Each model is that of :func:`fit`, whoever makes it, and is in its folder as soon as it is done. One that is there
    already, of the same picture with the same arguments, is not fitted again: after Ctrl-C or a failure the same call
    goes on from there. A picture that cannot be learnt does not keep others from it.

    Args:
        cases: a folder of cases, a case folder (``img.*``, ``label.*``), or several of either.
        output: folder of the model folders, each of the name of its case.
        minutes: for each picture.
        workers: so many at once; None: as many as there are processors, here or on the cluster. They share the
            processors of this machine; on a cluster each has one.
        cluster: have a Ray cluster do it, "auto" for the one that this machine belongs to, or its address; pictures are
            sent there and models come back. It takes ``analogon[ray]``.
        gpus: share of a GPU that each takes on a cluster.
        progress: called with :class:`Progress` events, a step per picture.

    Returns:
        What came of each, in the order of the cases.

    The others are those of :func:`fit`, and so is what is raised: before any picture is learnt.
    """
    check_gpus(gpus, cluster)
    folders = _folders([cases] if isinstance(cases, str | Path) else list(cases), Path(output))
    entry, listener = registry.get(method), progress or ignore
    asked = {"recipe": recipe, "steps": steps, "minutes": minutes, "seed": seed, "size": size, **options}
    missing = []
    for name, case in folders.items():
        found = find_case(case)
        # what computes is known where it is computed
        here = device if cluster is None else "auto"
        wanted = order(
            [load_exemplar(found.image, found.labels)], entry, recipe, options,
            steps=steps, minutes=minutes, seed=seed, device=here, size=size,
        )  # fmt: skip
        Bundle.check_folder(Path(output) / name)
        if not _is_there(Path(output) / name, wanted.requests[0]):
            missing.append((name, (found.image, found.labels)))
    done = len(folders) - len(missing)
    errors: dict[str, str] = {}
    with open_workers(workers, cluster, gpus) as hands:
        listener(Progress("learning", done, len(folders)))
        shared = {"method": method, "device": device, **asked}
        pictures = ({path.name: path.read_bytes() for path in paths} for _, paths in missing)
        for number, outcome in hands.each(_fitted, pictures, shared=shared, gpus=gpus):
            name = missing[number][0]
            if outcome.error is None:
                _keep(Path(output) / name, outcome.value)
            else:
                errors[name] = outcome.error
            done += 1
            listener(Progress("learning", done, len(folders)))
    return tuple(Fitted(name, Path(output) / name, errors.get(name)) for name in folders)


def _folders(given: Sequence[str | Path], output: Path) -> dict[str, Path]:
    """Case folders by the names of their models.

    Raises:
        InputError: there is no such folder, or no case in it. OptionError: two have one name, or nothing is given.
    """
    found: dict[str, Path] = {}
    for path in map(Path, given):
        for case in [path] if any(path.glob("img.*")) else case_folders(path):
            name = case.resolve().name
            if name in found:
                raise OptionError(f"Two models would be '{output / name}': rename one of the case folders.")
            found[name] = case
    if not found:
        raise OptionError("There is no case to fit: give at least one.")
    return found


def _is_there(folder: Path, requested: Mapping[str, Any]) -> bool:
    """Whether a folder holds the whole model that is asked for."""
    try:
        record = Bundle.read(folder).record
    except ModelError:
        return False
    return record["stopped"] is None and record["requested"] == json.loads(json.dumps(requested))


def _fitted(arguments: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The model of a picture, as files: what a worker does."""
    with tempfile.TemporaryDirectory(prefix="analogon-") as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        case = find_case(folder)
        model = fit(load_exemplar(case.image, case.labels), **arguments)
        if model.stopped == "interrupted":
            raise KeyboardInterrupt  # it was meant for all pictures
        model.save(folder)
        return {file: (folder / file).read_bytes() for file in (FILE, NOTE)}


def _keep(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"Model folder '{folder}' cannot be made ({reason}): choose another with -o.") from error
    write_together({folder / name: partial(_write, files[name]) for name in (FILE, NOTE)})


def _write(content: bytes, file: BinaryIO) -> None:
    file.write(content)
