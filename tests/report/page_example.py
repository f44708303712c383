"""A comparison of three contenders on one case with two targets, small, with every kind of trouble in it."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import analogon
from analogon import LabelClass, LabelMap, Palette
from analogon.metrics import METRICS
from analogon.report.values import Aggregate, Case, Comparison, Contender, Trial

NASTY = "<script>document.title='taken'</script>"
QUOTED = """say "it's" & go"""
ERROR = "The fit of 'semia' ended <b>early</b>: give it more memory."
PALETTE = Palette((LabelClass(0, QUOTED, (20, 120, 200)), LabelClass(4, "hill", (90, 160, 40))))
METRICS_SHOWN = tuple(
    METRICS[name] for name in ("miou", "coherence@1", "coherence@2", "sharpness", "kept_psnr", "used")
)
SHAPE = (60, 90)


def picture(seed: int, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """Smooth colours with a fine grain, uint8 (h, w, 3)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    waves = [np.sin(rows / rng.uniform(5, 20) + columns / rng.uniform(5, 20) + rng.uniform(0, 6)) for _ in range(3)]
    grain = rng.normal(0, 3, (*shape, 3))
    return np.clip(128 + 90 * np.stack(waves, -1) + grain, 0, 255).astype(np.uint8)


def layout(level: float, shape: tuple[int, int] = SHAPE) -> LabelMap:
    ids = np.zeros(shape, np.int64)
    ids[round(level * shape[0]) :] = 4
    return LabelMap(ids, PALETTE)


def places(seed: int = 0) -> np.ndarray:
    """Where pixels come from: two pieces, one moved."""
    rows, columns = np.indices(SHAPE)
    moved = np.stack([rows, columns], -1)
    moved[20:40, 30:60] += [15, -20]
    return moved.astype(np.int32)


def example(folder: Path) -> Comparison:
    """Writes the pictures into the folder, not the comparison's own files."""
    names = ("valley", NASTY)
    inputs, results = folder / "inputs", folder / "results"
    inputs.mkdir(parents=True)
    results.mkdir()
    analogon.write_image(inputs / "source.png", picture(0))
    analogon.write_labels(inputs / "labels.png", layout(0.4))
    targets = {}
    for number, name in enumerate(names):
        analogon.write_labels(inputs / f"{number}.png", layout(0.5 + 0.2 * number))
        targets[name] = Path("inputs") / f"{number}.png"
    case = Case("coast", Path("inputs/source.png"), Path("inputs/labels.png"), targets)
    trials: list[Trial] = []
    figures: dict[str, dict[str, Any]] = {
        "source": {"miou": 0.5, "coherence@1": 0.0, "coherence@2": 0.0, "sharpness": 1.0, "kept_psnr": math.inf},
        QUOTED: {"miou": 0.91234, "coherence@1": 2.5, "coherence@2": 10.25, "sharpness": 0.5, "kept_psnr": 30.0},
        "patch": {"miou": 0.9, "coherence@1": 12.0, "coherence@2": None, "sharpness": 2.0, "used": 0.25},
    }
    for number, name in enumerate(names):
        for label, values in figures.items():
            if label == QUOTED and number == 1:
                trials.append(Trial("coast", name, label, 0, None, error=ERROR))
                continue
            path = Path("results") / f"{number}-{len(trials)}.png"
            analogon.write_image(folder / path, picture(0 if label == "source" else 10 + len(trials)))
            trial = Trial(
                "coast",
                name,
                label,
                0,
                path,
                values,
                {"hill": {"iou": values["miou"] / 2}},
                ("Coherence at half the size is left out, for the picture is too small.",),
                seconds=0.25,
                record={"method": label, "config": {"size": 3, "seed": number}, "versions": {"analogon": "1"}},
            )
            if label == "patch":
                field = path.with_suffix(".npy")
                np.save(folder / field, places())
                trial = replace(trial, provenance=field, fit_seconds=75.0, peak_bytes=310_000_000)
            trials.append(trial)
    contenders = (
        Contender("source", None, meaning="The source itself."),
        Contender(QUOTED, "semia", "fast", {"steps": 12}),
        Contender("patch", "patch"),
    )
    aggregates = tuple(
        Aggregate(label, metric.name, 2 if label != QUOTED else 1, value, value, 1.5, value * 0.9, value * 1.1)
        if (value := values.get(metric.name)) is not None
        else Aggregate(label, metric.name, 0, None, None, 0.0, None, None)
        for label, values in figures.items()
        for metric in METRICS_SHOWN
    )
    machine = {"system": "Linux", "cores": 2}
    return Comparison(folder, "Three & <more>", (case,), contenders, tuple(trials), METRICS_SHOWN, machine, aggregates)
