"""A comparison on disk, whose names can be looked for."""

import re
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import analogon
from analogon.report.values import Case, Comparison, Contender, Trial

#: Labels and methods; words that occur nowhere else, so that a leak can be told.
METHODS = {"zebrawood": "zebrawood", "quincunx:swift": "quincunx", "elsewhere": None}
LABELS = tuple(METHODS)
CASES, TARGETS = ("bramble", "foxglove"), ("tilted", "swollen")
SECRETS = (*METHODS, "quincunx", "swift", *CASES, *TARGETS, "spoilt", "contender")


def picture(seed: int) -> np.ndarray:
    """48x36 pixels of one colour with stripes: no two seeds look alike."""
    rows, columns = np.mgrid[0:36, 0:48]
    rng = np.random.default_rng(seed)
    stripes = ((columns + 3 * seed) // 6 + rows // 9) % 2
    return (rng.integers(60, 200, 3) + 50 * stripes[..., None]).astype(np.uint8)


def write_comparison(folder: Path, labels: tuple[str, ...] = LABELS) -> Comparison:
    """Two cases of two targets. Every picture is another one, and says inside the file who made it."""
    cases, trials, seed = [], [], 0
    for name in CASES:
        inputs = Path("inputs") / name
        (folder / inputs).mkdir(parents=True)
        Image.fromarray(picture(900 + seed)).save(folder / inputs / "source.png")
        for place, file in enumerate(("labels", *TARGETS)):
            ids = np.zeros((36, 48), np.uint8)
            ids[4 : 20 + 4 * place, 10:30] = 1
            analogon.write_labels(folder / inputs / f"{file}.png", analogon.read_labels(ids))
        targets = {target: inputs / f"{target}.png" for target in TARGETS}
        cases.append(Case(name, inputs / "source.png", inputs / "labels.png", targets))
        for target in TARGETS:
            results = Path("results") / name / target
            (folder / results).mkdir(parents=True)
            for label in labels:
                seed += 1
                told = PngInfo()
                told.add_text("method", label)
                path = results / f"{label.replace(':', '-')}.png"
                Image.fromarray(picture(seed)).save(folder / path, pnginfo=told)
                trials.append(Trial(name, target, label, 0, path))
    contenders = tuple(Contender(label, METHODS.get(label, label), None, {}) for label in labels)
    comparison = Comparison(folder, "zebrawood against all", tuple(cases), contenders, tuple(trials), ())
    comparison.write()
    return comparison


def words_in(text: str) -> list[str]:
    """The secrets that occur in what a browser got."""
    return [secret for secret in SECRETS if re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", text, re.IGNORECASE)]
