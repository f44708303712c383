"""One picture, many jobs: variations, other sizes, edits, loops and removals, each as one function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analogon import api, jobs
from analogon.animation import Animation
from analogon.checking import check_jobs
from analogon.data import Exemplar
from analogon.errors import OptionError
from analogon.io import ImageSource, read_image, read_mask
from analogon.loading import load_exemplar
from analogon.methods import registry
from analogon.result import Result
from analogon.run import Progress

Source = ImageSource | Exemplar | api.Model
"""A picture, with or without labels, or a model of one; a path may be that of a model folder."""
Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""Where the top left, top right, bottom right and bottom left corners go: (row, column) in shares of the size."""
Listener = Callable[[Progress], None]


def prepare(
    source: Source,
    job: str,
    method: str | None = None,
    *,
    recipe: str | None = None,
    seed: int | None = None,
    device: str = "auto",
    progress: Listener | None = None,
    **fitting: Any,
) -> api.Model:
    """A model that can do a job: the source itself where it is one, else fitted to the picture.

    Args:
        source: a picture is one class, since nothing is known of it; an :class:`Exemplar` has its labels.
        job: a name of :data:`~analogon.jobs.JOBS`.
        method: None for the first that can; a model has its own.
        recipe: None for the one that the method takes for this job.
        seed, device, progress, fitting: arguments of :func:`fit`, and settings of the method; a model that is loaded
            computes where it does.

    Raises:
        OptionError: the method cannot do the job, or a model is told how to fit or to compute elsewhere. InputError:
            the picture cannot be read. ModelError: the folder holds no model.
    """
    known = _known(source, device)
    if isinstance(known, api.Model):
        refuse_fitting({"method": method, "recipe": recipe, **fitting})
        registry.get(known.method).check_does(job)
        return known
    entry = registry.able(job, method)
    return api.fit(
        known,
        entry.name,
        recipe=entry.recipe_for(job) if recipe is None else recipe,
        seed=0 if seed is None else seed,
        device=device,
        progress=progress,
        **fitting,
    )


def refuse_fitting(asked: Mapping[str, Any]) -> None:
    """Refuse to tell a model how it is to be fitted.

    Raises:
        OptionError: one of the arguments of a fit is given, be it false or nought.
    """
    for name, value in asked.items():
        if value is not None and not (name == "resume" and value is False):
            raise OptionError(f"A model is fitted already: leave out --{name}, or give the picture in its place.")


def vary(
    source: Source,
    count: int = 1,
    *,
    size: tuple[int, int] | None = None,
    difference: float = 1.0,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> list[Result]:
    """Random pictures of the same kind, by the seeds from ``seed`` on.

    Args:
        size: height and width; None for those of the source.
        difference: 0 for the picture itself to 1 for its parts arranged anew.
    """
    number: Any = count
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise OptionError(f"--count cannot be {number!r}: give a whole number from 1 on.")
    known = _known(source, fitting.get("device", "auto"))
    frame = (known.exemplar if isinstance(known, api.Model) else known).frame
    job = jobs.Vary(frame if size is None else size, difference)
    return list(_performed(known, [job] * count, seed, progress, fitting))


def retarget(
    source: Source,
    size: tuple[int, int],
    *,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> Result:
    """The same picture at another size (height, width): its parts keep their size and shape."""
    return next(_performed(source, [jobs.Retarget(size)], seed, progress, fitting))


def reshape(
    source: Source,
    size: tuple[int, int],
    corners: Corners,
    *,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> Result:
    """The same picture with another outline, which its corners go to; white lies outside."""
    return next(_performed(source, [jobs.Reshape(size, corners)], seed, progress, fitting))


def retarget_through(
    source: Source,
    sizes: Sequence[tuple[int, int]],
    frames: int = 30,
    *,
    frames_per_second: float = 12.0,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> Animation:
    """An animation of the picture from size to size, (height, width) each, without jumps."""
    results = _performed(source, jobs.sequence(sizes, frames), seed, progress, fitting)
    return Animation.of(results, frames_per_second)


def paint(
    source: Source,
    painting: ImageSource,
    *,
    difference: float = 0.5,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> Result:
    """A rough painting turned into a picture that looks like the source."""
    job = jobs.Paint(read_image(painting), difference)
    return next(_performed(source, [job], seed, progress, fitting))


def edit(
    source: Source,
    edited: ImageSource,
    mask: ImageSource | None = None,
    *,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> Result:
    """A naively pasted edit of the source made consistent, where the mask is white."""
    job = jobs.Edit(read_image(edited), None if mask is None else read_mask(mask))
    return next(_performed(source, [job], seed, progress, fitting))


def harmonize(
    source: Source,
    composite: ImageSource,
    mask: ImageSource,
    *,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> Result:
    """A pasted object, where the mask is white, takes the picture's look."""
    job = jobs.Harmonize(read_image(composite), read_mask(mask))
    return next(_performed(source, [job], seed, progress, fitting))


def upscale(
    source: Source,
    factor: float = 2.0,
    *,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> Result:
    """The picture enlarged, with the detail that it has itself at smaller sizes."""
    job = jobs.Upscale(factor)
    return next(_performed(source, [job], seed, progress, fitting))


def animate(
    source: Source,
    frames: int = 30,
    *,
    amount: float = 0.3,
    frames_per_second: float = 12.0,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> Animation:
    """A short loop: the picture, moving."""
    results = _performed(source, [jobs.Animate(frames, amount)], seed, progress, fitting)
    return Animation.of(results, frames_per_second, loop=True)


def _known(source: Source, device: str) -> Exemplar | api.Model:
    """The source as what it is, read where it is a path."""
    if isinstance(source, api.Model) and device not in ("auto", source.device):
        raise OptionError(
            f"The model computes on '{source.device}': leave out device='{device}', or load its folder with it."
        )
    if isinstance(source, Exemplar | api.Model):
        return source
    if isinstance(source, str | Path) and Path(source).is_dir():
        return api.load(source, device=device)
    return load_exemplar(source)


def _performed(
    source: Source, asked: Sequence[jobs.Job], seed: int | None, progress: Listener | None, fitting: Mapping[str, Any]
) -> Iterator[Result]:
    """The results of jobs of one kind, which are refused before a fit where they cannot be done."""
    known = _known(source, fitting.get("device", "auto"))
    if isinstance(known, Exemplar):
        method = registry.able(asked[0].name, fitting.get("method")).name
        check_jobs(known, asked, method, seed=0 if seed is None else seed)
    model = prepare(known, asked[0].name, seed=seed, progress=progress, **fitting)
    return model.perform(asked, seed=seed, progress=progress)
