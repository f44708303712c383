"""One picture, many jobs: variations, other sizes, edits, loops and removals, each as one function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from analogon import api, jobs
from analogon.animation import Animation
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
        seed, device, progress, fitting: arguments of :func:`fit`, and settings of the method.

    Raises:
        OptionError: the method cannot do the job, or a model is told how to fit. InputError: the picture cannot be
            read. ModelError: the folder holds no model.
    """
    if isinstance(source, str | Path) and Path(source).is_dir():
        source = api.load(source, device=device)
    if isinstance(source, api.Model):
        given = [name for name, value in {"method": method, "recipe": recipe, **fitting}.items() if value]
        if given:
            raise OptionError(f"A model is fitted already: leave out --{given[0]}, or give the picture in its place.")
        registry.get(source.method).check_does(job)
        return source
    entry = registry.able(job, method)
    exemplar = source if isinstance(source, Exemplar) else load_exemplar(source)
    return api.fit(
        exemplar,
        entry.name,
        recipe=entry.recipe_for(job) if recipe is None else recipe,
        seed=0 if seed is None else seed,
        device=device,
        progress=progress,
        **fitting,
    )


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
    model = prepare(source, "vary", seed=seed, progress=progress, **fitting)
    job = jobs.Vary(model.exemplar.frame if size is None else size, difference)
    return list(model.perform([job] * count, seed=seed, progress=progress))


def retarget(
    source: Source,
    size: tuple[int, int],
    *,
    seed: int | None = None,
    progress: Listener | None = None,
    **fitting: Any,
) -> Result:
    """The same picture at another size (height, width): its parts keep their size and shape."""
    model = prepare(source, "retarget", seed=seed, progress=progress, **fitting)
    return _one(model, jobs.Retarget(size), seed, progress)


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
    model = prepare(source, "reshape", seed=seed, progress=progress, **fitting)
    return _one(model, jobs.Reshape(size, corners), seed, progress)


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
    model = prepare(source, "retarget", seed=seed, progress=progress, **fitting)
    results = model.perform(jobs.sequence(sizes, frames), seed=seed, progress=progress)
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
    return _one(prepare(source, "paint", seed=seed, progress=progress, **fitting), job, seed, progress)


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
    return _one(prepare(source, "edit", seed=seed, progress=progress, **fitting), job, seed, progress)


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
    return _one(prepare(source, "harmonize", seed=seed, progress=progress, **fitting), job, seed, progress)


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
    return _one(prepare(source, "upscale", seed=seed, progress=progress, **fitting), job, seed, progress)


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
    model = prepare(source, "animate", seed=seed, progress=progress, **fitting)
    results = model.perform([jobs.Animate(frames, amount)], seed=seed, progress=progress)
    return Animation.of(results, frames_per_second, loop=True)


def _one(model: api.Model, job: jobs.Job, seed: int | None, progress: Listener | None) -> Result:
    return next(model.perform([job], seed=seed, progress=progress))
