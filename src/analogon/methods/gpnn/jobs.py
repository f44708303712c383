"""GPNN's other jobs: random pictures, other sizes, paintings and edits. Labels count in none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analogon.jobs import Edit, Job, Paint, Retarget, Vary
from analogon.methods.gpnn.config import Config
from analogon.methods.gpnn.level import Climb, Floats, Level, Shape, resized, smaller
from analogon.rendering import Rendering
from analogon.run import Progress, Run

#: Levels of a pyramid that begins where the whole picture is a few patches wide.
DEEP = 16
#: Standard deviation of what random pictures of the largest difference begin with; 0.75, as published, is halfway.
NOISE = 3.0
#: Asks for all patches of the source.
COMPLETE = 0.005
#: Share of a side by which a size changes at once.
STRIDE = 0.1


def performed(image: Floats, config: Config, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
    """The pictures for jobs of one kind; see :class:`~analogon.methods.base.Performer`."""
    before: Floats | None = None
    for n, job in enumerate(jobs):
        seconds: dict[str, float] = {}
        run = run if n == 0 else replace(run, seed=run.seed + 1)
        match job:
            case Vary():
                found = _varied(image, config, job, run, seconds)
            case Retarget():
                found, before = _retargeted(image, config, job, before, run, seconds)
            case Paint():
                found = _painted(image, config, job, run, seconds)
            case Edit():
                found = _edited(image, config, job, run, seconds)
            case _:
                raise TypeError(f"no job of this method: {job}")
        yield Rendering(np.clip(found, 0, 1), seconds=seconds)


def _working(image: Floats, shape: Shape, config: Config) -> tuple[Floats, Shape]:
    """The source and a size, both shrunk by one factor where one of them is over the limit."""
    factor = min(1.0, config.size_limit / max(*image.shape[:2], *shape))
    return resized(image, smaller(image.shape[:2], factor, 1)), smaller(shape, factor, 1)


def _varied(image: Floats, config: Config, job: Vary, run: Run, seconds: dict[str, float]) -> Floats:
    source, shape = _working(image, job.size, config)
    noise = NOISE * job.difference**2
    climb = Climb(_by_colours(config), source)
    return resized(climb.refined(source, shape, DEEP, run, seconds, noise=noise), job.size)


def _retargeted(
    image: Floats, config: Config, job: Retarget, before: Floats | None, run: Run, seconds: dict[str, float]
) -> tuple[Floats, Floats]:
    """The picture, and its coarsest level, which the next of a sequence begins with."""
    source, shape = _working(image, job.size, config)
    climb = Climb(_by_colours(config, COMPLETE), source)
    size, levels = climb.room(shape, DEEP)
    factor = config.factor ** (levels - 1)
    coarse = resized(source, smaller(source.shape[:2], factor, size))
    level = Level(climb.config, coarse, *(np.zeros((1, 1, 0), np.float32),) * 2, size)
    level.take_keys(coarse)
    guess = coarse if before is None else before
    goal = smaller(shape, factor, size)
    steps = max(1, *(int(np.ceil(abs(np.log(a / b)) / STRIDE)) for a, b in zip(goal, guess.shape, strict=False)))
    begin = guess.shape[:2]
    for step in range(1, steps + 1):
        run.listener(Progress("size", step, steps))
        now = tuple(round(a * (b / a) ** (step / steps)) for a, b in zip(begin, goal, strict=True))
        guess = resized(guess, (now[0], now[1]))
        level.forget()
        for _ in range(config.rounds):
            guess, done = level.improved(guess)
            if done:
                break
    return resized(climb.refined(guess, shape, DEEP, run, seconds), job.size), guess


def _painted(image: Floats, config: Config, job: Paint, run: Run, seconds: dict[str, float]) -> Floats:
    wanted = job.painting.shape[0], job.painting.shape[1]
    source, shape = _working(image, wanted, config)
    climb = Climb(_by_colours(config, COMPLETE), source)
    levels = 1 + round(job.difference * (climb.room(shape, DEEP)[1] - 1))
    return resized(climb.refined(resized(job.painting, shape), shape, levels, run, seconds), wanted)


def _edited(image: Floats, config: Config, job: Edit, run: Run, seconds: dict[str, float]) -> Floats:
    wanted = job.edited.shape[0], job.edited.shape[1]
    source, shape = _working(image, wanted, config)
    open_ = _around(image, job.edited, config.patch) if job.mask is None else job.mask
    start = resized(job.edited, shape)
    climb = Climb(_by_colours(config), source, held=(job.edited, ~open_))
    found = resized(climb.refined(start, shape, config.levels, run, seconds), wanted)
    return np.where(open_[..., None], found, job.edited)


def _around(image: Floats, edited: Floats, reach: int) -> NDArray[np.bool_]:
    """Where a picture differs from the source, and what is near."""
    from scipy import ndimage as ndi

    differs = (np.abs(edited - image) > 0.5 / 255).any(-1)
    near: NDArray[np.bool_] = ndi.maximum_filter(differs, 2 * reach + 1, mode="constant", cval=0)
    return near


def _by_colours(config: Config, alpha: float | None = None) -> Config:
    """The configuration without labels, and with another ``alpha``."""
    return config.model_copy(update={"label_weight": 0.0, **({} if alpha is None else {"alpha": alpha})})
