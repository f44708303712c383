"""A comparison of two methods on two targets, with pictures of a few pixels, worked out by hand."""

import math
from pathlib import Path

import numpy as np

from analogon import Case, Comparison, Contender, LabelClass, LabelMap, Palette, Trial, write_image, write_labels
from analogon.metrics import Metric

PALETTE = Palette((LabelClass(7, "ball", (240, 200, 30)),))

HIGH = Metric("high", "high", "higher", 0, math.inf, "", "Grows with the picture.", "made up")
LOW = Metric("low", "low", "lower", 0, 255, "levels", "Falls with the picture.", "made up")
ONE = Metric("one", "one", "one", 0, math.inf, "", "Is one at best.", "made up")


def write_comparison(folder: Path, figures: dict[tuple[str, str], dict[str, float | None]]) -> Comparison:
    """A comparison on disk but for its own files.

    `figures`: by target and label; the targets are of one case. A label "broken" has failed everywhere.
    """
    (folder / "inputs").mkdir(parents=True)
    (folder / "results").mkdir()
    labels = LabelMap(np.full((16, 20), 7), PALETTE)
    inputs = Path("inputs")
    write_image(folder / inputs / "source.png", np.zeros((16, 20, 3), np.float32))
    write_labels(folder / inputs / "labels.png", labels)
    targets = list(dict.fromkeys(target for target, _ in figures))
    contenders = list(dict.fromkeys(label for _, label in figures))
    for target in targets:
        write_labels(folder / inputs / f"{target}.png", labels)
    trials = []
    for (target, label), found in figures.items():
        failed = label == "broken"
        picture = Path("results", f"{target}-{contenders.index(label)}.png")
        if not failed:
            write_image(folder / picture, np.full((16, 20, 3), 0.5, np.float32))
        trials.append(
            Trial(
                "case",
                target,
                label,
                0,
                None if failed else picture,
                figures=found,
                classes={"ball": {"iou": 0.5, "sharpness": None}},
                notes=("Nothing is known.",),
                seconds=1.25,
                peak_bytes=3_000_000,
                record={"config": {"ratio": 0.5, "sizes": [7, 5]}},
                error="It broke: mend it." if failed else None,
            )
        )
    case = Case("case", inputs / "source.png", inputs / "labels.png", {t: inputs / f"{t}.png" for t in targets})
    entered = tuple(Contender(label, "patch", settings={"keep": "none"}) for label in contenders)
    return Comparison(folder, "Two of them", (case,), entered, tuple(trials), (HIGH, LOW, ONE), {"cores": 2})
