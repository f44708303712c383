"""Figures of a trained network: of two classes Dice, IoU, accuracy and adapted Rand error, of more the mean IoU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pictures import Ids, Picture, Pixels, Task
from scipy import ndimage
from unet import UNet, decided, predict

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)


def counts(task: Task, truth: Ids, found: Ids) -> np.ndarray:
    """How often each class (row) was taken for each (column)."""
    n = len(task.classes)
    counted = np.ones(truth.shape, bool) if task.ignored is None else truth != task.ignored
    return np.bincount(truth[counted] * n + found[counted], minlength=n * n).reshape(n, n)


def dices(table: np.ndarray) -> np.ndarray:
    return 2 * table.diagonal() / np.maximum(table.sum(0) + table.sum(1), 1)


def unions(table: np.ndarray) -> np.ndarray:
    return table.diagonal() / np.maximum(table.sum(0) + table.sum(1) - table.diagonal(), 1)


def rand_error(truth: Ids, found: Ids) -> float:
    """Adapted Rand error of the cells that membranes leave (one less the F-score of pairs of pixels)."""
    cells, parts = (ndimage.label(ids == 0)[0] for ids in (truth, found))
    inside = cells > 0
    joint = np.unique(cells[inside].astype(np.int64) * (int(parts.max()) + 1) + parts[inside], return_counts=True)
    together = np.square(joint[1].astype(float)).sum()
    own = np.square(np.bincount(cells[inside]).astype(float)).sum()
    other = np.square(np.bincount(parts[inside]).astype(float)).sum()
    return 1 - 2 * together / (own + other)


def dice_at(task: Task, pictures: Sequence[Picture], shares: Sequence[Pixels], threshold: float) -> float:
    table = sum(counts(task, p.labels, decided(s, task, threshold)) for p, s in zip(pictures, shares, strict=True))
    return float(dices(np.asarray(table))[list(task.foreground)].mean())


def scores(task: Task, net: UNet) -> dict[str, float]:
    """Figures in per cent; `dev` is the chief one on the development pictures, `tuned` at the threshold they chose."""
    chosen = [predict(net, p.image, task) for p in task.development]
    shares = [predict(net, p.image, task) for p in task.test]
    found = [decided(share, task) for share in shares]
    table = np.asarray(sum(counts(task, p.labels, f) for p, f in zip(task.test, found, strict=True)))
    places = list(task.foreground)
    figures = {
        "dice": dices(table)[places].mean(),
        "iou": unions(table)[places].mean(),
        "accuracy": table.diagonal().sum() / table.sum(),
    }
    if len(task.classes) == 2:
        figures["dev"] = dice_at(task, task.development, chosen, 0.5)
        best = max(THRESHOLDS, key=lambda t: dice_at(task, task.development, chosen, t))
        figures["tuned"] = dice_at(task, task.test, shares, best)
        figures["rand"] = float(np.mean([rand_error(p.labels, f) for p, f in zip(task.test, found, strict=True)]))
    else:
        own = [decided(share, task) for share in chosen]
        own_table = sum(counts(task, p.labels, f) for p, f in zip(task.development, own, strict=True))
        figures["dev"] = unions(np.asarray(own_table))[places].mean()
        figures |= {task.classes[n]: unions(table)[n] for n in places}
    return {name: round(100 * float(value), 3) for name, value in figures.items()}
