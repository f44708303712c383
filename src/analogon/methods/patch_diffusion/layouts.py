"""Pictures of layouts, and what joins samples to pictures of pieces."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap
from analogon.methods.patch_diffusion.sampling import Sample, Sampler, Task
from analogon.ops.engine import class_places, staying, synthesize
from analogon.ops.moves import moved_regions
from analogon.ops.polishing import MENDING
from analogon.rendering import Rendering, Wishes
from analogon.run import Run
from analogon.transport import transport

#: Tears are mended from pixels of this size on, and from those of the finest scale, which may be a bit larger.
MENDED, ROUNDING = 2, 0.1


def painted(sampler: Sampler, target: LabelMap, run: Run, wishes: Wishes) -> Rendering:
    """A picture for a layout whose classes the exemplar has."""
    exemplar, config = sampler.exemplar, sampler.config
    target = LabelMap(target.ids, exemplar.labels.palette)
    keep = _kept(sampler, target, wishes)
    if keep.all():
        return joined(sampler, Task(target, open_=~keep), None, run, wishes)
    if wishes.preview:
        config = config.model_copy(update={"levels": -(-config.levels // 2), "pixels": max(config.pixels // 4, 256)})
    known = exemplar.image[: target.shape[0], : target.shape[1]] if keep.any() else None
    task = Task(target, known=known, open_=~keep, guides=wishes.guides)
    return joined(sampler, task, sampler.sample(task, run, config), run, wishes)


def joined(sampler: Sampler, task: Task, sample: Sample | None, run: Run, wishes: Wishes) -> Rendering:
    """A sample as a picture at the full size, of pieces of the source where means are not asked for.

    Args:
        sampler: of the sample.
        task: what is not open has the source's pixels.
        sample: None where nothing is open.
        run: the seed of random tries, and the listener.
        wishes: guides and preview.
    """
    exemplar, target, clock = sampler.exemplar, task.target, time.perf_counter()
    keep = np.zeros(target.shape, bool) if task.open_ is None else ~task.open_
    if sampler.config.finish == "means" and sample is not None:
        image = np.array(sample.image)
        if keep.any():
            image[keep] = exemplar.image[: target.shape[0], : target.shape[1]][keep]
        return Rendering(image, seconds=sample.seconds)
    start, coarsest, seconds = None, MENDED, {}
    if sample is not None:
        start, seconds = sample.places, sample.seconds
        coarsest = max(MENDED, 1 << int(np.ceil(np.log2(1 / sample.size) - ROUNDING)))
    else:
        start = np.ascontiguousarray(np.moveaxis(np.indices(target.shape, np.int32), 0, -1))
    result = synthesize(
        exemplar,
        target,
        run,
        settings=replace(MENDING, coarsest=coarsest),
        wishes=replace(wishes, keep=keep if keep.any() else "none"),
        start=start,
    )
    return Rendering(result.image, result.provenance, {**seconds, "joining": time.perf_counter() - clock})


def _kept(sampler: Sampler, target: LabelMap, wishes: Wishes) -> NDArray[np.bool_]:
    """Pixels of a target that stay as they are: bool (h, w)."""
    if isinstance(wishes.keep, np.ndarray) or wishes.keep == "none":
        return wishes.keep if isinstance(wishes.keep, np.ndarray) else np.zeros(target.shape, bool)
    exemplar = sampler.exemplar
    source_ids, target_ids = class_places(exemplar, target)
    height, width = exemplar.frame
    if target.shape != exemplar.frame:
        return np.zeros(target.shape, bool)
    framed = LabelMap(exemplar.labels.ids[:height, :width], exemplar.labels.palette)
    moved = moved_regions(target_ids, transport(framed, target).field)
    return staying(exemplar, source_ids, target_ids, wishes, moved)
