"""What renders and jobs are asked for, refused before the work where it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analogon.data import Exemplar, LabelMap
from analogon.errors import InputError, OptionError
from analogon.fitting import MOST_SEED
from analogon.io import ImageSource
from analogon.io.opening import MAX_PIXELS
from analogon.jobs import Animate, Edit, Harmonize, Job, Paint, Reshape, Retarget, Upscale, Vary
from analogon.loading import PlacesSource, load_wishes
from analogon.methods import registry
from analogon.methods.bundle import Bundle
from analogon.rendering import Guide, Wishes


def check_save(folder: str | Path) -> None:
    """Refuse a folder that :meth:`Model.save` would refuse, before the work; nothing is left behind.

    Raises:
        ModelError: it cannot be made, or its files cannot be replaced.
    """
    Bundle.check_folder(Path(folder))


def check_render(
    exemplar: Exemplar,
    target: LabelMap,
    method: str = registry.DEFAULT_METHOD,
    *,
    keep: str | ImageSource = "auto",
    tile: bool = False,
    preview: bool = False,
    guides: Sequence[Guide] = (),
    places: PlacesSource | None = None,
    polish: bool | None = None,
    provenance: bool = False,
) -> Wishes:
    """Refuse what :meth:`Model.render` would refuse, before the work: a fit may take long.

    Args:
        target: of :func:`load_target`.
        keep: pixels that stay as they are in the source. ``"auto"``: those that the edit does not concern, where
            source and target have one size and the method can; ``"none"``: none needs to; a mask (see
            :func:`read_mask`) of the target's size: those that are white.
        tile: the result continues without a seam where its left edge is put to its right, and its top to its bottom.
        preview: a quick first impression will do.
        guides: further pairs of maps that say which places are alike.
        places: where in the source pixels come from: whole numbers (h, w, 2), row and column, -1 where nothing is
            asked for; or an .npy file of them, as results write it with their provenance.
        polish: refine the result with pieces of the source; None does so if that is the method's way.
        provenance: the result has to say where its pixels come from.

    Returns:
        What the method is asked for.

    Raises:
        OptionError: the method cannot do one of these, or there is a mask and the sizes of source and target differ.
        InputError: a mask, guide or places have the wrong size, or cannot be read.
    """
    entry = registry.get(method)
    wishes = load_wishes(exemplar, target, keep=keep, tile=tile, preview=preview, guides=guides, places=places)
    entry.check_takes(wishes.asked())
    polishing = entry.polishes(polish, preview=wishes.preview)
    if provenance and not (entry.provenance or polishing):
        raise OptionError(
            f"Method '{method}' paints new pixels, which come from no place in the source: leave out --provenance or "
            "add --polish."
        )
    return wishes


def check_jobs(
    exemplar: Exemplar, jobs: Sequence[Job], method: str = registry.DEFAULT_METHOD, *, seed: Any = 0
) -> None:
    """Refuse what :meth:`Model.perform` would refuse, before the work: a fit may take long.

    Args:
        seed: of the first picture.

    Raises:
        OptionError: there is no job, they are of several kinds or of one that the method cannot do, or a seed or size
            is out of range. InputError: a picture has not the source's size.
    """
    if not jobs:
        raise OptionError("There is no job to do: give at least one.")
    kinds = {job.name for job in jobs}
    if len(kinds) > 1:
        raise OptionError(f"Jobs of one kind are done together, not {' and '.join(sorted(kinds))}: ask for each.")
    registry.get(method).check_does(jobs[0].name)
    most = MOST_SEED - (0 if isinstance(jobs[0], Retarget) else len(jobs) - 1)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= most:
        raise OptionError(f"seed cannot be {seed!r}: give a whole number from 0 to {most}.")
    for job in jobs:
        if isinstance(job, Edit | Harmonize):
            picture = job.edited if isinstance(job, Edit) else job.composite
            if picture.shape[:2] != exemplar.frame:
                (height, width), (rows, columns) = picture.shape[:2], exemplar.frame
                raise InputError(
                    f"The picture to {job.name} is {width}x{height} pixels and the source {columns}x{rows}: give a "
                    "picture of the source's size."
                )
        height, width = size_of(exemplar, job)
        if height * width > MAX_PIXELS:
            option = "--factor" if isinstance(job, Upscale) else "--size"
            raise OptionError(
                f"The result would be {width}x{height} pixels, more than {MAX_PIXELS // 10**6} megapixels: take a "
                f"smaller {option}."
            )


def size_of(exemplar: Exemplar, job: Job) -> tuple[int, int]:
    """Height and width of the picture that a job makes."""
    height, width = exemplar.frame
    match job:
        case Vary(size=size) | Retarget(size=size) | Reshape(size=size):
            return size
        case Paint(painting=painting):
            return painting.shape[0], painting.shape[1]
        case Upscale(factor=factor):
            return round(factor * height), round(factor * width)
        case Edit() | Harmonize() | Animate():
            return height, width


def check_export(path: str | Path, method: str) -> None:
    """Refuse what :meth:`Model.export` would refuse; see there for the errors."""
    if Path(path).suffix.lower() != ".onnx" or Path(path).is_dir():
        raise OptionError(f"'{path}' cannot be the exported model: name a file that ends in .onnx.")
    registry.get(method).check_exports()
