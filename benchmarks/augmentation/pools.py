"""Pictures that are made of annotated ones: pasted, rendered for invented layouts, or labelled by a trained network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pictures import Picture, Task
from scipy import ndimage

Made = list[Picture]


def pieces(task: Task, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """One region of one class with a rim of three pixels, as a mask: a cell with its membrane, or an object."""
    classes = [0] if len(task.classes) == 2 else [n for n in np.unique(labels) if n != task.ignored]
    parts, n = ndimage.label(labels == rng.choice(classes))
    sizes = np.bincount(parts.ravel(), minlength=n + 1)
    fit = np.flatnonzero((sizes > 40) & (sizes < labels.size / 10))
    fit = fit[fit > 0]
    if not len(fit):
        return None
    return np.asarray(ndimage.binary_dilation(parts == rng.choice(fit), iterations=3))


def pasted(task: Task, sources: Sequence[Picture], count: int, seed: int) -> Made:
    """Cut and paste: up to twelve regions of an annotated picture, turned, somewhere on another or the same."""
    rng = np.random.default_rng((seed, 11))
    made = []
    for _ in range(count):
        base = sources[rng.integers(len(sources))]
        image, labels = base.image.copy(), base.labels.copy()
        for _ in range(rng.integers(6, 13)):
            source = sources[rng.integers(len(sources))]
            mask = pieces(task, source.labels, rng)
            if mask is None:
                continue
            box = ndimage.find_objects(mask.astype(int))[0]
            turns = int(rng.integers(4)) if task.turned else 0
            cut = [np.rot90(a[box], turns) for a in (mask, source.image, source.labels)]
            if rng.random() < 0.5:
                cut = [a[:, ::-1] for a in cut]
            height, width = cut[0].shape
            if height >= labels.shape[0] or width >= labels.shape[1]:
                continue
            top, left = rng.integers(0, labels.shape[0] - height), rng.integers(0, labels.shape[1] - width)
            if not task.turned:
                top = min(max(box[0].start + int(rng.integers(-12, 13)), 0), labels.shape[0] - height)
            place = np.s_[top : top + height, left : left + width]
            image[place] = np.where(cut[0][..., None], cut[1], image[place])
            labels[place] = np.where(cut[0], cut[2], labels[place])
        made.append(Picture(image, labels))
    return made


def kept(folder: Path, what: dict[str, Any], make: Callable[[], Made]) -> Made:
    """What was made for the same request before, or is made now and kept."""
    name = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:20]
    path = folder / f"{what['kind']}-{name}.npz"
    if not path.exists():
        made = make()
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        arrays = {
            "images": np.stack([m.image for m in made]).astype(np.float16),
            "labels": np.stack([m.labels for m in made]).astype(np.uint8),
        }
        np.savez_compressed(part, **arrays)
        part.rename(path)
    with np.load(path) as found:
        return [
            Picture(image.astype(np.float32), ids.astype(np.int64))
            for image, ids in zip(found["images"], found["labels"], strict=True)
        ]
