"""The process of one job: ``python -m analogon.comparing.worker``, with the job as the first line of its input.

It ends when its input does: whoever started it is gone then. Time and memory of the pictures are taken before any
figure is, so that figures cost the contender nothing.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from analogon.api import Model, fit
from analogon.comparing.cases import make_folder
from analogon.comparing.contenders import arguments
from analogon.comparing.jobs import Job, Piece
from analogon.comparing.machine import peak_memory
from analogon.data import Exemplar, LabelMap
from analogon.errors import AnalogonError, InputError
from analogon.io import image_writer, read_image, write_image, write_together
from analogon.loading import load_exemplar, load_target
from analogon.methods import registry
from analogon.provenance import Provenance
from analogon.report.values import Trial

#: Letters of a method's own message that are passed on.
_LONGEST = 200


def main() -> None:
    """Run the job on standard input."""
    job = Job.parse(_first_line())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        run(job)
    except AnalogonError as error:
        sys.exit(str(error))  # a sentence for people, and the last that is said


def run(job: Job) -> None:
    """Make the pictures that are not there, take the figures that are not, and tell what came of each."""
    exemplar = load_exemplar(job.folder / job.case.image, job.folder / job.case.labels)
    targets = {p.target: load_target(exemplar, job.folder / job.case.targets[p.target]) for p in job.pieces}
    missing = [piece for piece in job.pieces if job.trial(piece) is None]
    for piece in missing:
        job.clear(piece)
        make_folder((job.folder / piece.stem).parent)
    if missing and job.contender.method is not None:
        _render(job, exemplar, missing, targets)
    elif missing:
        for piece in missing:
            _attempt(job, piece, lambda piece: _copied(job, exemplar, piece, targets[piece.target]))
    _score(job, exemplar, targets)


def _render(job: Job, exemplar: Exemplar, pieces: list[Piece], targets: Mapping[str, LabelMap]) -> None:
    """Fit, then render one after the other."""
    given, fields = arguments(job.contender)
    keep, polish = given.pop("keep", "auto"), given.pop("polish", None)
    fit_arguments: dict[str, Any] = {
        **fields, **given, "recipe": job.contender.recipe, "seed": job.seed, "device": job.device,
    }  # fmt: skip
    assert job.contender.method is not None
    try:
        model = fit(exemplar, job.contender.method, **fit_arguments)
    except Exception as error:
        trials = [_failure(job, piece, error) for piece in pieces]
        for piece, trial in zip(pieces, trials, strict=True):
            job.tell(piece, trial)
        return
    for piece in pieces:
        _attempt(job, piece, lambda piece: _rendered(job, model, piece, targets[piece.target], keep, polish))


def _rendered(job: Job, model: Model, piece: Piece, target: LabelMap, keep: str, polish: bool | None) -> Trial:
    result = model.render(target, keep=keep, polish=polish)
    picture, way = job.folder / piece.picture, result.provenance
    writers = {picture: image_writer(picture, result.image)}
    if way is not None:
        writers[job.folder / piece.provenance] = way.writer(job.folder / piece.provenance)
    write_together(writers)
    return _made(
        job,
        piece,
        fit_seconds=round(model.fit_seconds, 3) if registry.get(model.method).learns else None,
        seconds=round(result.seconds, 3),
        record=result.record() | {"recipe": job.contender.recipe, "requested": dict(model.record["requested"])},
        provenance=piece.provenance if way is not None else None,
    )


def _copied(job: Job, exemplar: Exemplar, piece: Piece, target: LabelMap) -> Trial:
    """A picture that is there already: one from elsewhere, or the source."""
    image = exemplar.image if piece.given is None else read_image(piece.given)
    if image.shape[:2] != target.shape:
        what = "The source" if piece.given is None else f"'{piece.given}'"
        height, width = target.shape
        raise InputError(
            f"{what} is {image.shape[1]}x{image.shape[0]} pixels and the target {width}x{height}, so there is nothing "
            "to compare: give pictures of the target's size."
        )
    write_image(job.folder / piece.picture, image)
    return _made(job, piece, record={"picture": piece.given.name if piece.given else "the source itself"})


def _made(job: Job, piece: Piece, **known: Any) -> Trial:
    """The trial of a picture that there is now."""
    return Trial(
        job.case.name,
        piece.target,
        job.contender.label,
        job.seed,
        piece.picture,
        peak_bytes=peak_memory() if job.contender.method is not None else None,
        **known,
    )


def _attempt(job: Job, piece: Piece, make: Callable[[Piece], Trial]) -> None:
    """Make one picture; what goes wrong is its own affair."""
    try:
        trial = make(piece)
    except Exception as error:
        job.clear(piece)
        trial = _failure(job, piece, error)
    job.tell(piece, trial)


def _failure(job: Job, piece: Piece, error: BaseException) -> Trial:
    record = job.about()
    if isinstance(error, AnalogonError):
        said = str(error)
    elif isinstance(error, MemoryError):
        said = f"There was not enough memory for {job.name}: make the picture smaller, or run fewer at once (--jobs 1)."
    else:
        what = " ".join(str(error).split()).rstrip(".:")[:_LONGEST] or "no reason is given"
        said = f"'{job.contender.label}' failed on '{job.case.name}' ({what}): this is a mistake in the method itself."
        record["traceback"] = "".join(traceback.format_exception(error))
    return job.failed(piece, said, peak_bytes=peak_memory(), record=record)


def _score(job: Job, exemplar: Exemplar, targets: Mapping[str, LabelMap]) -> None:
    """Take the figures of the pictures whose are not there."""
    todo = [(piece, trial) for piece in job.pieces if (trial := job.trial(piece)) and not job.scored(piece)]
    if not todo:
        return
    from analogon.comparing.scoring import Judge

    judge = Judge(exemplar, job.scoring)
    for piece, trial in todo:
        way = None
        if trial.provenance is not None:
            way = Provenance(_places(job, trial), exemplar.shape)
        truth = job.case.truths.get(piece.target)
        began = time.monotonic()
        figures, classes, notes = judge.judge(
            read_image(job.folder / piece.picture),
            targets[piece.target],
            way,
            None if truth is None else read_image(job.folder / truth),
        )
        record = {**trial.record, "scoring_seconds": round(time.monotonic() - began, 3)}
        job.tell(piece, replace(trial, figures=figures, classes=classes, notes=notes, record=record), scored=True)


def _places(job: Job, trial: Trial) -> Any:
    import numpy as np

    assert trial.provenance is not None
    return np.load(job.folder / trial.provenance, allow_pickle=False)


def _first_line() -> str:
    """By the system's own reading: nothing is held that a thread would have to let go of at the end."""
    text = bytearray()
    while not text.endswith(b"\n"):
        part = os.read(0, 65536)
        if not part:
            break
        text += part
    return text.decode()


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main()
