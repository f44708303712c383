"""Jobs on the nodes of a cluster: each takes its files along and brings its pictures back.

A node needs no disk that others see: there, a job is run as on this machine, in a process and a folder of its own.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from analogon.comparing.cases import make_folder
from analogon.comparing.jobs import Job
from analogon.comparing.processes import Ending, run_jobs
from analogon.io import replacing
from analogon.workers import Workers, cores

#: Where, in the folder of a job on a node, files lie that are named by their full paths: pictures made elsewhere, and
#: the weights of networks.
_GIVEN, _WEIGHTS = Path("given"), Path("weights")

#: Contents by path, relative to the comparison's folder.
Files = Mapping[str, bytes]


def run_elsewhere(jobs: Sequence[Job], workers: Workers, gpus: float, ended: Callable[[Job, Ending], None]) -> None:
    """Have all of them done, write what came of each and tell when it ends."""
    weights = {short: Path(path).read_bytes() for job in jobs[:1] for path, short in _weights(job).items()}
    for number, outcome in workers.each(run_here, map(_packed, jobs), shared=weights, gpus=gpus):
        job = jobs[number]
        if outcome.error is not None:
            # without a trace of what went wrong in the program, its process was lost
            ended(job, Ending(1 if outcome.trace else -9, None, outcome.trace or outcome.error))
            continue
        files, ending = outcome.value
        for path, content in files.items():
            make_folder((job.folder / path).parent)
            with replacing(job.folder / path) as file:
                file.write(content)
        ended(job, ending)


def run_here(weights: Files, sent: tuple[str, Files]) -> tuple[Files, Ending]:
    """Do a job that came from elsewhere.

    Args:
        weights: of networks.
        sent: the job as one line, and the files that it reads.

    Returns:
        The files that it made, what is told of a picture after the picture; and how it ended.
    """
    text, inputs = sent
    endings, files = list[Ending](), dict[str, bytes]()
    with tempfile.TemporaryDirectory(prefix="analogon-") as name:
        folder = Path(name).resolve()
        for path, content in {**weights, **inputs}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        theirs = Job.parse(text)
        places = {path: str(folder / short) for path, short in {**_weights(theirs), **_given(theirs)}.items()}
        job = _moved(theirs, folder, places)
        run_jobs([job], 1, cores(), lambda _, ending: endings.append(ending))
        for piece in job.pieces:
            for made in (piece.picture, piece.provenance, piece.told):
                if (folder / made).is_file():
                    files[str(made)] = (folder / made).read_bytes()
            if (told := files.get(str(piece.told))) is not None:
                files[str(piece.told)] = _as_sent(told, places)
    return files, endings[0]


def _packed(job: Job) -> tuple[str, Files]:
    """A job with all files that it reads, but for weights."""
    case = job.case
    paths = [case.image, case.labels]
    for piece in job.pieces:
        paths += [case.targets[piece.target], *(truth for name, truth in case.truths.items() if name == piece.target)]
        if (trial := job.trial(piece)) is not None:  # made before: it is for its figures
            paths += [piece.told, piece.picture, *([] if trial.provenance is None else [trial.provenance])]
    files = {str(path): (job.folder / path).read_bytes() for path in paths}
    return job.text(), {**files, **{short: Path(path).read_bytes() for path, short in _given(job).items()}}


def _weights(job: Job) -> dict[str, str]:
    """For each file of weights its place in the folder of a job."""
    files: Mapping[str, Sequence[str]] = job.scoring.get("weights") or {}
    return {path: str(_WEIGHTS / kind / Path(path).name) for kind, (path, *_) in files.items()}


def _given(job: Job) -> dict[str, str]:
    """For each picture made elsewhere its place in the folder of a job."""
    given = [piece.given for piece in job.pieces if piece.given is not None]
    return {str(path): str(_GIVEN / str(number) / path.name) for number, path in enumerate(given)}


def _moved(job: Job, folder: Path, places: Mapping[str, str]) -> Job:
    """The job in another folder, with other places of its files."""
    pieces = [
        piece if piece.given is None else replace(piece, given=Path(places[str(piece.given)])) for piece in job.pieces
    ]
    files = job.scoring.get("weights")
    weights = {kind: [places[path], *state] for kind, (path, *state) in files.items()} if files else files
    return replace(job, folder=folder, pieces=tuple(pieces), scoring={**job.scoring, "weights": weights})


def _as_sent(told: bytes, places: Mapping[str, str]) -> bytes:
    """What is told of a picture, with the paths that the job came with."""
    text = told.decode()
    for path, place in places.items():
        text = text.replace(json.dumps(place)[1:-1], json.dumps(path)[1:-1])
    return text.encode()
