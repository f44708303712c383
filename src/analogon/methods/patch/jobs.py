"""The jobs of the patch method, each done by the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from analogon.data import Exemplar
from analogon.jobs import Animate, Edit, Harmonize, Job, Paint, Retarget, Upscale, Vary
from analogon.ops.enlarging import enlarged
from analogon.ops.harmony import harmonized
from analogon.ops.mending import mended
from analogon.ops.rearranging import Parts, resized_only, retargeted, varied
from analogon.ops.repainting import painted
from analogon.ops.stirring import stirred
from analogon.ops.synthesis import Settings
from analogon.provenance import Provenance
from analogon.rendering import Rendering
from analogon.run import Progress, Run


def performed(
    exemplar: Exemplar, jobs: Sequence[Job], run: Run, settings: Settings, *, tone: bool
) -> Iterator[Rendering]:
    """See :meth:`analogon.methods.base.Performer.perform`."""
    for rendering in _of_picture(exemplar, jobs, run, settings, tone=tone):
        if way := rendering.provenance:  # its places are in the picture, which lies at the top left of what is joined
            way = Provenance(way.places, exemplar.shape, way.tone)
        yield replace(rendering, provenance=way)


def _of_picture(
    exemplar: Exemplar, jobs: Sequence[Job], run: Run, settings: Settings, *, tone: bool
) -> Iterator[Rendering]:
    """The renderings, with provenances as if nothing were joined to the picture."""
    height, width = exemplar.frame
    picture = exemplar.image[:height, :width]
    sizes = [job.size for job in jobs if isinstance(job, Vary | Retarget)] or [(1, 1)]
    largest = max(size[0] for size in sizes), max(size[1] for size in sizes)
    parts = Parts(exemplar, settings, tone=tone, largest=largest)
    if all(isinstance(job, Retarget) for job in jobs):
        yield from retargeted(parts, [job.size for job in jobs if isinstance(job, Retarget)], run)
        return
    for n, job in enumerate(jobs):
        own = replace(run, seed=run.seed + n)
        match job:
            case Vary(size=size, difference=difference):
                yield varied(parts, size, difference, own) if difference > 0 else resized_only(picture, size)
            case Paint():
                yield painted(parts.exemplar, job.painting, job.difference, own, settings, tone=tone)
            case Edit():
                yield mended(parts.exemplar, job.edited, job.mask, own, settings, tone=tone)
            case Harmonize():
                yield harmonized(parts.exemplar, job.composite, job.mask, own, settings)
            case Upscale():
                yield Rendering(enlarged(picture, job.factor, _told(own, "enlarging")))
            case Animate():
                told = _told(own, "moving")
                for done, frame in enumerate(stirred(picture, job.frames, job.amount, own.seed)):
                    told(done + 1, job.frames)
                    yield Rendering(frame)


def _told(run: Run, stage: str) -> Callable[[int, int], None]:
    return lambda done, steps: run.listener(Progress(stage, done, steps))
