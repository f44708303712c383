"""Diversity, copying and quality of patch-diffusion beside patch, gpnn and SinGAN, on the same pictures and layouts.

    python benchmarks/patch_diffusion.py EXAMPLES -o FILE [--only china flower] [--seeds 3] [--models M] [--pictures O]

EXAMPLES holds folders NAME/img.*, NAME/label.*, NAME/cond/*; of each the first target is rendered with every seed by
every contender, nothing being kept. Figures of quality are those of ``analogon.metrics`` for the first seed; so is
"copy": the largest connected piece of the picture, as a share of it, whose 7x7 patches are nearest to patches of the
source at one offset and differ by less than 4 levels (root mean square), which needs no provenance. Variations, which
follow no layout, are measured as if they were of one class. "wasserstein" stands for SIFID, which takes weights. M/NAME
is a folder that ``analogon fit EXAMPLES/NAME --method singan -o M/NAME`` wrote; without M there is no SinGAN. Of its
layouts there is one picture. ``benchmarks/small_cases.py`` writes smaller examples. Needs
analogon[bench]. Of FILE everything from its line "## " on stays.
"""

import argparse
import os
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

Floats = NDArray[np.float32]

CONTENDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "patch": ("patch", {}),
    "patch, recipe patchmatch": ("patch", {"recipe": "patchmatch"}),
    "gpnn, noise 0.5": ("gpnn", {"noise": 0.5}),
    "patch-diffusion": ("patch-diffusion", {}),
    "patch-diffusion, label weight 0.03": ("patch-diffusion", {"label_weight": 0.03}),
    "patch-diffusion, means": ("patch-diffusion", {"finish": "means"}),
}
SHOWN = (
    "miou",
    "coherence@1",
    "coherence@8",
    "completeness@1",
    "completeness@8",
    "wasserstein",
    "sharpness",
    "used",
)
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


def layouts(
    exemplar: Exemplar, target: LabelMap, seeds: int, learnt: Path | None
) -> Iterator[tuple[str, list[Any], float]]:
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
    if learnt is not None:
        began = time.perf_counter()
        results = [analogon.load(learnt, device="cpu").render(target)]
        yield "singan", results, time.perf_counter() - began


def variations(exemplar: Exemplar, seeds: int, learnt: Path | None) -> Iterator[tuple[str, list[Any], float]]:
    """The same for variations."""
    for method in ("patch", "gpnn", "patch-diffusion", "singan"):
        if method == "singan":
            if learnt is None:
                continue
            model = analogon.load(learnt, device="cpu")
        else:
            model = analogon.fit(exemplar, method, device="cpu")
        for difference in (0.5, 1.0):
            began = time.perf_counter()
            results = list(model.perform([Vary(exemplar.shape, difference)] * seeds))
            yield f"{method}, vary {difference}", results, (time.perf_counter() - began) / seeds


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("examples", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, help="a folder for the pictures")
    parser.add_argument("--models", type=Path, help="a folder of SinGAN's models by example")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    lines = [
        "# Diversity, copying and quality of patch-diffusion",
        "",
        f"By benchmarks/patch_diffusion.py, {asked.seeds} seeds; what each figure means is said there. The load was "
        f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores when it began.",
        "",
        "| | | diversity | levels | copy | " + " | ".join(SHOWN) + " | seconds |",
        "|---|---|" + "---|" * (len(SHOWN) + 4),
    ]
    for folder in case_folders(asked.examples, asked.only):
        case = analogon.find_case(folder)
        exemplar = analogon.load_exemplar(case.image, case.labels)
        target = analogon.load_target(exemplar, case.targets[0])
        plain = unlabelled(exemplar)
        learnt = asked.models / folder.name if asked.models is not None else None
        size = f"{exemplar.shape[1]}x{exemplar.shape[0]}"
        for found, scorer, wanted in (
            (layouts(exemplar, target, asked.seeds, learnt), Scorer(exemplar), target),
            (variations(plain, asked.seeds, learnt), Scorer(plain), plain.labels),
        ):
            for name, results, seconds in found:
                scores = scorer.score(results[0].image, wanted, provenance=results[0].provenance).figures
                several = len(results) > 1
                spread = diversity([one.image for one in results]) if several else {}
                copy = mean(copied(one.image, exemplar.image) for one in results[:1])
                cells = [
                    spread.get("diversity"),
                    spread.get("diversity_levels"),
                    copy,
                    *(scores[n] for n in SHOWN),
                    seconds,
                ]
                row = " | ".join("–" if cell is None else f"{cell:.2f}" for cell in cells)
                layout = case.targets[0].stem if wanted is target else ""
                lines.append(f"| {folder.name} {size} {layout} | {name} | {row} |")
                print(lines[-1], flush=True)
                if asked.pictures is not None:
                    asked.pictures.mkdir(parents=True, exist_ok=True)
                    for seed, one in enumerate(results):
                        analogon.write_image(asked.pictures / f"{folder.name}_{name}_{seed}.png", one.image)
        kept = asked.out.read_text().partition("\n## ") if asked.out.exists() else ("", "", "")
        asked.out.write_text("\n".join(lines) + "\n" + kept[1] + kept[2])


if __name__ == "__main__":
    main()
