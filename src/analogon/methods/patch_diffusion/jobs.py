"""What a picture can be asked for besides new layouts: jobs as samples that begin as noise, or as rough pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.jobs import Animate, Edit, Harmonize, Job, Paint, Reshape, Retarget, Upscale, Vary
from analogon.methods.patch_diffusion.layouts import joined
from analogon.methods.patch_diffusion.sampling import Sampler, Task
from analogon.methods.patch_diffusion.scales import resized
from analogon.provenance import Provenance
from analogon.rendering import PLAIN, Rendering
from analogon.run import Run

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

#: The only class of a picture without a layout.
ONE = Palette((LabelClass(0, "picture", (128, 128, 128)),))
#: Noise that a stretched picture needs to be made of parts of their own shape.
RETARGETED = 0.5
#: Noise of further frames of a sequence, each of which begins as the one before.
FOLLOWING = 0.2
#: Noise that takes a pasted edge out of an edit.
EDITED = 0.2
#: Noise that takes the look of a pasted object and leaves its shape, in patches that are small enough for any shape.
HARMONIZED, FINE = 0.1, 7
#: Share of its own detail that a pasted object keeps, and what is detail: all that a blur of so many pixels takes away.
DETAIL, BLUR = 0.6, 2.0
#: An edit without a mask may change so many pixels, as a share of the diagonal, beside what differs.
BESIDE = 0.03


def unlabelled(exemplar: Exemplar) -> Exemplar:
    """The exemplar as a picture of one class."""
    return Exemplar(exemplar.image, layout(exemplar.shape), exemplar.usable, exemplar.frame)


def layout(shape: tuple[int, int]) -> LabelMap:
    """One class everywhere."""
    return LabelMap(np.zeros(shape, np.int64), ONE)


def performed(sampler: Sampler, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
    """See :meth:`analogon.methods.base.Performer.perform`.

    Args:
        sampler: of the exemplar without its layout.
        jobs: of one kind that the registry names, checked.
        run: seed and listener.
    """
    before: Rendering | None = None
    for n, job in enumerate(jobs):
        turn = replace(run, seed=run.seed + n)
        match job:
            case Vary():
                yield _varied(sampler, job, turn)
            case Retarget():
                before = _retargeted(sampler, job, run, before)
                yield before
            case Paint():
                yield _painted(sampler, job, turn)
            case Edit():
                mask = changed(sampler.exemplar, job.edited) if job.mask is None else job.mask
                yield _mended(sampler, job.edited, mask, EDITED, 1, turn)
            case Harmonize():
                yield _harmonized(sampler, job, turn)
            case Upscale() | Animate() | Reshape():
                raise NotImplementedError(f"The registry does not name {job.name} among the jobs of this method.")
            case _:
                assert_never(job)


def changed(exemplar: Exemplar, edited: Floats) -> Bools:
    """Where an edited picture differs from the exemplar, and what is beside it; nowhere where it does not."""
    from scipy import ndimage as ndi

    height, width = exemplar.frame
    differs = (np.abs(edited - exemplar.image[:height, :width]) > 1 / 512).any(-1)
    reach = max(3, round(BESIDE * float(np.hypot(height, width))))
    return np.asarray(ndi.maximum_filter(differs, 2 * reach + 1, mode="constant", cval=0))


def _varied(sampler: Sampler, job: Vary, run: Run) -> Rendering:
    source = sampler.exemplar.image[: sampler.exemplar.frame[0], : sampler.exemplar.frame[1]]
    if job.difference == 0:
        places = np.moveaxis(np.indices(job.size, np.int32), 0, -1)
        way = Provenance(places, sampler.exemplar.shape) if job.size == source.shape[:2] else None
        return Rendering(np.clip(resized(source, job.size), 0, 1), way)
    # with so much noise on it, a pale picture says less than a bright one
    rough = 0.5 + (1 - job.difference) * (resized(source, job.size) - 0.5)
    task = Task(layout(job.size), rough)
    return joined(sampler, task, sampler.sample(task, run), run, PLAIN)


def _retargeted(sampler: Sampler, job: Retarget, run: Run, before: Rendering | None) -> Rendering:
    height, width = sampler.exemplar.frame
    rough = sampler.exemplar.image[:height, :width] if before is None else before.image
    noise = RETARGETED if before is None else FOLLOWING
    task = Task(layout(job.size), np.clip(resized(rough, job.size), 0, 1), noise)
    return joined(sampler, task, sampler.sample(task, run), run, PLAIN)


def _painted(sampler: Sampler, job: Paint, run: Run) -> Rendering:
    shape = job.painting.shape[0], job.painting.shape[1]
    noise = max(sampler.config.sigma * job.difference**2, sampler.config.sigma_last)
    task = Task(layout(shape), job.painting, noise)
    return joined(sampler, task, sampler.sample(task, run), run, PLAIN)


def _mended(sampler: Sampler, picture: Floats, mask: Bools, noise: float, first: int, run: Run) -> Rendering:
    """A picture of the exemplar's size made consistent inside a mask; outside it stays, bit for bit."""
    height, width = sampler.exemplar.frame
    if not mask.any():
        return Rendering(np.array(picture))
    task = Task(layout(mask.shape), picture, noise, first, picture, mask)
    result = joined(sampler, task, sampler.sample(task, run), run, PLAIN)
    image = np.where(mask[..., None], result.image, picture)
    # where what stays is not the source's, no source pixel can be named for it
    same = (picture == sampler.exemplar.image[:height, :width])[~mask].all()
    return Rendering(image, result.provenance if same else None, result.seconds)


def _harmonized(sampler: Sampler, job: Harmonize, run: Run) -> Rendering:
    """The object in the colours and the grain of the picture, by means of small patches, with detail of its own."""
    from scipy import ndimage as ndi

    fine = {"patch": FINE, "scales": 1, "pixels": 1 << 30, "finish": "means", "levels": -(-sampler.config.levels // 2)}
    config = sampler.config.model_copy(update=fine)
    result = _mended(sampler.with_config(config), job.composite, job.mask, HARMONIZED, 0, run)
    # the blur ends at the outline, or it would take the background for detail
    inside = job.mask.astype(np.float32)[..., None]
    blurred, count = (ndi.gaussian_filter(one, (BLUR, BLUR, 0)) for one in (job.composite * inside, inside))
    detail = inside * (job.composite - blurred / np.maximum(count, 1e-6))
    return replace(result, image=np.clip(result.image + np.float32(DETAIL) * detail, 0, 1))
