"""Diversity, copying and quality of patch-diffusion beside patch and gpnn, on the same layouts.

    python benchmarks/patch_diffusion.py EXAMPLES -o FILE [--only china flower] [--seeds 3] [--pictures OUT]

EXAMPLES holds folders NAME/img.*, NAME/label.*, NAME/cond/*; of each the first target is rendered with every seed by
every contender, nothing being kept. Figures of quality are those of ``analogon.metrics`` for the first seed; so is
"copy": the largest connected piece of the picture, as a share of it, whose 7x7 patches are nearest to patches of the
source at one offset and differ by less than 4 levels (root mean square), which needs no provenance. Variations of
patch-diffusion, which follow no layout, are measured as if they were of one class. Needs analogon[bench].
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from cases import case_folders
from numpy.typing import NDArray
from skimage.measure import label

import analogon
from analogon import Exemplar, LabelMap
from analogon.jobs import Vary
from analogon.methods import registry
from analogon.methods.gpnn.matching import Search
from analogon.methods.patch_diffusion.jobs import unlabelled
from analogon.metrics import Scorer, diversity
from analogon.run import Run

Floats = NDArray[np.float32]

CONTENDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "patch": ("patch", {}),
    "patch, recipe patchmatch": ("patch", {"recipe": "patchmatch"}),
    "gpnn, noise 0.5": ("gpnn", {"noise": 0.5}),
    "patch-diffusion": ("patch-diffusion", {}),
    "patch-diffusion, label weight 0.03": ("patch-diffusion", {"label_weight": 0.03}),
    "patch-diffusion, means": ("patch-diffusion", {"finish": "means"}),
}
SHOWN = ("miou", "coherence@1", "coherence@8", "completeness@1", "completeness@8", "sharpness", "used")
SIZE, ALIKE = 7, 4.0


def copied(image: Floats, source: Floats) -> float:
    """The largest piece at one offset; see the module."""
    search = Search(np.ascontiguousarray(source), np.full(3, 255**2 / (3 * SIZE**2), np.float32), SIZE, 32)
    matches, worth = search.nearest(search.patches(np.ascontiguousarray(image)), None, None, None)
    offsets = matches - np.moveaxis(np.indices(worth.shape), 0, -1)
    _, numbers = np.unique(offsets.reshape(-1, 2), axis=0, return_inverse=True)
    pieces = np.where(worth < ALIKE**2, numbers.reshape(worth.shape) + 1, 0)
    count: Callable[..., NDArray[np.int64]] = label
    regions = count(pieces, background=0, connectivity=1)
    return float(np.bincount(regions.ravel())[1:].max(initial=0) / worth.size)


def layouts(exemplar: Exemplar, target: LabelMap, seeds: int) -> Iterator[tuple[str, list[Any], float]]:
    """Contender, results by seed, seconds of one."""
    for name, (method, options) in CONTENDERS.items():
        results, took = [], []
        for seed in range(seeds):
            model = analogon.fit(exemplar, method, seed=seed, device="cpu", **options)
            began = time.perf_counter()
            keep: dict[str, Any] = {"keep": "none"} if "keep" in registry.get(method).takes else {}
            results.append(model.render(target, **keep))
            took.append(time.perf_counter() - began)
        yield name, results, min(took)


def variations(exemplar: Exemplar, seeds: int) -> Iterator[tuple[str, list[Any], float]]:
    """The same for variations."""
    entry = registry.get("patch-diffusion")
    made: Any = entry.load().fit(exemplar, entry.configure(None, {}), Run(device="cpu"))
    for difference in (0.5, 1.0):
        began, results = time.perf_counter(), []
        results += made.perform([Vary(exemplar.shape, difference)] * seeds, Run(device="cpu"))
        yield f"patch-diffusion, vary {difference}", results, (time.perf_counter() - began) / seeds


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("examples", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, help="a folder for the pictures")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    lines = [
        "# Diversity, copying and quality of patch-diffusion",
        "",
        f"By benchmarks/patch_diffusion.py, {asked.seeds} seeds; what each figure means is said there.",
        "",
        "| | | diversity | levels | copy | " + " | ".join(SHOWN) + " | seconds |",
        "|---|---|" + "---|" * (len(SHOWN) + 4),
    ]
    for folder in case_folders(asked.examples, asked.only):
        case = analogon.find_case(folder)
        exemplar = analogon.load_exemplar(case.image, case.labels)
        target = analogon.load_target(exemplar, case.targets[0])
        plain = unlabelled(exemplar)
        for found, scorer, wanted in (
            (layouts(exemplar, target, asked.seeds), Scorer(exemplar), target),
            (variations(exemplar, asked.seeds), Scorer(plain), plain.labels),
        ):
            for name, results, seconds in found:
                scores = scorer.score(results[0].image, wanted, provenance=results[0].provenance).figures
                spread = diversity([one.image for one in results])
                copy = mean(copied(one.image, exemplar.image) for one in results[:1])
                cells = [spread["diversity"], spread["diversity_levels"], copy, *(scores[n] for n in SHOWN), seconds]
                row = " | ".join("–" if cell is None else f"{cell:.2f}" for cell in cells)
                lines.append(f"| {folder.name} {case.targets[0].stem if wanted is target else ''} | {name} | {row} |")
                print(lines[-1], flush=True)
                if asked.pictures is not None:
                    asked.pictures.mkdir(parents=True, exist_ok=True)
                    for seed, one in enumerate(results):
                        analogon.write_image(asked.pictures / f"{folder.name}_{name}_{seed}.png", one.image)
        asked.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
